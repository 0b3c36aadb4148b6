#include "common/formats/message_yaml.h"

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

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Whether a text stands for itself in YAML, within brackets too.
bool IsPlain(const std::string& text, YamlPlain plain) {
  const bool formulas = plain == YamlPlain::kFormulas;
  if (text.empty() || !(IsLetter(text[0]) || (formulas && IsDigit(text[0]))) || text.back() == ' ') return false;
  const std::string_view marks = formulas ? "./-+*^ " : "./-";
  for (const char c : text) {
    if (!IsLetter(c) && !IsDigit(c) && marks.find(c) == std::string_view::npos) return false;
  }
  const std::string lower = absl::AsciiStrToLower(text);
  for (const char* const word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return formulas && lower.size() == 1;
  }
  return true;
}

std::string Quoted(const std::string& text, YamlPlain plain) {
  if (IsPlain(text, plain)) return text;
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

// The value of a field, or one of a repeated field.
std::string ValueText(const google::protobuf::Message& message, const FieldDescriptor& field, int index,
                      YamlPlain plain) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return YamlLine(
          repeated ? reflection.GetRepeatedMessage(message, &field, index) : reflection.GetMessage(message, &field),
          plain);
    case FieldDescriptor::CPPTYPE_STRING:
      return Quoted(
          repeated ? reflection.GetRepeatedString(message, &field, index) : reflection.GetString(message, &field),
          plain);
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
std::string MapText(const google::protobuf::Message& message, const FieldDescriptor& field, YamlPlain plain) {
  std::vector<std::string> entries;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const google::protobuf::Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    const google::protobuf::Descriptor& type = *entry.GetDescriptor();
    entries.push_back(absl::StrCat(ValueText(entry, *type.map_key(), -1, plain), ": ",
                                   ValueText(entry, *type.map_value(), -1, plain)));
  }
  std::sort(entries.begin(), entries.end());
  return absl::StrCat("{", absl::StrJoin(entries, ", "), "}");
}

}  // namespace

std::string MessageYaml(const google::protobuf::Message& message) {
  std::string text;
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!field->is_repeated() || field->is_map()) {
      absl::StrAppend(&text, field->name(), ": ", YamlFieldText(message, *field), "\n");
      continue;
    }
    absl::StrAppend(&text, field->name(), ":\n");
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      absl::StrAppend(&text, "  - ", YamlItemText(message, *field, i), "\n");
    }
  }
  return text;
}

std::string YamlLine(const google::protobuf::Message& message, YamlPlain plain) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::string text = "{";
  for (const FieldDescriptor* field : fields) {
    absl::StrAppend(&text, text.size() == 1 ? "" : ", ", field->name(), ": ", YamlFieldText(message, *field, plain));
  }
  return text + "}";
}

std::string YamlFieldText(const google::protobuf::Message& message, const FieldDescriptor& field, YamlPlain plain) {
  if (field.is_map()) return MapText(message, field, plain);
  if (!field.is_repeated()) return ValueText(message, field, -1, plain);
  std::string text = "[";
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", ValueText(message, field, i, plain));
  }
  return text + "]";
}

std::string YamlItemText(const google::protobuf::Message& message, const FieldDescriptor& field, int index,
                         YamlPlain plain) {
  return ValueText(message, field, index, plain);
}

}  // namespace oneloop
