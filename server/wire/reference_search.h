#ifndef ONELOOP_SERVER_WIRE_REFERENCE_SEARCH_H_
#define ONELOOP_SERVER_WIRE_REFERENCE_SEARCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "server/search/search_spec.h"

namespace oneloop {

// A search of a few tens of milliseconds that uses all that points depend on: descent with learned orders, rounding,
// polish and proof, over imperfect factors, strides, several kinds of ports and sizes. What two machines find with it
// tells whether they find the same.
absl::StatusOr<std::shared_ptr<const SearchSpec>> ReferenceSearch();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WIRE_REFERENCE_SEARCH_H_
