#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/formats/workload_yaml.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// What is read converts, and what is converted back is the same workload.
TEXT_FUZZER(input) {
  const absl::StatusOr<v1::Workload> message = ReadWorkloadText(input, "w.yaml");
  CheckAnswer(message.status());
  if (!message.ok()) return;
  const absl::StatusOr<Workload> workload = WorkloadFromProto(*message);
  Check(workload.ok(), "a workload that was read converts");
  const absl::StatusOr<Workload> again = WorkloadFromProto(WorkloadToProto(*workload));
  Check(again.ok() && WorkloadToProto(*again).SerializeAsString() == WorkloadToProto(*workload).SerializeAsString(),
        "a workload survives its message");
  const absl::StatusOr<v1::Workload> written = ReadWorkloadText(WorkloadYaml(*message), "w.yaml");
  Check(written.ok() && written->SerializeAsString() == message->SerializeAsString(),
        "a workload survives being written, its graph too");
}

}  // namespace oneloop
