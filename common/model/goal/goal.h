#ifndef ONELOOP_COMMON_MODEL_GOAL_GOAL_H_
#define ONELOOP_COMMON_MODEL_GOAL_GOAL_H_

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/goal/metrics.h"
#include "common/workload/workload.h"

namespace oneloop {

// A hard limit on a quantity: an upper one, or a lower one where InfoOf(quantity).at_least.
struct MetricLimit {
  static constexpr int kWholeWorkload = -1;

  Quantity quantity;
  double bound;                  // > 0, in the quantity's unit
  int network = kWholeWorkload;  // of Workload::networks; of one run of it
};

// As "area_mm2", or "NETWORK:latency_ms" of one network.
std::string NameOf(const MetricLimit& limit, const Workload& workload);

// How the objectives of several networks become one (MODEL.md, section "Several networks"). Of one they are all the
// same.
struct Combination {
  enum class Kind {
    kSum,            // the product of metrics of the sums of energy and latency over all runs
    kGeometricMean,  // of each network's product, by weight
    kWorstRatio,     // the largest of each network's product over its reference
    kOne,            // one network's product alone
  };
  Kind kind = Kind::kSum;
  // For kWorstRatio, by network: the product on its own best chip. Where it is not known, 0 or missing, 1 stands for
  // it.
  std::vector<double> references = {};
  std::size_t network = 0;  // for kOne
};

struct ObjectiveSpec {
  MetricProduct product = MetricProduct::Edp();
  Combination combination = {};
};

// What is to be minimised: a product of metrics, with ties broken by EDP, then area. Immutable; thread-safe.
class Objective {
 public:
  // `networks` as in Workload.
  Objective(const ObjectiveSpec& spec, std::span<const Network> networks, const Template& hardware_template);

  // Infinite where it is 0 or no number: a fault of the numbers, not a perfect design.
  double Value(const WorkloadMetrics& metrics) const;
  // The product of one network's metrics alone.
  double ValueOfNetwork(const WorkloadMetrics& metrics, std::size_t network) const;
  // What a search minimises: log2 of the value plus so little of log2 of what it leaves out that this decides between
  // equals: metrics, and of the worst ratio the other networks. `slopes` have room for the networks.
  double Log2(const WorkloadMetrics& log2_figures) const { return Log2(log2_figures, kSharp); }
  void AddSlopes(const WorkloadMetrics& log2_figures, LogSlopes* slopes) const {
    AddSlopes(log2_figures, kSharp, slopes);
  }
  // The same where the worst ratio is smooth, and so a little larger than it is.
  double SmoothLog2(const WorkloadMetrics& log2_figures) const { return Log2(log2_figures, kSoft); }
  void AddSmoothSlopes(const WorkloadMetrics& log2_figures, LogSlopes* slopes) const {
    AddSlopes(log2_figures, kSoft, slopes);
  }
  // No design in the box has a smaller value.
  double LeastValue(const MetricBox& box) const;

  // What to compare mappings of one layer by, where nothing of the rest of the design is known.
  const ObjectiveWeights& layer_weights() const { return layer_weights_; }
  bool DependsOnArea() const { return form_.DependsOnArea(); }
  bool FallsWithLatency() const { return form_.FallsWithLatency(); }

 private:
  // How sharply the largest of several ratios stands out: log2 of Σ 2^(sharpness · log2 of each), over the sharpness.
  static constexpr double kSharp = std::numeric_limits<double>::infinity();
  static constexpr double kSoft = 32;

  bool IsOfSums() const { return shares_.empty() || kind_ == Combination::Kind::kSum; }
  // What has no share is not asked for: it may be infinite.
  template <class Value>
  double MeanOf(Value value) const {
    double mean = 0;
    for (std::size_t n = 0; n < shares_.size(); ++n) mean += shares_[n] > 0 ? shares_[n] * value(n) : 0;
    return mean;
  }
  // log2 of each network's product, over its reference if it has one.
  PerNetwork<double> Log2OfNetworks(const WorkloadMetrics& log2_figures) const;
  // ∂ of what they are combined to.
  PerNetwork<double> WeightsOfNetworks(const PerNetwork<double>& logs, double sharpness) const;
  double Log2(const WorkloadMetrics& log2_figures, double sharpness) const;
  void AddSlopes(const WorkloadMetrics& log2_figures, double sharpness, LogSlopes* slopes) const;

  MetricForm form_;
  Combination::Kind kind_;
  std::vector<double> shares_;      // by network: its part of the mean; empty when there is but one
  std::vector<double> references_;  // by network; ones when there are none
  std::vector<double> log2_references_;
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
  double Overrun(std::size_t index, const WorkloadMetrics& log2_figures) const;
  // Adds scale · ∂Overrun/∂log2 of each figure.
  void AddSlopes(std::size_t index, const WorkloadMetrics& log2_figures, double scale, LogSlopes* slopes) const;
  // What the limit is on, as a product of metrics: no design in the box has less.
  double LeastValue(std::size_t index, const MetricBox& box) const { return limits_[index].LeastValue(box); }
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

    bool is_of_network() const { return given.network != MetricLimit::kWholeWorkload; }
    std::size_t network() const { return static_cast<std::size_t>(given.network); }
    double LeastValue(const MetricBox& box) const {
      return is_of_network() ? form.LeastValue(box.OfNetwork(network())) : form.LeastValue(box);
    }
    void Narrow(MetricBox* box) const;
  };

  std::vector<Limit> limits_;
  double clock_mhz_;
};

// What a job asks for: the one place that descent, ranking, polish, proofs and scores read. Immutable; thread-safe.
class Goal {
 public:
  // Of one network.
  Goal(const MetricProduct& product, std::span<const MetricLimit> limits, const Template& hardware_template)
      : Goal(ObjectiveSpec{product}, limits, {}, hardware_template) {}
  // `networks` as in Workload.
  Goal(const ObjectiveSpec& objective, std::span<const MetricLimit> limits, std::span<const Network> networks,
       const Template& hardware_template);

  const Objective& objective() const { return objective_; }
  const Constraints& constraints() const { return constraints_; }

  // ∂/∂µJ and ∂/∂cycle of one run of a network, over `scale`, given ∂/∂log2 of figures: what its layers are weighed by.
  ObjectiveWeights LinearSlopes(const WorkloadMetrics& metrics, const LogSlopes& slopes, std::size_t network,
                                double scale) const;

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
  LogSlopes NoSlopes() const;

  Objective objective_;
  Constraints constraints_;
  std::vector<double> weights_;  // by network; empty when there is but one
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_GOAL_GOAL_H_
