#include "server/http/request_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "server/handlers/deterministic_bytes.h"
#include "server/handlers/parsed_size.h"

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;
using ProtoMessage = google::protobuf::Message;
using Json = nlohmann::json;

constexpr char kTypeUrl[] = "type.googleapis.com";

google::protobuf::util::TypeResolver* Resolver() {
  static auto* const resolver = google::protobuf::util::NewTypeResolverForDescriptorPool(
      kTypeUrl, google::protobuf::DescriptorPool::generated_pool());
  return resolver;
}

std::string TypeUrlOf(const ProtoMessage& message) {
  return absl::StrCat(kTypeUrl, "/", message.GetDescriptor()->full_name());
}

// Hears of a text's parts as they come; keeps the keys of the objects that are open. Does not recur.
class JsonChecker : public nlohmann::json_sax<Json> {
 public:
  const std::string& error() const { return error_; }

  bool null() override { return IsInObject(); }
  bool boolean(bool) override { return IsInObject(); }
  bool number_integer(number_integer_t) override { return IsInObject(); }
  bool number_unsigned(number_unsigned_t) override { return IsInObject(); }
  bool number_float(number_float_t, const string_t&) override { return IsInObject(); }
  bool string(string_t&) override { return IsInObject(); }
  bool binary(binary_t&) override { return IsInObject(); }
  bool start_object(std::size_t) override { return Open(); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return IsInObject() && Open(); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    return keys_.back().insert(name).second || Fail(absl::StrCat("'", name, "' stands twice in one object"));
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string text = error.what();
    return Fail(text.substr(std::min(text.size(), text.find("] ") + 2)));
  }

 private:
  bool Fail(std::string error) {
    error_ = std::move(error);
    return false;
  }
  bool IsInObject() { return !keys_.empty() || Fail("it is no object"); }
  bool Open() {
    if (keys_.size() >= kDeepestJson) return Fail(absl::StrCat("it is nested deeper than ", kDeepestJson, " levels"));
    keys_.emplace_back();
    return true;
  }
  bool Close() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::unordered_set<std::string>> keys_;  // by level
  std::string error_;
};

// "invalid value "x" for type TYPE_INT32" in words of the API.
std::string InOurWords(const std::string& text) {
  return absl::StrReplaceAll(text, {{"invalid value ", "is "},
                                    {" for type TYPE_INT32", "; valid: a whole number of 32 bits"},
                                    {" for type TYPE_INT64", "; valid: a whole number of 64 bits"},
                                    {" for type TYPE_UINT64", "; valid: a whole number from 0, of 64 bits"},
                                    {" for type TYPE_DOUBLE", "; valid: a number"},
                                    {" for type TYPE_BOOL", "; valid: true, false"},
                                    {" for type TYPE_STRING", "; valid: a text"},
                                    {" for type type.googleapis.com/", "; valid: a value of "},
                                    {"Cannot find field.", "there is no such field"}});
}

// protobuf's "(spec.starts): invalid ..." and "(spec) foo: Cannot find field." as an error of the field.
absl::Status FieldErrorOf(const std::string& text) {
  std::size_t colon = text.find(": ");
  if (colon == std::string::npos) return absl::InvalidArgumentError(absl::StrCat("the body: ", text));
  std::string field = absl::StrReplaceAll(text.substr(0, colon), {{"(", ""}, {") ", "."}, {")", ""}});
  if (field.starts_with('.')) field.erase(0, 1);
  const std::string problem = InOurWords(text.substr(colon + 2));
  if (field.empty() || field.find_first_of(" \n") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the body: ", InOurWords(text)));
  }
  return FieldError(field, problem);
}

absl::Status JsonToMessage(std::string_view text, std::int64_t most_parsed_bytes, ProtoMessage* message) {
  std::string bytes;
  google::protobuf::io::ArrayInputStream json(text.data(), static_cast<int>(text.size()));
  google::protobuf::io::StringOutputStream binary(&bytes);
  const auto converted = google::protobuf::util::JsonToBinaryStream(Resolver(), TypeUrlOf(*message), &json, &binary);
  if (!converted.ok()) return FieldErrorOf(std::string(converted.message()));
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  RETURN_IF_ERROR(CheckParsedSize(*message, &stream, most_parsed_bytes));
  if (message->ParseFromString(bytes)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the body is not a valid ", message->GetDescriptor()->full_name()));
}

bool IsText(const FieldDescriptor& field) {
  if (field.is_map()) return false;
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return true;
  const std::string& type = field.message_type()->full_name();
  return type == "google.protobuf.Timestamp" || type == "google.protobuf.Duration" ||
         type == "google.protobuf.FieldMask";
}

}  // namespace

absl::Status CheckJson(std::string_view text) {
  JsonChecker checker;
  if (Json::sax_parse(text, &checker)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the body is no JSON that is taken: ", checker.error()));
}

absl::Status ReadJson(std::string_view text, std::int64_t most_parsed_bytes, ProtoMessage* message) {
  RETURN_IF_ERROR(CheckJson(text));
  return JsonToMessage(text, most_parsed_bytes, message);
}

absl::Status ReadQuery(const std::vector<std::pair<std::string, std::string>>& query, ProtoMessage* message) {
  if (query.empty()) return absl::OkStatus();
  Json object = Json::object();
  for (const auto& [name, value] : query) {
    const FieldDescriptor* const field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || !IsText(*field)) {
      return FieldError(name, "is no parameter of this call");
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && value != "true" && value != "false") {
      return FieldError(name, absl::StrCat("is '", value, "'; valid: true, false"));
    }
    if (field->is_repeated()) {
      object[name].push_back(value);
    } else if (!object.emplace(name, value).second) {
      return FieldError(name, "stands twice in the query");
    }
  }
  std::string text;
  try {
    text = object.dump();
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("the query is not UTF-8");
  }
  const std::unique_ptr<ProtoMessage> part(message->New());
  // It is no larger than a request's head.
  RETURN_IF_ERROR(JsonToMessage(text, /*most_parsed_bytes=*/1 << 20, part.get()));
  message->MergeFrom(*part);
  return absl::OkStatus();
}

absl::StatusOr<std::string> WriteJson(const ProtoMessage& message) {
  const std::string bytes = DeterministicBytes(message);
  std::string text;
  google::protobuf::io::ArrayInputStream binary(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::StringOutputStream json(&text);
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  const auto written =
      google::protobuf::util::BinaryToJsonStream(Resolver(), TypeUrlOf(message), &binary, &json, options);
  if (!written.ok()) {
    return absl::InternalError(absl::StrCat("the ", message.GetDescriptor()->full_name(),
                                            " cannot be sent: ", std::string(written.message())));
  }
  return text;
}

}  // namespace oneloop
