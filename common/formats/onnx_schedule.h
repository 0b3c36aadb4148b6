#ifndef ONELOOP_COMMON_FORMATS_ONNX_SCHEDULE_H_
#define ONELOOP_COMMON_FORMATS_ONNX_SCHEDULE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "onnx/onnx_pb.h"

namespace oneloop {

using OnnxNodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// "node 'conv0' (Conv)", or by an output where it has no name: "node for 'y' (Conv)".
std::string OnnxNodeText(const onnx::NodeProto& node);

// The nodes of one graph in an order in which each comes after those that produce what it, or a graph inside it, reads:
// their own order as far as that is possible. Names that no node produces are left to whoever runs them.
// INVALID_ARGUMENT when two nodes produce one tensor or nodes wait for each other. Time is linear but for a logarithm;
// no recursion along chains.
absl::StatusOr<std::vector<int>> ScheduleOnnxNodes(const OnnxNodes& nodes);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_SCHEDULE_H_
