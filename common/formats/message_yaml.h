#ifndef ONELOOP_COMMON_FORMATS_MESSAGE_YAML_H_
#define ONELOOP_COMMON_FORMATS_MESSAGE_YAML_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace oneloop {

// Messages as YAML that ReadYamlText reads back as the same; what is absent is left out. Texts are quoted where they
// need it, with everything that a terminal would obey escaped.

// What is written without quotes: names, and formulas too.
enum class YamlPlain { kNames, kFormulas };

// A line for each field, and for each item of a list.
std::string MessageYaml(const google::protobuf::Message& message);

// On one line: "{name: conv1, count: 2}".
std::string YamlLine(const google::protobuf::Message& message, YamlPlain plain = YamlPlain::kNames);

// The value of a field, all values of a repeated one in brackets, of a map in the order of its keys, on one line.
std::string YamlFieldText(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                          YamlPlain plain = YamlPlain::kNames);

// One value of a repeated field.
std::string YamlItemText(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                         int index, YamlPlain plain = YamlPlain::kNames);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_MESSAGE_YAML_H_
