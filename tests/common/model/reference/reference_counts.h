#ifndef ONELOOP_TESTS_COMMON_MODEL_REFERENCE_REFERENCE_COUNTS_H_
#define ONELOOP_TESTS_COMMON_MODEL_REFERENCE_REFERENCE_COUNTS_H_

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/workload.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"

namespace oneloop {

// All counts of a mapping of whole factors by the templated rules, with the corners of the input.
NestCounts<ExactFactor> ReferenceCounts(const CostModel& model, const LayerShape& shape, const Mapping& mapping);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_REFERENCE_REFERENCE_COUNTS_H_
