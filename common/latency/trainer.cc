#include "common/latency/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace oneloop {
namespace {

// The greatest correction is a little more than nearly all that the measurements ask for, and at least a factor of e.
constexpr double kCorrectionQuantile = 0.99;
constexpr double kCorrectionMargin = 1.2;
constexpr double kLeastBound = 1;

std::vector<std::span<const double>> InputsOf(const Measurements& measurements, std::span<const int> rows) {
  std::vector<std::span<const double>> inputs;
  inputs.reserve(rows.size());
  for (const int row : rows) inputs.push_back(measurements.inputs(row));
  return inputs;
}

double MeanAbsolute(std::span<const double> numbers) {
  double sum = 0;
  for (const double number : numbers) sum += std::abs(number);
  return sum / static_cast<double>(numbers.size());
}

double BoundOf(std::vector<double> targets) {
  for (double& target : targets) target = std::abs(target);
  const auto index = static_cast<std::size_t>(kCorrectionQuantile * static_cast<double>(targets.size() - 1));
  std::nth_element(targets.begin(), targets.begin() + static_cast<std::ptrdiff_t>(index), targets.end());
  return std::max(kLeastBound, kCorrectionMargin * targets[index]);
}

void SetFit(NetworkFit fit, LatencyParameters* parameters) {
  parameters->networks = std::move(fit.networks);
  parameters->trust.low = std::move(fit.low);
  parameters->trust.high = std::move(fit.high);
  parameters->trust.scale = std::move(fit.scale);
  parameters->trust.sigma = fit.left_out_sigma;
}

absl::Status CheckCount(const char* field, int value, int least, int most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return FieldError(field, "must be " + std::to_string(least) + " to " + std::to_string(most));
}

}  // namespace

absl::Status ValidateTrainerOptions(const TrainerOptions& options) {
  const NetworkFitOptions& networks = options.networks;
  RETURN_IF_ERROR(CheckCount("networks.members", networks.members, 1, kMaxLatencyMembers));
  RETURN_IF_ERROR(CheckCount("networks.first_units", networks.first_units, 1, kMaxLatencyUnits));
  RETURN_IF_ERROR(CheckCount("networks.second_units", networks.second_units, 1, kMaxLatencyUnits));
  RETURN_IF_ERROR(CheckCount("networks.epochs", networks.epochs, 1, 1000000));
  RETURN_IF_ERROR(CheckCount("networks.batch", networks.batch, 1, 1000000));
  RETURN_IF_ERROR(CheckCount("networks.folds", networks.folds, 2, 1000000));
  RETURN_IF_ERROR(CheckCount("physics.most_iterations", options.physics.most_iterations, 1, 1000000));
  const std::pair<const char*, double> positive[] = {{"agreement", options.agreement},
                                                     {"networks.delta", networks.delta},
                                                     {"networks.learning_rate", networks.learning_rate},
                                                     {"physics.delta", options.physics.delta},
                                                     {"physics.prior_weight", options.physics.prior_weight}};
  for (const auto& [field, value] : positive) {
    if (!std::isfinite(value) || value <= 0) return FieldError(field, "must be finite and above 0");
  }
  const std::pair<const char*, double> not_negative[] = {{"networks.weight_decay", networks.weight_decay},
                                                         {"physics.efficiency", options.physics.efficiency}};
  for (const auto& [field, value] : not_negative) {
    if (!std::isfinite(value) || value < 0) return FieldError(field, "must be finite and not below 0");
  }
  return absl::OkStatus();
}

absl::StatusOr<LatencyParameters> TrainCombined(const Measurements& measurements, std::span<const int> rows,
                                                const TrainerOptions& options,
                                                const std::function<bool(double)>& should_stop) {
  RETURN_IF_ERROR(ValidateTrainerOptions(options));
  LatencyParameters parameters;
  ASSIGN_OR_RETURN(parameters.physics, FitPhysics(measurements, rows, options.physics,
                                                  [&should_stop] { return should_stop && should_stop(0); }));
  std::vector<double> targets;
  for (const int row : rows) {
    targets.push_back(measurements.log_cycles(row) - LatencyPredictor::LogPhysics(measurements.features(),
                                                                                  parameters.physics,
                                                                                  measurements.inputs(row), {}));
  }
  std::vector<int> candidates(static_cast<std::size_t>(measurements.features().num_learner_inputs()));
  std::iota(candidates.begin(), candidates.end(), 0);
  ASSIGN_OR_RETURN(NetworkFit fit,
                   FitNetworks(InputsOf(measurements, rows), targets, candidates, options.networks, should_stop));
  SetFit(std::move(fit), &parameters);
  parameters.trust.untrusted_sigma = std::sqrt(std::numbers::pi / 2) * MeanAbsolute(targets);
  parameters.trust.most_correction = BoundOf(std::move(targets));
  parameters.trust.agreement = options.agreement;
  return parameters;
}

absl::StatusOr<LatencyParameters> TrainLearned(const Measurements& measurements, std::span<const int> rows,
                                               const TrainerOptions& options,
                                               const std::function<bool(double)>& should_stop) {
  RETURN_IF_ERROR(ValidateTrainerOptions(options));
  LatencyParameters parameters;
  parameters.has_physics = false;
  for (const int row : rows) parameters.offset += measurements.log_cycles(row) / static_cast<double>(rows.size());
  std::vector<double> targets;
  for (const int row : rows) targets.push_back(measurements.log_cycles(row) - parameters.offset);
  std::vector<int> candidates;
  const auto& inputs = measurements.features().inputs();
  for (int i = 0; i < measurements.features().num_learner_inputs(); ++i) {
    if (inputs[static_cast<std::size_t>(i)].of_factors) candidates.push_back(i);
  }
  ASSIGN_OR_RETURN(NetworkFit fit,
                   FitNetworks(InputsOf(measurements, rows), targets, candidates, options.networks, should_stop));
  SetFit(std::move(fit), &parameters);
  return parameters;
}

}  // namespace oneloop
