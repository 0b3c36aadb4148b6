#ifndef ONELOOP_TESTS_COMMON_MODEL_KEPT_FIGURES_H_
#define ONELOOP_TESTS_COMMON_MODEL_KEPT_FIGURES_H_

#include <array>
#include <cmath>
#include <cstddef>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/structure/tile.h"
#include "common/workload/dims.h"

namespace oneloop {

// What Timeloop prints of a tensor at a level that keeps it.
struct KeptFigures {
  double capacity = 0;                        // words of its tile in one instance
  double instances = 0;                       // in use
  std::array<double, kNumFlowKinds> words{};  // by FlowKind, of all instances, whole
  double energy_pj = 0;                       // leakage left out
};

inline KeptFigures FiguresOf(const CostModel& model, const LayerShape& shape, const Mapping& mapping,
                             const LayerUse& use, const LayerParts& parts, int level, Tensor tensor) {
  const Template& hardware = model.hardware_template();
  KeptFigures figures;
  figures.capacity = TileWords(shape, tensor, [&](Dim dim) {
    double extent = 1;
    for (int l = 0; l <= level; ++l) extent *= static_cast<double>(mapping.t(l, dim));
    for (std::size_t a = 0; a < hardware.axes().size(); ++a) {
      if (hardware.axes()[a].level <= level) extent *= static_cast<double>(mapping.s(static_cast<int>(a), dim));
    }
    return extent;
  });
  figures.instances = use.instances[ToIndex(level)];
  for (std::size_t f = 0; f < model.flows().size(); ++f) {
    const Flow& flow = model.flows()[f];
    if (flow.level != level || flow.tensor != tensor) continue;
    figures.words[static_cast<std::size_t>(flow.kind)] = std::round(use.words[f]);
    figures.energy_pj += parts.energy_pj[f];
  }
  return figures;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_KEPT_FIGURES_H_
