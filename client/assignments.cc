#include "client/assignments.h"

#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "client/numbers.h"
#include "common/base/status.h"

namespace oneloop {

absl::StatusOr<Assignment> ParseAssignment(const std::string& command, const std::string& flag, const std::string& text,
                                           const std::string& separator, const std::string& example) {
  const std::size_t position = text.find(separator);
  const std::string name(absl::StripAsciiWhitespace(text.substr(0, position)));
  if (position == std::string::npos || name.empty()) {
    return UsageError(
        command, absl::StrCat("--", flag, " ", text, ": expected NAME", separator, "NUMBER, for example ", example));
  }
  const std::string number(absl::StripAsciiWhitespace(text.substr(position + separator.size())));
  const std::optional<double> value = ParseNumber(number);
  if (!value.has_value()) {
    return UsageError(command, absl::StrCat("--", flag, " ", text, ": '", number, "' is not a finite number"));
  }
  return Assignment{name, *value};
}

absl::Status ParseFixed(const std::string& command, const std::vector<std::string>& texts,
                        google::protobuf::Map<std::string, double>* values) {
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(const Assignment fixed, ParseAssignment(command, "fix", text, "=", "pe_dim=16"));
    if (values->contains(fixed.name)) {
      return UsageError(command, absl::StrCat("--fix ", text, ": ", fixed.name, " is fixed twice"));
    }
    (*values)[fixed.name] = fixed.value;
  }
  return absl::OkStatus();
}

}  // namespace oneloop
