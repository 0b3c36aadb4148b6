#include "server/handlers/timestamp.h"

#include <cstdint>

namespace oneloop {

void SetTimestamp(absl::Time time, google::protobuf::Timestamp* message) {
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  message->set_seconds(seconds);
  message->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

}  // namespace oneloop
