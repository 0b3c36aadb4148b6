#ifndef ONELOOP_SERVER_HANDLERS_DETERMINISTIC_BYTES_H_
#define ONELOOP_SERVER_HANDLERS_DETERMINISTIC_BYTES_H_

#include <string>

#include "google/protobuf/message.h"

namespace oneloop {

// The bytes of a message, the same for equal messages (maps are sorted).
std::string DeterministicBytes(const google::protobuf::Message& message);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_DETERMINISTIC_BYTES_H_
