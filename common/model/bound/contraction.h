#ifndef ONELOOP_COMMON_MODEL_BOUND_CONTRACTION_H_
#define ONELOOP_COMMON_MODEL_BOUND_CONTRACTION_H_

#include <vector>

#include "common/hardware/template.h"
#include "common/model/exact/cost_model.h"

namespace oneloop {

// Takes off the ends of the ranges, by parameter index, what belongs to no hardware point of at most this area: a
// parameter's maximum becomes the largest value at which the least area over the box's other parameters is within, its
// minimum likewise where area falls as it grows, until nothing changes. Values are multiples of the step, or ends of
// the ranges as given. False when no point is left. Why none is lost: docs/MODEL.md, section "Lower bound".
bool ContractToArea(const Template& hardware_template, double most_area_mm2, std::vector<ParameterRange>* ranges);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_CONTRACTION_H_
