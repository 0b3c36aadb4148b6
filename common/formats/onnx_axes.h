#ifndef ONELOOP_COMMON_FORMATS_ONNX_AXES_H_
#define ONELOOP_COMMON_FORMATS_ONNX_AXES_H_

#include <string>
#include <utility>
#include <vector>

#include "common/formats/onnx_run.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// Follows the axes of a layer's output past operators: which of its loops run over each axis of what comes then. A
// value type.
class AxisTrace {
 public:
  // `axes` as in OnnxProduct, one for each extent of the output; otherwise nothing is known of them.
  AxisTrace(std::vector<std::string> axes, OnnxDims dims);

  // Past an operator whose result has these extents.
  void Follow(const OnnxStep& step, const OnnxDims& dims);

  // Pairs of the layer's loops and those of another that reads the tensor, whose loops over its axes are `axes`: "K"
  // and "GC" when channels are split into heads.
  std::vector<std::pair<std::string, std::string>> LinksTo(const std::vector<std::string>& axes) const;

 private:
  void Permute(const std::vector<std::int64_t>& order);
  void Reshape(const OnnxDims& dims);

  std::vector<std::string> axes_;  // empty when unknown
  OnnxDims dims_;
};

// A name as it stands in a workload's graph: valid UTF-8 of at most 256 bytes.
std::string ShortName(const std::string& name);

v1::Pads PadsMessage(const OnnxPads& pads);
v1::Window WindowMessage(const LayerShape& window, const OnnxPads& pads);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_AXES_H_
