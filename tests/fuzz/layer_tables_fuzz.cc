#include "common/convert/convert.h"
#include "common/formats/layer_tables.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// ZigZag's, SCALE-Sim's and MAESTRO's files: what is read converts.
TEXT_FUZZER(input) {
  const absl::StatusOr<v1::WorkloadImport> zigzag = ReadZigzagText(input, "z.yaml");
  CheckAnswer(zigzag.status());
  if (zigzag.ok()) Check(WorkloadFromProto(zigzag->workload()).ok(), "layers of ZigZag convert");
  for (const auto& read : {ReadScaleSimText, ReadMaestroText}) {
    const absl::StatusOr<v1::Workload> workload = read(input, "w.m");
    CheckAnswer(workload.status());
    if (workload.ok()) Check(WorkloadFromProto(*workload).ok(), "a table that was read converts");
  }
}

}  // namespace oneloop
