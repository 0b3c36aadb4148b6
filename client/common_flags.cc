#include "client/common_flags.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/exit_code.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// As the daemon's default data directory: see the XDG base directory specification.
absl::StatusOr<std::string> DefaultServer(const Environment& env) {
  const std::optional<std::string> data_home = env.variable("XDG_DATA_HOME");
  if (data_home.has_value() && data_home->starts_with('/')) {
    return absl::StrCat("unix:", *data_home, "/oneloop/oneloop.sock");
  }
  const std::optional<std::string> home = env.variable("HOME");
  if (home.has_value() && !home->empty()) {
    return absl::StrCat("unix:", *home, "/.local/share/oneloop/oneloop.sock");
  }
  return UsageError("", "no daemon is named and HOME is not set: pass --server unix:PATH or --server HOST:PORT");
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() < 20 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void ServerFlag::Declare(FlagSet* flags) {
  flags->Add("server", "ADDRESS", "the daemon, unix:PATH or HOST:PORT; default $ONELOOP_SERVER, else your own",
             &server_);
}

absl::StatusOr<std::unique_ptr<ServiceClient>> ServerFlag::Connect(const Environment& env) const {
  std::string source = "--server";
  std::string address = server_;
  if (address.empty()) {
    source = "ONELOOP_SERVER";
    address = env.variable("ONELOOP_SERVER").value_or("");
  }
  if (address.empty()) {
    source = "the default address";
    ASSIGN_OR_RETURN(address, DefaultServer(env));
  }
  absl::StatusOr<std::unique_ptr<ServiceClient>> client = ServiceClient::Create(address);
  if (!client.ok()) return UsageError("", absl::StrCat(source, ": ", client.status().message()));
  return client;
}

void FormatFlag::Declare(FlagSet* flags) {
  flags->AddChoice("format", {"table", "json", "csv"}, "how to print the result; default table", &format_);
}

OutputFormat FormatFlag::get() const {
  if (format_ == "json") return OutputFormat::kJson;
  return format_ == "csv" ? OutputFormat::kCsv : OutputFormat::kTable;
}

void ProjectFlag::Declare(FlagSet* flags) {
  flags->Add("project", "NAME", "the project of the job; default \"default\"", &project_);
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

std::string JobId(const std::string& job_name) { return job_name.substr(job_name.rfind('/') + 1); }

}  // namespace oneloop
