#ifndef ONELOOP_CLIENT_JSON_OBJECT_H_
#define ONELOOP_CLIENT_JSON_OBJECT_H_

#include <string>

#include "google/protobuf/struct.pb.h"

namespace oneloop {

// JSON that is no message of the API, put together field by field and printed by JsonPrinter.
using JsonObject = google::protobuf::Struct;

// JSON has no infinity: a figure that is not finite is null.
void SetNumber(const std::string& name, double value, JsonObject* object);
void SetText(const std::string& name, const std::string& value, JsonObject* object);
// The object of this name, made if need be.
JsonObject* SubObject(const std::string& name, JsonObject* parent);
// A new last element of the list of this name, made if need be.
JsonObject* AddObject(const std::string& list, JsonObject* parent);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_JSON_OBJECT_H_
