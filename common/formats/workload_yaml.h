#ifndef ONELOOP_COMMON_FORMATS_WORKLOAD_YAML_H_
#define ONELOOP_COMMON_FORMATS_WORKLOAD_YAML_H_

#include <string>

#include "google/protobuf/message.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// The first line of what WorkloadYaml writes.
inline constexpr char kWorkloadYamlHead[] = "# Written by `oneloop workloads`.";

// A workload as a YAML file that ReadWorkloadText reads back as the same message: a layer, node, tensor or edge a line,
// what is absent left out. Names are quoted where they need it, with everything that a terminal would obey escaped.
std::string WorkloadYaml(const v1::Workload& workload);

// Any message likewise, without a first line that says where it is from: ReadYamlText reads back the same. Fields are a
// line each, and so is each item of a list; maps are in the order of their keys.
std::string MessageYaml(const google::protobuf::Message& message);

// A message on one line, as within such a file: "{name: conv1, count: 2}".
std::string YamlLine(const google::protobuf::Message& message);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_WORKLOAD_YAML_H_
