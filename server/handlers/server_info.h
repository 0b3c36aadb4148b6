#ifndef ONELOOP_SERVER_HANDLERS_SERVER_INFO_H_
#define ONELOOP_SERVER_HANDLERS_SERVER_INFO_H_

#include <string>

#include "absl/time/time.h"
#include "oneloop/v1/model_service.pb.h"
#include "server/access/caller.h"

namespace oneloop {

// Of the program: "0.1.0".
std::string ServerVersion();

// What GetServerInfo answers to this caller.
v1::ServerInfo MakeServerInfo(const Caller& caller, absl::Time start_time, absl::Time now);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_SERVER_INFO_H_
