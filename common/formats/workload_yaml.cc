#include "common/formats/workload_yaml.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/exact_number.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Whether a text stands for itself in YAML, within brackets too.
bool IsPlain(const std::string& text) {
  if (text.empty() || !(absl::ascii_isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_')) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '/' && c != '-')
      return false;
  }
  const std::string lower = absl::AsciiStrToLower(text);
  for (const char* const word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string Quoted(const std::string& text) {
  if (IsPlain(text)) return text;
  std::string quoted = "\"";
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Character character = FirstCharacter(rest);
    if (character.code == '"' || character.code == '\\') {
      absl::StrAppend(&quoted, "\\", ToAbsl(rest.substr(0, 1)));
    } else if (character.is_valid && !IsUnprintable(character.code)) {
      absl::StrAppend(&quoted, ToAbsl(rest.substr(0, character.length)));
    } else {
      absl::StrAppendFormat(&quoted, "\\U%08x", character.code);
    }
    rest.remove_prefix(character.length);
  }
  return quoted + "\"";
}

std::string MessageText(const Message& message);

// The value of a field, or one of a repeated field.
std::string ValueText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                  : reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return Quoted(repeated ? reflection.GetRepeatedString(message, &field, index)
                             : reflection.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(message, &field)->name();
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ExactNumber(repeated ? reflection.GetRepeatedDouble(message, &field, index)
                                  : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(repeated ? reflection.GetRepeatedInt64(message, &field, index)
                                   : reflection.GetInt64(message, &field));
    default:
      return absl::StrCat(reflection.GetInt32(message, &field));
  }
}

// "{pe_dim: 16}"; the order in the message is that of a hash.
std::string MapText(const Message& message, const FieldDescriptor& field) {
  std::vector<std::string> entries;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    const google::protobuf::Descriptor& type = *entry.GetDescriptor();
    entries.push_back(
        absl::StrCat(ValueText(entry, *type.map_key(), -1), ": ", ValueText(entry, *type.map_value(), -1)));
  }
  std::sort(entries.begin(), entries.end());
  return absl::StrCat("{", absl::StrJoin(entries, ", "), "}");
}

std::string FieldText(const Message& message, const FieldDescriptor& field) {
  if (field.is_map()) return MapText(message, field);
  if (!field.is_repeated()) return ValueText(message, field, -1);
  std::string text = "[";
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", ValueText(message, field, i));
  }
  return text + "]";
}

// "{name: conv1, count: 2}"
std::string MessageText(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::string text = "{";
  for (const FieldDescriptor* field : fields) {
    absl::StrAppend(&text, text.size() == 1 ? "" : ", ", field->name(), ": ", FieldText(message, *field));
  }
  return text + "}";
}

}  // namespace

std::string YamlLine(const google::protobuf::Message& message) { return MessageText(message); }

std::string WorkloadYaml(const v1::Workload& workload) {
  return absl::StrCat(kWorkloadYamlHead, "\n", MessageYaml(workload));
}

std::string MessageYaml(const google::protobuf::Message& message) {
  std::string text;
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!field->is_repeated() || field->is_map()) {
      absl::StrAppend(&text, field->name(), ": ", FieldText(message, *field), "\n");
      continue;
    }
    absl::StrAppend(&text, field->name(), ":\n");
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      absl::StrAppend(&text, "  - ", ValueText(message, *field, i), "\n");
    }
  }
  return text;
}

}  // namespace oneloop
