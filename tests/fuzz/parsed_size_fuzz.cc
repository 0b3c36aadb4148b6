#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/handlers/method_table.h"
#include "server/handlers/parsed_size.h"
#include "tests/fuzz/check.h"

namespace oneloop {

// Whether a byte may begin a group. The API has none: protobuf keeps one as an unknown field, the scan refuses it.
bool MayHaveGroup(const std::uint8_t* data, std::size_t size) {
  return std::any_of(data, data + size, [](std::uint8_t byte) { return (byte & 7) == 3; });
}

// The first byte says of which method the rest is a request. What protobuf reads is never much larger than it was said
// to become, and what the scan refuses as no message protobuf refuses, too, but for groups.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Method& method = Methods()[data[0] % Methods().size()];
  const auto length = static_cast<int>(size - 1);
  const std::unique_ptr<google::protobuf::Message> message(method.request->New());
  const bool is_read = message->ParseFromArray(data + 1, length);
  const auto used = static_cast<std::int64_t>(message->SpaceUsedLong());
  google::protobuf::io::ArrayInputStream all(data + 1, length);
  const absl::Status scanned = CheckParsedSize(*method.request, &all, INT64_MAX);
  if (is_read) Check(scanned.ok() || MayHaveGroup(data + 1, size - 1), "what protobuf reads is scanned");
  google::protobuf::io::ArrayInputStream again(data + 1, length);
  if (is_read)
    Check(!CheckParsedSize(*method.request, &again, used / 2).ok(), "the estimate is not far below the truth");
  return 0;
}

}  // namespace oneloop
