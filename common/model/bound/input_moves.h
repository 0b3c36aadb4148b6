#ifndef ONELOOP_COMMON_MODEL_BOUND_INPUT_MOVES_H_
#define ONELOOP_COMMON_MODEL_BOUND_INPUT_MOVES_H_

#include "common/hardware/template.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// What of the input's inequalities depends on the dialect: whether steps that leave its tile in place end the overlap
// of tiles (Structure::rests_end_overlap). Pure functions; thread-safe.

// Dimensions of which one may be the first to move the input's tile when the innermost loop outside is over one that
// tensor number `stationary` does not use, -1 for no loop.
DimSet FirstMovers(const Structure& structure, int stationary);

// Whether steps that cancel may be taken off twice at the fan-out of a level that has copies along `copies`: as words
// that do not move, and as words that neighbours hand over (B34).
bool TakesOffTwice(const Template& hardware_template, const Structure& structure, int level, const DimSet& copies);

// Whether what a layer's inputs move is at least what the inequalities say, whatever the mapping. Where it is not, they
// cost nothing in LayerBound.
bool CountsInputs(const Template& hardware_template, const Structure& structure, const LayerShape& shape);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_INPUT_MOVES_H_
