#ifndef ONELOOP_SERVER_SEARCH_DEFAULT_TILER_H_
#define ONELOOP_SERVER_SEARCH_DEFAULT_TILER_H_

#include <functional>
#include <optional>

#include "common/mapping/mapping.h"
#include "common/model/cost_model.h"
#include "common/workload/workload.h"
#include "server/search/evaluator.h"
#include "server/search/search.h"

namespace oneloop {

// What a user of a systolic array has without a search: the tile that an array's own library picks. From the whole
// layer the largest extent is cut, channels by whole arrays, until the tile fits inside the outermost level; then it
// grows again, output columns first. Differs from the library where a tile does not divide the layer, which pads:
// extents here are divisors. Source: tiled_conv_auto of gemmini-rocc-tests.
//
// The tile's axes take the largest divisors that they hold. Its other loops run at the innermost level that may loop
// over them and whose own tile they leave alone, weights staying as long as they can, or else at the next one. Outputs
// stay until they are done. Nothing when not even single elements fit.
std::optional<Mapping> DefaultTiling(
    const CostModel& model, const LayerShape& shape, const ComponentCosts& costs,
    const std::function<bool()>& stop = [] { return false; });

// One start: the default tiling of each layer on the hardware, which the spec has fixed. One sample, one point; all
// starts are alike.
StartSummary RunDefaultTilerStart(Evaluator& evaluator);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DEFAULT_TILER_H_
