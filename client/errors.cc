#include "client/errors.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "; ";
    } else {
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return line;
}

absl::Status RenameField(const absl::Status& status, const std::function<std::string(const std::string&)>& rename) {
  const std::string field = FieldOf(status);
  if (field.empty()) return status;
  const std::string name = rename(field);
  if (name.empty()) return status;
  std::string text = Message(status);
  if (text.starts_with(field + ": ")) text.erase(0, field.size() + 2);
  return absl::Status(status.code(), absl::StrCat(name, ": ", text));
}

}  // namespace oneloop
