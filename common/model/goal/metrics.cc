#include "common/model/goal/metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/hardware/formula.h"

namespace oneloop {
namespace {

// Coefficients that a template gives. µJ per cycle at 1 MHz are watts.
enum class Coefficient { kOne, kClockMhz, kLeakageWPerMm2 };

struct MetricTerm {
  Coefficient coefficient;
  std::array<double, 3> exponents;  // of energy, latency, area
};

struct MetricInfo {
  Metric metric;
  std::string_view name;  // in objectives
  std::array<MetricTerm, 2> terms;
  std::size_t num_terms;
};

constexpr std::array<MetricInfo, kNumMetrics> kMetrics = {{
    {Metric::kEnergy, "energy", {{{Coefficient::kOne, {1, 0, 0}}}}, 1},
    {Metric::kLatency, "latency", {{{Coefficient::kOne, {0, 1, 0}}}}, 1},
    {Metric::kArea, "area", {{{Coefficient::kOne, {0, 0, 1}}}}, 1},
    {Metric::kPower, "power", {{{Coefficient::kClockMhz, {1, -1, 0}}, {Coefficient::kLeakageWPerMm2, {0, 0, 1}}}}, 2},
}};

constexpr std::array kQuantities = {
    QuantityInfo{Quantity::kEnergyUj, "energy_uj", {{1, 0, 0, 0}}, QuantityInfo::Scale::kNone, false},
    QuantityInfo{Quantity::kLatencyCycles, "latency_cycles", {{0, 1, 0, 0}}, QuantityInfo::Scale::kNone, false},
    QuantityInfo{Quantity::kAreaMm2, "area_mm2", {{0, 0, 1, 0}}, QuantityInfo::Scale::kNone, false},
    QuantityInfo{Quantity::kPowerW, "power_w", {{0, 0, 0, 1}}, QuantityInfo::Scale::kNone, false},
    QuantityInfo{Quantity::kEdp, "edp", {{1, 1, 0, 0}}, QuantityInfo::Scale::kNone, false},
    QuantityInfo{Quantity::kLatencyMs, "latency_ms", {{0, 1, 0, 0}}, QuantityInfo::Scale::kMilliseconds, false},
    QuantityInfo{Quantity::kThroughput, "throughput_per_s", {{0, 1, 0, 0}}, QuantityInfo::Scale::kPerSecond, true},
};

double CoefficientOf(Coefficient coefficient, const TemplateSpec& spec) {
  switch (coefficient) {
    case Coefficient::kClockMhz:
      return spec.clock_mhz.value_or(0);
    case Coefficient::kLeakageWPerMm2:
      return spec.leakage_w_per_mm2;
    case Coefficient::kOne:
      break;
  }
  return 1;
}

constexpr double kCyclesPerMsAtMhz = 1e3;
constexpr double kHzPerMhz = 1e6;

constexpr std::array kFigures = {&WorkloadMetrics::energy_uj, &WorkloadMetrics::latency_cycles,
                                 &WorkloadMetrics::area_mm2};

std::array<double, 3> Figures(const WorkloadMetrics& metrics) {
  return {metrics.energy_uj, metrics.latency_cycles, metrics.area_mm2};
}

}  // namespace

WorkloadMetrics WorkloadMetrics::OfNetwork(std::size_t network) const {
  return {networks[network].energy_uj, networks[network].latency_cycles, area_mm2};
}

WorkloadMetrics Log2Of(const WorkloadMetrics& metrics) {
  WorkloadMetrics logs{std::log2(metrics.energy_uj), std::log2(metrics.latency_cycles), std::log2(metrics.area_mm2)};
  for (const LayerFigures& network : metrics.networks) {
    logs.networks.push_back({std::log2(network.energy_uj), std::log2(network.latency_cycles)});
  }
  return logs;
}

MetricBox MetricBox::Unknown(std::size_t num_networks) {
  MetricBox box;
  box.least.networks = {num_networks, {}};
  box.most.networks = {num_networks, {box.most.energy_uj, box.most.latency_cycles}};
  return box;
}

MetricProduct MetricProduct::Of(Metric metric, double exponent) {
  MetricProduct product;
  product.exponents[static_cast<std::size_t>(metric)] = exponent;
  return product;
}

absl::StatusOr<MetricProduct> MetricProduct::Parse(std::string_view text) {
  std::vector<std::string> names;
  names.reserve(kNumMetrics);
  for (const MetricInfo& metric : kMetrics) names.emplace_back(metric.name);
  ASSIGN_OR_RETURN(const Formula formula, Formula::Parse(text, names));
  constexpr std::string_view kValid = "valid: a product of energy, latency, area and power, as energy*latency^2";
  if (!formula.IsMonomial() || formula.terms().front().coefficient != 1) {
    return FieldError("", absl::StrCat("'", ToAbsl(text), "' is not a product of metrics alone; ", ToAbsl(kValid)));
  }
  MetricProduct product;
  const std::vector<double>& exponents = formula.terms().front().exponents;
  for (std::size_t m = 0; m < kNumMetrics; ++m) {
    if (!(exponents[m] >= 0 && exponents[m] <= kMaxMetricExponent)) {
      return FieldError("", absl::StrCat("'", ToAbsl(text), "' has an exponent of ", exponents[m], " for ", names[m],
                                         "; valid: 0 to ", kMaxMetricExponent));
    }
    product.exponents[m] = exponents[m];
  }
  if (product == MetricProduct{}) {
    return FieldError("", absl::StrCat("'", ToAbsl(text), "' has no metric; ", ToAbsl(kValid)));
  }
  return product;
}

std::string MetricProduct::ToString() const {
  std::string text;
  for (const MetricInfo& metric : kMetrics) {
    const double exponent = of(metric.metric);
    if (exponent == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : "*", ToAbsl(metric.name));
    if (exponent != 1) absl::StrAppend(&text, "^", exponent);
  }
  return text;
}

std::span<const QuantityInfo> AllQuantities() { return kQuantities; }

const QuantityInfo& InfoOf(Quantity quantity) { return kQuantities[static_cast<std::size_t>(quantity)]; }

const QuantityInfo* FindQuantity(std::string_view name) {
  const auto found = std::find_if(kQuantities.begin(), kQuantities.end(),
                                  [name](const QuantityInfo& info) { return info.name == name; });
  return found == kQuantities.end() ? nullptr : &*found;
}

double QuantityInfo::ValueAt(double product_value, double clock_mhz) const {
  switch (scale) {
    case Scale::kMilliseconds:
      return product_value / (clock_mhz * kCyclesPerMsAtMhz);
    case Scale::kPerSecond:
      return clock_mhz * kHzPerMhz / product_value;
    case Scale::kNone:
      break;
  }
  return product_value;
}

double QuantityInfo::ProductAt(double value, double clock_mhz) const {
  switch (scale) {
    case Scale::kMilliseconds:
      return value * (clock_mhz * kCyclesPerMsAtMhz);
    case Scale::kPerSecond:
      return clock_mhz * kHzPerMhz / value;
    case Scale::kNone:
      break;
  }
  return value;
}

bool NeedsClock(const MetricProduct& product) {
  return std::any_of(kMetrics.begin(), kMetrics.end(), [&product](const MetricInfo& metric) {
    if (product.of(metric.metric) == 0) return false;
    return std::any_of(metric.terms.begin(), metric.terms.begin() + static_cast<std::ptrdiff_t>(metric.num_terms),
                       [](const MetricTerm& term) { return term.coefficient == Coefficient::kClockMhz; });
  });
}

bool NeedsClock(const QuantityInfo& quantity) {
  return quantity.scale != QuantityInfo::Scale::kNone || NeedsClock(quantity.product);
}

MetricForm::MetricForm(const MetricProduct& product, const Template& hardware_template) {
  const TemplateSpec& spec = hardware_template.spec();
  for (const MetricInfo& metric : kMetrics) {
    const double power = product.of(metric.metric);
    if (power == 0) continue;
    Sum sum{{}, power};
    for (std::size_t k = 0; k < metric.num_terms; ++k) {
      const double coefficient = CoefficientOf(metric.terms[k].coefficient, spec);
      if (coefficient > 0) sum.terms.push_back({coefficient, metric.terms[k].exponents});
    }
    if (sum.terms.size() != 1) {
      sums_.push_back(std::move(sum));
      continue;
    }
    product_.coefficient *= std::pow(sum.terms.front().coefficient, power);
    for (std::size_t f = 0; f < 3; ++f) product_.exponents[f] += power * sum.terms.front().exponents[f];
  }
}

double MetricForm::ValueOf(const Term& term, const WorkloadMetrics& metrics) {
  double value = term.coefficient;
  const std::array<double, 3> figures = Figures(metrics);
  for (std::size_t f = 0; f < 3; ++f) value *= Power(figures[f], term.exponents[f]);
  return value;
}

double MetricForm::LeastOf(const Term& term, const MetricBox& box) {
  double value = term.coefficient;
  const std::array<double, 3> least = Figures(box.least);
  const std::array<double, 3> most = Figures(box.most);
  for (std::size_t f = 0; f < 3; ++f) value *= Power(term.exponents[f] > 0 ? least[f] : most[f], term.exponents[f]);
  return value;
}

double MetricForm::Log2Of(const Term& term, const WorkloadMetrics& log2_figures) {
  double log2 = term.coefficient == 1 ? 0 : std::log2(term.coefficient);
  const std::array<double, 3> figures = Figures(log2_figures);
  for (std::size_t f = 0; f < 3; ++f) {
    if (term.exponents[f] != 0) log2 += term.exponents[f] * figures[f];
  }
  return log2;
}

double MetricForm::Log2Of(const Sum& sum, const WorkloadMetrics& log2_figures) {
  double total = 0;
  for (const Term& term : sum.terms) total += std::exp2(Log2Of(term, log2_figures));
  return sum.power * std::log2(total);
}

double MetricForm::Value(const WorkloadMetrics& metrics) const {
  double value = ValueOf(product_, metrics);
  for (const Sum& sum : sums_) {
    double total = 0;
    for (const Term& term : sum.terms) total += ValueOf(term, metrics);
    value *= Power(total, sum.power);
  }
  return value;
}

double MetricForm::Log2(const WorkloadMetrics& log2_figures) const {
  double log2 = Log2Of(product_, log2_figures);
  for (const Sum& sum : sums_) log2 += Log2Of(sum, log2_figures);
  return log2;
}

void MetricForm::AddSlopes(const WorkloadMetrics& log2_figures, double scale, LogSlopes* slopes) const {
  const auto add = [slopes](const std::array<double, 3>& exponents, double weight) {
    slopes->energy += weight * exponents[0];
    slopes->latency += weight * exponents[1];
    slopes->area += weight * exponents[2];
  };
  add(product_.exponents, scale);
  for (const Sum& sum : sums_) {
    const double log2_total = Log2Of(sum, log2_figures) / sum.power;
    for (const Term& term : sum.terms) {
      add(term.exponents, scale * sum.power * std::exp2(Log2Of(term, log2_figures) - log2_total));
    }
  }
}

double MetricForm::LeastOf(const Sum& sum, const MetricBox& box) {
  double total = 0;
  for (const Term& term : sum.terms) total += LeastOf(term, box);
  return total;
}

MetricForm::Sum MetricForm::First() const {
  if (sums_.empty()) return {{product_}, 1};
  Sum first = sums_.front();
  for (Term& term : first.terms) {
    term.coefficient *= std::pow(product_.coefficient, 1 / first.power);
    for (std::size_t f = 0; f < 3; ++f) term.exponents[f] += product_.exponents[f] / first.power;
  }
  return first;
}

// The single terms are drawn into the first sum, so that what cancels there is not bounded twice.
double MetricForm::LeastValue(const MetricBox& box) const {
  const Sum first = First();
  double value = Power(LeastOf(first, box), first.power);
  for (std::size_t s = 1; s < sums_.size(); ++s) value *= Power(LeastOf(sums_[s], box), sums_[s].power);
  return value;
}

// All terms are >= 0, so that each has what the least of the others leaves. A figure has what the other figures' least
// leaves of its term: at most so much, or with an exponent below 0 at least.
void MetricForm::Narrow(double most, MetricBox* box) const {
  const Sum first = First();
  double others = 1;
  for (std::size_t s = 1; s < sums_.size(); ++s) others *= Power(LeastOf(sums_[s], *box), sums_[s].power);
  const double room = std::pow(most / others, 1 / first.power);
  for (const Term& term : first.terms) {
    const double left = room - (LeastOf(first, *box) - LeastOf(term, *box));
    if (!(left > 0)) return;
    for (std::size_t f = 0; f < kFigures.size(); ++f) {
      const double exponent = term.exponents[f];
      if (exponent == 0) continue;
      Term rest = term;
      rest.exponents[f] = 0;
      const double end = std::pow(left / LeastOf(rest, *box), 1 / exponent);
      // Not (… ? … : …).*kFigures[f], of which g++ 12 changes a copy.
      WorkloadMetrics& side = exponent > 0 ? box->most : box->least;
      double& figure = side.*kFigures[f];
      figure = exponent > 0 ? std::min(figure, end) : std::max(figure, end);
    }
  }
}

std::array<double, 3> MetricForm::LeadingExponents() const {
  std::array<double, 3> exponents = product_.exponents;
  for (const Sum& sum : sums_) {
    if (sum.terms.empty()) continue;
    for (std::size_t f = 0; f < 3; ++f) exponents[f] += sum.power * sum.terms.front().exponents[f];
  }
  return exponents;
}

bool MetricForm::FallsWithLatency() const {
  const auto falls = [](const Term& term) { return term.exponents[1] < 0; };
  return falls(product_) || std::any_of(sums_.begin(), sums_.end(), [&falls](const Sum& sum) {
           return std::any_of(sum.terms.begin(), sum.terms.end(), falls);
         });
}

bool MetricForm::DependsOnArea() const {
  const auto has_area = [](const Term& term) { return term.exponents[2] != 0; };
  return has_area(product_) || std::any_of(sums_.begin(), sums_.end(), [&has_area](const Sum& sum) {
           return std::any_of(sum.terms.begin(), sum.terms.end(), has_area);
         });
}

}  // namespace oneloop
