#include "client/import_flags.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/exit_code.h"
#include "client/numbers.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Names of models may hold "="; numbers do not.
absl::StatusOr<std::pair<std::string, std::string>> Split(const std::string& command, const std::string& flag,
                                                          const std::string& text, const std::string& example) {
  const std::size_t at = text.rfind('=');
  if (at != std::string::npos && at > 0) return std::make_pair(text.substr(0, at), text.substr(at + 1));
  return UsageError(command, absl::StrCat("--", flag, " ", text, ": expected NAME=VALUE, for example ", example));
}

absl::StatusOr<std::int64_t> Extent(const std::string& command, const std::string& flag, const std::string& text,
                                    const std::string& number) {
  const std::optional<std::int64_t> extent = ParseInteger<std::int64_t>(number);
  if (extent.has_value() && *extent >= 0) return *extent;
  return UsageError(command,
                    absl::StrCat("--", flag, " ", text, ": '", number, "' is not a whole number of 0 or more"));
}

}  // namespace

void ImportFlags::Declare(FlagSet* flags) {
  flags->AddRepeated("bind", "NAME=N", "the extent of a symbol of a model's inputs, or of one axis: batch=1, x[0]=1",
                     &bindings_);
  flags->AddRepeated("shape", "NAME=AxBxC", "the shape of a model's input, for example x=1x3x224x224", &shapes_);
  flags->AddRepeated("value", "NAME=X", "the value of a model's input, where shapes hang on it", &values_);
  flags->AddRepeated("skip", "NODE|OP", "leave a node, or all nodes of an operator, out of the workload", &skips_);
}

absl::StatusOr<ImportOptions> ImportFlags::Options() const {
  ImportOptions options;
  for (const std::string& text : bindings_) {
    ASSIGN_OR_RETURN(const auto binding, Split(command_, "bind", text, "batch=1"));
    ASSIGN_OR_RETURN(options.symbols[binding.first], Extent(command_, "bind", text, binding.second));
  }
  for (const std::string& text : shapes_) {
    ASSIGN_OR_RETURN(const auto shape, Split(command_, "shape", text, "x=1x3x224x224"));
    std::vector<std::int64_t>& extents = options.shapes[shape.first];
    extents.clear();
    if (shape.second.empty()) continue;  // a scalar
    for (const absl::string_view number : absl::StrSplit(shape.second, 'x')) {
      ASSIGN_OR_RETURN(const std::int64_t extent, Extent(command_, "shape", text, ToString(number)));
      extents.push_back(extent);
    }
  }
  for (const std::string& text : values_) {
    ASSIGN_OR_RETURN(const auto value, Split(command_, "value", text, "sr=16000"));
    const std::optional<double> number = ParseNumber(value.second);
    if (!number.has_value()) {
      return UsageError(command_, absl::StrCat("--value ", text, ": '", value.second, "' is not a number"));
    }
    options.values[value.first] = *number;
  }
  options.skips.insert(skips_.begin(), skips_.end());
  return options;
}

}  // namespace oneloop
