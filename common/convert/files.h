#ifndef ONELOOP_COMMON_CONVERT_FILES_H_
#define ONELOOP_COMMON_CONVERT_FILES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "oneloop/v1/calibration.pb.h"
#include "oneloop/v1/template.pb.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// Files that people write, read and fully checked: what these return converts to the domain without error. Errors
// begin with "FILE:LINE:COL: "; codes as ReadYamlFile, and INVALID_ARGUMENT as WorkloadFromProto or
// TemplateFromProto.
absl::StatusOr<v1::Workload> ReadWorkloadFile(const std::string& path);
absl::StatusOr<v1::Template> ReadTemplateFile(const std::string& path);

// A calibration that `oneloop calibrations NAME --yaml` printed: name, template and model are there. Whether the model
// fits its template is not looked at.
absl::StatusOr<v1::Calibration> ReadCalibrationFile(const std::string& path);

// The same for a text; `file` serves in errors only.
absl::StatusOr<v1::Workload> ReadWorkloadText(std::string_view text, const std::string& file);
absl::StatusOr<v1::Template> ReadTemplateText(std::string_view text, const std::string& file);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_FILES_H_
