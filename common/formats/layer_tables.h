#ifndef ONELOOP_COMMON_FORMATS_LAYER_TABLES_H_
#define ONELOOP_COMMON_FORMATS_LAYER_TABLES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "oneloop/v1/workload_import.pb.h"

namespace oneloop {

// Layers as other tools list them. Each reader takes a file's text; `file` names the workload and begins errors, which
// are INVALID_ARGUMENT "FILE:LINE: ...". What is returned converts to the domain without error. Thread-safe.

// ZigZag's workload YAML: a list of layers with an equation, relations between its dimensions, and loops. Layers that
// multiply nothing (pooling, additions) are in `others`.
absl::StatusOr<v1::WorkloadImport> ReadZigzagText(std::string_view text, const std::string& file);

// SCALE-Sim's topology: convolutions by the extents of input and filter, or matrix products by M, N and K.
absl::StatusOr<v1::Workload> ReadScaleSimText(std::string_view text, const std::string& file);

// MAESTRO's network description: layers of type CONV, PWCONV, DSCONV, TRCONV, NGCONV, FC and GEMM. Dataflows are left
// out.
absl::StatusOr<v1::Workload> ReadMaestroText(std::string_view text, const std::string& file);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_LAYER_TABLES_H_
