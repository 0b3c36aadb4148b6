#include "server/grpc/watch_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/grpc/status_convert.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"

namespace oneloop {

grpc::ServerGenericBidiReactor* WatchCall::Start(const ApiService* service, const Method& method,
                                                 grpc::CallbackServerContext* context) {
  const std::shared_ptr<WatchCall> call(new WatchCall(service, method, context));
  call->self_ = call;
  MutexLock lock(&call->mutex_);
  if (const absl::Status admitted = call->Admit(call); !admitted.ok()) call->End(admitted);
  return call.get();
}

WatchCall::WatchCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context)
    : service_(service), start_(*service, method, context) {}

absl::Status WatchCall::Admit(const std::shared_ptr<WatchCall>& self) {
  RETURN_IF_ERROR(start_.caller.status());
  // The registry may outlive the call by the moment that it takes to end it.
  ASSIGN_OR_RETURN(open_id_, service_->parts().open_watches->Add(
                                 *start_.caller, [weak = std::weak_ptr<WatchCall>(self)](const auto& reason) {
                                   if (const std::shared_ptr<WatchCall> call = weak.lock()) call->OnEnd(reason);
                                 }));
  StartRead(&request_);
  return absl::OkStatus();
}

void WatchCall::OnReadDone(bool ok) {
  MutexLock lock(&mutex_);
  const absl::Status begun = ok ? Begin() : absl::CancelledError("the watcher has sent no request");
  if (!begun.ok()) End(begun);
}

absl::Status WatchCall::Begin() {
  if (request_.Length() > kSmallRequestBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the request has more than ", kSmallRequestBytes, " bytes"));
  }
  v1::WatchRequest request;
  RETURN_IF_ERROR(ParseMessage(&request_, service_->parts().most_parsed_bytes, &request));
  request_.Clear();
  RETURN_IF_ERROR(service_->parts().guard->CheckRequest(start_.method, *start_.caller, request));
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", request.name()));
  if (request.start_revision() < 0) {
    return FieldError("start_revision", absl::StrCat("is ", request.start_revision(), "; valid: 0 or more"));
  }
  project_ = name.project;
  id_ = service_->parts().watch_hub->Add(name.id, request.start_revision(), self_);
  return absl::OkStatus();
}

absl::Status WatchCall::Send(const WatchUpdate& update) {
  const JobRecord& job = update.changes.job;
  if (project_ != "-" && job.job.project != project_) {
    return absl::NotFoundError(absl::StrCat("there is no job ", FormatJobName(project_, job.id)));
  }
  ASSIGN_OR_RETURN(const v1::WatchResponse message, WatchUpdateToProto(update));
  message_.Clear();
  RETURN_IF_ERROR(SerializeMessage(message, &message_));
  writing_ = true;
  StartWrite(&message_);
  return absl::OkStatus();
}

void WatchCall::OnUpdate(const WatchUpdate& update) {
  MutexLock lock(&mutex_);
  if (end_.has_value()) return;
  if (const absl::Status sent = Send(update); !sent.ok()) End(sent);
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
    service_->parts().watch_hub->Ready(id_);
  } else {
    End(absl::CancelledError("the watcher has left"));
  }
}

void WatchCall::OnCancel() {
  start_.OnGivenUp(*service_);
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
    start_.LogEnd(*service_, end_.value_or(absl::OkStatus()));
  }
  service_->parts().watch_hub->Remove(id);
  service_->parts().open_watches->Remove(open_id);
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
