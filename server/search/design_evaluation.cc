#include "server/search/design_evaluation.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/model/exact/explanation.h"
#include "common/model/goal/workload_sum.h"

namespace oneloop {

absl::StatusOr<DesignEvaluation> EvaluateDesign(const SearchSpec& search, const CostModel& model,
                                                std::span<const double> parameters, std::string_view text) {
  const std::vector<std::string> lines = absl::StrSplit(ToAbsl(text), '\n');
  const std::vector<Layer>& layers = search.workload->layers;
  if (lines.size() != layers.size()) {
    return absl::InvalidArgumentError(absl::StrCat(lines.size(), " mappings for ", layers.size(), " layers"));
  }
  DesignEvaluation design;
  design.hardware = HardwarePoint(parameters.begin(), parameters.end());
  const Template& hardware_template = *search.hardware_template;
  RETURN_IF_ERROR(hardware_template.ValidateHardware(design.hardware));
  const ComponentCosts costs = model.CostsAt(design.hardware);
  design.units = PeakMacsPerCycle(hardware_template, costs) / costs.macs_per_cycle;
  const WorkloadSum sum(*search.workload);
  design.metrics = sum.Start(costs.area_mm2);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const absl::StatusOr<Mapping> mapping = ParseMapping(hardware_template, layers[i].shape, lines[i]);
    if (!mapping.ok()) return PrefixField(layers[i].name, mapping.status());
    const absl::StatusOr<LayerEvaluation> evaluation =
        EvaluateLayer(model, costs, layers[i].shape, *mapping, search.latency.get());
    if (!evaluation.ok()) return PrefixField(layers[i].name, evaluation.status());
    design.mappings.push_back(*mapping);
    design.evaluations.push_back(*evaluation);
    sum.Add(i, evaluation->figures, &design.metrics);
  }
  return design;
}

}  // namespace oneloop
