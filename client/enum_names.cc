#include "client/enum_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/base/status.h"

namespace oneloop {

std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) names.push_back(absl::AsciiStrToLower(type->value(i)->name()));
  }
  return names;
}

std::optional<int> EnumNumber(const google::protobuf::EnumDescriptor* type, std::string_view name) {
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() == 0) continue;
    if (absl::EqualsIgnoreCase(type->value(i)->name(), ToAbsl(name))) return type->value(i)->number();
  }
  return std::nullopt;
}

}  // namespace oneloop
