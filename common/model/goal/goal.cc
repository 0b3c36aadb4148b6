#include "common/model/goal/goal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

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
// Of the worst ratio, what the mean of all ratios decides, in log2 for a factor of 2.
constexpr double kMeanTieWeight = 1e-3;

// Adds scale · ∂log2 of the form, of one network's figures.
void AddNetworkSlopes(const MetricForm& form, const WorkloadMetrics& log2_figures, std::size_t network, double scale,
                      LogSlopes* slopes) {
  LogSlopes own;
  form.AddSlopes(log2_figures.OfNetwork(network), scale, &own);
  slopes->networks[network].energy += own.energy;
  slopes->networks[network].latency += own.latency;
  slopes->area += own.area;
}

}  // namespace

std::string NameOf(const MetricLimit& limit, const Workload& workload) {
  std::string quantity(InfoOf(limit.quantity).name);
  if (limit.network == MetricLimit::kWholeWorkload) return quantity;
  return workload.networks[static_cast<std::size_t>(limit.network)].name + ":" + quantity;
}

Objective::Objective(const ObjectiveSpec& spec, std::span<const Network> networks, const Template& hardware_template)
    : form_(spec.product, hardware_template), kind_(spec.combination.kind) {
  double all = 0;
  for (const Network& network : networks) all += network.weight;
  for (std::size_t n = 0; n < networks.size(); ++n) {
    const bool alone = kind_ == Combination::Kind::kOne;
    shares_.push_back(alone ? (n == spec.combination.network ? 1 : 0) : networks[n].weight / all);
    const bool has_reference = kind_ == Combination::Kind::kWorstRatio && n < spec.combination.references.size() &&
                               spec.combination.references[n] > 0;
    references_.push_back(has_reference ? spec.combination.references[n] : 1);
    log2_references_.push_back(std::log2(references_.back()));
  }
  const std::array<double, 3> exponents = form_.LeadingExponents();
  layer_weights_ = {std::max(0.0, exponents[0]), std::max(0.0, exponents[1])};
  if (layer_weights_.energy == 0) ties_.energy = kTieWeight;
  if (layer_weights_.latency == 0) ties_.latency = kTieWeight;
  if (!hardware_template.GivesEnergy()) ties_.energy = layer_weights_.energy = 0;
  layer_weights_.energy += ties_.energy;
  layer_weights_.latency += ties_.latency;
}

// MODEL.md, section "Several networks".
double Objective::Value(const WorkloadMetrics& metrics) const {
  double value = 0;
  if (IsOfSums()) {
    value = form_.Value(metrics);
  } else if (kind_ == Combination::Kind::kWorstRatio) {
    for (std::size_t n = 0; n < shares_.size(); ++n) {
      value = std::max(value, ValueOfNetwork(metrics, n) / references_[n]);
    }
  } else {
    value = std::exp2(MeanOf([&](std::size_t n) { return std::log2(ValueOfNetwork(metrics, n)); }));
  }
  return value > 0 ? value : kInfinity;
}

double Objective::ValueOfNetwork(const WorkloadMetrics& metrics, std::size_t network) const {
  const double value = form_.Value(metrics.OfNetwork(network));
  return value > 0 ? value : kInfinity;
}

double Objective::LeastValue(const MetricBox& box) const {
  if (IsOfSums()) return form_.LeastValue(box);
  if (kind_ != Combination::Kind::kWorstRatio) {
    return std::exp2(MeanOf([&](std::size_t n) { return std::log2(form_.LeastValue(box.OfNetwork(n))); }));
  }
  double worst = 0;
  for (std::size_t n = 0; n < shares_.size(); ++n) {
    worst = std::max(worst, form_.LeastValue(box.OfNetwork(n)) / references_[n]);
  }
  return worst;
}

PerNetwork<double> Objective::Log2OfNetworks(const WorkloadMetrics& log2_figures) const {
  PerNetwork<double> logs;
  for (std::size_t n = 0; n < shares_.size(); ++n) {
    logs.push_back(form_.Log2(log2_figures.OfNetwork(n)) - log2_references_[n]);
  }
  return logs;
}

PerNetwork<double> Objective::WeightsOfNetworks(const PerNetwork<double>& logs, double sharpness) const {
  PerNetwork<double> weights;
  for (const double share : shares_) weights.push_back(share);
  if (kind_ != Combination::Kind::kWorstRatio) return weights;
  const double greatest = *std::max_element(logs.begin(), logs.end());
  double all = 0;
  for (std::size_t n = 0; n < logs.size(); ++n) {
    weights[n] = logs[n] == greatest ? 1 : std::exp2(sharpness * (logs[n] - greatest));
    all += weights[n];
  }
  for (std::size_t n = 0; n < logs.size(); ++n) weights[n] = weights[n] / all + kMeanTieWeight * shares_[n];
  return weights;
}

double Objective::Log2(const WorkloadMetrics& log2_figures, double sharpness) const {
  const double ties = ties_.Weigh(log2_figures.energy_uj, log2_figures.latency_cycles);
  if (IsOfSums()) return form_.Log2(log2_figures) + ties;
  const PerNetwork<double> logs = Log2OfNetworks(log2_figures);
  const double mean = MeanOf([&](std::size_t n) { return logs[n]; });
  if (kind_ != Combination::Kind::kWorstRatio) return mean + ties;
  const double greatest = *std::max_element(logs.begin(), logs.end());
  double all = 0;
  for (const double log : logs) all += log == greatest ? 1 : std::exp2(sharpness * (log - greatest));
  return greatest + std::log2(all) / sharpness + kMeanTieWeight * mean + ties;
}

void Objective::AddSlopes(const WorkloadMetrics& log2_figures, double sharpness, LogSlopes* slopes) const {
  if (IsOfSums()) {
    form_.AddSlopes(log2_figures, 1, slopes);
  } else {
    const PerNetwork<double> weights = WeightsOfNetworks(Log2OfNetworks(log2_figures), sharpness);
    for (std::size_t n = 0; n < weights.size(); ++n) {
      if (weights[n] > 0) AddNetworkSlopes(form_, log2_figures, n, weights[n], slopes);
    }
  }
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
    const double product =
        limit.is_of_network() ? limit.form.Value(metrics.OfNetwork(limit.network())) : limit.form.Value(metrics);
    const double value = quantity.ValueAt(product, clock_mhz_);
    return quantity.at_least ? value >= limit.given.bound : value <= limit.given.bound;
  });
}

double Constraints::Overrun(std::size_t index, const WorkloadMetrics& log2_figures) const {
  const Limit& limit = limits_[index];
  const double log2 =
      limit.is_of_network() ? limit.form.Log2(log2_figures.OfNetwork(limit.network())) : limit.form.Log2(log2_figures);
  return log2 - limit.log2_most;
}

void Constraints::AddSlopes(std::size_t index, const WorkloadMetrics& log2_figures, double scale,
                            LogSlopes* slopes) const {
  const Limit& limit = limits_[index];
  if (limit.is_of_network()) {
    AddNetworkSlopes(limit.form, log2_figures, limit.network(), scale, slopes);
  } else {
    limit.form.AddSlopes(log2_figures, scale, slopes);
  }
}

void Constraints::Limit::Narrow(MetricBox* box) const {
  const double most_in_box = most * (1 + kBoundSlack);
  if (!is_of_network()) {
    form.Narrow(most_in_box, box);
    return;
  }
  MetricBox own = box->OfNetwork(network());
  form.Narrow(most_in_box, &own);
  for (const auto& [from, to] : {std::pair(&own.least, &box->least), {&own.most, &box->most}}) {
    to->networks[network()] = {from->energy_uj, from->latency_cycles};
    to->area_mm2 = from->area_mm2;
  }
}

bool Constraints::MayBeMet(const MetricBox& box) const {
  return std::all_of(limits_.begin(), limits_.end(),
                     [&box](const Limit& limit) { return limit.LeastValue(box) <= limit.most * (1 + kBoundSlack); });
}

bool Constraints::Narrow(MetricBox* box) const {
  // What one limit takes off may let another take off more.
  for (std::size_t round = 0; round < limits_.size(); ++round) {
    for (const Limit& limit : limits_) limit.Narrow(box);
  }
  return MayBeMet(*box);
}

bool Constraints::FallWithLatency() const {
  return std::any_of(limits_.begin(), limits_.end(), [](const Limit& limit) { return limit.form.FallsWithLatency(); });
}

bool Constraints::DependOnArea() const {
  return std::any_of(limits_.begin(), limits_.end(), [](const Limit& limit) { return limit.form.DependsOnArea(); });
}

Goal::Goal(const ObjectiveSpec& objective, std::span<const MetricLimit> limits, std::span<const Network> networks,
           const Template& hardware_template)
    : objective_(objective, networks, hardware_template), constraints_(limits, hardware_template) {
  for (const Network& network : networks) weights_.push_back(network.weight);
}

LogSlopes Goal::NoSlopes() const {
  LogSlopes slopes;
  slopes.networks = {weights_.size(), {0, 0}};
  return slopes;
}

ObjectiveWeights Goal::LinearSlopes(const WorkloadMetrics& metrics, const LogSlopes& slopes, std::size_t network,
                                    double scale) const {
  const auto slope = [scale](double log_slope, double figure) {
    return log_slope == 0 ? 0 : log_slope / (scale * figure);
  };
  ObjectiveWeights linear{slope(slopes.energy, metrics.energy_uj), slope(slopes.latency, metrics.latency_cycles)};
  if (weights_.empty()) return linear;
  const LayerFigures& own = metrics.networks[network];
  return {weights_[network] * linear.energy + slope(slopes.networks[network].energy, own.energy_uj),
          weights_[network] * linear.latency + slope(slopes.networks[network].latency, own.latency_cycles)};
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
  LogSlopes slopes = NoSlopes();
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
  smooth.slopes = NoSlopes();
  objective_.AddSmoothSlopes(log2_figures, &smooth.slopes);
  for (std::size_t i = 0; i < constraints_.size(); ++i) {
    const double multiplier = multipliers.empty() ? 0 : multipliers[i];
    const double slope = std::max(0.0, multiplier + kStiffness * constraints_.Overrun(i, log2_figures));
    smooth.penalty += (slope * slope - multiplier * multiplier) / (2 * kStiffness);
    if (slope > 0) constraints_.AddSlopes(i, log2_figures, slope, &smooth.slopes);
  }
  smooth.value = objective_.SmoothLog2(log2_figures);
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
