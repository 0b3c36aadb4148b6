#include "server/jobs/suspects.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace oneloop {

bool Suspects::IsConvicted(const JobCrashes& crashes) {
  return crashes.silent_crashes >= kMostSilentCrashes || crashes.crashes >= kMostCrashes;
}

std::string Suspects::Verdict(const JobCrashes& crashes) {
  const bool silent = crashes.silent_crashes >= kMostSilentCrashes;
  return absl::StrCat("the daemon died ", silent ? crashes.silent_crashes : crashes.crashes,
                      " times in a row while this job ran and got nowhere, so it is not resumed: it may be why, for "
                      "one by taking all memory. Submit it anew with less (smaller layers, fewer at a time), or ask "
                      "whoever runs the daemon what its log and the system's say");
}

std::optional<std::int64_t> Suspects::current() const {
  if (jobs_.empty()) return std::nullopt;
  return jobs_.front();
}

bool Suspects::IsWaiting(std::int64_t job_id) const {
  return current() != job_id && std::find(jobs_.begin(), jobs_.end(), job_id) != jobs_.end();
}

std::optional<std::int64_t> Suspects::Clear(std::int64_t job_id) {
  const bool was_current = current() == job_id;
  jobs_.erase(std::remove(jobs_.begin(), jobs_.end(), job_id), jobs_.end());
  if (!was_current) return std::nullopt;
  heard_ = 0;
  return current();
}

}  // namespace oneloop
