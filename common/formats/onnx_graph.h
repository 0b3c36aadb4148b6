#ifndef ONELOOP_COMMON_FORMATS_ONNX_GRAPH_H_
#define ONELOOP_COMMON_FORMATS_ONNX_GRAPH_H_

#include <string>
#include <vector>

#include "common/formats/onnx_run.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// Sets nodes, tensors and edges of a workload whose layers are set. `nodes` and `layers` hold the names of node and
// layer for each of run.layers.
//
// An edge leads from what is computed to where it is used, past operators that are not modelled. Where such an operator
// joins tensors, the edge follows the one that was computed last, and on its way one other; of a concatenation all.
// False when edges had to be left out because there are too many.
bool AddOnnxGraph(const OnnxRun& run, const std::vector<std::string>& nodes, const std::vector<std::string>& layers,
                  v1::Workload* workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_GRAPH_H_
