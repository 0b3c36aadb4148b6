#ifndef ONELOOP_TESTS_COMMON_MODEL_RANDOM_CONSTRAINTS_H_
#define ONELOOP_TESTS_COMMON_MODEL_RANDOM_CONSTRAINTS_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/hardware/template.h"
#include "common/mapping/factor_space.h"
#include "common/workload/workload.h"

namespace oneloop {

// A few ranges of factors and orders of loops.
class RandomConstraints {
 public:
  explicit RandomConstraints(Random& random) : random_(random) {}

  // The template with them, if all the shapes have mappings then.
  std::unique_ptr<const Template> AddTo(const Template& hardware_template, const std::vector<LayerShape>& shapes) {
    TemplateSpec spec = hardware_template.spec();
    for (LevelSpec& level : spec.levels) {
      AddRanges(level.temporal, &level.factors);
      for (AxisSpec& axis : level.spatial) AddRanges(axis.dims, &axis.factors);
      AddOrder(&level.order);
    }
    absl::StatusOr<std::unique_ptr<const Template>> made = Template::Create(std::move(spec));
    if (!made.ok()) return nullptr;
    const FactorSpace space(**made);
    const bool can = std::all_of(shapes.begin(), shapes.end(),
                                 [&](const LayerShape& shape) { return space.CheckShape(**made, shape).ok(); });
    return can ? *std::move(made) : nullptr;
  }

  // The same after as many attempts as it takes.
  std::unique_ptr<const Template> Insist(const Template& hardware_template, const std::vector<LayerShape>& shapes) {
    std::unique_ptr<const Template> made;
    while (made == nullptr) made = AddTo(hardware_template, shapes);
    return made;
  }

 private:
  bool Once(std::uint64_t in) { return random_.Below(in) == 0; }
  std::int64_t Number(std::uint64_t most) { return static_cast<std::int64_t>(1 + random_.Below(most)); }

  void AddRanges(DimSet dims, FactorRanges* ranges) {
    for (const Dim dim : kAllDims) {
      if (!dims.Has(dim) || !Once(4)) continue;
      FactorRange& range = (*ranges)[ToIndex(dim)];
      switch (random_.Below(6)) {
        case 0:
          range.is_whole = true;
          break;
        case 1:
          range.least = range.most = Number(3);
          break;
        case 2:
          range.least = 2;
          break;
        case 3:
          range.most = Number(4);
          break;
        default:
          range.most = 1;
      }
    }
  }

  void AddOrder(OrderSpec* order) {
    if (Once(2)) return;
    std::vector<Dim> dims(kAllDims.begin(), kAllDims.end());
    for (std::size_t i = dims.size(); i > 1; --i) std::swap(dims[i - 1], dims[random_.Below(i)]);
    if (Once(2)) {
      dims.resize(random_.Below(4));
      order->innermost = dims;
    } else {
      for (std::uint64_t pairs = random_.Below(4); pairs > 0; --pairs) {
        const std::size_t outer = random_.Below(dims.size() - 1);
        order->outside.emplace_back(dims[outer], dims[outer + 1 + random_.Below(dims.size() - 1 - outer)]);
      }
    }
  }

  Random& random_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_RANDOM_CONSTRAINTS_H_
