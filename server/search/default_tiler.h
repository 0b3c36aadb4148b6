#ifndef ONELOOP_SERVER_SEARCH_DEFAULT_TILER_H_
#define ONELOOP_SERVER_SEARCH_DEFAULT_TILER_H_

#include <functional>
#include <optional>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/workload.h"
#include "server/search/evaluator.h"
#include "server/search/start_summary.h"

namespace oneloop {

// What a user of an array has without a search: the tile that its own library picks, as the template's default_tiler
// says. From the whole layer the largest extent is cut, some by whole arrays, until the tile fits inside the outermost
// level; then it grows again, what is streamed first. Where factors need not divide, the last tile is smaller, where a
// library pads it; else extents are divisors.
//
// The tile's axes take the largest factors that they hold. Its other loops run at the innermost level that may loop
// over them and whose own tile they leave alone, weights staying as long as they can, or else at the next one. Outputs
// stay until they are done. Nothing when not even single elements fit. Precondition: the template has a default_tiler.
std::optional<Mapping> DefaultTiling(
    const CostModel& model, const LayerShape& shape, const ComponentCosts& costs,
    const std::function<bool()>& stop = [] { return false; });

// One start: the default tiling of each layer on the hardware, which the spec has fixed. One sample, one point; all
// starts are alike. Diverges at once on a template without a default_tiler.
StartSummary RunDefaultTilerStart(Evaluator& evaluator);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DEFAULT_TILER_H_
