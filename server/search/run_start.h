#ifndef ONELOOP_SERVER_SEARCH_RUN_START_H_
#define ONELOOP_SERVER_SEARCH_RUN_START_H_

#include "server/search/point_sink.h"
#include "server/search/search_spec.h"
#include "server/search/start_summary.h"

namespace oneloop {

// Runs one start. A pure function of (spec, start): the same points in the same order on any thread or machine.
// Precondition: ValidateSearchSpec(spec) is OK, 0 <= start < spec.starts. Thread-safe.
StartSummary RunStart(const SearchSpec& spec, int start, PointSink& sink);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_RUN_START_H_
