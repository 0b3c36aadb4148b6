#ifndef ONELOOP_COMMON_LATENCY_LATENCY_MODEL_H_
#define ONELOOP_COMMON_LATENCY_LATENCY_MODEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/latency/measurements.h"
#include "common/latency/trainer.h"
#include "common/model/exact/cost_model.h"
#include "common/model/latency/latency_predictor.h"

namespace oneloop {

enum class LatencyKind { kAnalytical, kLearned, kCombined };

// A calibration: what was learned from one set of measurements of one template at one hardware point. Immutable;
// thread-safe.
class LatencyModel {
 public:
  // Trains on all measurements. should_stop as for FitNetworks; CANCELLED when it says so; INVALID_ARGUMENT as
  // ValidateTrainerOptions. The measurements' cost model must outlive the result.
  static absl::StatusOr<std::unique_ptr<const LatencyModel>> Train(const Measurements& measurements,
                                                                   const TrainerOptions& options,
                                                                   const std::function<bool(double)>& should_stop);

  // The inverse of Serialize, to the bit. `model` must outlive the result.
  //   INVALID_ARGUMENT     not such a text at all
  //   UNIMPLEMENTED        a newer version than this build reads
  //   DATA_LOSS            damaged: the checksum or the content is not right; names the line
  //   FAILED_PRECONDITION  trained for another hierarchy than the model's, or with other sizes and bandwidths
  static absl::StatusOr<std::unique_ptr<const LatencyModel>> Parse(std::string_view text, const CostModel& model);
  // Text, a few ten kilobytes: version, checksum, hierarchy, hardware, numbers.
  std::string Serialize() const;

  // Null for kAnalytical.
  const LatencyPredictor* predictor(LatencyKind kind) const;
  const LatencyPredictor& combined() const { return *combined_; }
  const LatencyPredictor& learned() const { return *learned_; }
  const HardwarePoint& hardware() const { return hardware_; }
  int num_measurements() const { return num_measurements_; }
  std::uint64_t seed() const { return seed_; }

 private:
  LatencyModel() = default;

  HardwarePoint hardware_;
  int num_measurements_ = 0;
  std::uint64_t seed_ = 0;
  std::unique_ptr<const LatencyPredictor> combined_;
  std::unique_ptr<const LatencyPredictor> learned_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_LATENCY_MODEL_H_
