#ifndef ONELOOP_TESTS_COMMON_MODEL_RANDOM_UTILIZATION_H_
#define ONELOOP_TESTS_COMMON_MODEL_RANDOM_UTILIZATION_H_

#include <array>
#include <memory>
#include <utility>

#include "common/base/random.h"
#include "common/hardware/template.h"

namespace oneloop {

// The template with shares of some of its axes, or of all together, that mappings have to use; of some memories, too,
// if asked for.
inline std::unique_ptr<const Template> WithUtilization(const Template& hardware_template, Random& random,
                                                       bool of_memories = false) {
  constexpr std::array<double, 5> kShares = {0.25, 0.5, 0.55, 0.75, 1};
  TemplateSpec spec = hardware_template.spec();
  const auto draw = [&] { return kShares[random.Below(kShares.size())]; };
  if (random.Below(3) == 0) {
    spec.min_utilization = draw();
  }
  for (LevelSpec& level : spec.levels) {
    const bool has_capacity =
        level.capacity_bytes.has_value() || level.capacity_words.has_value() || !level.partitions.empty();
    if (of_memories && has_capacity && random.Below(2) == 0) level.min_utilization = draw() * 0.8;
    for (AxisSpec& axis : level.spatial) {
      if (random.Below(2) == 0) axis.min_utilization = draw();
    }
  }
  return *Template::Create(std::move(spec));
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_RANDOM_UTILIZATION_H_
