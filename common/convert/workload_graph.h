#ifndef ONELOOP_COMMON_CONVERT_WORKLOAD_GRAPH_H_
#define ONELOOP_COMMON_CONVERT_WORKLOAD_GRAPH_H_

#include <cstddef>

#include "absl/status/status.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// How large the graph of a workload may be.
inline constexpr int kMaxNodes = 65536;
inline constexpr int kMaxTensors = 262144;
inline constexpr int kMaxEdges = 262144;
inline constexpr int kMaxOthers = 64;              // tensors beside the first of an operator
inline constexpr int kMaxRank = 64;                // extents of a tensor
inline constexpr std::size_t kMaxNameBytes = 256;  // of a node or a tensor

// Whether the graph of a workload hangs together: INVALID_ARGUMENT with the field's path for a name that is missing,
// too long, twice there or not there at all, for numbers out of range, and where the counts of nodes do not add up to
// those of their layers. A workload without graph is valid. The layers have been checked before.
absl::Status CheckWorkloadGraph(const v1::Workload& workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_WORKLOAD_GRAPH_H_
