#include "server/handlers/design_builder.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/model/cost_model.h"
#include "server/handlers/exact_score.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"

namespace oneloop {
namespace {

absl::Status Unreadable(const PointRecord& point, std::string_view problem) {
  return absl::DataLossError(
      absl::StrCat("the stored design of point ", point.number, " cannot be read: ", ToAbsl(problem)));
}

absl::Status AddLayer(const CostModel& model, const ComponentCosts& costs, const LatencyPredictor* latency,
                      const Layer& layer, const std::string& mapping_text, v1::Design* design) {
  ASSIGN_OR_RETURN(const Mapping mapping, ParseMapping(model.hardware_template(), mapping_text));
  ASSIGN_OR_RETURN(const LayerScore score, ScoreLayer(model, costs, layer.shape, mapping, latency));
  const LayerFigures& figures = score.figures;
  v1::LayerDesign* message = design->add_layers();
  message->set_name(layer.name);
  message->set_count(static_cast<std::int32_t>(layer.count));
  *message->mutable_bounds() = LayerShapeToProto(layer.shape);
  message->set_mapping(mapping_text);
  message->set_energy_uj(figures.energy_uj);
  message->set_latency_cycles(figures.latency_cycles);
  SetUncertainty(score, message);
  const auto count = static_cast<double>(layer.count);
  design->set_energy_uj(design->energy_uj() + count * figures.energy_uj);
  design->set_latency_cycles(design->latency_cycles() + count * figures.latency_cycles);
  return absl::OkStatus();
}

void LogDifference(const PointRecord& point, const v1::Design& design) {
  if (design.energy_uj() == point.point.energy_uj && design.latency_cycles() == point.point.latency_cycles &&
      design.area_mm2() == point.point.area_mm2) {
    return;
  }
  Log(LogLevel::kWarning, absl::StrCat(design.name(), ": the model's figures differ from those stored with the point"));
}

}  // namespace

absl::Status BuildDesign(const JobRecord& job, const PointRecord& point, const std::string& text, v1::Design* design) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const SearchSpec> search, DecodeSearch(job));
  ASSIGN_OR_RETURN(const v1::JobSpec spec, DecodeSpec(job));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const std::vector<Layer>& layers = search->workload->layers;
  if (lines.size() != layers.size()) {
    return Unreadable(point, absl::StrCat(lines.size(), " mappings for ", layers.size(), " layers"));
  }
  const HardwarePoint hardware(point.point.parameters.begin(), point.point.parameters.end());
  if (const absl::Status valid = search->hardware_template->ValidateHardware(hardware); !valid.ok()) {
    return Unreadable(point, Message(valid));
  }
  design->set_name(FormatDesignName(job.job.project, job.id, point.number));
  HardwareToMap(*search->hardware_template, hardware, design->mutable_parameters());
  const CostModel model(search->hardware_template);
  const ComponentCosts costs = model.CostsAt(hardware);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const absl::Status added = AddLayer(model, costs, search->latency.get(), layers[i], lines[i], design);
    if (!added.ok()) return Unreadable(point, Message(PrefixField(layers[i].name, added)));
  }
  design->set_area_mm2(costs.area_mm2);
  design->set_edp(design->energy_uj() * design->latency_cycles());
  const WorkloadMetrics metrics = {design->energy_uj(), design->latency_cycles(), design->area_mm2()};
  if (const std::optional<double> clock_mhz = search->hardware_template->spec().clock_mhz) {
    design->set_power_w(MetricForm(MetricProduct::Of(Metric::kPower), *search->hardware_template).Value(metrics));
    design->set_latency_ms(InfoOf(Quantity::kLatencyMs).ValueAt(metrics.latency_cycles, *clock_mhz));
  }
  design->set_workload(job.job.workload_name);
  design->set_template_(job.job.template_name);
  if (search->latency != nullptr) design->set_calibration(spec.calibration_name());
  LogDifference(point, *design);
  if (job.bound.has_value()) {
    *design->mutable_certificate() = CertificateToProto(*job.bound, spec, GoalOf(*search).objective().Value(metrics));
  }
  return absl::OkStatus();
}

}  // namespace oneloop
