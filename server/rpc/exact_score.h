#ifndef ONELOOP_SERVER_RPC_EXACT_SCORE_H_
#define ONELOOP_SERVER_RPC_EXACT_SCORE_H_

#include "absl/status/statusor.h"
#include "common/mapping/mapping.h"
#include "common/model/cost_model.h"
#include "common/workload/workload.h"

namespace oneloop {

// Energy and latency of one occurrence of a layer by the exact model. INVALID_ARGUMENT, with field "mapping", for a
// mapping that is not valid or does not fit the hardware; the text names the resource, the need and the limit.
// Precondition: ValidateShape(shape) is OK.
absl::StatusOr<LayerFigures> ScoreLayer(const CostModel& model, const ComponentCosts& costs, const LayerShape& shape,
                                        const Mapping& mapping);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_EXACT_SCORE_H_
