#ifndef ONELOOP_COMMON_FORMATS_ONNX_WINDOW_H_
#define ONELOOP_COMMON_FORMATS_ONNX_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/formats/onnx_op.h"

namespace oneloop {

// One spatial axis of a window that moves over its input: of a convolution or a pooling.
struct WindowAxis {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;
  std::int64_t input = 1;  // extent; kUnknownExtent when not known, and then `output` is neither
  std::int64_t output = 1;
};

// The axes of a window over `input` (spatial extents alone) by the attributes strides, dilations, pads, auto_pad and
// ceil_mode. INVALID_ARGUMENT for numbers that are not valid, and when the window does not fit into the padded input.
absl::StatusOr<std::vector<WindowAxis>> ReadWindow(const OnnxOp& op, const OnnxDims& input, const OnnxDims& kernel);

// The same for a transposed convolution, whose `output` is larger than `input`: output_padding and output_shape too.
absl::StatusOr<std::vector<WindowAxis>> ReadTransposedWindow(const OnnxOp& op, const OnnxDims& input,
                                                             const OnnxDims& kernel);

// Width is the last axis, height the one before: their bounds R and S, P and Q (the output's, or the input's of a
// transposed convolution), strides and dilations; and the pads. A single axis is the width.
LayerShape WindowShape(const std::vector<WindowAxis>& axes, bool transposed);
OnnxPads WindowPads(const std::vector<WindowAxis>& axes);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_WINDOW_H_
