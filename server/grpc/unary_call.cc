#include "server/grpc/unary_call.h"

#include <utility>

#include "common/base/status.h"
#include "server/grpc/status_convert.h"
#include "server/handlers/call_runner.h"

namespace oneloop {
namespace {

using ProtoMessage = google::protobuf::Message;

// The call's deadline on the clock that nobody sets.
SteadyTime SteadyDeadline(const grpc::CallbackServerContext& context) {
  const gpr_timespec deadline = gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(deadline, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0) return SteadyTime::InfiniteFuture();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  return SteadyNow() + absl::Milliseconds(gpr_time_to_millis(left));
}

}  // namespace

grpc::ServerGenericBidiReactor* UnaryCall::Start(const ApiService* service, const Method& method,
                                                 grpc::CallbackServerContext* context) {
  const std::shared_ptr<UnaryCall> call(new UnaryCall(service, method, context));
  call->self_ = call;
  if (const absl::Status admitted = call->Admit(call); !admitted.ok()) call->Refuse(admitted);
  return call.get();
}

UnaryCall::UnaryCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context)
    : service_(service), context_(context), start_(*service, method, context), deadline_(SteadyDeadline(*context)) {}

absl::Status UnaryCall::Admit(const std::shared_ptr<UnaryCall>& self) {
  RETURN_IF_ERROR(start_.caller.status());
  const std::weak_ptr<UnaryCall> weak = self;
  ASSIGN_OR_RETURN(id_, service_->parts().open_calls->Open(start_.account(), [weak] {
    if (const std::shared_ptr<UnaryCall> call = weak.lock()) call->context_->TryCancel();
  }));
  service_->parts().open_calls->StartReading(id_, [weak] {
    if (const std::shared_ptr<UnaryCall> call = weak.lock()) call->StartRead(&call->request_);
  });
  return absl::OkStatus();
}

void UnaryCall::Refuse(const absl::Status& status) {
  service_->parts().guard->Audit(start_.method, start_.arrival.credentials,
                                 start_.caller.ok() ? *start_.caller : Caller{}, nullptr, nullptr, status);
  start_.LogEnd(*service_, status);
  Finish(ToGrpcStatus(status));
}

void UnaryCall::OnReadDone(bool ok) {
  const ApiParts& parts = service_->parts();
  if (!ok) return Refuse(absl::CancelledError("the client has sent no request"));
  parts.open_calls->OnRead(id_, static_cast<std::int64_t>(request_.Length()));
  if (const absl::Status size = CheckRequestBytes(start_.method, request_.Length()); !size.ok()) return Refuse(size);
  const CallCost cost = CostOf(start_.method, request_.Length());
  const absl::Status queued = parts.queue->Submit(cost, start_.account(), [self = self_] { self->Run(); });
  if (!queued.ok()) Refuse(queued);
}

absl::Status UnaryCall::Abandoned() const {
  if (SteadyNow() >= deadline_) return absl::DeadlineExceededError("the call's time is over");
  if (cancelled_) return absl::CancelledError("the client has left");
  return absl::OkStatus();
}

void UnaryCall::Run() {
  const std::unique_ptr<ProtoMessage> response(start_.method.response->New());
  const AdmittedCall call = {&start_.method, &start_.arrival.credentials, &*start_.caller,
                             [this] { return Abandoned(); }};
  const auto read = [this](ProtoMessage* request) {
    RETURN_IF_ERROR(ParseMessage(&request_, service_->parts().most_parsed_bytes, request));
    request_.Clear();
    return absl::OkStatus();
  };
  Conclude(service_->parts().runner->Run(call, read, response.get()), *response);
}

void UnaryCall::Conclude(const absl::Status& result, const ProtoMessage& response) {
  OpenCalls& open_calls = *service_->parts().open_calls;
  absl::Status status = result;
  if (status.ok()) status = CatchAll([&] { return SerializeMessage(response, &reply_); });
  if (status.ok()) status = open_calls.StartReply(id_, static_cast<std::int64_t>(reply_.Length()));
  open_calls.OnHandled(id_);
  start_.LogEnd(*service_, status);
  if (status.ok()) {
    StartWriteAndFinish(&reply_, grpc::WriteOptions(), grpc::Status::OK);
  } else {
    Finish(ToGrpcStatus(status));
  }
}

void UnaryCall::OnWriteDone(bool) {}

void UnaryCall::OnCancel() {
  cancelled_ = true;
  start_.OnGivenUp(*service_);
}

void UnaryCall::OnDone() {
  // The queue's thread may hold the last other share and drop it at once; this one lives to the end of the reaction.
  const std::shared_ptr<UnaryCall> self = std::move(self_);
  service_->parts().open_calls->Close(id_);
}

}  // namespace oneloop
