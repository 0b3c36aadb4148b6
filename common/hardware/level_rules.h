#ifndef ONELOOP_COMMON_HARDWARE_LEVEL_RULES_H_
#define ONELOOP_COMMON_HARDWARE_LEVEL_RULES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/hardware/formula.h"
#include "common/hardware/template.h"

namespace oneloop {

// What must hold of a template's levels, magnitudes apart. Errors are INVALID_ARGUMENT with the field as in the proto
// messages. Thread-safe.

// Each level by itself, the limits on how many there are, tensors that are kept nowhere, and the last level. The
// parameters are valid.
absl::Status ValidateLevels(const std::vector<LevelSpec>& levels, const std::vector<ParameterSpec>& parameters);

// The parameters' ranges, as Formula::EvaluateSmallest takes them.
struct ParameterBox {
  explicit ParameterBox(const std::vector<ParameterSpec>& parameters);

  std::vector<double> low;
  std::vector<double> high;
};

// Error: a share beyond 0 to 1, at min_utilization.
absl::Status CheckUtilization(double share);

// Whether the short form of a level stands for a port.
bool HasShortPort(const LevelSpec& level);

// "list[index]".
std::string IndexPath(std::string_view list, std::size_t index);

// A formula and its field's path from the template.
struct FormulaField {
  std::string path;
  const Formula* formula;
};
// All that the template gives, level by level; they live as long as `spec`.
std::vector<FormulaField> FormulasOf(const TemplateSpec& spec);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_HARDWARE_LEVEL_RULES_H_
