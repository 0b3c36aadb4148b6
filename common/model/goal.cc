#include "common/model/goal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/model/box_costs.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// What decides between equals, in log2 of the objective for a factor of 2: of energy or latency where the objective
// leaves it out, and of area.
constexpr double kTieWeight = 1e-6;
constexpr double kAreaTieWeight = 1e-8;
// In the merit, a limit that is overrun by a factor of 2 costs this much of log2 of the objective.
constexpr double kLimitPenalty = 8;
// Of the descent's penalty, in log2 of the objective for an overrun by a factor of 2 squared; and the highest price.
constexpr double kStiffness = 4;
constexpr double kMostMultiplier = 64;

}  // namespace

Objective::Objective(const MetricProduct& product, const Template& hardware_template)
    : form_(product, hardware_template) {
  const std::array<double, 3> exponents = form_.LeadingExponents();
  layer_weights_ = {std::max(0.0, exponents[0]), std::max(0.0, exponents[1])};
  if (layer_weights_.energy == 0) ties_.energy = kTieWeight;
  if (layer_weights_.latency == 0) ties_.latency = kTieWeight;
  if (!hardware_template.GivesEnergy()) ties_.energy = layer_weights_.energy = 0;
  layer_weights_.energy += ties_.energy;
  layer_weights_.latency += ties_.latency;
}

double Objective::Value(const WorkloadMetrics& metrics) const {
  const double value = form_.Value(metrics);
  return value > 0 ? value : kInfinity;
}

double Objective::Log2(const WorkloadMetrics& log2_figures) const {
  return form_.Log2(log2_figures) + ties_.Weigh(log2_figures.energy_uj, log2_figures.latency_cycles);
}

void Objective::AddSlopes(const WorkloadMetrics& log2_figures, LogSlopes* slopes) const {
  form_.AddSlopes(log2_figures, 1, slopes);
  slopes->energy += ties_.energy;
  slopes->latency += ties_.latency;
}

Constraints::Constraints(std::span<const MetricLimit> limits, const Template& hardware_template)
    : clock_mhz_(hardware_template.spec().clock_mhz.value_or(0)) {
  for (const MetricLimit& limit : limits) {
    const QuantityInfo& quantity = InfoOf(limit.quantity);
    const double most = quantity.ProductAt(limit.bound, clock_mhz_);
    limits_.push_back({limit, MetricForm(quantity.product, hardware_template), most, std::log2(most)});
  }
}

bool Constraints::Met(const WorkloadMetrics& metrics) const {
  return std::all_of(limits_.begin(), limits_.end(), [this, &metrics](const Limit& limit) {
    const QuantityInfo& quantity = InfoOf(limit.given.quantity);
    const double value = quantity.ValueAt(limit.form.Value(metrics), clock_mhz_);
    return quantity.at_least ? value >= limit.given.bound : value <= limit.given.bound;
  });
}

double Constraints::Overrun(std::size_t limit, const WorkloadMetrics& log2_figures) const {
  return limits_[limit].form.Log2(log2_figures) - limits_[limit].log2_most;
}

void Constraints::AddSlopes(std::size_t limit, const WorkloadMetrics& log2_figures, double scale,
                            LogSlopes* slopes) const {
  limits_[limit].form.AddSlopes(log2_figures, scale, slopes);
}

bool Constraints::MayBeMet(const MetricBox& box) const {
  return std::all_of(limits_.begin(), limits_.end(), [&box](const Limit& limit) {
    return limit.form.LeastValue(box) <= limit.most * (1 + kBoundSlack);
  });
}

bool Constraints::Narrow(MetricBox* box) const {
  // What one limit takes off may let another take off more.
  for (std::size_t round = 0; round < limits_.size(); ++round) {
    for (const Limit& limit : limits_) limit.form.Narrow(limit.most * (1 + kBoundSlack), box);
  }
  return MayBeMet(*box);
}

bool Constraints::FallWithLatency() const {
  return std::any_of(limits_.begin(), limits_.end(), [](const Limit& limit) { return limit.form.FallsWithLatency(); });
}

bool Constraints::DependOnArea() const {
  return std::any_of(limits_.begin(), limits_.end(), [](const Limit& limit) { return limit.form.DependsOnArea(); });
}

double Goal::Score(const WorkloadMetrics& metrics) const {
  // No design takes no time; energy is 0 only where the template gives none.
  if (!(metrics.latency_cycles > 0) || !(metrics.energy_uj >= 0)) return kInfinity;
  if (!std::isfinite(metrics.energy_uj) || !std::isfinite(metrics.latency_cycles) || !std::isfinite(metrics.area_mm2)) {
    return kInfinity;
  }
  return constraints_.Met(metrics) ? objective_.Value(metrics) : kInfinity;
}

double Goal::Merit(const WorkloadMetrics& metrics) const {
  const WorkloadMetrics log2_figures = Log2Of(metrics);
  double overrun = 0;
  for (std::size_t i = 0; i < constraints_.size(); ++i) {
    overrun += std::max(0.0, constraints_.Overrun(i, log2_figures));
  }
  const bool area_ties = !objective_.DependsOnArea() && metrics.area_mm2 > 0;
  const double merit = objective_.Log2(log2_figures) + (area_ties ? kAreaTieWeight * log2_figures.area_mm2 : 0) +
                       kLimitPenalty * overrun;
  // A figure of 0 is a fault of the numbers, not a perfect design.
  return std::isfinite(merit) ? merit : kInfinity;
}

LogSlopes Goal::MeritSlopes(const WorkloadMetrics& metrics) const {
  const WorkloadMetrics log2_figures = Log2Of(metrics);
  LogSlopes slopes;
  objective_.AddSlopes(log2_figures, &slopes);
  for (std::size_t i = 0; i < constraints_.size(); ++i) {
    if (constraints_.Overrun(i, log2_figures) > 0) constraints_.AddSlopes(i, log2_figures, kLimitPenalty, &slopes);
  }
  return slopes;
}

// ψ(g) = (max(0, λ + μ·g)² − λ²) / 2μ, whose slope is max(0, λ + μ·g).
Goal::Smooth Goal::Evaluate(const WorkloadMetrics& metrics, std::span<const double> multipliers) const {
  const WorkloadMetrics log2_figures = Log2Of(metrics);
  Smooth smooth;
  objective_.AddSlopes(log2_figures, &smooth.slopes);
  for (std::size_t i = 0; i < constraints_.size(); ++i) {
    const double multiplier = multipliers.empty() ? 0 : multipliers[i];
    const double slope = std::max(0.0, multiplier + kStiffness * constraints_.Overrun(i, log2_figures));
    smooth.penalty += (slope * slope - multiplier * multiplier) / (2 * kStiffness);
    if (slope > 0) constraints_.AddSlopes(i, log2_figures, slope, &smooth.slopes);
  }
  smooth.value = objective_.Log2(log2_figures);
  return smooth;
}

void Goal::UpdateMultipliers(const WorkloadMetrics& metrics, std::span<double> multipliers) const {
  const WorkloadMetrics log2_figures = Log2Of(metrics);
  for (std::size_t i = 0; i < constraints_.size(); ++i) {
    multipliers[i] =
        std::clamp(multipliers[i] + kStiffness * constraints_.Overrun(i, log2_figures), 0.0, kMostMultiplier);
  }
}

}  // namespace oneloop
