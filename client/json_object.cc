#include "client/json_object.h"

#include <cmath>

namespace oneloop {

void SetNumber(const std::string& name, double value, JsonObject* object) {
  google::protobuf::Value& field = (*object->mutable_fields())[name];
  if (std::isfinite(value)) {
    field.set_number_value(value);
  } else {
    field.set_null_value(google::protobuf::NULL_VALUE);
  }
}

void SetText(const std::string& name, const std::string& value, JsonObject* object) {
  (*object->mutable_fields())[name].set_string_value(value);
}

JsonObject* SubObject(const std::string& name, JsonObject* parent) {
  return (*parent->mutable_fields())[name].mutable_struct_value();
}

JsonObject* AddObject(const std::string& list, JsonObject* parent) {
  return (*parent->mutable_fields())[list].mutable_list_value()->add_values()->mutable_struct_value();
}

}  // namespace oneloop
