#include "server/handlers/resource_names.h"

#include <charconv>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/workload/workload.h"
#include "server/store/calibration_store.h"

namespace oneloop {
namespace {

constexpr std::string_view kJobForm = "projects/{project}/jobs/{number}";

absl::Status WrongForm(std::string_view field, std::string_view name, std::string_view form) {
  if (name.empty()) return FieldError(field, absl::StrCat("is missing; valid: ", ToAbsl(form)));
  return FieldError(field, absl::StrCat("is '", ToAbsl(name), "'; valid: ", ToAbsl(form)));
}

std::vector<std::string> Segments(std::string_view name) { return absl::StrSplit(ToAbsl(name), '/'); }

bool IsProject(const std::string& text) { return text == "-" || IsValidName(text); }

// A number as FormatJobName writes it: no sign, no leading zero.
std::optional<std::int64_t> ParseNumber(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || absl::StrCat(value) != text || value < 0) {
    return std::nullopt;
  }
  return value;
}

// Precondition: at least four segments.
std::optional<JobName> JobOf(const std::vector<std::string>& segments) {
  if (segments[0] != "projects" || !IsProject(segments[1]) || segments[2] != "jobs") return std::nullopt;
  const std::optional<std::int64_t> id = ParseNumber(segments[3]);
  if (!id.has_value()) return std::nullopt;
  return JobName{segments[1], *id};
}

}  // namespace

absl::StatusOr<std::string> ParseProjectName(std::string_view field, std::string_view name) {
  const std::vector<std::string> segments = Segments(name);
  if (segments.size() == 2 && segments[0] == "projects" && IsProject(segments[1])) return segments[1];
  return WrongForm(field, name, "projects/{project}, of lower-case letters, digits, '_' and '-'");
}

absl::StatusOr<JobName> ParseJobName(std::string_view field, std::string_view name) {
  const std::vector<std::string> segments = Segments(name);
  if (segments.size() == 4) {
    if (const std::optional<JobName> job = JobOf(segments)) return *job;
  }
  return WrongForm(field, name, kJobForm);
}

absl::StatusOr<PointName> ParsePointName(std::string_view field, std::string_view name) {
  const std::vector<std::string> segments = Segments(name);
  if (segments.size() == 6 && segments[4] == "points") {
    const std::optional<JobName> job = JobOf(segments);
    const std::optional<std::int64_t> number = ParseNumber(segments[5]);
    if (job.has_value() && number.has_value()) return PointName{*job, *number};
  }
  return WrongForm(field, name, absl::StrCat(ToAbsl(kJobForm), "/points/{number}"));
}

absl::StatusOr<DesignName> ParseDesignName(std::string_view field, std::string_view name) {
  const std::vector<std::string> segments = Segments(name);
  if (segments.size() == 6 && segments[4] == "designs") {
    const std::optional<JobName> job = JobOf(segments);
    const std::optional<std::int64_t> number = ParseNumber(segments[5]);
    if (job.has_value() && (number.has_value() || segments[5] == "best")) return DesignName{*job, number};
  }
  return WrongForm(field, name, absl::StrCat(ToAbsl(kJobForm), "/designs/{number}, or 'best' for the number"));
}

absl::StatusOr<CalibrationName> ParseCalibrationName(std::string_view field, std::string_view name) {
  std::vector<std::string> segments = Segments(name);
  if (segments.size() == 2) segments.insert(segments.begin(), {"projects", kDefaultProject});
  if (segments.size() == 4 && segments[0] == "projects" && IsValidName(segments[1]) && segments[2] == "calibrations" &&
      !segments[3].empty()) {
    return CalibrationName{segments[1], segments[3]};
  }
  return WrongForm(field, name, "projects/{project}/calibrations/{name} or calibrations/{name}");
}

absl::StatusOr<std::string> ParseLibraryName(std::string_view field, std::string_view collection,
                                             std::string_view name) {
  const std::vector<std::string> segments = Segments(name);
  if (segments.size() == 2 && segments[0] == collection && !segments[1].empty()) return segments[1];
  return WrongForm(field, name, absl::StrCat(ToAbsl(collection), "/{name}"));
}

std::string FormatJobName(std::string_view project, std::int64_t id) {
  return absl::StrCat("projects/", ToAbsl(project), "/jobs/", id);
}

std::string FormatPointName(std::string_view project, std::int64_t id, std::int64_t number) {
  return absl::StrCat(FormatJobName(project, id), "/points/", number);
}

std::string FormatDesignName(std::string_view project, std::int64_t id, std::int64_t number) {
  return absl::StrCat(FormatJobName(project, id), "/designs/", number);
}

}  // namespace oneloop
