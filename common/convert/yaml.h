#ifndef ONELOOP_COMMON_CONVERT_YAML_H_
#define ONELOOP_COMMON_CONVERT_YAML_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/convert/yaml_document.h"
#include "google/protobuf/message.h"

namespace oneloop {

// Where the fields of a message stand in the YAML text that it was read from. Paths are those of FieldError:
// "levels[2].keeps[0]", "fixed_parameters.pe_dim". A value type.
class YamlSource {
 public:
  YamlSource() = default;
  explicit YamlSource(std::string file) : file_(std::move(file)) {}

  // The same error with "FILE:LINE:COL: " in front, the place of its field (see FieldOf) or, for a field that the
  // text lacks, of the nearest field around it. Other fields that the error speaks of get their lines, too, if they are
  // in lists: "layers[0].name (line 3)". Code and payload stay; OK stays OK.
  absl::Status Annotate(const absl::Status& status) const;

  const std::string& file() const { return file_; }
  void Record(const std::string& path, YamlPosition position) { positions_.emplace(path, position); }

 private:
  // Of the field, or of the nearest around it that is in the text.
  YamlPosition PositionOf(std::string_view path) const;
  // `at`, the place of the field, becomes that of what is around it when another field has the same.
  std::string WithLines(std::string_view text, std::string_view field, YamlPosition* at) const;

  std::string file_;
  std::map<std::string, YamlPosition, std::less<>> positions_;
};

// Reads YAML into any message by reflection; the message type is the only schema. Maps become messages (keys are the
// fields' proto names) or proto maps, lists become repeated fields; one text alone stands for a list of one. Scalars:
// - whole numbers: decimal digits with an optional "-"; 7.0, 1e3, 0x10, 010, 1_000 and "7" in quotes are refused,
//   as are values beyond the field's type
// - other numbers: decimal, 1.5 or 2e-3; no infinities
// - booleans: true, false
// - enumerations: a value's name, in either case
// - text: any scalar; plain numbers are taken as they are written
// A message of whole numbers alone (Bounds) may be a list: of its first fields in their order, [3, 3, 56, 56, 64, 64,
// 1], or of maps, [R: 3, S: 3]. An empty value (nothing, ~, null) is an error. Anchors, aliases and merge keys work;
// tags do not. JSON is YAML.
//
// INVALID_ARGUMENT "FILE:LINE:COL: FIELD: ..." for the first unknown or doubled key, wrong type or bad value, and for
// what YamlDocument refuses; after an error `message` and `source` are as before. `source` may be null. Thread-safe.
absl::Status ReadYamlText(std::string_view text, const std::string& file, google::protobuf::Message* message,
                          YamlSource* source);

// As above, and the errors of ReadFile.
absl::Status ReadYamlFile(const std::string& path, google::protobuf::Message* message, YamlSource* source);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_YAML_H_
