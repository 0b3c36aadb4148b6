#ifndef ONELOOP_SERVER_SEARCH_OBJECTIVE_SLOPES_H_
#define ONELOOP_SERVER_SEARCH_OBJECTIVE_SLOPES_H_

#include <functional>
#include <vector>

#include "common/model/smooth/smooth_model.h"
#include "server/search/design_state.h"
#include "server/search/moves.h"
#include "server/search/search_spec.h"

namespace oneloop {

// ∂log2(objective)/∂log2 of each parameter at a design (docs/SEARCH.md, "Sensitivities"), by the envelope theorem: what
// the parameter does to the design as it is, and what the room is worth that it gives to tiles and copies. Kinked where
// the latency of a layer goes from one component to another. Pure.

// (S2): energies, bandwidths and area change, mappings stay. 0 for a predicted latency's part. Blocks are left out.
std::vector<double> DirectSlopes(const SearchSpec& spec, const CostModel& model, const Goal& goal,
                                 const DesignState& design);

// (S3): of each layer and resource, the most that a move of a factor gains for the room that it lacks, in log2 of the
// objective for a resource twice as large. `smooth` is of the spec's layers. What is found by then when
// stop_requested, asked once a layer, ends it.
std::vector<double> RoomSlopes(const SearchSpec& spec, const CostModel& model, const Goal& goal,
                               const SmoothModel& smooth, const MoveSet& moves, const DesignState& design,
                               const std::function<bool()>& stop_requested);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_OBJECTIVE_SLOPES_H_
