#include "client/job_settings_flags.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/exit_code.h"
#include "common/base/duration_text.h"
#include "common/base/status.h"

namespace oneloop {

void JobSettingsFlags::Declare(FlagSet* flags) {
  flags->Add("priority", "N", "-100 to 100, among your own jobs: higher goes first; default 0", &priority_,
             "-100 to 100");
  flags->AddRepeated("label", "NAME=VALUE", "a label, for `jobs --filter label.NAME=VALUE`; may be given several times",
                     &labels_);
  flags->Add("deadline", "TIME", "cancel the job then, unless it is over: 2h from now, or 2026-01-31T18:00:00Z",
             &deadline_);
}

absl::StatusOr<std::map<std::string, std::string>> JobSettingsFlags::Labels() const {
  std::map<std::string, std::string> labels;
  for (const std::string& text : labels_) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(command_, absl::StrCat("--label ", text, ": expected NAME=VALUE, for example chip=a1"));
    }
    if (!labels.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      return UsageError(command_, absl::StrCat("--label ", text, ": ", text.substr(0, equals), " is given twice"));
    }
  }
  return labels;
}

absl::StatusOr<JobSettingsFlags::Deadline> JobSettingsFlags::ParseDeadline() const {
  if (const std::optional<absl::Duration> after = ParseDurationText(*deadline_)) {
    google::protobuf::Duration duration;
    duration.set_seconds(absl::ToInt64Seconds(*after));
    return duration;
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, *deadline_, &time, &error)) {
    return UsageError(command_, absl::StrCat("--deadline ", *deadline_,
                                             ": expected a time from now (90s, 30m, 2h, 7d) or a date and time with "
                                             "zone, for example 2026-01-31T18:00:00Z"));
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  return timestamp;
}

absl::Status JobSettingsFlags::Fill(v1::CreateJobRequest* request) const {
  if (priority_) request->set_priority(*priority_);
  ASSIGN_OR_RETURN(const auto labels, Labels());
  request->mutable_labels()->insert(labels.begin(), labels.end());
  if (!deadline_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Deadline deadline, ParseDeadline());
  if (const auto* after = std::get_if<google::protobuf::Duration>(&deadline)) {
    *request->mutable_deadline_after() = *after;
  } else {
    *request->mutable_deadline() = std::get<google::protobuf::Timestamp>(deadline);
  }
  return absl::OkStatus();
}

absl::Status JobSettingsFlags::Fill(v1::UpdateJobRequest* request) const {
  v1::Job* const job = request->mutable_job();
  google::protobuf::FieldMask* const mask = request->mutable_update_mask();
  if (priority_) {
    job->set_priority(*priority_);
    mask->add_paths("priority");
  }
  if (!labels_.empty()) {
    ASSIGN_OR_RETURN(const auto labels, Labels());
    job->mutable_labels()->insert(labels.begin(), labels.end());
    mask->add_paths("labels");
  }
  if (!deadline_) return absl::OkStatus();
  if (*deadline_ == "none") {
    mask->add_paths("deadline");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Deadline deadline, ParseDeadline());
  if (const auto* after = std::get_if<google::protobuf::Duration>(&deadline)) {
    *request->mutable_deadline_after() = *after;
  } else {
    *job->mutable_deadline() = std::get<google::protobuf::Timestamp>(deadline);
    mask->add_paths("deadline");
  }
  return absl::OkStatus();
}

}  // namespace oneloop
