#ifndef ONELOOP_SERVER_GRPC_CALL_START_H_
#define ONELOOP_SERVER_GRPC_CALL_START_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "server/grpc/api_service.h"
#include "server/grpc/credentials_of.h"

namespace oneloop {

// What is known of a call before its message: who makes it, if they may, and how it is told from others in the log.
struct CallStart {
  CallStart(const ApiService& service, const Method& method, grpc::CallbackServerContext* context);

  // To be called when the client has given the call up, which costs it of what it may ask for.
  void OnGivenUp(const ApiService& service) const;
  // Logs and counts the call's end.
  void LogEnd(const ApiService& service, const absl::Status& result) const;

  const Method& method;
  const SteadyTime begin;
  const std::string trace_id;  // the call's trailing metadata have it
  const ArrivedCall arrival;
  const absl::StatusOr<Caller> caller;

  std::string user() const { return caller.ok() ? caller->user : ""; }
  std::string account() const { return AccountOf(user(), arrival.shared); }
};

// Reads a message of the wire form. INVALID_ARGUMENT when it is none, and as CheckParsedSize.
absl::Status ParseMessage(grpc::ByteBuffer* bytes, std::int64_t most_parsed_bytes, google::protobuf::Message* message);
// INTERNAL for a message that has no wire form, as one with text that is not UTF-8.
absl::Status SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CALL_START_H_
