#ifndef ONELOOP_SERVER_HANDLERS_HEALTH_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_HEALTH_HANDLERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "grpc/health/v1/health.pb.h"

namespace oneloop {

// Whether the daemon serves, for whoever asks: no call of these needs to say who makes it. So what they may take is
// bounded in all. Thread-safe.
class HealthHandlers {
 public:
  // `services`: the full names of those that are served.
  explicit HealthHandlers(std::vector<std::string> services);

  absl::Status Check(const grpc::health::v1::HealthCheckRequest& request,
                     grpc::health::v1::HealthCheckResponse* response) const;

  // SERVICE_UNKNOWN for a service that is not served here.
  grpc::health::v1::HealthCheckResponse StatusOf(const std::string& service) const;

  // From now on nothing is served; has every watcher told.
  void StopServing();

  // Has `changed` called, without a lock held, when the status changes, until Remove; it may still come while Remove
  // runs. RESOURCE_EXHAUSTED when there are as many watchers as are allowed.
  absl::StatusOr<std::int64_t> Watch(std::function<void()> changed);
  void Remove(std::int64_t id);

 private:
  const std::vector<std::string> services_;
  mutable Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = true;
  std::map<std::int64_t, std::function<void()>> watchers_ ABSL_GUARDED_BY(mutex_);
  std::int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_HEALTH_HANDLERS_H_
