#include "server/handlers/design_builder.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/model/cost_model.h"
#include "common/model/workload_sum.h"
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
                      const Layer& layer, const std::string& mapping_text, LayerFigures* figures, v1::Design* design) {
  ASSIGN_OR_RETURN(const Mapping mapping, ParseMapping(model.hardware_template(), mapping_text));
  ASSIGN_OR_RETURN(const LayerScore score, ScoreLayer(model, costs, layer.shape, mapping, latency));
  *figures = score.figures;
  v1::LayerDesign* message = design->add_layers();
  message->set_name(layer.name);
  message->set_count(static_cast<std::int32_t>(layer.count));
  *message->mutable_bounds() = LayerShapeToProto(layer.shape);
  message->set_mapping(mapping_text);
  message->set_energy_uj(figures->energy_uj);
  message->set_latency_cycles(figures->latency_cycles);
  SetUncertainty(score, message);
  return absl::OkStatus();
}

// Message: Design or NetworkFigures.
template <class Message>
void SetFigures(const WorkloadMetrics& metrics, const Template& hardware_template, Message* message) {
  message->set_energy_uj(metrics.energy_uj);
  message->set_latency_cycles(metrics.latency_cycles);
  message->set_edp(metrics.edp());
  const std::optional<double> clock_mhz = hardware_template.spec().clock_mhz;
  if (!clock_mhz.has_value()) return;
  message->set_power_w(MetricForm(MetricProduct::Of(Metric::kPower), hardware_template).Value(metrics));
  message->set_latency_ms(InfoOf(Quantity::kLatencyMs).ValueAt(metrics.latency_cycles, *clock_mhz));
}

void AddNetworks(const SearchSpec& search, const WorkloadMetrics& metrics, const std::optional<JobBound>& bound,
                 v1::Design* design) {
  const Goal goal = GoalOf(search);
  const std::vector<Network>& networks = search.workload->networks;
  for (std::size_t n = 0; n < networks.size(); ++n) {
    v1::NetworkFigures* const message = design->add_networks();
    message->set_name(networks[n].name);
    message->set_weight(networks[n].weight);
    SetFigures(metrics.OfNetwork(n), *search.hardware_template, message);
    message->set_objective(goal.objective().ValueOfNetwork(metrics, n));
    if (!bound.has_value() || n >= bound->own_bests.size() || !std::isfinite(bound->own_bests[n])) continue;
    message->set_own_best(bound->own_bests[n]);
    message->set_price(message->objective() / bound->own_bests[n] - 1);
  }
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
  const WorkloadSum sum(*search->workload);
  WorkloadMetrics metrics = sum.Start(costs.area_mm2);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerFigures figures;
    const absl::Status added = AddLayer(model, costs, search->latency.get(), layers[i], lines[i], &figures, design);
    if (!added.ok()) return Unreadable(point, Message(PrefixField(layers[i].name, added)));
    sum.Add(i, figures, &metrics);
    if (search->workload->networks.empty()) continue;
    design->mutable_layers()->rbegin()->set_network(
        search->workload->networks[static_cast<std::size_t>(layers[i].network)].name);
  }
  design->set_area_mm2(costs.area_mm2);
  SetFigures(metrics, *search->hardware_template, design);
  AddNetworks(*search, metrics, job.bound, design);
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
