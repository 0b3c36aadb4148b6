#include "server/search/layer_evaluation.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// "needs 40000 bytes of one instance of level 2 (scratchpad), which has 32768".
std::string ShortageText(const Template& hardware_template, const Resource& resource, double need, double limit) {
  const std::string level =
      absl::StrCat("level ", resource.level, " (", hardware_template.level(resource.level).name, ")");
  const std::string place =
      resource.is_axis()
          ? absl::StrCat("along axis ", hardware_template.axes()[ToIndex(resource.axis)].name, " of ", level)
          : absl::StrCat("of one instance of ", level);
  return absl::StrCat("needs ", need, " ", NameOf(resource.unit), " ", place, ", which has ", limit);
}

// "uses 3 of the 16 copies along X of level pe, and min_utilization asks for 0.5 of them".
std::string IdleText(const Template& hardware_template, const UtilizationRule& rule, const ResourceNeeds& need,
                     const ComponentCosts& costs) {
  return absl::StrCat("uses ", rule.Used(need), " of the ", rule.Available(costs.limit), " ", NameOf(rule.unit), " ",
                      PlaceOf(hardware_template, rule), ", and min_utilization asks for ", rule.share, " of them");
}

}  // namespace

absl::StatusOr<LayerEvaluation> EvaluateLayer(const CostModel& model, const ComponentCosts& costs,
                                              const LayerShape& shape, const Mapping& mapping,
                                              const LatencyPredictor* latency) {
  LayerUse use = model.Use(shape, mapping);
  if (const int shortage = model.FirstShortage(use.need, costs); shortage >= 0) {
    const auto index = static_cast<std::size_t>(shortage);
    return FieldError("mapping",
                      absl::StrCat("does not fit: it ",
                                   ShortageText(model.hardware_template(), model.hardware_template().resources()[index],
                                                use.need[index], costs.limit[index])));
  }
  if (const int idle = model.FirstIdle(use.need, costs); idle >= 0) {
    const Template& hardware_template = model.hardware_template();
    return FieldError(
        "mapping", IdleText(hardware_template, hardware_template.utilization_rules()[ToIndex(idle)], use.need, costs));
  }
  LayerEvaluation evaluation;
  evaluation.steps = use.is_even ? use.macs / use.lanes : use.steps;
  if (latency != nullptr) {
    evaluation.prediction = latency->Predict(shape, mapping, use);
    use.predicted_cycles = evaluation.prediction->cycles;
  }
  evaluation.figures = model.Score(use, costs);
  const LayerFigures& figures = evaluation.figures;
  if (figures.latency_cycles > 0 && std::isfinite(figures.latency_cycles) && figures.energy_uj >= 0 &&
      std::isfinite(figures.energy_uj)) {
    return evaluation;
  }
  return FieldError(
      "mapping", absl::StrCat("cannot be scored: energy ", figures.energy_uj, " uJ, latency ", figures.latency_cycles,
                              " cycles; the template's numbers do not give a "
                              "finite energy and a latency above 0"));
}

}  // namespace oneloop
