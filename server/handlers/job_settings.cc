#include "server/handlers/job_settings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/convert/proto_time.h"
#include "server/handlers/timestamp.h"

namespace oneloop {
namespace {

constexpr int kMostLabels = 64;
constexpr std::size_t kLongestLabel = 63;
// Beyond it the microseconds of a time may not be counted in 64 bits, and nobody means it.
constexpr std::int64_t kLatestSecond = 253402300799;  // 9999-12-31T23:59:59Z

const std::vector<std::string>& MaskPaths() {
  static const auto* const paths = new std::vector<std::string>{"labels", "priority", "deadline", "pinned"};
  return *paths;
}

bool IsLabelValue(std::string_view value) {
  return value.size() <= kLongestLabel && std::all_of(value.begin(), value.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
         });
}

absl::StatusOr<int> CheckPriority(const std::string& field, int priority) {
  if (priority >= -kLargestPriority && priority <= kLargestPriority) return priority;
  return FieldError(field, absl::StrCat("is ", priority, "; valid: -", kLargestPriority, " to ", kLargestPriority));
}

absl::StatusOr<std::map<std::string, std::string>> CheckLabels(
    const std::string& field, const google::protobuf::Map<std::string, std::string>& labels) {
  // Sorted, so that the first error does not depend on the map's order.
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  for (const auto& [name, value] : sorted) {
    if (!IsLabelName(name)) {
      return FieldError(field, absl::StrCat("'", name, "' is no label's name; ", ToAbsl(kLabelNameRule)));
    }
    if (!IsLabelValue(value)) {
      return FieldError(absl::StrCat(field, ".", name), absl::StrCat("is '", value, "'; valid: at most ", kLongestLabel,
                                                                     " letters, digits, '_', '-' and '.'"));
    }
  }
  if (sorted.size() > kMostLabels) {
    return FieldError(field, absl::StrCat("has ", sorted.size(), " labels; valid: at most ", kMostLabels));
  }
  return sorted;
}

absl::StatusOr<absl::Time> CheckDeadline(const std::string& field, const google::protobuf::Timestamp& deadline,
                                         absl::Time now) {
  if (deadline.seconds() > kLatestSecond || deadline.nanos() < 0 || deadline.nanos() > 999999999) {
    return FieldError(field, "is no time; valid: up to the year 9999, nanos 0 to 999999999");
  }
  const absl::Time time = TimeOf(deadline);
  if (time > now) return time;
  return FieldError(field, absl::StrCat("is in the past; it is ",
                                        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", now, absl::UTCTimeZone()), " now"));
}

absl::StatusOr<absl::Time> CheckDeadlineAfter(const google::protobuf::Duration& after, absl::Time now) {
  const bool is_positive = after.seconds() > 0 || (after.seconds() == 0 && after.nanos() > 0);
  if (!is_positive || after.nanos() < 0 || after.seconds() > kLatestSecond - absl::ToUnixSeconds(now)) {
    return FieldError("deadline_after", "is out of range; valid: above 0, to the year 9999");
  }
  return now + DurationOf(after);
}

absl::StatusOr<std::set<std::string>> PathsOf(const v1::UpdateJobRequest& request) {
  std::set<std::string> paths;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "*") return std::set<std::string>(MaskPaths().begin(), MaskPaths().end());
    if (std::find(MaskPaths().begin(), MaskPaths().end(), path) == MaskPaths().end()) {
      return FieldError("update_mask", absl::StrCat("'", path, "' cannot be updated", SuggestName(path, MaskPaths())));
    }
    paths.insert(path);
  }
  if (request.update_mask().paths_size() != 0) return paths;
  const v1::Job& job = request.job();
  if (!job.labels().empty()) paths.insert("labels");
  if (job.priority() != 0) paths.insert("priority");
  if (job.has_deadline()) paths.insert("deadline");
  if (job.pinned()) paths.insert("pinned");
  if (!paths.empty() || request.has_deadline_after()) return paths;
  return FieldError("update_mask",
                    absl::StrCat("is empty, as is what it is for; valid: ", absl::StrJoin(MaskPaths(), ", ")));
}

}  // namespace

bool IsLabelName(std::string_view name) {
  if (name.empty() || name.size() > kLongestLabel || !absl::ascii_islower(static_cast<unsigned char>(name[0]))) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_' || c == '-';
  });
}

absl::StatusOr<JobSettings> SettingsOf(const v1::CreateJobRequest& request, absl::Time now) {
  JobSettings settings;
  ASSIGN_OR_RETURN(settings.priority, CheckPriority("priority", request.priority()));
  ASSIGN_OR_RETURN(settings.labels, CheckLabels("labels", request.labels()));
  if (request.has_deadline()) {
    ASSIGN_OR_RETURN(settings.deadline, CheckDeadline("deadline", request.deadline(), now));
  }
  if (request.has_deadline_after()) {
    ASSIGN_OR_RETURN(settings.deadline, CheckDeadlineAfter(request.deadline_after(), now));
  }
  return settings;
}

absl::StatusOr<JobChange> ChangeOf(const v1::UpdateJobRequest& request, absl::Time now) {
  JobChange change;
  const v1::Job& job = request.job();
  ASSIGN_OR_RETURN(const std::set<std::string> paths, PathsOf(request));
  if (paths.contains("priority")) {
    ASSIGN_OR_RETURN(change.priority, CheckPriority("job.priority", job.priority()));
  }
  if (paths.contains("labels")) {
    ASSIGN_OR_RETURN(change.labels, CheckLabels("job.labels", job.labels()));
  }
  if (paths.contains("pinned")) change.pinned = job.pinned();
  if (paths.contains("deadline") && request.has_deadline_after()) {
    return FieldError("deadline_after", "cannot be given together with job.deadline");
  }
  if (paths.contains("deadline")) {
    change.deadline.emplace();
    if (job.has_deadline()) {
      ASSIGN_OR_RETURN(*change.deadline, CheckDeadline("job.deadline", job.deadline(), now));
    }
  }
  if (request.has_deadline_after()) {
    ASSIGN_OR_RETURN(change.deadline, CheckDeadlineAfter(request.deadline_after(), now));
  }
  return change;
}

void SetSettings(const JobSettings& settings, v1::Job* job) {
  job->set_priority(settings.priority);
  job->mutable_labels()->insert(settings.labels.begin(), settings.labels.end());
  if (settings.deadline) SetTimestamp(*settings.deadline, job->mutable_deadline());
  job->set_pinned(settings.pinned);
}

}  // namespace oneloop
