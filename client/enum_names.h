#ifndef ONELOOP_CLIENT_ENUM_NAMES_H_
#define ONELOOP_CLIENT_ENUM_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace oneloop {

// The values of a proto enum as users write them, in lower case, without the unspecified one: what the daemon can do
// and what the flags offer is one list.
std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor* type);

// The number of a value, in lower or upper case; nothing when there is none of that name.
std::optional<int> EnumNumber(const google::protobuf::EnumDescriptor* type, std::string_view name);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_ENUM_NAMES_H_
