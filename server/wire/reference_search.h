#ifndef ONELOOP_SERVER_WIRE_REFERENCE_SEARCH_H_
#define ONELOOP_SERVER_WIRE_REFERENCE_SEARCH_H_

#include "absl/status/statusor.h"
#include "server/work/search_digest.h"

namespace oneloop {

// Searches of some tens of milliseconds that use all that points depend on: descent with learned orders, rounding,
// polish, Gaussian processes and proof, over imperfect factors, strides, several kinds of ports and sizes. What two
// machines find with them tells whether they find the same.
absl::StatusOr<SearchList> ReferenceSearches();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WIRE_REFERENCE_SEARCH_H_
