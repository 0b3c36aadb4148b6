#ifndef ONELOOP_SERVER_HANDLERS_PARSED_SIZE_H_
#define ONELOOP_SERVER_HANDLERS_PARSED_SIZE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "google/protobuf/io/zero_copy_stream.h"
#include "google/protobuf/message.h"

namespace oneloop {

// Looks at a serialised message without reading it into memory, and says what that would take: an empty message of two
// bytes in a list becomes an object of a hundred. RESOURCE_EXHAUSTED when it is estimated at more than `most_bytes`,
// INVALID_ARGUMENT for bytes that are no such message or are nested too deeply. Takes time in proportion to the bytes,
// and memory in proportion to the nesting, which is bounded. The estimate is never below what protobuf allocates for
// messages, strings and numbers by more than the rounding of the allocator.
absl::Status CheckParsedSize(const google::protobuf::Message& prototype,
                             google::protobuf::io::ZeroCopyInputStream* bytes, std::int64_t most_bytes);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_PARSED_SIZE_H_
