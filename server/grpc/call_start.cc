#include "server/grpc/call_start.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/proto_buffer_writer.h"
#include "server/grpc/trace_id.h"
#include "server/handlers/parsed_size.h"

namespace oneloop {
namespace {

constexpr int kBlockBytes = 1 << 20;

}  // namespace

CallStart::CallStart(const ApiService& service, const Method& the_method, grpc::CallbackServerContext* context)
    : method(the_method),
      begin(SteadyNow()),
      trace_id(TakeTraceId(*context)),
      arrival(ReadArrival(*context, service.parts().gate)),
      caller(service.parts().guard->Admit(method, arrival.credentials)) {
  const bool is_known = caller.ok() && method.rule.scope.has_value();
  if (is_known && arrival.connection.has_value()) service.parts().gate->MarkAuthenticated(*arrival.connection);
}

void CallStart::OnGivenUp(const ApiService& service) const {
  if (arrival.connection.has_value()) service.parts().gate->MarkGivenUp(*arrival.connection);
}

void CallStart::LogEnd(const ApiService& service, const absl::Status& result) const {
  service.parts().guard->OnEnd({&method, result, SteadyNow() - begin, user(), trace_id});
}

absl::Status ParseMessage(grpc::ByteBuffer* bytes, std::int64_t most_parsed_bytes, google::protobuf::Message* message) {
  {
    grpc::ProtoBufferReader reader(bytes);
    if (!reader.status().ok()) return absl::InvalidArgumentError("the request cannot be decompressed");
    RETURN_IF_ERROR(CheckParsedSize(*message, &reader, most_parsed_bytes));
  }
  grpc::ProtoBufferReader reader(bytes);
  if (message->ParseFromZeroCopyStream(&reader)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the request is not a valid ", message->GetDescriptor()->full_name()));
}

absl::Status SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes) {
  const auto size = static_cast<int>(message.ByteSizeLong());
  grpc::ProtoBufferWriter writer(bytes, kBlockBytes, size);
  if (message.SerializeToZeroCopyStream(&writer)) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the ", message.GetDescriptor()->full_name(), " cannot be sent"));
}

}  // namespace oneloop
