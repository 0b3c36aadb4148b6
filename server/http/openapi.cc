#include "server/http/openapi.h"

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "oneloop/v1/model_service.pb.h"
#include "server/handlers/server_info.h"
#include "server/http/browser_guard.h"
#include "server/http/http_error.h"
#include "server/http/http_sessions.h"
#include "server/http/route_table.h"

namespace oneloop {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Json = nlohmann::ordered_json;

// Schemas by message, and messages that are referred to and still to be described.
class Schemas {
 public:
  Json RefTo(const Descriptor& message) {
    const std::string& name = message.full_name();
    if (name == "google.protobuf.Timestamp") return {{"type", "string"}, {"format", "date-time"}};
    if (name == "google.protobuf.Duration") return {{"type", "string"}, {"example", "3.5s"}};
    if (name == "google.protobuf.FieldMask") return {{"type", "string"}, {"example", "labels,priority"}};
    if (name == "google.protobuf.Empty") return {{"type", "object"}};
    if (known_.insert(&message).second) waiting_.push_back(&message);
    return {{"$ref", absl::StrCat("#/components/schemas/", name)}};
  }

  // Of a field's value, as proto3 JSON has it.
  Json Of(const FieldDescriptor& field) {
    if (field.is_map()) {
      return {{"type", "object"}, {"additionalProperties", OfOne(*field.message_type()->FindFieldByNumber(2))}};
    }
    if (field.is_repeated()) return {{"type", "array"}, {"items", OfOne(field)}};
    return OfOne(field);
  }

  Json TakeAll() {
    Json all = Json::object();
    while (!waiting_.empty()) {
      const Descriptor* const message = waiting_.back();
      waiting_.pop_back();
      Json properties = Json::object();
      for (int i = 0; i < message->field_count(); ++i) properties[message->field(i)->name()] = Of(*message->field(i));
      all[message->full_name()] = {
          {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    }
    return all;
  }

 private:
  Json OfOne(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return {{"type", "integer"}, {"format", "int32"}};
      case FieldDescriptor::CPPTYPE_UINT32:
        return {{"type", "integer"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_INT64:
        return {{"type", "string"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "string"}, {"format", "uint64"}};
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        return {{"oneOf", {{{"type", "number"}}, {{"type", "string"}, {"enum", {"Infinity", "-Infinity", "NaN"}}}}}};
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case FieldDescriptor::CPPTYPE_STRING:
        return {{"type", "string"}};
      case FieldDescriptor::CPPTYPE_ENUM: {
        Json names = Json::array();
        for (int i = 0; i < field.enum_type()->value_count(); ++i) names.push_back(field.enum_type()->value(i)->name());
        return {{"type", "string"}, {"enum", std::move(names)}};
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return RefTo(*field.message_type());
    }
    return {};
  }

  std::set<const Descriptor*> known_;
  std::vector<const Descriptor*> waiting_;
};

// "/v1/projects/{project}/jobs/{job}:cancel", and the names in braces.
std::string PathOf(const RoutePattern& pattern, std::vector<std::string>* names) {
  std::vector<std::string> segments = pattern.segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i] != "*") continue;
    std::string name = i > 0 ? segments[i - 1] : "name";
    if (name.ends_with('s')) name.pop_back();
    names->push_back(name);
    segments[i] = absl::StrCat("{", name, "}");
  }
  std::string path = absl::StrCat("/", absl::StrJoin(segments, "/"));
  if (!pattern.action.empty()) absl::StrAppend(&path, ":", pattern.action);
  return path;
}

bool IsQueryField(const FieldDescriptor& field) {
  if (field.is_map()) return false;
  return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
         field.message_type()->full_name().starts_with("google.protobuf.");
}

Json Parameters(const Method& method, const HttpRoute& route, const RoutePattern& pattern,
                const std::vector<std::string>& names, Schemas* schemas) {
  Json parameters = Json::array();
  for (const std::string& name : names) {
    parameters.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  if (route.verb != HttpVerb::kGet) {
    parameters.push_back(
        {{"name", kChangeHeader}, {"in", "header"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  if (route.body == "*") return parameters;
  const Descriptor& request = *method.request->GetDescriptor();
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (field.name() == pattern.field || field.name() == route.body || !IsQueryField(field)) continue;
    parameters.push_back({{"name", field.name()}, {"in", "query"}, {"schema", schemas->Of(field)}});
  }
  return parameters;
}

Json Content(Json schema) { return {{kJsonType, {{"schema", std::move(schema)}}}}; }

Json Operation(const Method& method, const HttpRoute& route, const RoutePattern& pattern,
               const std::vector<std::string>& names, Schemas* schemas) {
  const Descriptor& request = *method.request->GetDescriptor();
  Json operation = {{"operationId", method.name}, {"tags", {method.service}}};
  operation["parameters"] = Parameters(method, route, pattern, names, schemas);
  if (route.body == "*") {
    operation["requestBody"] = {{"content", Content(schemas->RefTo(request))}};
  } else if (!route.body.empty()) {
    operation["requestBody"] = {{"content", Content(schemas->Of(*request.FindFieldByName(route.body)))}};
  }
  operation["responses"] = {
      {"200", {{"description", "OK"}, {"content", Content(schemas->RefTo(*method.response->GetDescriptor()))}}},
      {"default", {{"description", "An error"}, {"content", Content({{"$ref", "#/components/schemas/Error"}})}}}};
  if (method.news != News::kAlways) operation["responses"]["304"] = {{"description", "Nothing new since the ETag"}};
  return operation;
}

Json ErrorSchema() {
  const Json text = {{"type", "string"}};
  const Json violation = {{"type", "object"}, {"properties", {{"field", text}, {"description", text}}}};
  const Json error = {{"type", "object"},
                      {"properties",
                       {{"code", {{"type", "integer"}}},
                        {"status", text},
                        {"message", text},
                        {"field_violations", {{"type", "array"}, {"items", violation}}},
                        {"retry_delay", text}}}};
  return {{"type", "object"}, {"properties", {{"error", error}}}};
}

}  // namespace

std::string OpenApi(const std::vector<Method>& methods, const Handlers& handlers) {
  Schemas schemas;
  Json paths = Json::object();
  for (const Method& method : methods) {
    if (!method.is_served(handlers)) continue;
    for (const HttpRoute& route : method.http) {
      const RoutePattern pattern = ParseRoute(route.path);
      std::vector<std::string> names;
      const std::string path = PathOf(pattern, &names);
      paths[path][absl::AsciiStrToLower(std::string(VerbName(route.verb)))] =
          Operation(method, route, pattern, names, &schemas);
    }
  }
  Json all = schemas.TakeAll();
  all["Error"] = ErrorSchema();
  const Json document = {{"openapi", "3.0.3"},
                         {"info", {{"title", "OneLoop"}, {"version", ServerVersion()}}},
                         {"security", {{{"token", Json::array()}}, {{"session", Json::array()}}}},
                         {"paths", std::move(paths)},
                         {"components",
                          {{"schemas", std::move(all)},
                           {"securitySchemes",
                            {{"token", {{"type", "http"}, {"scheme", "bearer"}}},
                             {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", kSessionCookie}}}}}}}};
  return document.dump();
}

}  // namespace oneloop
