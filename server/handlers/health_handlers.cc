#include "server/handlers/health_handlers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/limit_error.h"

namespace oneloop {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Load balancers and supervisors are few.
constexpr std::size_t kMostWatchers = 100;
constexpr absl::Duration kRetryAfter = absl::Seconds(30);

}  // namespace

HealthHandlers::HealthHandlers(std::vector<std::string> services) : services_(std::move(services)) {}

HealthCheckResponse HealthHandlers::StatusOf(const std::string& service) const {
  HealthCheckResponse response;
  if (!service.empty() && std::find(services_.begin(), services_.end(), service) == services_.end()) {
    response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
    return response;
  }
  MutexLock lock(&mutex_);
  response.set_status(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  return response;
}

absl::Status HealthHandlers::Check(const HealthCheckRequest& request, HealthCheckResponse* response) const {
  *response = StatusOf(request.service());
  if (response->status() != HealthCheckResponse::SERVICE_UNKNOWN) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("service: there is no service '", request.service(), "' here"));
}

void HealthHandlers::StopServing() {
  std::vector<std::function<void()>> changed;
  {
    MutexLock lock(&mutex_);
    if (!std::exchange(serving_, false)) return;
    for (const auto& [id, watcher] : watchers_) changed.push_back(watcher);
  }
  for (const auto& tell : changed) tell();
}

absl::StatusOr<std::int64_t> HealthHandlers::Watch(std::function<void()> changed) {
  MutexLock lock(&mutex_);
  if (watchers_.size() >= kMostWatchers) {
    return LimitError("health_watchers", absl::StrCat(kMostWatchers, " are open, which is as many as are allowed"),
                      kRetryAfter);
  }
  watchers_.emplace(next_id_, std::move(changed));
  return next_id_++;
}

void HealthHandlers::Remove(std::int64_t id) {
  MutexLock lock(&mutex_);
  watchers_.erase(id);
}

}  // namespace oneloop
