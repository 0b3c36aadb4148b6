#include "common/formats/workload_yaml.h"

#include "absl/strings/str_cat.h"
#include "common/formats/message_yaml.h"

namespace oneloop {

std::string WorkloadYaml(const v1::Workload& workload) {
  return absl::StrCat(kWorkloadYamlHead, "\n", MessageYaml(workload));
}

}  // namespace oneloop
