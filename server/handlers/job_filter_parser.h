#ifndef ONELOOP_SERVER_HANDLERS_JOB_FILTER_PARSER_H_
#define ONELOOP_SERVER_HANDLERS_JOB_FILTER_PARSER_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "server/store/job_filter.h"

namespace oneloop {

// Reads the `filter` of ListJobs:
//
//   filter     = [ either ]
//   either     = both { "OR" both }
//   both       = not { "AND" not }
//   not        = [ "NOT" ] ( "(" either ")" | comparison )
//   comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value  |  field ":" "*"
//   value      = characters other than blanks ( ) = ! < > : " |  '"' any but '"' '"' ; times need no quotes
//
// Fields as search_service.proto says. INVALID_ARGUMENT with field "filter", the place in the text and what would be
// valid there.
absl::StatusOr<JobFilter> ParseJobFilter(std::string_view text);

struct JobOrdering {
  JobOrder order = JobOrder::kCreateTime;
  bool ascending = false;
};

// Reads `order_by`. INVALID_ARGUMENT with field "order_by".
absl::StatusOr<JobOrdering> ParseJobOrder(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_JOB_FILTER_PARSER_H_
