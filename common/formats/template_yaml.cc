#include "common/formats/template_yaml.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/base/printable_text.h"
#include "common/formats/message_yaml.h"

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;

constexpr YamlPlain kPlain = YamlPlain::kFormulas;

bool IsListOfMessages(const FieldDescriptor& field) {
  return field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// A field a line; lists of messages an item a line. The first line begins with `first`, the others with `indent`.
void AppendFields(const google::protobuf::Message& message, const std::string& first, const std::string& indent,
                  std::string* text) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  bool is_first = true;
  for (const FieldDescriptor* field : fields) {
    absl::StrAppend(text, is_first ? first : indent, field->name(), ":");
    is_first = false;
    if (!IsListOfMessages(*field)) {
      absl::StrAppend(text, " ", YamlFieldText(message, *field, kPlain), "\n");
      continue;
    }
    absl::StrAppend(text, "\n");
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      absl::StrAppend(text, indent, "  - ", YamlItemText(message, *field, i, kPlain), "\n");
    }
  }
  if (is_first) absl::StrAppend(text, first, "{}\n");
}

}  // namespace

std::string TemplateYaml(const v1::Template& hardware_template, const std::vector<std::string>& comments) {
  std::string text = absl::StrCat(kTemplateYamlHead, "\n");
  for (const std::string& comment : comments) absl::StrAppend(&text, "# ", PrintableText(comment), "\n");
  v1::Template head = hardware_template;
  head.clear_levels();
  AppendFields(head, "", "", &text);
  if (hardware_template.levels().empty()) return text;
  absl::StrAppend(&text, "levels:\n");
  for (const v1::Level& level : hardware_template.levels()) AppendFields(level, "  - ", "    ", &text);
  return text;
}

}  // namespace oneloop
