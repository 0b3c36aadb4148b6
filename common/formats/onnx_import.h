#ifndef ONELOOP_COMMON_FORMATS_ONNX_IMPORT_H_
#define ONELOOP_COMMON_FORMATS_ONNX_IMPORT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/formats/import_options.h"
#include "oneloop/v1/workload_import.pb.h"

namespace oneloop {

// Reads an ONNX model as a workload: its multiplications as layers, those of one shape merged and counted, and the
// graph between them. The workload is valid (see WorkloadFromProto) and named after the file. An extent of width is P
// and of height Q; see docs/WORKLOADS.md for how each operator is counted.
//
// Errors begin with "PATH: ": those of ReadOnnxFile and of OnnxInterpreter; INVALID_ARGUMENT for a model without
// multiplication. Thread-safe.
absl::StatusOr<v1::WorkloadImport> ImportOnnxFile(const std::string& path, const ImportOptions& options);

// The same for bytes in memory; `path` gives the name and serves in errors.
absl::StatusOr<v1::WorkloadImport> ImportOnnxBytes(std::string_view bytes, const std::string& path,
                                                   const ImportOptions& options);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_IMPORT_H_
