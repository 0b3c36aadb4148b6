#include "common/model/latency/latency_predictor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr std::size_t kMaxMembers = kMaxLatencyMembers;
constexpr std::size_t kMaxUnits = kMaxMembers * kMaxLatencyUnits;
constexpr std::size_t kMaxInputs = kMaxLatencyInputs;
constexpr std::size_t kMaxComponents = kMaxPorts + 3;

double Cycles(const LatencyFeatures::Term& term, const LatencyPhysics& physics, std::span<const double> inputs) {
  double log2 = 0;
  if (term.plus != LatencyFeatures::kNoInput) log2 += inputs[ToIndex(term.plus)];
  if (term.minus != LatencyFeatures::kNoInput) log2 -= inputs[ToIndex(term.minus)];
  return physics.coefficients[ToIndex(term.parameter)] * term.scale * std::exp2(log2);
}

double Sum(const std::vector<LatencyFeatures::Term>& terms, const LatencyPhysics& physics,
           std::span<const double> inputs) {
  double sum = 0;
  for (const LatencyFeatures::Term& term : terms) sum += Cycles(term, physics, inputs);
  return sum;
}

// Adds weight · ∂Σ terms / ∂input.
void AddGradient(const std::vector<LatencyFeatures::Term>& terms, const LatencyPhysics& physics,
                 std::span<const double> inputs, double weight, std::span<double> gradient) {
  for (const LatencyFeatures::Term& term : terms) {
    const double slope = weight * kLn2 * Cycles(term, physics, inputs);
    if (term.plus != LatencyFeatures::kNoInput) gradient[ToIndex(term.plus)] += slope;
    if (term.minus != LatencyFeatures::kNoInput) gradient[ToIndex(term.minus)] -= slope;
  }
}

absl::Status CheckSize(const char* field, std::size_t size, std::size_t expected) {
  if (size == expected) return absl::OkStatus();
  return FieldError(field, "has " + std::to_string(size) + " numbers instead of " + std::to_string(expected));
}

absl::Status CheckFinite(const char* field, std::span<const double> numbers) {
  for (const double number : numbers) {
    if (!std::isfinite(number)) return FieldError(field, "has a number that is not finite");
  }
  return absl::OkStatus();
}

absl::Status CheckPhysics(const LatencyFeatures& features, const LatencyPhysics& physics) {
  RETURN_IF_ERROR(CheckSize("physics.coefficients", physics.coefficients.size(), features.parameters().size()));
  RETURN_IF_ERROR(CheckFinite("physics.coefficients", physics.coefficients));
  for (const double coefficient : physics.coefficients) {
    if (coefficient <= 0) return FieldError("physics.coefficients", "must be above 0");
  }
  if (!std::isfinite(physics.p) || physics.p < 1) return FieldError("physics.p", "must be at least 1");
  return absl::OkStatus();
}

absl::Status CheckNetworks(const LatencyFeatures& features, const LatencyNetworks& networks) {
  if (networks.members < 1 || networks.members > kMaxLatencyMembers) {
    return FieldError("networks.members", "must be 1 to " + std::to_string(kMaxLatencyMembers));
  }
  for (const int units : {networks.first_units, networks.second_units}) {
    if (units < 1 || units > kMaxLatencyUnits) {
      return FieldError("networks.units", "must be 1 to " + std::to_string(kMaxLatencyUnits));
    }
  }
  for (const int input : networks.inputs) {
    if (input < 0 || input >= features.num_learner_inputs()) return FieldError("networks.inputs", "has no such input");
  }
  const std::size_t members = ToIndex(networks.members);
  const std::size_t first = members * ToIndex(networks.first_units);
  const std::size_t second = ToIndex(networks.second_units);
  RETURN_IF_ERROR(CheckSize("networks.first", networks.first.size(), networks.inputs.size() * first));
  RETURN_IF_ERROR(CheckSize("networks.first_bias", networks.first_bias.size(), first));
  RETURN_IF_ERROR(CheckSize("networks.second", networks.second.size(), first * second));
  RETURN_IF_ERROR(CheckSize("networks.second_bias", networks.second_bias.size(), members * second));
  RETURN_IF_ERROR(CheckSize("networks.last", networks.last.size(), members * second));
  RETURN_IF_ERROR(CheckSize("networks.last_bias", networks.last_bias.size(), members));
  for (const auto* numbers : {&networks.first, &networks.first_bias, &networks.second, &networks.second_bias,
                              &networks.last, &networks.last_bias}) {
    RETURN_IF_ERROR(CheckFinite("networks", *numbers));
  }
  return absl::OkStatus();
}

absl::Status CheckTrust(const LatencyTrust& trust, std::size_t num_inputs) {
  RETURN_IF_ERROR(CheckSize("trust.low", trust.low.size(), num_inputs));
  RETURN_IF_ERROR(CheckSize("trust.high", trust.high.size(), num_inputs));
  RETURN_IF_ERROR(CheckSize("trust.scale", trust.scale.size(), num_inputs));
  for (const auto* numbers : {&trust.low, &trust.high, &trust.scale}) {
    RETURN_IF_ERROR(CheckFinite("trust", *numbers));
  }
  for (const double scale : trust.scale) {
    if (scale <= 0) return FieldError("trust.scale", "must be above 0");
  }
  for (const double number : {trust.most_correction, trust.agreement}) {
    if (!std::isfinite(number) || number <= 0) return FieldError("trust", "must have limits above 0");
  }
  for (const double sigma : {trust.sigma, trust.untrusted_sigma}) {
    if (!std::isfinite(sigma) || sigma < 0) return FieldError("trust.sigma", "must be 0 or above");
  }
  return absl::OkStatus();
}

// Squared distance outside of the measured range.
double Outside(const LatencyNetworks& networks, const LatencyTrust& trust, std::span<const double> inputs) {
  double outside = 0;
  for (std::size_t i = 0; i < networks.inputs.size(); ++i) {
    const double x = inputs[ToIndex(networks.inputs[i])];
    const double excess = std::max({trust.low[i] - x, x - trust.high[i], 0.0}) / trust.scale[i];
    outside += excess * excess;
  }
  return outside;
}

void AddOutsideGradient(const LatencyNetworks& networks, const LatencyTrust& trust, std::span<const double> inputs,
                        double weight, std::span<double> gradient) {
  for (std::size_t i = 0; i < networks.inputs.size(); ++i) {
    const std::size_t input = ToIndex(networks.inputs[i]);
    const double x = inputs[input];
    const double squared_scale = trust.scale[i] * trust.scale[i];
    if (x < trust.low[i]) gradient[input] += weight * 2 * (x - trust.low[i]) / squared_scale;
    if (x > trust.high[i]) gradient[input] += weight * 2 * (x - trust.high[i]) / squared_scale;
  }
}

}  // namespace

double RationalTanh::Value(double x) {
  const double bounded = std::clamp(x, -3.0, 3.0);
  const double square = bounded * bounded;
  return bounded * (27 + square) / (27 + 9 * square);
}

double RationalTanh::Slope(double x) {
  const double bounded = std::clamp(x, -3.0, 3.0);
  const double square = bounded * bounded;
  const double root = (square - 9) / (27 + 9 * square);
  return 9 * root * root;
}

namespace {

// No mapping is faster than all units at work.
double LogPeak(const LatencyFeatures& features, std::span<const double> inputs) {
  return inputs[ToIndex(features.peak_input())] * std::numbers::ln2;
}

}  // namespace

struct LatencyPredictor::Activations {
  std::array<double, kMaxUnits> first_sum;
  std::array<double, kMaxUnits> first;
  std::array<double, kMaxUnits> second_sum;
  std::array<double, kMaxUnits> second;
  std::array<double, kMaxMembers> output;
  double mean = 0;
  double variance = 0;
};

absl::StatusOr<std::unique_ptr<const LatencyPredictor>> LatencyPredictor::Create(const CostModel& model,
                                                                                 const HardwarePoint& hardware,
                                                                                 LatencyParameters parameters) {
  RETURN_IF_ERROR(model.hardware_template().ValidateHardware(hardware));
  std::unique_ptr<const LatencyPredictor> predictor(new LatencyPredictor(model, hardware, std::move(parameters)));
  const LatencyFeatures& features = predictor->features();
  const LatencyParameters& checked = predictor->parameters();
  if (checked.has_physics) RETURN_IF_ERROR(CheckPhysics(features, checked.physics));
  if (!std::isfinite(checked.offset)) return FieldError("offset", "must be finite");
  RETURN_IF_ERROR(CheckNetworks(features, checked.networks));
  RETURN_IF_ERROR(CheckTrust(checked.trust, checked.networks.inputs.size()));
  return predictor;
}

LatencyPredictor::LatencyPredictor(const CostModel& model, const HardwarePoint& hardware, LatencyParameters parameters)
    : features_(model, hardware), parameters_(std::move(parameters)) {}

LatencyPrediction LatencyPredictor::Predict(const LayerShape& shape, const Mapping& mapping,
                                            const LayerUse& use) const {
  std::array<double, kMaxLatencyBase> base;
  std::array<double, kMaxInputs> inputs;
  const std::span<double> places(base.data(), ToIndex(features_.base().size()));
  features_.SetBase(shape, mapping, use, places);
  features_.SetInputs<double>(places, inputs);
  return PredictInputs(std::span<const double>(inputs.data(), ToIndex(features_.num_inputs())));
}

LatencyPrediction LatencyPredictor::PredictInputs(std::span<const double> inputs) const {
  Activations activations;
  RunNetworks(inputs, &activations);
  const LatencyTrust& trust = parameters_.trust;
  if (!parameters_.has_physics) {
    const double sigma = std::sqrt(trust.sigma * trust.sigma + activations.variance);
    return {std::exp(parameters_.offset + activations.mean), sigma, 1};
  }
  const double doubt = activations.variance / (trust.agreement * trust.agreement);
  const double share = 1 / (1 + doubt * doubt) / (1 + Outside(parameters_.networks, trust, inputs));
  const double correction =
      share * trust.most_correction * RationalTanh::Value(activations.mean / trust.most_correction);
  const double untrusted = (1 - share) * trust.untrusted_sigma;
  const double log_cycles = LogPhysics(features_, parameters_.physics, inputs, {}) + correction;
  return {std::exp(std::max(log_cycles, LogPeak(features_, inputs))),
          std::sqrt(trust.sigma * trust.sigma + share * activations.variance + untrusted * untrusted), share};
}

double LatencyPredictor::LogCycles(std::span<const double> inputs, std::span<double> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0);
  Activations activations;
  RunNetworks(inputs, &activations);
  const auto members = ToIndex(parameters_.networks.members);
  std::array<double, kMaxMembers> output_slopes;
  const std::span<double> slopes(output_slopes.data(), members);
  if (!parameters_.has_physics) {
    std::fill(slopes.begin(), slopes.end(), 1 / static_cast<double>(members));
    RunNetworksBack(activations, slopes, gradient);
    return parameters_.offset + activations.mean;
  }
  const LatencyTrust& trust = parameters_.trust;
  const double squared = trust.agreement * trust.agreement;
  const double doubt = activations.variance / squared;
  const double agreed = 1 / (1 + doubt * doubt);
  const double inside = 1 / (1 + Outside(parameters_.networks, trust, inputs));
  const double bounded = trust.most_correction * RationalTanh::Value(activations.mean / trust.most_correction);
  const double mean_slope = agreed * inside * RationalTanh::Slope(activations.mean / trust.most_correction);
  const double variance_slope = -bounded * inside * agreed * agreed * 2 * doubt / squared;
  for (std::size_t m = 0; m < members; ++m) {
    slopes[m] =
        (mean_slope + variance_slope * 2 * (activations.output[m] - activations.mean)) / static_cast<double>(members);
  }
  RunNetworksBack(activations, slopes, gradient);
  AddOutsideGradient(parameters_.networks, trust, inputs, -bounded * agreed * inside * inside, gradient);
  const double log_cycles = LogPhysics(features_, parameters_.physics, inputs, gradient) + bounded * agreed * inside;
  const double log_peak = LogPeak(features_, inputs);
  if (log_cycles > log_peak) return log_cycles;
  std::fill(gradient.begin(), gradient.end(), 0.0);
  gradient[ToIndex(features_.peak_input())] = std::numbers::ln2;
  return log_peak;
}

double LatencyPredictor::LogPhysics(const LatencyFeatures& features, const LatencyPhysics& physics,
                                    std::span<const double> inputs, std::span<double> gradient) {
  const auto& overlapping = features.overlapping();
  std::array<double, kMaxComponents> cycles;
  double slowest = 0;
  for (std::size_t k = 0; k < overlapping.size(); ++k) {
    cycles[k] = Sum(overlapping[k], physics, inputs);
    slowest = std::max(slowest, cycles[k]);
  }
  // Relative to the slowest, so that powers stay in range.
  double powers = 0;
  for (std::size_t k = 0; k < overlapping.size(); ++k) powers += std::pow(cycles[k] / slowest, physics.p);
  const double joined = slowest * std::pow(powers, 1 / physics.p);
  const double total = joined + Sum(features.serial(), physics, inputs);
  if (!gradient.empty()) {
    for (std::size_t k = 0; k < overlapping.size(); ++k) {
      const double weight = std::pow(cycles[k] / joined, physics.p - 1) / total;
      AddGradient(overlapping[k], physics, inputs, weight, gradient);
    }
    AddGradient(features.serial(), physics, inputs, 1 / total, gradient);
  }
  return std::log(total);
}

void LatencyPredictor::RunNetworks(std::span<const double> inputs, Activations* activations) const {
  const LatencyNetworks& networks = parameters_.networks;
  const auto members = ToIndex(networks.members);
  const auto first_units = ToIndex(networks.first_units);
  const auto second_units = ToIndex(networks.second_units);
  const std::size_t num_first = members * first_units;
  std::copy_n(networks.first_bias.data(), num_first, activations->first_sum.data());
  for (std::size_t i = 0; i < networks.inputs.size(); ++i) {
    const double x = inputs[ToIndex(networks.inputs[i])];
    const double* weights = networks.first.data() + i * num_first;
    for (std::size_t u = 0; u < num_first; ++u) activations->first_sum[u] += x * weights[u];
  }
  for (std::size_t u = 0; u < num_first; ++u) activations->first[u] = RationalTanh::Value(activations->first_sum[u]);
  std::copy_n(networks.second_bias.data(), members * second_units, activations->second_sum.data());
  double sum = 0;
  for (std::size_t m = 0; m < members; ++m) {
    double* sums = activations->second_sum.data() + m * second_units;
    for (std::size_t u = m * first_units; u < (m + 1) * first_units; ++u) {
      const double* weights = networks.second.data() + u * second_units;
      for (std::size_t v = 0; v < second_units; ++v) sums[v] += activations->first[u] * weights[v];
    }
    double output = networks.last_bias[m];
    for (std::size_t v = m * second_units; v < (m + 1) * second_units; ++v) {
      activations->second[v] = RationalTanh::Value(activations->second_sum[v]);
      output += activations->second[v] * networks.last[v];
    }
    activations->output[m] = output;
    sum += output;
  }
  activations->mean = sum / static_cast<double>(members);
  double squares = 0;
  for (std::size_t m = 0; m < members; ++m) {
    const double deviation = activations->output[m] - activations->mean;
    squares += deviation * deviation;
  }
  activations->variance = squares / static_cast<double>(members);
}

void LatencyPredictor::RunNetworksBack(const Activations& activations, std::span<const double> output_slopes,
                                       std::span<double> gradient) const {
  const LatencyNetworks& networks = parameters_.networks;
  const auto first_units = ToIndex(networks.first_units);
  const auto second_units = ToIndex(networks.second_units);
  const std::size_t num_first = output_slopes.size() * first_units;
  std::array<double, kMaxUnits> second;
  std::array<double, kMaxUnits> first;
  for (std::size_t m = 0; m < output_slopes.size(); ++m) {
    for (std::size_t v = m * second_units; v < (m + 1) * second_units; ++v) {
      second[v] = output_slopes[m] * networks.last[v] * RationalTanh::Slope(activations.second_sum[v]);
    }
    for (std::size_t u = m * first_units; u < (m + 1) * first_units; ++u) {
      const double* weights = networks.second.data() + u * second_units;
      double slope = 0;
      for (std::size_t v = 0; v < second_units; ++v) slope += weights[v] * second[m * second_units + v];
      first[u] = slope * RationalTanh::Slope(activations.first_sum[u]);
    }
  }
  for (std::size_t i = 0; i < networks.inputs.size(); ++i) {
    const double* weights = networks.first.data() + i * num_first;
    double slope = 0;
    for (std::size_t u = 0; u < num_first; ++u) slope += weights[u] * first[u];
    gradient[ToIndex(networks.inputs[i])] += slope;
  }
}

}  // namespace oneloop
