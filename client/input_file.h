#ifndef ONELOOP_CLIENT_INPUT_FILE_H_
#define ONELOOP_CLIENT_INPUT_FILE_H_

#include <istream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/convert/yaml.h"
#include "google/protobuf/message.h"

namespace oneloop {

// Whether NAME|FILE means a file: it has a "/", ends in .yaml, .yml, .json, .onnx, .csv or .m, or a file of that name
// exists.
bool IsFileArgument(const std::string& argument);

// A workload or template that the user keeps in a YAML or JSON file and that travels inside a request, as its field
// `field`
// ("spec.workload").
class InputFile {
 public:
  // Errors name FILE:LINE, or the file when it cannot be read; NOT_FOUND when there is none.
  absl::Status Read(const std::string& path, const std::string& field, google::protobuf::Message* message);

  // Puts FILE:LINE in front of an error about what was read from this file, which then names no field of the request
  // any more; leaves others as they are.
  absl::Status Locate(const absl::Status& status) const;

 private:
  std::string field_;  // "" before Read
  YamlSource source_;
};

// The whole of a file of text, or of `standard_input` for "-". Errors of ReadFile; INVALID_ARGUMENT naming the line
// where it is not UTF-8.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, std::istream& standard_input);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_INPUT_FILE_H_
