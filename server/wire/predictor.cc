#include "server/wire/predictor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/latency/latency_model.h"
#include "common/latency/timing_parameters.h"
#include "common/model/exact/cost_model.h"

namespace oneloop {
namespace {

// A model and what it refers to.
struct LoadedModel {
  explicit LoadedModel(std::shared_ptr<const Template> hardware_template) : model(std::move(hardware_template)) {}
  CostModel model;
  std::unique_ptr<const LatencyModel> latency;
};

}  // namespace

v1::Predictor EffectivePredictor(v1::Predictor predictor, bool has_calibration) {
  if (predictor != v1::PREDICTOR_UNSPECIFIED) return predictor;
  return has_calibration ? v1::COMBINED : v1::ANALYTICAL;
}

absl::Status CheckPredictor(v1::Predictor predictor, bool has_calibration) {
  predictor = EffectivePredictor(predictor, has_calibration);
  if (predictor == v1::ANALYTICAL) return absl::OkStatus();
  if (predictor != v1::LEARNED && predictor != v1::COMBINED) {
    return FieldError("predictor", absl::StrCat("is ", predictor, "; valid: ANALYTICAL, LEARNED, COMBINED"));
  }
  if (has_calibration) return absl::OkStatus();
  return FieldError("predictor",
                    absl::StrCat(v1::Predictor_Name(predictor), " needs a calibration; name one in calibration_name"));
}

absl::StatusOr<CalibratedLatency> LoadLatency(const v1::Calibration* calibration, v1::Predictor predictor,
                                              const std::shared_ptr<const Template>& hardware_template) {
  RETURN_IF_ERROR(CheckPredictor(predictor, calibration != nullptr));
  predictor = EffectivePredictor(predictor, calibration != nullptr);
  if (predictor == v1::ANALYTICAL) return CalibratedLatency();
  auto loaded = std::make_shared<LoadedModel>(hardware_template);
  absl::StatusOr<std::unique_ptr<const LatencyModel>> latency =
      LatencyModel::Parse(calibration->model(), loaded->model);
  if (absl::IsFailedPrecondition(latency.status())) {
    return FieldError("calibration_name", absl::StrCat("'", calibration->name(),
                                                       "' is for another template: ", latency.status().message()));
  }
  if (!latency.ok()) return PrefixField(absl::StrCat("calibration '", calibration->name(), "'"), latency.status());
  loaded->latency = *std::move(latency);
  const LatencyKind kind = predictor == v1::LEARNED ? LatencyKind::kLearned : LatencyKind::kCombined;
  const LatencyModel& model = *loaded->latency;
  return CalibratedLatency{{std::move(loaded), model.predictor(kind)}, model.hardware()};
}

absl::Status CheckMeasured(const CalibratedLatency& latency, const Template& hardware_template,
                           std::span<const ParameterRange> ranges) {
  if (latency.predictor == nullptr) return absl::OkStatus();
  return PrefixField("fixed_parameters", CheckMeasuredAt(hardware_template, latency.measured, ranges));
}

absl::StatusOr<std::shared_ptr<const LatencyPredictor>> MakePredictor(
    const v1::Calibration* calibration, v1::Predictor predictor,
    const std::shared_ptr<const Template>& hardware_template, std::span<const ParameterRange> ranges) {
  ASSIGN_OR_RETURN(CalibratedLatency latency, LoadLatency(calibration, predictor, hardware_template));
  RETURN_IF_ERROR(CheckMeasured(latency, *hardware_template, ranges));
  return std::move(latency.predictor);
}

}  // namespace oneloop
