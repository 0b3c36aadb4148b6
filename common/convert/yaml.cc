#include "common/convert/yaml.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/printable_text.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/field_range.h"
#include "google/protobuf/descriptor.h"

namespace oneloop {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

using ScalarValue = std::variant<std::int32_t, std::int64_t, std::uint32_t, std::uint64_t, double, float, bool,
                                 const EnumValueDescriptor*, std::string>;

constexpr std::size_t kMostQuotedCharacters = 40;

std::string Quoted(std::string_view text) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kMostQuotedCharacters && bytes < text.size(); ++i) {
    bytes += FirstCharacter(text.substr(bytes)).length;
  }
  const std::string shown = PrintableText(text.substr(0, bytes));
  return absl::StrCat("'", shown, text.size() > bytes ? "..." : "", "'");
}

std::string Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return node.quoted ? absl::StrCat("the text ", Quoted(node.text)) : Quoted(node.text);
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

std::string JoinField(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

std::string FieldNames(const Descriptor& type, std::vector<std::string>* names) {
  for (int i = 0; i < type.field_count(); ++i) names->push_back(type.field(i)->name());
  return absl::AsciiStrToLower(type.name());
}

bool IsWholeNumber(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

bool IsDecimalNumber(std::string_view text) {
  const auto is_digit = [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); };
  return std::any_of(text.begin(), text.end(), is_digit) && std::all_of(text.begin(), text.end(), [&](char c) {
           return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
         });
}

absl::Status OutOfRange(const YamlNode& node, const FieldDescriptor& field) {
  const FieldRange range = RangeOf(field);
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(node.text), " is out of range; valid: ", range.least, " to ", range.most));
}

template <class T>
absl::StatusOr<ScalarValue> ParseWhole(const YamlNode& node, const FieldDescriptor& field) {
  T value = 0;
  if (node.quoted || !IsWholeNumber(node.text)) {
    return absl::InvalidArgumentError(absl::StrCat("expected a whole number in decimal digits, got ", Describe(node)));
  }
  if (!absl::SimpleAtoi(node.text, &value)) return OutOfRange(node, field);
  return ScalarValue(value);
}

template <class T>
absl::StatusOr<ScalarValue> ParseReal(const YamlNode& node, const FieldDescriptor& field) {
  double value = 0;
  if (node.quoted || !IsDecimalNumber(node.text) || !absl::SimpleAtod(node.text, &value)) {
    return absl::InvalidArgumentError(absl::StrCat("expected a number, got ", Describe(node)));
  }
  if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<T>::max()))) return OutOfRange(node, field);
  return ScalarValue(static_cast<T>(value));
}

absl::StatusOr<ScalarValue> ParseBool(const YamlNode& node) {
  if (!node.quoted && node.text == "true") return ScalarValue(true);
  if (!node.quoted && node.text == "false") return ScalarValue(false);
  return absl::InvalidArgumentError(absl::StrCat("expected true or false, got ", Describe(node)));
}

// The zero value of an enumeration means "absent"; it is accepted but not offered.
absl::StatusOr<ScalarValue> ParseEnum(const YamlNode& node, const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor* value = type.value(i);
    if (value->name() == absl::AsciiStrToUpper(node.text)) return ScalarValue(value);
    if (value->number() != 0) names.push_back(value->name());
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown value ", Quoted(node.text), SuggestName(node.text, names)));
}

absl::StatusOr<ScalarValue> ParseScalar(const YamlNode& node, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return ParseWhole<std::int32_t>(node, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return ParseWhole<std::int64_t>(node, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return ParseWhole<std::uint32_t>(node, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return ParseWhole<std::uint64_t>(node, field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ParseReal<double>(node, field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ParseReal<float>(node, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return ParseBool(node);
    case FieldDescriptor::CPPTYPE_ENUM:
      return ParseEnum(node, *field.enum_type());
    case FieldDescriptor::CPPTYPE_STRING:
      return ScalarValue(node.text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat("expected a map, got ", Describe(node)));
}

// Sets a singular field or appends to a repeated one.
class StoreScalar {
 public:
  StoreScalar(Message* message, const FieldDescriptor* field)
      : message_(message), field_(field), reflection_(*message->GetReflection()), add_(field->is_repeated()) {}

  void operator()(std::int32_t v) const {
    add_ ? reflection_.AddInt32(message_, field_, v) : reflection_.SetInt32(message_, field_, v);
  }
  void operator()(std::int64_t v) const {
    add_ ? reflection_.AddInt64(message_, field_, v) : reflection_.SetInt64(message_, field_, v);
  }
  void operator()(std::uint32_t v) const {
    add_ ? reflection_.AddUInt32(message_, field_, v) : reflection_.SetUInt32(message_, field_, v);
  }
  void operator()(std::uint64_t v) const {
    add_ ? reflection_.AddUInt64(message_, field_, v) : reflection_.SetUInt64(message_, field_, v);
  }
  void operator()(double v) const {
    add_ ? reflection_.AddDouble(message_, field_, v) : reflection_.SetDouble(message_, field_, v);
  }
  void operator()(float v) const {
    add_ ? reflection_.AddFloat(message_, field_, v) : reflection_.SetFloat(message_, field_, v);
  }
  void operator()(bool v) const {
    add_ ? reflection_.AddBool(message_, field_, v) : reflection_.SetBool(message_, field_, v);
  }
  void operator()(const EnumValueDescriptor* v) const {
    add_ ? reflection_.AddEnum(message_, field_, v) : reflection_.SetEnum(message_, field_, v);
  }
  void operator()(const std::string& v) const {
    add_ ? reflection_.AddString(message_, field_, v) : reflection_.SetString(message_, field_, v);
  }

 private:
  Message* message_;
  const FieldDescriptor* field_;
  const Reflection& reflection_;
  bool add_;
};

// Fills messages from nodes. Depth and number of nodes are bounded by YamlDocument.
class MessageReader {
 public:
  explicit MessageReader(YamlSource* source) : source_(*source) {}

  absl::Status ReadMessage(const YamlNode& node, const std::string& path, Message* message) {
    std::set<std::string> seen;
    if (node.kind == YamlNode::Kind::kList && IsTuple(*message->GetDescriptor())) {
      return ReadTuple(node, path, &seen, message);
    }
    if (node.kind != YamlNode::Kind::kMap) return WrongKind(node, path, "a map");
    return ReadEntries(node, path, &seen, message);
  }

 private:
  static bool IsTuple(const Descriptor& type) {
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->is_repeated() || type.field(i)->cpp_type() != FieldDescriptor::CPPTYPE_INT32) return false;
    }
    return true;
  }

  absl::Status ReadTuple(const YamlNode& node, const std::string& path, std::set<std::string>* seen, Message* message) {
    const Descriptor& type = *message->GetDescriptor();
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const YamlNode& item = *node.children[i];
      if (item.kind == YamlNode::Kind::kMap) {
        RETURN_IF_ERROR(ReadEntries(item, path, seen, message));
        continue;
      }
      if (i >= static_cast<std::size_t>(type.field_count())) {
        std::vector<std::string> names;
        FieldNames(type, &names);
        return Error(item, path,
                     absl::StrCat("has more than ", names.size(), " values; valid: ", absl::StrJoin(names, ", "),
                                  ", of which the last may be left out"));
      }
      const FieldDescriptor* field = type.field(static_cast<int>(i));
      if (!seen->insert(field->name()).second) {
        return Error(item, path, absl::StrCat("value ", i + 1, " is ", field->name(), ", which is given twice"));
      }
      RETURN_IF_ERROR(ReadField(item, item, JoinField(path, field->name()), field, message));
    }
    return absl::OkStatus();
  }

  absl::Status ReadEntries(const YamlNode& node, const std::string& path, std::set<std::string>* seen,
                           Message* message) {
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = *node.children[i];
      RETURN_IF_ERROR(CheckKey(key, path, seen));
      const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(key.text);
      if (field == nullptr) return UnknownKey(key, path, *message->GetDescriptor());
      RETURN_IF_ERROR(ReadField(key, *node.children[i + 1], JoinField(path, key.text), field, message));
    }
    return absl::OkStatus();
  }

  absl::Status Error(const YamlNode& at, const std::string& path, const std::string& text) const {
    return LocateError(source_.file(), at.position, FieldError(path, text));
  }

  absl::Status WrongKind(const YamlNode& node, const std::string& path, const std::string& expected) const {
    return Error(node, path, absl::StrCat("expected ", expected, ", got ", Describe(node)));
  }

  absl::Status UnknownKey(const YamlNode& key, const std::string& path, const Descriptor& type) const {
    std::vector<std::string> names;
    const std::string type_name = FieldNames(type, &names);
    return LocateError(
        source_.file(), key.position,
        absl::InvalidArgumentError(absl::StrCat("unknown key ", Quoted(key.text), " in ",
                                                path.empty() ? type_name : path, SuggestName(key.text, names))));
  }

  absl::Status CheckKey(const YamlNode& key, const std::string& path, std::set<std::string>* seen) const {
    if (key.kind != YamlNode::Kind::kScalar) return WrongKind(key, path, "a key");
    if (!seen->insert(key.text).second)
      return Error(key, path, absl::StrCat("key ", Quoted(key.text), " is given twice"));
    return absl::OkStatus();
  }

  absl::Status ReadField(const YamlNode& key, const YamlNode& value, const std::string& path,
                         const FieldDescriptor* field, Message* message) {
    const google::protobuf::OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof != nullptr && message->GetReflection()->HasOneof(*message, oneof)) {
      const FieldDescriptor* other = message->GetReflection()->GetOneofFieldDescriptor(*message, oneof);
      return Error(key, path, absl::StrCat("stands beside '", other->name(), "'; give one of the two"));
    }
    source_.Record(path, key.position);
    if (value.kind == YamlNode::Kind::kNull) return Error(key, path, "has no value");
    if (field->is_map()) return ReadMap(value, path, field, message);
    if (field->is_repeated()) return ReadList(value, path, field, message);
    return ReadValue(value, path, field, message);
  }

  absl::Status ReadList(const YamlNode& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    if (node.kind == YamlNode::Kind::kScalar && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return ReadItem(node, absl::StrCat(path, "[0]"), field, message);
    }
    if (node.kind != YamlNode::Kind::kList) return WrongKind(node, path, "a list");
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      RETURN_IF_ERROR(ReadItem(*node.children[i], absl::StrCat(path, "[", i, "]"), field, message));
    }
    return absl::OkStatus();
  }

  absl::Status ReadItem(const YamlNode& item, const std::string& path, const FieldDescriptor* field, Message* message) {
    source_.Record(path, item.position);
    return ReadValue(item, path, field, message);
  }

  absl::Status ReadMap(const YamlNode& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    if (node.kind != YamlNode::Kind::kMap) return WrongKind(node, path, "a map");
    std::set<std::string> seen;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = *node.children[i];
      RETURN_IF_ERROR(CheckKey(key, path, &seen));
      const std::string entry_path = JoinField(path, key.text);
      source_.Record(entry_path, key.position);
      Message* entry = message->GetReflection()->AddMessage(message, field);
      RETURN_IF_ERROR(ReadValue(key, entry_path, field->message_type()->map_key(), entry));
      RETURN_IF_ERROR(ReadValue(*node.children[i + 1], entry_path, field->message_type()->map_value(), entry));
    }
    return absl::OkStatus();
  }

  // One value of a singular field, or one item of a repeated field.
  absl::Status ReadValue(const YamlNode& node, const std::string& path, const FieldDescriptor* field,
                         Message* message) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const Reflection& reflection = *message->GetReflection();
      return ReadMessage(
          node, path,
          field->is_repeated() ? reflection.AddMessage(message, field) : reflection.MutableMessage(message, field));
    }
    if (node.kind != YamlNode::Kind::kScalar) return WrongKind(node, path, "one value");
    const absl::StatusOr<ScalarValue> value = ParseScalar(node, *field);
    if (!value.ok()) return Error(node, path, oneloop::Message(value.status()));
    std::visit(StoreScalar(message, field), *value);
    return absl::OkStatus();
  }

  YamlSource& source_;
};

}  // namespace

absl::Status YamlSource::Annotate(const absl::Status& status) const {
  if (status.ok()) return status;
  const std::string field = FieldOf(status);
  YamlPosition at = PositionOf(field);
  absl::Status with_lines(status.code(), WithLines(ToString(status.message()), field, &at));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { with_lines.SetPayload(url, payload); });
  return LocateError(file_, at, with_lines);
}

YamlPosition YamlSource::PositionOf(std::string_view path) const {
  while (!path.empty()) {
    if (const auto found = positions_.find(path); found != positions_.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return {};
}

std::string YamlSource::WithLines(std::string_view text, std::string_view field, YamlPosition* at) const {
  const auto belongs = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  std::string result;
  while (!text.empty()) {
    std::size_t length = 0;
    while (length < text.size() &&
           (belongs(text[length]) || text[length] == '.' || text[length] == '[' || text[length] == ']')) {
      ++length;
    }
    const std::string_view word = text.substr(0, std::max<std::size_t>(length, 1));
    absl::StrAppend(&result, ToAbsl(word));
    if (word != field && word.find('[') != std::string_view::npos && positions_.contains(word)) {
      YamlPosition other = PositionOf(word);
      if (other == *at) {
        // Both come from one place by aliases: what has them stands in two.
        other = PositionOf(word.substr(0, word.rfind('.')));
        *at = PositionOf(field.substr(0, field.rfind('.')));
      }
      absl::StrAppend(&result, " (line ", other.line, ")");
    }
    text.remove_prefix(word.size());
  }
  return result;
}

absl::Status ReadYamlText(std::string_view text, const std::string& file, google::protobuf::Message* message,
                          YamlSource* source) {
  ASSIGN_OR_RETURN(const YamlDocument document, YamlDocument::Parse(text, file));
  YamlSource positions(file);
  const std::unique_ptr<google::protobuf::Message> fresh(message->New());
  RETURN_IF_ERROR(MessageReader(&positions).ReadMessage(document.root(), "", fresh.get()));
  message->GetReflection()->Swap(message, fresh.get());
  if (source != nullptr) *source = std::move(positions);
  return absl::OkStatus();
}

absl::Status ReadYamlFile(const std::string& path, google::protobuf::Message* message, YamlSource* source) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxYamlBytes));
  return ReadYamlText(text, path, message, source);
}

}  // namespace oneloop
