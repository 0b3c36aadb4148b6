#include "common/convert/convert.h"
#include "common/formats/timeloop.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// A problem that was read is the same after it is written and read again.
TEXT_FUZZER(input) {
  const absl::StatusOr<v1::Workload> workload = ReadTimeloopText(input, "no_such_folder/p.yaml");
  CheckAnswer(workload.status());
  if (!workload.ok()) return;
  Check(WorkloadFromProto(*workload).ok(), "a workload that was read converts");
  for (const auto& [name, text] : TimeloopFiles(*workload)) {
    const absl::StatusOr<v1::Workload> again = ReadTimeloopText(text, name);
    Check(again.ok() && google::protobuf::util::MessageDifferencer::Equals(*again, *workload),
          "a problem survives being written");
  }
}

}  // namespace oneloop
