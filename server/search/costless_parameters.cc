#include "server/search/costless_parameters.h"

#include <algorithm>
#include <optional>

namespace oneloop {
namespace {

bool DependsOn(const std::optional<Formula>& formula, std::size_t parameter) {
  return formula.has_value() && formula->DependsOn(parameter);
}

bool IsCostless(const Template& hardware_template, std::size_t parameter) {
  const TemplateSpec& spec = hardware_template.spec();
  if (DependsOn(spec.mac_energy_pj, parameter)) return false;
  for (const Template::Port& port : hardware_template.ports()) {
    const PortSpec& at = port.spec;
    for (const auto* formula : {&at.access_pj, &at.block_words, &at.cluster, &at.words_per_cycle}) {
      if (DependsOn(*formula, parameter)) return false;
    }
    // How many clusters there are depends on the axes.
    const bool sizes_axis = std::any_of(
        hardware_template.resources().begin(), hardware_template.resources().end(), [&](const Resource& resource) {
          return resource.is_axis() && resource.level > port.level && resource.limit.DependsOn(parameter);
        });
    if (at.cluster.has_value() && sizes_axis) return false;
  }
  for (const LevelSpec& level : spec.levels) {
    if (DependsOn(level.leak_pj, parameter)) return false;
    if (!level.link.has_value()) continue;
    if (DependsOn(level.link->hop_pj, parameter) || DependsOn(level.link->router_pj, parameter)) return false;
  }
  // On longer axes more has to be in use.
  for (const UtilizationRule& rule : hardware_template.utilization_rules()) {
    for (const int r : rule.resources) {
      if (hardware_template.resources()[ToIndex(r)].limit.DependsOn(parameter)) return false;
    }
  }
  return std::none_of(
      hardware_template.resources().begin(), hardware_template.resources().end(),
      [parameter](const Resource& resource) { return resource.limit.terms().front().exponents[parameter] < 0; });
}

}  // namespace

std::vector<std::size_t> CostlessParameters(const SearchSpec& spec) {
  std::vector<std::size_t> parameters;
  if (spec.algorithm != Algorithm::kGradient || GoalOf(spec).DependsOnArea()) return parameters;
  for (std::size_t p = 0; p < spec.hardware_range.size(); ++p) {
    const ParameterRange& range = spec.hardware_range[p];
    if (range.min < range.max && IsCostless(*spec.hardware_template, p)) parameters.push_back(p);
  }
  return parameters;
}

CostlessRoom::CostlessRoom(const SearchSpec& spec, const CostModel& model, PointSink& sink)
    : given_(spec), model_(model), sink_(sink), parameters_(CostlessParameters(spec)), roomy_(spec) {
  for (const std::size_t p : parameters_) roomy_.hardware_range[p].min = roomy_.hardware_range[p].max;
}

void CostlessRoom::OnPoint(const SearchPoint& point) {
  if (parameters_.empty() || point.mappings == nullptr) {
    sink_.OnPoint(point);
    return;
  }
  ResourceNeeds need{};
  for (std::size_t layer = 0; layer < point.mappings->size(); ++layer) {
    RaiseTo(model_.Needs(given_.workload->layers[layer].shape, (*point.mappings)[layer]), &need);
  }
  // Parameters that cost something stay as they were found.
  std::vector<ParameterRange> ranges;
  for (const double value : point.hardware) ranges.push_back({value, value});
  for (const std::size_t p : parameters_) ranges[p] = given_.hardware_range[p];
  const std::optional<HardwarePoint> smallest = model_.SmallestHardware(need, ranges);
  if (!smallest.has_value()) {
    sink_.OnPoint(point);
    return;
  }
  WorkloadMetrics metrics = point.metrics;
  metrics.area_mm2 = model_.CostsAt(*smallest).area_mm2;
  sink_.OnPoint({point.sample, point.origin, metrics, point.score, *smallest, point.mappings});
}

}  // namespace oneloop
