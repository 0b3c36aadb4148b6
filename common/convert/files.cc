#include "common/convert/files.h"

#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/yaml.h"

namespace oneloop {
namespace {

absl::Status Check(const v1::Workload& message) {
  RETURN_IF_ERROR(CheckLayerNames(message));
  return WorkloadFromProto(message).status();
}
absl::Status Check(const v1::Template& message) { return TemplateFromProto(message).status(); }
absl::Status Check(const v1::Calibration& message) {
  if (!IsValidName(message.name())) return FieldError("name", "is no valid name");
  if (message.template_name().empty()) return FieldError("template_name", "is missing");
  return message.model().empty() ? FieldError("model", "is missing") : absl::OkStatus();
}

template <class Message>
absl::StatusOr<Message> ReadText(std::string_view text, const std::string& file) {
  Message message;
  YamlSource source;
  RETURN_IF_ERROR(ReadYamlText(text, file, &message, &source));
  RETURN_IF_ERROR(source.Annotate(Check(message)));
  return message;
}

template <class Message>
absl::StatusOr<Message> ReadFile(const std::string& path) {
  Message message;
  YamlSource source;
  RETURN_IF_ERROR(ReadYamlFile(path, &message, &source));
  RETURN_IF_ERROR(source.Annotate(Check(message)));
  return message;
}

}  // namespace

absl::StatusOr<v1::Workload> ReadWorkloadFile(const std::string& path) { return ReadFile<v1::Workload>(path); }
absl::StatusOr<v1::Template> ReadTemplateFile(const std::string& path) { return ReadFile<v1::Template>(path); }
absl::StatusOr<v1::Calibration> ReadCalibrationFile(const std::string& path) { return ReadFile<v1::Calibration>(path); }

absl::StatusOr<v1::Workload> ReadWorkloadText(std::string_view text, const std::string& file) {
  return ReadText<v1::Workload>(text, file);
}
absl::StatusOr<v1::Template> ReadTemplateText(std::string_view text, const std::string& file) {
  return ReadText<v1::Template>(text, file);
}

}  // namespace oneloop
