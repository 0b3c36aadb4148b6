#ifndef ONELOOP_CLIENT_ASSIGNMENTS_H_
#define ONELOOP_CLIENT_ASSIGNMENTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/map.h"

namespace oneloop {

// "pe_dim=16", "area_mm2<=4"
struct Assignment {
  std::string name;
  double value = 0;
};

// A usage error of `command` for anything but NAME<separator>NUMBER; it shows `example`.
absl::StatusOr<Assignment> ParseAssignment(const std::string& command, const std::string& flag, const std::string& text,
                                           const std::string& separator, const std::string& example);

// The values of a repeated --fix NAME=VALUE; also refuses a name that is fixed twice.
absl::Status ParseFixed(const std::string& command, const std::vector<std::string>& texts,
                        google::protobuf::Map<std::string, double>* values);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_ASSIGNMENTS_H_
