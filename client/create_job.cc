#include "client/create_job.h"

#include "absl/time/time.h"

namespace oneloop {
namespace {

constexpr int kMaxAttempts = 5;
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);

}  // namespace

absl::StatusOr<v1::Job> CreateWithRetries(ServiceClient& client, const v1::CreateJobRequest& request,
                                          Environment& env) {
  absl::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<v1::Job> job = client.CreateJob(request);
    if (job.ok() || job.status().code() != absl::StatusCode::kUnavailable || attempt == kMaxAttempts) return job;
    env.sleep(pause);
    pause = 2 * pause;
  }
}

}  // namespace oneloop
