#ifndef ONELOOP_COMMON_FORMATS_WORKLOAD_YAML_H_
#define ONELOOP_COMMON_FORMATS_WORKLOAD_YAML_H_

#include <string>

#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// The first line of what WorkloadYaml writes.
inline constexpr char kWorkloadYamlHead[] = "# Written by `oneloop workloads`.";

// A workload as a YAML file that ReadWorkloadText reads back as the same message: a layer, node, tensor or edge a line,
// what is absent left out. Names are quoted where they need it, with everything that a terminal would obey escaped.
std::string WorkloadYaml(const v1::Workload& workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_WORKLOAD_YAML_H_
