#include "server/handlers/model_handlers.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/cut_text.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/model/exact/cost_model.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/list_page.h"
#include "server/handlers/resource_names.h"
#include "server/handlers/server_info.h"
#include "server/search/layer_evaluation.h"
#include "server/wire/predictor.h"

namespace oneloop {
namespace {

constexpr int kMostRows = 10000;

// Evaluates rows on one template.
class RowEvaluator {
 public:
  RowEvaluator(std::shared_ptr<const Template> hardware_template, const v1::EvaluateDesignsRequest& request)
      : template_(std::move(hardware_template)), model_(template_), predictor_(request.predictor()) {}

  // Precondition: nothing was evaluated yet.
  void SetCalibration(v1::Calibration calibration) { calibration_ = std::move(calibration); }

  absl::StatusOr<v1::MappingScore> Evaluate(const v1::MappingRow& row) {
    const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(row.bounds());
    if (!shape.ok()) return PrefixField("bounds", shape.status());
    ASSIGN_OR_RETURN(const HardwarePoint hardware, HardwareFromMap(*template_, row.parameters()));
    ASSIGN_OR_RETURN(const Mapping mapping, ParseMapping(*template_, *shape, row.mapping()));
    RETURN_IF_ERROR(PreparePredictor(hardware));
    const ComponentCosts costs = model_.CostsAt(hardware);
    ASSIGN_OR_RETURN(const LayerEvaluation evaluation,
                     EvaluateLayer(model_, costs, *shape, mapping, latency_->predictor.get()));
    v1::MappingScore score;
    score.set_energy_uj(evaluation.figures.energy_uj);
    score.set_latency_cycles(evaluation.figures.latency_cycles);
    score.set_area_mm2(costs.area_mm2);
    SetUncertainty(evaluation, &score);
    return score;
  }

 private:
  // The model is read once; most rows share their hardware, too.
  absl::Status PreparePredictor(const HardwarePoint& hardware) {
    if (latency_.has_value() && hardware == checked_) return absl::OkStatus();
    if (!latency_.has_value()) {
      const v1::Calibration* const calibration = calibration_.has_value() ? &*calibration_ : nullptr;
      ASSIGN_OR_RETURN(latency_, LoadLatency(calibration, predictor_, template_));
    }
    std::vector<ParameterRange> ranges;
    for (const double value : hardware) ranges.push_back({value, value});
    RETURN_IF_ERROR(CheckMeasured(*latency_, *template_, ranges));
    checked_ = hardware;
    return absl::OkStatus();
  }

  const std::shared_ptr<const Template> template_;
  const CostModel model_;
  const v1::Predictor predictor_;
  std::optional<v1::Calibration> calibration_;
  std::optional<CalibratedLatency> latency_;
  HardwarePoint checked_;
};

// Less than what a call's own error may have: there may be many.
constexpr std::size_t kLongestRowError = 300;

v1::MappingScore WrongRow(const absl::Status& status) {
  v1::MappingScore score;
  score.mutable_error()->set_field(FieldOf(status));
  score.mutable_error()->set_description(CutText(DescriptionOf(status), kLongestRowError));
  return score;
}

// In the place of a file's name.
constexpr char kTextField[] = "text";

// "text:4:12: layers[0].bounds.R: is 0" is an error of the request's field, and the rest of it its description.
template <class Message>
absl::Status TakeParsed(absl::StatusOr<Message> parsed, Message* response) {
  if (parsed.ok()) {
    *response = *std::move(parsed);
    return absl::OkStatus();
  }
  absl::string_view description = parsed.status().message();
  absl::ConsumePrefix(&description, absl::StrCat(kTextField, ":"));
  return FieldError(kTextField, ToString(absl::StripLeadingAsciiWhitespace(description)));
}

}  // namespace

absl::Status ModelHandlers::EvaluateDesigns(const v1::EvaluateDesignsRequest& request, const CallContext& call,
                                            v1::EvaluateDesignsResponse* response) const {
  if (request.rows_size() > kMostRows) {
    return FieldError("rows",
                      absl::StrCat("has ", request.rows_size(), "; valid: at most ", kMostRows, " in one call"));
  }
  ASSIGN_OR_RETURN(const v1::Template message, ResolveTemplate(request, *options_.catalog));
  absl::StatusOr<std::shared_ptr<const Template>> hardware_template = TemplateFromProto(message);
  if (!hardware_template.ok()) return PrefixField("template", hardware_template.status());
  RowEvaluator evaluator(*std::move(hardware_template), request);
  if (!request.calibration_name().empty()) {
    ASSIGN_OR_RETURN(v1::Calibration calibration,
                     options_.calibrations->GetReady(call.caller, request.calibration_name()));
    evaluator.SetCalibration(std::move(calibration));
  } else {
    RETURN_IF_ERROR(CheckPredictor(request.predictor(), false));
  }
  for (int i = 0; i < request.rows_size(); ++i) {
    RETURN_IF_ERROR(call.interrupted());
    absl::StatusOr<v1::MappingScore> score = evaluator.Evaluate(request.rows(i));
    if (!score.ok() && !request.keep_going()) return PrefixField(absl::StrCat("rows[", i, "]"), score.status());
    *response->add_scores() = score.ok() ? *std::move(score) : WrongRow(score.status());
  }
  return absl::OkStatus();
}

absl::Status ModelHandlers::ListWorkloads(const v1::ListWorkloadsRequest& request,
                                          v1::ListWorkloadsResponse* response) const {
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(),
                   CopyPage(request, options_.catalog->library().workloads(), response->mutable_workloads()));
  return absl::OkStatus();
}

absl::Status ModelHandlers::GetWorkload(const v1::GetWorkloadRequest& request, v1::Workload* response) const {
  ASSIGN_OR_RETURN(const std::string name, ParseLibraryName("name", "workloads", request.name()));
  const v1::Workload* shipped = options_.catalog->FindWorkload(name);
  if (shipped == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no workload '", name, "'", options_.catalog->SuggestWorkload(name)));
  }
  *response = *shipped;
  return absl::OkStatus();
}

absl::Status ModelHandlers::ListTemplates(const v1::ListTemplatesRequest& request,
                                          v1::ListTemplatesResponse* response) const {
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(),
                   CopyPage(request, options_.catalog->library().templates(), response->mutable_templates()));
  return absl::OkStatus();
}

absl::Status ModelHandlers::GetTemplate(const v1::GetTemplateRequest& request, v1::Template* response) const {
  ASSIGN_OR_RETURN(const std::string name, ParseLibraryName("name", "templates", request.name()));
  const v1::Template* shipped = options_.catalog->FindTemplate(name);
  if (shipped == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no template '", name, "'", options_.catalog->SuggestTemplate(name)));
  }
  *response = *shipped;
  return absl::OkStatus();
}

absl::Status ModelHandlers::ParseWorkload(const v1::ParseWorkloadRequest& request, v1::Workload* response) const {
  return TakeParsed(ReadWorkloadText(request.text(), kTextField), response);
}

absl::Status ModelHandlers::ParseTemplate(const v1::ParseTemplateRequest& request, v1::Template* response) const {
  return TakeParsed(ReadTemplateText(request.text(), kTextField), response);
}

absl::Status ModelHandlers::GetServerInfo(const v1::GetServerInfoRequest&, const CallContext& call,
                                          v1::ServerInfo* response) const {
  *response = MakeServerInfo(call.caller, options_.start_time, options_.clock());
  return absl::OkStatus();
}

}  // namespace oneloop
