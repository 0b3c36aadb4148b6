#ifndef ONELOOP_COMMON_CONVERT_PROTO_TIME_H_
#define ONELOOP_COMMON_CONVERT_PROTO_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace oneloop {

// What messages say of time. Sums saturate, as absl's do, at values that no message should have.
inline absl::Time TimeOf(const google::protobuf::Timestamp& message) {
  return absl::FromUnixSeconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}
inline absl::Duration DurationOf(const google::protobuf::Duration& message) {
  return absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_PROTO_TIME_H_
