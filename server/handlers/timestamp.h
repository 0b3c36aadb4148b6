#ifndef ONELOOP_SERVER_HANDLERS_TIMESTAMP_H_
#define ONELOOP_SERVER_HANDLERS_TIMESTAMP_H_

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace oneloop {

void SetTimestamp(absl::Time time, google::protobuf::Timestamp* message);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_TIMESTAMP_H_
