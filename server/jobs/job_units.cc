#include "server/jobs/job_units.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

absl::Status Admit(const NewJob& job) {
  if (job.num_starts < 1 || job.num_starts > kMostStartsOfJob) {
    return FieldError("starts", absl::StrCat("is ", job.num_starts, "; valid: 1 to ", kMostStartsOfJob));
  }
  if (job.samples_total < job.num_starts) {
    return FieldError("samples", absl::StrCat("is ", job.samples_total, "; each of the ", job.num_starts,
                                              " starts needs at least one"));
  }
  return absl::OkStatus();
}

std::vector<int> StartsLeft(int end, const std::vector<StartRecord>& records) {
  std::vector<bool> done(static_cast<std::size_t>(end), false);
  for (const StartRecord& record : records) {
    if (record.start < end) done[static_cast<std::size_t>(record.start)] = record.done;
  }
  std::vector<int> left;
  for (int start = 0; start < end; ++start) {
    if (!done[static_cast<std::size_t>(start)]) left.push_back(start);
  }
  return left;
}

void AddEnded(const std::vector<StartRecord>& records, StopRule* rule) {
  for (const StartRecord& record : records) {
    if (record.done) rule->OnEnded(record.start, record.within_stop_gap);
  }
}

QueuedJob QueuedJobOf(const JobRecord& record) {
  QueuedJob job;
  job.id = record.id;
  job.owner = record.job.owner;
  job.priority = record.job.settings.priority;
  job.start_work = static_cast<double>(record.job.samples_total) / record.job.num_starts * record.job.num_layers;
  job.begun = record.state == JobState::kRunning;
  return job;
}

}  // namespace oneloop
