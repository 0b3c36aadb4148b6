#include "server/grpc/health_watch_call.h"

#include <utility>

#include "common/base/status.h"
#include "server/grpc/status_convert.h"

namespace oneloop {

grpc::ServerGenericBidiReactor* HealthWatchCall::Start(const ApiService* service, const Method& method,
                                                       grpc::CallbackServerContext* context) {
  const std::shared_ptr<HealthWatchCall> call(new HealthWatchCall(service, method, context));
  call->self_ = call;
  if (const absl::Status admitted = call->Admit(call); !admitted.ok()) {
    MutexLock lock(&call->mutex_);
    call->End(admitted);
  }
  return call.get();
}

HealthWatchCall::HealthWatchCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context)
    : service_(service), start_(*service, method, context) {}

absl::Status HealthWatchCall::Admit(const std::shared_ptr<HealthWatchCall>& self) {
  ASSIGN_OR_RETURN(id_, service_->parts().health->Watch([weak = std::weak_ptr<HealthWatchCall>(self)] {
    if (const std::shared_ptr<HealthWatchCall> call = weak.lock()) {
      MutexLock lock(&call->mutex_);
      call->Tell();
    }
  }));
  StartRead(&request_);
  return absl::OkStatus();
}

absl::Status HealthWatchCall::Begin() {
  grpc::health::v1::HealthCheckRequest request;
  RETURN_IF_ERROR(ParseMessage(&request_, kSmallRequestBytes, &request));
  request_.Clear();
  watched_ = request.service();
  return absl::OkStatus();
}

void HealthWatchCall::OnReadDone(bool ok) {
  MutexLock lock(&mutex_);
  const absl::Status begun = ok ? Begin() : absl::CancelledError("the watcher has sent no request");
  if (begun.ok()) {
    Tell();
  } else {
    End(begun);
  }
}

void HealthWatchCall::Tell() {
  if (writing_ || ended_ || !watched_.has_value()) return;
  const grpc::health::v1::HealthCheckResponse response = service_->parts().health->StatusOf(*watched_);
  if (told_ == response.status()) return;
  told_ = response.status();
  message_.Clear();
  if (const absl::Status serialized = SerializeMessage(response, &message_); !serialized.ok()) return End(serialized);
  writing_ = true;
  StartWrite(&message_);
}

void HealthWatchCall::OnWriteDone(bool ok) {
  MutexLock lock(&mutex_);
  writing_ = false;
  if (ok) {
    Tell();
  } else {
    End(absl::CancelledError("the watcher has left"));
  }
}

void HealthWatchCall::OnCancel() {
  start_.OnGivenUp(*service_);
  MutexLock lock(&mutex_);
  End(absl::CancelledError("the watcher has left"));
}

void HealthWatchCall::End(const absl::Status& status) {
  if (std::exchange(ended_, true)) return;
  start_.LogEnd(*service_, status);
  Finish(ToGrpcStatus(status));
}

void HealthWatchCall::OnDone() {
  const std::shared_ptr<HealthWatchCall> self = std::move(self_);
  service_->parts().health->Remove(id_);
}

}  // namespace oneloop
