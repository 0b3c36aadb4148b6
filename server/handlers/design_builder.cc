#include "server/handlers/design_builder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/model/exact/cost_model.h"
#include "common/model/exact/explanation.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"
#include "server/search/layer_evaluation.h"

namespace oneloop {
namespace {

absl::Status Unreadable(const PointRecord& point, std::string_view problem) {
  return absl::DataLossError(
      absl::StrCat("the stored design of point ", point.number, " cannot be read: ", ToAbsl(problem)));
}

// The bound where all factors divide what they split, else more.
std::int64_t FactorProduct(const Mapping& mapping, Dim dim) {
  std::int64_t product = 1;
  for (int level = 0; level < kMaxLevels; ++level) product *= mapping.t(level, dim);
  for (int axis = 0; axis < kMaxAxes; ++axis) product *= mapping.s(axis, dim);
  return product;
}

// What a design's layers do and could do in their steps, each counted as often as it runs (X4), (X5).
class IdleSum {
 public:
  // `units` multiply-accumulate units.
  IdleSum(const Workload& workload, double units) : workload_(workload), units_(units) {}

  // Adds a layer and sets its own figures.
  void Add(const Layer& layer, const Mapping& mapping, double steps, v1::LayerDesign* message) {
    const auto macs = static_cast<double>(Macs(layer.shape));
    double padded_macs = macs;
    for (const Dim dim : kAllDims) {
      const std::int64_t bound = layer.shape.bound(dim);
      const std::int64_t product = FactorProduct(mapping, dim);
      if (product <= bound) continue;
      padded_macs *= static_cast<double>(product) / static_cast<double>(bound);
      v1::Padding* const padding = message->add_padding();
      padding->set_dim(std::string(1, Name(dim)));
      padding->set_bound(bound);
      padding->set_padded(product);
    }
    message->set_idle_share(IdleShare(macs, steps * units_));
    message->set_padding_share(padded_macs / macs - 1);
    const double times =
        static_cast<double>(layer.count) *
        (workload_.networks.empty() ? 1 : workload_.networks[static_cast<std::size_t>(layer.network)].weight);
    macs_ += times * macs;
    padded_macs_ += times * padded_macs;
    places_ += times * steps * units_;
  }

  double idle_share() const { return IdleShare(macs_, places_); }
  double padding_share() const { return padded_macs_ / macs_ - 1; }

 private:
  // No less than 0, where rounding alone says so.
  static double IdleShare(double macs, double places) { return std::max(0.0, 1 - macs / places); }

  const Workload& workload_;
  const double units_;
  double macs_ = 0;
  double padded_macs_ = 0;
  double places_ = 0;
};

v1::LayerDesign* AddLayer(const Workload& workload, const Layer& layer, const std::string& mapping_text,
                          const LayerEvaluation& evaluation, v1::Design* design) {
  v1::LayerDesign* message = design->add_layers();
  message->set_name(layer.name);
  if (!workload.networks.empty()) {
    message->set_network(workload.networks[static_cast<std::size_t>(layer.network)].name);
  }
  message->set_count(static_cast<std::int32_t>(layer.count));
  *message->mutable_bounds() = LayerShapeToProto(layer.shape);
  message->set_mapping(mapping_text);
  message->set_energy_uj(evaluation.figures.energy_uj);
  message->set_latency_cycles(evaluation.figures.latency_cycles);
  SetUncertainty(evaluation, message);
  return message;
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

absl::StatusOr<DecodedDesign> DecodeDesign(const JobRecord& job, const PointRecord& point, const std::string& text) {
  ASSIGN_OR_RETURN(std::shared_ptr<const SearchSpec> search, DecodeSearch(job));
  ASSIGN_OR_RETURN(v1::JobSpec spec, DecodeSpec(job));
  absl::StatusOr<DesignEvaluation> evaluation =
      EvaluateDesign(*search, CostModel(search->hardware_template), point.point.parameters, text);
  if (!evaluation.ok()) return Unreadable(point, Message(evaluation.status()));
  return DecodedDesign{*std::move(evaluation), std::move(search), std::move(spec)};
}

absl::Status BuildDesign(const JobRecord& job, const PointRecord& point, const std::string& text, v1::Design* design) {
  ASSIGN_OR_RETURN(const DecodedDesign decoded, DecodeDesign(job, point, text));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const Workload& workload = *decoded.search->workload;
  const Template& hardware_template = *decoded.search->hardware_template;
  IdleSum idle(workload, decoded.units);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Layer& layer = workload.layers[i];
    const LayerEvaluation& evaluation = decoded.evaluations[i];
    v1::LayerDesign* const message = AddLayer(workload, layer, lines[i], evaluation, design);
    idle.Add(layer, decoded.mappings[i], evaluation.steps, message);
  }
  design->set_idle_share(idle.idle_share());
  design->set_padding_share(idle.padding_share());
  design->set_name(FormatDesignName(job.job.project, job.id, point.number));
  HardwareToMap(hardware_template, decoded.hardware, design->mutable_parameters());
  design->set_area_mm2(decoded.metrics.area_mm2);
  SetFigures(decoded.metrics, hardware_template, design);
  AddNetworks(*decoded.search, decoded.metrics, job.bound, design);
  design->set_workload(job.job.workload_name);
  design->set_template_(job.job.template_name);
  if (decoded.search->latency != nullptr) design->set_calibration(decoded.spec.calibration_name());
  LogDifference(point, *design);
  if (job.bound.has_value()) {
    *design->mutable_certificate() =
        CertificateToProto(*job.bound, decoded.spec, GoalOf(*decoded.search).objective().Value(decoded.metrics));
  }
  return absl::OkStatus();
}

}  // namespace oneloop
