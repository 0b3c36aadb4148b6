#include "client/input_file.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/utf8.h"
#include "common/base/read_file.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// More than any table of measurements, and little enough for any machine.
constexpr std::size_t kMostBytes = 256 << 20;

absl::Status CheckUtf8(std::string_view text, const std::string& file) {
  const std::string_view good = text.substr(0, Utf8Prefix(text));
  if (good.size() == text.size()) return absl::OkStatus();
  const auto line = 1 + std::count(good.begin(), good.end(), '\n');
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": not UTF-8 text"));
}

}  // namespace

bool IsFileArgument(const std::string& argument) {
  if (argument.find('/') != std::string::npos) return true;
  for (const char* const ending : {".yaml", ".yml", ".json", ".onnx", ".csv", ".m"}) {
    if (argument.ends_with(ending)) return true;
  }
  std::error_code ignored;
  return std::filesystem::is_regular_file(argument, ignored);
}

absl::Status InputFile::Read(const std::string& path, const std::string& field, google::protobuf::Message* message) {
  RETURN_IF_ERROR(ReadYamlFile(path, message, &source_));
  field_ = field;
  return absl::OkStatus();
}

absl::Status InputFile::Locate(const absl::Status& status) const {
  const std::string field = FieldOf(status);
  if (field_.empty() || !field.starts_with(field_)) return status;
  std::string_view inner = std::string_view(field).substr(field_.size());
  if (!inner.empty() && inner.front() != '.') return status;
  if (!inner.empty()) inner.remove_prefix(1);
  const absl::Status located = source_.Annotate(FieldError(inner, DescriptionOf(status)));
  return absl::Status(status.code(), located.message());
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path, std::istream& standard_input) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(standard_input), {});
  } else {
    ASSIGN_OR_RETURN(text, ReadFile(path, kMostBytes));
  }
  RETURN_IF_ERROR(CheckUtf8(text, path));
  return text;
}

}  // namespace oneloop
