#ifndef ONELOOP_SERVER_HANDLERS_JOB_SETTINGS_H_
#define ONELOOP_SERVER_HANDLERS_JOB_SETTINGS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "oneloop/v1/job.pb.h"
#include "oneloop/v1/search_service.pb.h"
#include "server/store/run_store.h"

namespace oneloop {

// What may change of a job, from messages and back. Errors are INVALID_ARGUMENT and name the request's field.

inline constexpr int kLargestPriority = 100;
inline constexpr std::string_view kLabelNameRule =
    "valid: 1 to 63 lower-case letters, digits, '_' and '-', the first a letter";
bool IsLabelName(std::string_view name);

absl::StatusOr<JobSettings> SettingsOf(const v1::CreateJobRequest& request, absl::Time now);
absl::StatusOr<JobChange> ChangeOf(const v1::UpdateJobRequest& request, absl::Time now);
void SetSettings(const JobSettings& settings, v1::Job* job);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_JOB_SETTINGS_H_
