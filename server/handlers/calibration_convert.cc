#include "server/handlers/calibration_convert.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/fnv.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/latency/held_out.h"
#include "common/latency/latency_model.h"
#include "common/latency/measurements.h"
#include "common/latency/timing_parameters.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"
#include "server/handlers/deterministic_bytes.h"
#include "server/handlers/timestamp.h"

namespace oneloop {
namespace {

constexpr int kMostMeasurements = 50000;
constexpr std::size_t kLongestDescription = 1000;
constexpr std::size_t kMostRowErrors = 20;  // that a call tells
// Of the time of a training, by its parts: the report trains many times.
constexpr double kReportShare = 0.85;

using Parameters = google::protobuf::Map<std::string, double>;

std::map<std::string, double> Sorted(const Parameters& values) { return {values.begin(), values.end()}; }

// What a request asks to be trained from. The measurements refer to the model.
struct Decoded {
  std::shared_ptr<const Template> hardware_template;
  HardwarePoint hardware;
  std::unique_ptr<const CostModel> model;
  std::unique_ptr<const Measurements> measurements;
};

absl::StatusOr<LatencySample> DecodeRow(const Template& hardware_template, const HardwarePoint& hardware,
                                        const v1::Measurement& row) {
  for (const auto& [name, value] : Sorted(row.parameters())) {
    const int parameter = hardware_template.FindParameter(name);
    const std::string field = absl::StrCat("parameters.", name);
    if (parameter < 0) {
      return FieldError(field, absl::StrCat("is not a parameter of template '", hardware_template.name(), "'"));
    }
    const double measured = hardware[static_cast<std::size_t>(parameter)];
    // Sizes of memories may differ: latencies do not depend on them.
    if (value != measured && IsTimingParameter(hardware_template, parameter)) {
      return FieldError(field, absl::StrCat("is ", value, "; all rows of one calibration are measured at the same ",
                                            "hardware, and this one is for ", measured));
    }
  }
  LatencySample sample;
  absl::StatusOr<LayerShape> shape = LayerShapeFromProto(row.bounds());
  if (!shape.ok()) return PrefixField("bounds", shape.status());
  sample.shape = *shape;
  absl::StatusOr<Mapping> mapping = ParseMapping(hardware_template, sample.shape, row.mapping());
  if (!mapping.ok()) return PrefixField(FieldOf(mapping.status()).empty() ? "mapping" : "", mapping.status());
  sample.mapping = *mapping;
  sample.cycles = row.cycles();
  return sample;
}

absl::Status Stopped() { return absl::CancelledError("training was stopped"); }

// CANCELLED when should_stop, which is asked at every row and may be empty, says so.
absl::StatusOr<Decoded> Decode(const v1::CreateCalibrationRequest& request,
                               const std::function<bool(double)>& should_stop) {
  Decoded decoded;
  absl::StatusOr<std::unique_ptr<const Template>> hardware_template = TemplateFromProto(request.template_());
  if (!hardware_template.ok()) return PrefixField("template", hardware_template.status());
  decoded.hardware_template = *std::move(hardware_template);
  absl::StatusOr<HardwarePoint> hardware =
      MeasuredHardware(*decoded.hardware_template, Sorted(request.fixed_parameters()));
  if (!hardware.ok()) return PrefixField("fixed_parameters", hardware.status());
  decoded.hardware = *std::move(hardware);
  decoded.model = std::make_unique<const CostModel>(decoded.hardware_template);
  std::vector<LatencySample> samples;
  std::vector<absl::Status> errors;
  for (int i = 0; i < request.rows_size() && errors.size() < kMostRowErrors; ++i) {
    if (should_stop && should_stop(0)) return Stopped();
    absl::StatusOr<LatencySample> sample = DecodeRow(*decoded.hardware_template, decoded.hardware, request.rows(i));
    const absl::Status checked = sample.ok() ? CheckSample(*decoded.hardware_template, *sample) : sample.status();
    if (!checked.ok()) {
      errors.push_back(PrefixField(absl::StrCat("rows[", i, "]"), checked));
    } else {
      samples.push_back(*std::move(sample));
    }
  }
  if (!errors.empty()) return JoinErrors(errors);
  ASSIGN_OR_RETURN(decoded.measurements, Measurements::Create(*decoded.model, decoded.hardware, samples));
  return decoded;
}

absl::Status CheckRequest(const v1::CreateCalibrationRequest& request, const Catalog& catalog) {
  if (!IsValidName(request.calibration_id())) {
    return FieldError("calibration_id", absl::StrCat("is '", request.calibration_id(),
                                                     "'; valid: letters, digits, '_', '-' and '.', at most 64"));
  }
  if (catalog.FindCalibration(request.calibration_id()) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat("calibration_id: '", request.calibration_id(),
                                                 "' is a calibration of the service; use another name"));
  }
  if (request.rows_size() > kMostMeasurements) {
    return FieldError("rows", absl::StrCat("has ", request.rows_size(), "; valid: at most ", kMostMeasurements));
  }
  if (request.description().size() > kLongestDescription) {
    return FieldError("description", absl::StrCat("has ", request.description().size(), " characters; valid: at most ",
                                                  kLongestDescription));
  }
  return absl::OkStatus();
}

std::string ChecksumOf(const v1::CreateCalibrationRequest& request) {
  v1::CreateCalibrationRequest measured;
  *measured.mutable_fixed_parameters() = request.fixed_parameters();
  *measured.mutable_rows() = request.rows();
  return absl::StrFormat("fnv1a64:%016x", Fnv1a64(DeterministicBytes(measured)));
}

v1::Calibration SummaryOf(const v1::CreateCalibrationRequest& request, const Decoded& decoded) {
  v1::Calibration summary;
  summary.set_name(request.calibration_id());
  summary.set_description(request.description());
  summary.set_template_name(decoded.hardware_template->name());
  for (const int parameter : TimingParameters(*decoded.hardware_template)) {
    (*summary.mutable_fixed_parameters())[decoded.hardware_template->parameter(parameter).name] =
        decoded.hardware[static_cast<std::size_t>(parameter)];
  }
  summary.set_measurements(decoded.measurements->size());
  summary.set_measurements_checksum(ChecksumOf(request));
  summary.set_seed(request.seed());
  return summary;
}

void AddFigures(const std::vector<HeldOutRow>& rows, v1::Calibration* summary) {
  for (const HeldOutRow& row : rows) {
    v1::HeldOutFigures* const figures = summary->add_held_out();
    figures->set_split(row.split);
    figures->set_predictor(row.predictor);
    figures->set_rows(row.rows);
    figures->set_spearman(row.spearman);
    figures->set_mean_error(row.mape);
    figures->set_within_sigma(row.within_sigma);
  }
}

absl::Status Unreadable(const CalibrationRecord& record) {
  return absl::DataLossError(absl::StrCat("the stored calibration '", record.calibration.name,
                                          "' cannot be read; delete it and make it anew"));
}

}  // namespace

absl::StatusOr<NewCalibration> PrepareCalibration(const v1::CreateCalibrationRequest& request, const Catalog& catalog) {
  RETURN_IF_ERROR(CheckRequest(request, catalog));
  v1::CreateCalibrationRequest resolved = request;
  resolved.clear_validate_only();
  resolved.clear_parent();
  ASSIGN_OR_RETURN(*resolved.mutable_template_(), ResolveTemplate(request, catalog));
  ASSIGN_OR_RETURN(const Decoded decoded, Decode(resolved, nullptr));
  NewCalibration calibration;
  calibration.name = request.calibration_id();
  calibration.summary = DeterministicBytes(SummaryOf(resolved, decoded));
  calibration.request = DeterministicBytes(resolved);
  calibration.rows = request.rows_size();
  return calibration;
}

absl::StatusOr<CalibrationOutcome> TrainCalibration(const CalibrationRecord& record,
                                                    const std::function<bool(double)>& should_stop) {
  v1::CreateCalibrationRequest request;
  v1::Calibration summary;
  if (!request.ParseFromString(record.calibration.request) || !summary.ParseFromString(record.calibration.summary)) {
    return Unreadable(record);
  }
  ASSIGN_OR_RETURN(const Decoded decoded, Decode(request, should_stop));
  TrainerOptions trainer;
  trainer.networks.seed = request.seed();
  HeldOutOptions held_out;
  held_out.seed = request.seed();
  ASSIGN_OR_RETURN(const std::vector<HeldOutRow> report,
                   ReportHeldOut(*decoded.measurements, trainer, held_out,
                                 [&](double done) { return should_stop(done * kReportShare); }));
  ASSIGN_OR_RETURN(const std::unique_ptr<const LatencyModel> latency,
                   LatencyModel::Train(*decoded.measurements, trainer, [&](double done) {
                     return should_stop(kReportShare + done * (1 - kReportShare));
                   }));
  AddFigures(report, &summary);
  return CalibrationOutcome{record.id, CalibrationState::kReady, "", DeterministicBytes(summary), latency->Serialize()};
}

absl::StatusOr<v1::Calibration> CalibrationToProto(const CalibrationRecord& record, std::optional<double> progress) {
  v1::Calibration message;
  if (!message.ParseFromString(record.calibration.summary)) return Unreadable(record);
  message.set_message(record.message);
  switch (record.state) {
    case CalibrationState::kTraining:
      message.set_state(v1::TRAINING);
      message.set_progress(progress.value_or(0));
      if (!progress.has_value()) message.set_message("waits for its turn");
      break;
    case CalibrationState::kReady:
      message.set_state(v1::READY);
      message.set_progress(1);
      break;
    case CalibrationState::kFailed:
      message.set_state(v1::TRAINING_FAILED);
      break;
    case CalibrationState::kCancelled:
      message.set_state(v1::TRAINING_CANCELLED);
      break;
  }
  message.set_project(record.calibration.project);
  message.set_owner(record.calibration.owner);
  message.set_model(record.model);
  SetTimestamp(record.create_time, message.mutable_create_time());
  if (record.end_time.has_value()) SetTimestamp(*record.end_time, message.mutable_end_time());
  return message;
}

}  // namespace oneloop
