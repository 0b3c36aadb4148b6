#include "client/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"

namespace oneloop {

std::string OneLine(std::string_view text) {
  const std::string joined = absl::StrReplaceAll(ToAbsl(text), {{"\n", "; "}});
  return PrintableText(joined);
}

absl::Status RenameField(const absl::Status& status, const std::function<std::string(const std::string&)>& rename) {
  const std::string field = FieldOf(status);
  if (field.empty()) return status;
  const std::string name = rename(field);
  if (name.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(name, ": ", DescriptionOf(status)));
}

absl::Status WithContext(std::string_view context, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status result(status.code(), absl::StrCat(ToAbsl(context), ": ", status.message()));
  if (!FieldOf(status).empty()) return result;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

}  // namespace oneloop
