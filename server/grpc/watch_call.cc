#include "server/grpc/watch_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "server/grpc/status_convert.h"
#include "server/grpc/trace_id.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"

namespace oneloop {
namespace {

constexpr char kMethod[] = "SearchService.Watch";

}  // namespace

WatchCall::WatchCall(WatchHub* hub, const CallGuard* guard, std::string user, std::string trace_id)
    : hub_(hub), guard_(guard), begin_(absl::Now()), user_(std::move(user)), trace_id_(std::move(trace_id)) {}

grpc::ServerWriteReactor<v1::WatchResponse>* WatchCall::Start(WatchHub* hub, const CallGuard& guard,
                                                              grpc::CallbackServerContext& context,
                                                              const v1::WatchRequest& request) {
  const absl::StatusOr<Caller> caller = guard.Authorize(kMethod, CredentialsOf(context), request);
  std::shared_ptr<WatchCall> call(new WatchCall(hub, &guard, caller.ok() ? caller->user : "", TakeTraceId(context)));
  call->self_ = call;
  MutexLock lock(&call->mutex_);
  if (const absl::Status begun = call->Begin(call, caller, request); !begun.ok()) call->End(begun);
  return call.get();
}

absl::Status WatchCall::Begin(const std::shared_ptr<WatchCall>& self, const absl::StatusOr<Caller>& caller,
                              const v1::WatchRequest& request) {
  RETURN_IF_ERROR(caller.status());
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", request.name()));
  if (request.start_revision() < 0) {
    return FieldError("start_revision", absl::StrCat("is ", request.start_revision(), "; valid: 0 or more"));
  }
  // The registry may outlive the call by the moment that it takes to end it.
  ASSIGN_OR_RETURN(open_id_,
                   guard_->watches().Add(*caller, [weak = std::weak_ptr<WatchCall>(self)](const auto& reason) {
                     if (const std::shared_ptr<WatchCall> call = weak.lock()) call->OnEnd(reason);
                   }));
  project_ = name.project;
  id_ = hub_->Add(name.id, request.start_revision(), self);
  return absl::OkStatus();
}

void WatchCall::OnUpdate(const WatchUpdate& update) {
  absl::StatusOr<v1::WatchResponse> message = WatchUpdateToProto(update);
  const JobRecord& job = update.changes.job;
  MutexLock lock(&mutex_);
  if (end_.has_value()) return;
  if (project_ != "-" && job.job.project != project_) {
    End(absl::NotFoundError(absl::StrCat("there is no job ", FormatJobName(project_, job.id))));
  } else if (!message.ok()) {
    End(message.status());
  } else {
    message_ = *std::move(message);
    writing_ = true;
    StartWrite(&message_);
  }
}

void WatchCall::OnEnd(const absl::Status& status) {
  MutexLock lock(&mutex_);
  End(status);
}

void WatchCall::OnWriteDone(bool ok) {
  MutexLock lock(&mutex_);
  writing_ = false;
  if (end_.has_value()) {
    FinishNow();
  } else if (ok) {
    hub_->Ready(id_);
  } else {
    End(absl::CancelledError("the watcher has left"));
  }
}

void WatchCall::OnCancel() {
  MutexLock lock(&mutex_);
  End(absl::CancelledError("the watcher has left"));
}

void WatchCall::OnDone() {
  // The hub may hold the last other share and drop it at once; this one lives to the end of the reaction.
  const std::shared_ptr<WatchCall> self = std::move(self_);
  WatchHub::WatchId id = 0;
  std::int64_t open_id = 0;
  {
    MutexLock lock(&mutex_);
    id = id_;
    open_id = open_id_;
    guard_->OnEnd({kMethod, end_.value_or(absl::OkStatus()), absl::Now() - begin_, user_, trace_id_});
  }
  hub_->Remove(id);
  guard_->watches().Remove(open_id);
}

void WatchCall::End(const absl::Status& status) {
  if (end_.has_value()) return;
  end_ = status;
  if (!writing_) FinishNow();
}

void WatchCall::FinishNow() {
  if (finished_) return;
  finished_ = true;
  Finish(ToGrpcStatus(*end_));
}

}  // namespace oneloop
