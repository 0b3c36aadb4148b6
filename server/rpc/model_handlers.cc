#include "server/rpc/model_handlers.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/model/cost_model.h"
#include "server/rpc/exact_score.h"
#include "server/rpc/page_token.h"
#include "server/rpc/resource_names.h"

namespace oneloop {
namespace {

constexpr int kMostRows = 10000;

// Copies one page of a library's list; the token's key is the index of the last entry.
template <class Request, class List>
absl::StatusOr<std::string> CopyPage(const Request& request, const List& all, List* page) {
  const std::uint64_t hash = QueryHash(Request::descriptor()->full_name());
  ASSIGN_OR_RETURN(const int page_size, EffectivePageSize(request.page_size(), 100, 1000));
  std::int64_t begin = 0;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(const std::int64_t last, DecodePageToken(request.page_token(), hash));
    begin = std::clamp<std::int64_t>(last + 1, 0, all.size());
  }
  const std::int64_t end = std::min<std::int64_t>(begin + page_size, all.size());
  for (std::int64_t i = begin; i < end; ++i) *page->Add() = all.Get(static_cast<int>(i));
  return end < all.size() ? EncodePageToken(end - 1, hash) : std::string();
}

absl::StatusOr<v1::MappingScore> ScoreRow(const CostModel& model, const v1::MappingRow& row) {
  const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(row.bounds());
  if (!shape.ok()) return PrefixField("bounds", shape.status());
  ASSIGN_OR_RETURN(const HardwarePoint hardware, HardwareFromMap(model.hardware_template(), row.parameters()));
  ASSIGN_OR_RETURN(const Mapping mapping, ParseMapping(model.hardware_template(), row.mapping()));
  const ComponentCosts costs = model.CostsAt(hardware);
  ASSIGN_OR_RETURN(const LayerFigures figures, ScoreLayer(model, costs, *shape, mapping));
  v1::MappingScore score;
  score.set_energy_uj(figures.energy_uj);
  score.set_latency_cycles(figures.latency_cycles);
  score.set_area_mm2(costs.area_mm2);
  return score;
}

}  // namespace

absl::Status ModelHandlers::EvaluateDesigns(const v1::EvaluateDesignsRequest& request,
                                            v1::EvaluateDesignsResponse* response) const {
  if (request.rows_size() > kMostRows) {
    return FieldError("rows",
                      absl::StrCat("has ", request.rows_size(), "; valid: at most ", kMostRows, " in one call"));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const Template> hardware_template, TemplateOf(request));
  const CostModel model(hardware_template);
  for (int i = 0; i < request.rows_size(); ++i) {
    absl::StatusOr<v1::MappingScore> score = ScoreRow(model, request.rows(i));
    if (!score.ok()) return PrefixField(absl::StrCat("rows[", i, "]"), score.status());
    *response->add_scores() = *std::move(score);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Template>> ModelHandlers::TemplateOf(
    const v1::EvaluateDesignsRequest& request) const {
  if (request.has_template_()) {
    absl::StatusOr<std::unique_ptr<const Template>> own = TemplateFromProto(request.template_());
    if (!own.ok()) return PrefixField("template", own.status());
    return own;
  }
  if (request.template_name().empty()) {
    return FieldError("template_name", "is missing; give the name of a shipped template, or a template");
  }
  const v1::Template* shipped = catalog_->FindTemplate(request.template_name());
  if (shipped != nullptr) return TemplateFromProto(*shipped);
  return FieldError("template_name", absl::StrCat("there is no template '", request.template_name(), "'",
                                                  catalog_->SuggestTemplate(request.template_name())));
}

absl::Status ModelHandlers::ListWorkloads(const v1::ListWorkloadsRequest& request,
                                          v1::ListWorkloadsResponse* response) const {
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(),
                   CopyPage(request, catalog_->library().workloads(), response->mutable_workloads()));
  return absl::OkStatus();
}

absl::Status ModelHandlers::GetWorkload(const v1::GetWorkloadRequest& request, v1::Workload* response) const {
  ASSIGN_OR_RETURN(const std::string name, ParseLibraryName("name", "workloads", request.name()));
  const v1::Workload* shipped = catalog_->FindWorkload(name);
  if (shipped == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no workload '", name, "'", catalog_->SuggestWorkload(name)));
  }
  *response = *shipped;
  return absl::OkStatus();
}

absl::Status ModelHandlers::ListTemplates(const v1::ListTemplatesRequest& request,
                                          v1::ListTemplatesResponse* response) const {
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(),
                   CopyPage(request, catalog_->library().templates(), response->mutable_templates()));
  return absl::OkStatus();
}

absl::Status ModelHandlers::GetTemplate(const v1::GetTemplateRequest& request, v1::Template* response) const {
  ASSIGN_OR_RETURN(const std::string name, ParseLibraryName("name", "templates", request.name()));
  const v1::Template* shipped = catalog_->FindTemplate(name);
  if (shipped == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no template '", name, "'", catalog_->SuggestTemplate(name)));
  }
  *response = *shipped;
  return absl::OkStatus();
}

}  // namespace oneloop
