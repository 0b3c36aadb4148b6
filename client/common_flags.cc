#include "client/common_flags.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/exit_code.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() < 20 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void ServerFlag::Declare(FlagSet* flags) { options_.Declare(flags); }

absl::StatusOr<std::unique_ptr<ServiceClient>> ServerFlag::Connect(const Environment& env) const {
  ServerOptions::Sources sources;
  ASSIGN_OR_RETURN(ServiceClient::Options options, options_.Resolve(env, &sources));
  options.tell = [&env](const std::string& text) { PrintNotice(env, text); };
  return ServiceClient::Create(std::move(options));
}

void FormatFlag::Declare(FlagSet* flags) {
  flags->AddChoice("format", {"table", "json", "csv"}, "how to print the result; default table", &format_);
}

OutputFormat FormatFlag::get() const {
  if (format_ == "json") return OutputFormat::kJson;
  return format_ == "csv" ? OutputFormat::kCsv : OutputFormat::kTable;
}

void ProjectFlag::Declare(FlagSet* flags) {
  flags->Add("project", "NAME", "the project; default \"default\"", &project_);
}

absl::StatusOr<std::string> ProjectFlag::Parent() const {
  if (project_.empty() || project_.find('/') != std::string::npos) {
    return UsageError("", absl::StrCat("--project: '", project_, "' is not a project's name"));
  }
  return absl::StrCat("projects/", project_);
}

absl::StatusOr<std::string> ProjectFlag::JobName(const std::string& job) const {
  if (IsNumber(job)) {
    ASSIGN_OR_RETURN(const std::string parent, Parent());
    return absl::StrCat(parent, "/jobs/", job);
  }
  const std::vector<std::string> parts = absl::StrSplit(job, '/');
  if (parts.size() == 4 && parts[0] == "projects" && !parts[1].empty() && parts[2] == "jobs" && IsNumber(parts[3])) {
    return job;
  }
  return UsageError("", absl::StrCat("'", job,
                                     "' is no job: give its number, or its name as in "
                                     "projects/default/jobs/12; `oneloop jobs` lists them"));
}

absl::StatusOr<std::string> ProjectFlag::CalibrationName(const std::string& calibration) const {
  if (calibration.find('/') != std::string::npos) return calibration;
  ASSIGN_OR_RETURN(const std::string parent, Parent());
  return absl::StrCat(parent, "/calibrations/", calibration);
}

std::string JobId(const std::string& job_name) { return job_name.substr(job_name.rfind('/') + 1); }

}  // namespace oneloop
