#ifndef ONELOOP_COMMON_FORMATS_IMPORT_H_
#define ONELOOP_COMMON_FORMATS_IMPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/formats/import_options.h"
#include "oneloop/v1/workload_import.pb.h"

namespace oneloop {

// The kinds of files that hold workloads.
enum class WorkloadFormat {
  kOneLoop,   // YAML as in data/workloads
  kOnnx,      // *.onnx
  kTimeloop,  // YAML with a `problem`; a folder of such files is one workload
  kZigzag,    // YAML with a list of layers
  kScaleSim,  // *.csv
  kMaestro,   // *.m
};

// By its name and, for YAML, by what it holds; kOneLoop for a file that is not there or cannot be read as any other.
WorkloadFormat DetectWorkloadFormat(const std::string& path);

// Reads a file, or a folder of Timeloop's layers, as a workload, by its format. Errors begin with the file's path, or
// with FILE:LINE where it is text: those of the format's reader; INVALID_ARGUMENT for options that the format has no
// use for. What is returned converts to the domain without error. Thread-safe.
absl::StatusOr<v1::WorkloadImport> ImportWorkload(const std::string& path, const ImportOptions& options);

// Fills in products, layers and MACs from the layers of a workload whose source says no more of them.
v1::WorkloadImport ImportOf(v1::Workload workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_IMPORT_H_
