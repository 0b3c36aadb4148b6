#ifndef ONELOOP_SERVER_SEARCH_SPEC_VALIDATION_H_
#define ONELOOP_SERVER_SEARCH_SPEC_VALIDATION_H_

#include "absl/status/status.h"
#include "server/search/search_spec.h"

namespace oneloop {

// INVALID_ARGUMENT, with the field as in the proto message JobSpec, for counts out of range, a range of a parameter
// that is empty or outside the template's, limits that no design can meet. RESOURCE_EXHAUSTED beyond
// kMaxMemoryPerJob (search_memory.h).
absl::Status ValidateSearchSpec(const SearchSpec& spec);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_SPEC_VALIDATION_H_
