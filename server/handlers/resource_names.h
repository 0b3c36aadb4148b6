#ifndef ONELOOP_SERVER_HANDLERS_RESOURCE_NAMES_H_
#define ONELOOP_SERVER_HANDLERS_RESOURCE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace oneloop {

// The names of the API's resources. A project is an IsValidName, a job or point a decimal number. Parsers return
// INVALID_ARGUMENT with `field` and the form that is valid.

struct JobName {
  std::string project;  // "-" stands for any
  std::int64_t id = 0;
};

struct PointName {
  JobName job;
  std::int64_t number = 0;
};

struct DesignName {
  JobName job;
  std::optional<std::int64_t> number;  // none for the best
};

struct CalibrationName {
  std::string project;
  std::string name;
};

absl::StatusOr<std::string> ParseProjectName(std::string_view field, std::string_view name);
absl::StatusOr<JobName> ParseJobName(std::string_view field, std::string_view name);
absl::StatusOr<PointName> ParsePointName(std::string_view field, std::string_view name);
absl::StatusOr<DesignName> ParseDesignName(std::string_view field, std::string_view name);
// Of one project. A name without one, "calibrations/chip", is of the default one.
absl::StatusOr<CalibrationName> ParseCalibrationName(std::string_view field, std::string_view name);
// The part after "workloads/" or "templates/", whatever it is.
absl::StatusOr<std::string> ParseLibraryName(std::string_view field, std::string_view collection,
                                             std::string_view name);

std::string FormatJobName(std::string_view project, std::int64_t id);
std::string FormatPointName(std::string_view project, std::int64_t id, std::int64_t number);
std::string FormatDesignName(std::string_view project, std::int64_t id, std::int64_t number);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_RESOURCE_NAMES_H_
