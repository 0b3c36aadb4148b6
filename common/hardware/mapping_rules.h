#ifndef ONELOOP_COMMON_HARDWARE_MAPPING_RULES_H_
#define ONELOOP_COMMON_HARDWARE_MAPPING_RULES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"

namespace oneloop {

// What a template asks of mappings: factors, orders and utilization. Errors are INVALID_ARGUMENT with the field as in
// the proto message Template. Thread-safe.

// Takes dimensions out of where their factor can only be 1: where a range says so, and everywhere but where the whole
// bound stands. A dimension that this leaves no place has the outermost level, with the factor 1: layers can have but 1
// of it. Errors: ranges that are empty, or ask for more than 1 of a dimension that has no loop there, or for the whole
// bound here and more than 1 elsewhere.
absl::Status ResolveFactors(std::vector<LevelSpec>* levels);

// Errors: dimensions that stand there twice, or inside themselves, through others or not.
absl::StatusOr<Template::LoopsInside> ResolveOrder(const OrderSpec& order);

// As Template::utilization_rules; `resources`: those of the template.
std::vector<UtilizationRule> UtilizationRules(const TemplateSpec& spec, const std::vector<Resource>& resources);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_HARDWARE_MAPPING_RULES_H_
