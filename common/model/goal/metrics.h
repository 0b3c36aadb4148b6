#ifndef ONELOOP_COMMON_MODEL_GOAL_METRICS_H_
#define ONELOOP_COMMON_MODEL_GOAL_METRICS_H_

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/workload/per_network.h"

namespace oneloop {

// Exponents or linear weights of energy and latency, as the goal of the whole workload sees those of a layer or of a
// network; ≥ 0, but for slopes.
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

// Comparisons and sums of lower bounds give way by this much, relative: far more than any rounding.
inline constexpr double kBoundSlack = 1e-9;

// What a design is judged by. All follow from its figures, energy E (µJ), latency L (cycles) and area A (mm²): each is
// a sum of terms c · E^e · L^l · A^a, declared in one table (metrics.cc) from which objectives, limits, slopes, proofs
// and names follow. A new metric is a line there.
enum class Metric { kEnergy, kLatency, kArea, kPower };
inline constexpr std::size_t kNumMetrics = 4;

// Energy and latency of one occurrence of a layer, or of one run of a network.
struct LayerFigures {
  double energy_uj = 0;
  double latency_cycles = 0;
};

// Energy, latency and area of a whole workload; infinite when infeasible. Of several networks energy and latency are
// the sums of their runs, by weight.
struct WorkloadMetrics {
  double energy_uj = 0;
  double latency_cycles = 0;
  double area_mm2 = 0;
  PerNetwork<LayerFigures> networks = {};  // of one run of each; empty when there is but one

  double edp() const { return energy_uj * latency_cycles; }
  // The figures of one network on the chip, as if it were the workload.
  WorkloadMetrics OfNetwork(std::size_t network) const;
};
// log2 of each figure; −infinity of one that is 0.
WorkloadMetrics Log2Of(const WorkloadMetrics& metrics);

// The same of every design of a box of hardware points: at least and at most; 0 to infinity when unknown.
struct MetricBox {
  WorkloadMetrics least;
  WorkloadMetrics most{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(),
                       std::numeric_limits<double>::infinity()};

  // Of designs of which nothing is known; `num_networks` 0 for a workload of one.
  static MetricBox Unknown(std::size_t num_networks);
  MetricBox OfNetwork(std::size_t network) const { return {least.OfNetwork(network), most.OfNetwork(network)}; }
};

// ∂/∂log2 of the three figures, and of those of single networks beside what they do to the sums.
struct LogSlopes {
  double energy = 0;
  double latency = 0;
  double area = 0;
  PerNetwork<ObjectiveWeights> networks = {};
};

// Π metric^exponent, by Metric.
struct MetricProduct {
  std::array<double, kNumMetrics> exponents{};

  static MetricProduct Of(Metric metric, double exponent = 1);
  static MetricProduct Edp() { return {{1, 1, 0, 0}}; }
  // INVALID_ARGUMENT, with what is valid, for what is not a product of metrics' names with exponents from 0 to
  // kMaxMetricExponent, as "energy*latency^2"; at least one exponent is above 0.
  static absl::StatusOr<MetricProduct> Parse(std::string_view text);

  double of(Metric metric) const { return exponents[static_cast<std::size_t>(metric)]; }
  std::string ToString() const;
  bool operator==(const MetricProduct&) const = default;
};
inline constexpr double kMaxMetricExponent = 4;

// What limits speak of: a product of metrics in some unit, or its inverse.
enum class Quantity { kEnergyUj, kLatencyCycles, kAreaMm2, kPowerW, kEdp, kLatencyMs, kThroughput };

struct QuantityInfo {
  enum class Scale { kNone, kMilliseconds, kPerSecond };
  Quantity quantity;
  std::string_view name;  // in limits, with the unit
  MetricProduct product;
  Scale scale;    // other than kNone needs a clock
  bool at_least;  // its limits are lower ones

  // The quantity from the product's value, and back.
  double ValueAt(double product_value, double clock_mhz) const;
  double ProductAt(double value, double clock_mhz) const;
};
std::span<const QuantityInfo> AllQuantities();
const QuantityInfo& InfoOf(Quantity quantity);
// Null when there is none of that name.
const QuantityInfo* FindQuantity(std::string_view name);
// Whether it means nothing without the template's clock.
bool NeedsClock(const MetricProduct& product);
bool NeedsClock(const QuantityInfo& quantity);

// A product of metrics on one template, ready to be evaluated: C · E^e · L^l · A^a · Π_j (Σ_k c_k · E^e · L^l · A^a)^d.
// Exact, in log2 with its slopes, and as a bound over a box, from the same terms. Immutable; thread-safe.
class MetricForm {
 public:
  MetricForm(const MetricProduct& product, const Template& hardware_template);

  double Value(const WorkloadMetrics& metrics) const;
  // log2 of the value, given log2 of the figures; adds scale · ∂log2/∂log2 of each figure to `slopes`. A figure of 0 is
  // −infinity and no fault where its exponent is 0. Smooth for figures above 0.
  double Log2(const WorkloadMetrics& log2_figures) const;
  void AddSlopes(const WorkloadMetrics& log2_figures, double scale, LogSlopes* slopes) const;
  // No design in the box has a smaller value.
  double LeastValue(const MetricBox& box) const;
  // Takes off the box what a value of at most `most` leaves no room for, figure by figure: no such design in the box is
  // lost. What it leaves may be empty (least above most); then LeastValue is above `most`.
  void Narrow(double most, MetricBox* box) const;

  bool DependsOnArea() const;
  // Whether slower designs may have less of it, as of power.
  bool FallsWithLatency() const;
  // Exponents of the three figures, of each sum those of its first term.
  std::array<double, 3> LeadingExponents() const;

 private:
  // coefficient · E^e · L^l · A^a
  struct Term {
    double coefficient = 1;
    std::array<double, 3> exponents{};
  };
  struct Sum {
    std::vector<Term> terms;
    double power = 1;
  };

  static double ValueOf(const Term& term, const WorkloadMetrics& metrics);
  static double LeastOf(const Term& term, const MetricBox& box);
  static double LeastOf(const Sum& sum, const MetricBox& box);
  // The sum to the power of 1 that, raised to its own, is the first sum times the single terms; these alone if none is.
  Sum First() const;
  static double Log2Of(const Term& term, const WorkloadMetrics& log2_figures);
  static double Log2Of(const Sum& sum, const WorkloadMetrics& log2_figures);

  Term product_;
  std::vector<Sum> sums_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_GOAL_METRICS_H_
