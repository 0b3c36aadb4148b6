#include "common/convert/convert.h"
#include "common/formats/onnx_import.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// Whatever bytes are read as a model, with symbols bound and not, the workload that comes of them is valid and its MACs
// are those of its layers.
TEXT_FUZZER(input) {
  for (const bool bound : {false, true}) {
    ImportOptions options;
    if (bound) options.symbols["x[0]"] = 2;
    const absl::StatusOr<v1::WorkloadImport> result = ImportOnnxBytes(input, "m.onnx", options);
    CheckAnswer(result.status());
    if (!result.ok()) continue;
    const absl::StatusOr<Workload> workload = WorkloadFromProto(result->workload());
    Check(workload.ok(), "a workload that was imported converts");
    std::int64_t count = 0;
    for (const Layer& layer : workload->layers) count += layer.count;
    Check(count == result->layers(), "every product is in a layer");
  }
}

}  // namespace oneloop
