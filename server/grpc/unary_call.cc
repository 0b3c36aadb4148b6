#include "server/grpc/unary_call.h"

#include <exception>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/limit_error.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/grpc/status_convert.h"

namespace oneloop {
namespace {

using ProtoMessage = google::protobuf::Message;

constexpr std::size_t kHeavyRequestBytes = 256 << 10;

// The call's deadline on the clock that nobody sets.
SteadyTime SteadyDeadline(const grpc::CallbackServerContext& context) {
  const gpr_timespec deadline = gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(deadline, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0) return SteadyTime::InfiniteFuture();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  return SteadyNow() + absl::Milliseconds(gpr_time_to_millis(left));
}

// Memory that runs out is the call's end, not the daemon's.
absl::Status Guarded(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return LimitError("memory", "there is not enough memory for this call now", absl::Seconds(10));
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("unexpected: ", error.what()));
  }
}

absl::Status TooLarge(std::size_t size, std::size_t most) {
  return LimitError("request_bytes",
                    absl::StrCat("the request has ", size, " bytes; valid for this method: at most ", most),
                    absl::InfiniteDuration());
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
  if (start_.method.size == RequestSize::kSmall && request_.Length() > kSmallRequestBytes) {
    return Refuse(TooLarge(request_.Length(), kSmallRequestBytes));
  }
  // What is large once read is worked on by few at a time, which bounds the memory of all.
  const CallCost cost = request_.Length() > kHeavyRequestBytes ? CallCost::kHeavy : start_.method.cost;
  const absl::Status queued = parts.queue->Submit(cost, start_.account(), [self = self_] { self->Run(); });
  if (!queued.ok()) Refuse(queued);
}

absl::Status UnaryCall::Abandoned() const {
  if (SteadyNow() >= deadline_) return absl::DeadlineExceededError("the call's time is over");
  if (cancelled_) return absl::CancelledError("the client has left");
  return absl::OkStatus();
}

absl::Status UnaryCall::Interrupted() const {
  RETURN_IF_ERROR(Abandoned());
  if (service_->stopping()) return absl::UnavailableError("the daemon is stopping");
  return absl::OkStatus();
}

absl::Status UnaryCall::Work(ProtoMessage* request, ProtoMessage* response) {
  const ApiParts& parts = service_->parts();
  // Whoever has left does not need an answer, but a change that was asked for is made.
  if (!start_.method.rule.changes) RETURN_IF_ERROR(Abandoned());
  RETURN_IF_ERROR(ParseMessage(&request_, parts.most_parsed_bytes, request));
  request_.Clear();
  RETURN_IF_ERROR(parts.guard->CheckRequest(start_.method, *start_.caller, *request));
  const CallContext call = {*start_.caller, [this] { return Interrupted(); }};
  return start_.method.run(parts.handlers, call, *request, response);
}

void UnaryCall::Run() {
  const std::unique_ptr<ProtoMessage> request(start_.method.request->New());
  const std::unique_ptr<ProtoMessage> response(start_.method.response->New());
  absl::Status result = Guarded([&] { return Work(request.get(), response.get()); });
  // Work that was given up says less than why it was.
  if (const absl::Status why = Interrupted(); absl::IsCancelled(result) && !why.ok()) result = why;
  service_->parts().guard->Audit(start_.method, start_.arrival.credentials, *start_.caller, request.get(),
                                 response.get(), result);
  Conclude(result, *response);
}

void UnaryCall::Conclude(const absl::Status& result, const ProtoMessage& response) {
  OpenCalls& open_calls = *service_->parts().open_calls;
  absl::Status status = result;
  if (status.ok()) status = Guarded([&] { return SerializeMessage(response, &reply_); });
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
