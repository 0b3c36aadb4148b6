#ifndef ONELOOP_SERVER_WORK_RESULT_CHECK_H_
#define ONELOOP_SERVER_WORK_RESULT_CHECK_H_

#include "absl/status/status.h"
#include "server/results/point_batch.h"
#include "server/search/search_spec.h"
#include "server/work/lease.h"
#include "server/work/outcome.h"

namespace oneloop {

// Whether what came from elsewhere can be of this search: INVALID_ARGUMENT, with the field, for what no start could
// have found and no reader could make sense of. Pure; thread-safe.

// Points in their order with samples within the budget and no more of them than samples allow, parameters within their
// ranges, figures that are numbers and not negative, and mappings that fit the layers, in the words of FormatMapping.
absl::Status CheckBatch(const SearchSpec& spec, const PointBatch& batch);

// Of the batch's points that have a score, those with the least score and area, computed anew: their figures have to be
// the model's, to the bit. The scores of the others have to follow from their figures; of several networks, where they
// do not, those with the least energy and latency are computed anew, too. Precondition: CheckBatch is OK.
absl::Status CheckBest(const SearchSpec& spec, const PointBatch& batch);

// What came of a lease of this kind.
absl::Status CheckOutcome(const SearchSpec& spec, const Lease& lease, const Outcome& outcome);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_RESULT_CHECK_H_
