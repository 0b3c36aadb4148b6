#ifndef ONELOOP_COMMON_MODEL_GOAL_H_
#define ONELOOP_COMMON_MODEL_GOAL_H_

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/metrics.h"

namespace oneloop {

// Exponents or linear weights of a layer's energy and latency, as the goal of the whole workload sees them; ≥ 0.
struct ObjectiveWeights {
  double energy = 1;
  double latency = 1;

  // energy · log2(µJ) + latency · log2(cycles), given those logarithms; what weighs 0 may be of 0, as the energy of a
  // template that gives none.
  double Weigh(double log2_energy, double log2_latency) const {
    return (energy == 0 ? 0 : energy * log2_energy) + (latency == 0 ? 0 : latency * log2_latency);
  }
  double Log2Of(double energy_uj, double latency_cycles) const {
    return Weigh(std::log2(energy_uj), std::log2(latency_cycles));
  }
};

// A hard limit on a quantity: an upper one, or a lower one where InfoOf(quantity).at_least.
struct MetricLimit {
  Quantity quantity;
  double bound;  // > 0, in the quantity's unit
};

// What is to be minimised: a product of metrics, with ties broken by EDP, then area. Immutable; thread-safe.
class Objective {
 public:
  Objective(const MetricProduct& product, const Template& hardware_template);

  // Infinite where it is 0 or no number: a fault of the numbers, not a perfect design.
  double Value(const WorkloadMetrics& metrics) const;
  // What a search minimises: log2 of the value plus so little of log2 of the metrics that it leaves out that they
  // decide between equals. Smooth.
  double Log2(const WorkloadMetrics& log2_figures) const;
  void AddSlopes(const WorkloadMetrics& log2_figures, LogSlopes* slopes) const;
  // No design in the box has a smaller value.
  double LeastValue(const MetricBox& box) const { return form_.LeastValue(box); }

  // What to compare mappings of one layer by, where nothing of the rest of the design is known.
  const ObjectiveWeights& layer_weights() const { return layer_weights_; }
  bool DependsOnArea() const { return form_.DependsOnArea(); }
  bool FallsWithLatency() const { return form_.FallsWithLatency(); }

 private:
  MetricForm form_;
  // Exponents of what decides between equals.
  ObjectiveWeights ties_{0, 0};
  ObjectiveWeights layer_weights_;
};

// Hard limits on a design's figures. Each has a multiplier, the price of what it limits, that a search sets; they are
// the caller's, by limit. Immutable; thread-safe.
class Constraints {
 public:
  Constraints(std::span<const MetricLimit> limits, const Template& hardware_template);

  std::size_t size() const { return limits_.size(); }
  bool empty() const { return limits_.empty(); }

  // Whether every limit is met, exactly, in the units in which it was given.
  bool Met(const WorkloadMetrics& metrics) const;
  // log2 of how far beyond its limit a quantity is; negative within it.
  double Overrun(std::size_t limit, const WorkloadMetrics& log2_figures) const;
  // Adds scale · ∂Overrun/∂log2 of each figure.
  void AddSlopes(std::size_t limit, const WorkloadMetrics& log2_figures, double scale, LogSlopes* slopes) const;
  // Whether some design in the box may meet all limits, by each limit on its own.
  bool MayBeMet(const MetricBox& box) const;
  // Takes off the box what the limits leave no room for: no design in it that meets them is lost. False when no design
  // is left.
  bool Narrow(MetricBox* box) const;
  const MetricForm& form(std::size_t limit) const { return limits_[limit].form; }

  bool DependOnArea() const;
  bool FallWithLatency() const;

 private:
  struct Limit {
    MetricLimit given;
    MetricForm form;
    double most;
    double log2_most;
  };

  std::vector<Limit> limits_;
  double clock_mhz_;
};

// What a job asks for: the one place that descent, ranking, polish, proofs and scores read. Immutable; thread-safe.
class Goal {
 public:
  Goal(const MetricProduct& product, std::span<const MetricLimit> limits, const Template& hardware_template)
      : objective_(product, hardware_template), constraints_(limits, hardware_template) {}

  const Objective& objective() const { return objective_; }
  const Constraints& constraints() const { return constraints_; }

  // The objective; infinite beyond a limit and where a figure is none of a design.
  double Score(const WorkloadMetrics& metrics) const;
  // What discrete search minimises: the objective in log2, the area so little that it decides between equals, and a
  // steep penalty for what is overrun.
  double Merit(const WorkloadMetrics& metrics) const;
  // ∂Merit/∂log2 of the figures, but for what decides by the area: what layers are compared by.
  LogSlopes MeritSlopes(const WorkloadMetrics& metrics) const;

  // Whether the area counts for anything but ties.
  bool DependsOnArea() const { return objective_.DependsOnArea() || constraints_.DependOnArea(); }
  // Whether more hardware may be worse though it costs no energy: parameters compete for the area, or power asks for a
  // slower design.
  bool LimitsHardware() const {
    return DependsOnArea() || objective_.FallsWithLatency() || constraints_.FallWithLatency();
  }

  struct Smooth {
    double value = 0;    // the objective in log2, ties included
    double penalty = 0;  // for limits; below 0 where a limit with a multiplier is met
    LogSlopes slopes;    // ∂(value + penalty)/∂log2 of each figure
  };
  // What the descent minimises: an augmented Lagrangian. `multipliers` by limit, ≥ 0; none for zeros.
  Smooth Evaluate(const WorkloadMetrics& metrics, std::span<const double> multipliers) const;
  // Raises the multipliers of limits that are overrun and lowers those of others, towards the prices at which the
  // objective's gain by a limit and its cost are equal.
  void UpdateMultipliers(const WorkloadMetrics& metrics, std::span<double> multipliers) const;

 private:
  Objective objective_;
  Constraints constraints_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_GOAL_H_
