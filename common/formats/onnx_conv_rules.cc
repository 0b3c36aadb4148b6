// Convolutions and transposed convolutions, plain, quantized and fused with what follows them.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "common/formats/onnx_window.h"

namespace oneloop {
namespace {

// Where a kind of convolution has its operands.
struct Operands {
  int input = 0;
  int weights = 1;
  int bias = 2;
  bool channels_last = false;
};

std::int64_t& Bound(LayerShape& shape, Dim dim) { return shape.bounds[static_cast<std::size_t>(dim)]; }

// What its weights say even if extents of the input are not known.
struct Channels {
  std::int64_t in = 1;   // of one group
  std::int64_t out = 1;  // of one group
  std::int64_t groups = 1;
  OnnxDims kernel;
};

absl::StatusOr<Channels> ReadChannels(const OnnxOp& op, const OnnxDims& input, const OnnxDims& weights, bool transposed,
                                      std::size_t channel_axis) {
  if (input.size() < 3 || weights.size() != input.size()) {
    return absl::InvalidArgumentError(absl::StrCat("an input of ", input.size(), " and weights of ", weights.size(),
                                                   " dimensions do not fit together; both need 3 to 5"));
  }
  Channels channels;
  channels.groups = op.Int("group", 1);
  const std::int64_t in = input[channel_axis];
  const std::int64_t groups = channels.groups;
  const std::int64_t joined = weights[transposed ? 0 : 1];
  const std::int64_t others = weights[transposed ? 1 : 0];
  const bool fits = groups >= 1 && (transposed ? in == joined && in % groups == 0 : others % groups == 0) &&
                    (transposed || (in % groups == 0 && in / groups == joined));
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(in, " input channels, weights ", absl::StrJoin(weights, "x"),
                                                   " and group ", groups, " do not fit together"));
  }
  channels.in = in / groups;
  channels.out = transposed ? others : others / groups;
  channels.kernel.assign(weights.begin() + 2, weights.end());
  return channels;
}

// Depth, the first of three axes: its kernel becomes input channels, its output batch.
absl::Status FoldDepth(const WindowAxis& depth, bool transposed, OnnxProduct* product) {
  std::int64_t& channels = Bound(product->shape, Dim::kC);
  std::int64_t& batch = Bound(product->shape, Dim::kN);
  if (__builtin_mul_overflow(channels, depth.kernel, &channels) ||
      __builtin_mul_overflow(batch, transposed ? depth.input : depth.output, &batch)) {
    return absl::InvalidArgumentError("its extents do not fit 63 bits");
  }
  product->note = "3-D: depth of the kernel folded into C, of the output into N";
  return absl::OkStatus();
}

// Which loops run over the axes of a tensor of rank `rank` whose channels are `channels`, "C" or "K".
std::vector<std::string> AxesOf(const LayerShape& shape, std::size_t rank, std::string_view channels,
                                std::size_t channel_axis) {
  const bool grouped = shape.bound(Dim::kG) > 1;
  const bool depthwise = shape.bound(Dim::kC) == 1 && shape.bound(Dim::kK) == 1;
  std::vector<std::string> axes(rank);
  axes[0] = std::string("N");
  const std::size_t last = channel_axis == 1 ? rank - 1 : rank - 2;
  axes[last] = std::string("P");
  if (rank > 3) axes[last - 1] = std::string("Q");
  axes[channel_axis] = !grouped    ? std::string(channels)
                       : depthwise ? std::string("G")
                                   : absl::StrCat("G", ToAbsl(channels));
  return axes;
}

absl::Status Convolve(OnnxOp& op, const Operands& at, bool transposed) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input_tensor, op.Required(at.input));
  ASSIGN_OR_RETURN(const OnnxDims weights, op.Extents(at.weights));
  ASSIGN_OR_RETURN(const OnnxDims input, op.Extents(at.input));
  const std::size_t channel_axis = at.channels_last ? input.size() - 1 : 1;
  ASSIGN_OR_RETURN(const Channels channels, ReadChannels(op, input, weights, transposed, channel_axis));
  const std::ptrdiff_t first = at.channels_last ? 1 : 2;
  const OnnxDims spatial(input.begin() + first, input.end() - (at.channels_last ? 1 : 0));
  ASSIGN_OR_RETURN(const std::vector<WindowAxis> axes, transposed ? ReadTransposedWindow(op, spatial, channels.kernel)
                                                                  : ReadWindow(op, spatial, channels.kernel));
  OnnxProduct product;
  product.shape = WindowShape(axes, transposed);
  product.pads = WindowPads(axes);
  product.input = at.input;
  product.weights = at.weights;
  product.bias = op.Input(at.bias) != nullptr ? at.bias : -1;
  Bound(product.shape, Dim::kN) = input[0];
  Bound(product.shape, Dim::kC) = channels.in;
  Bound(product.shape, Dim::kK) = channels.out;
  Bound(product.shape, Dim::kG) = channels.groups;
  product.weight_elements = ElementCount(weights).value_or(0);
  if (axes.size() == 3) RETURN_IF_ERROR(FoldDepth(axes[0], transposed, &product));
  if (transposed) {
    product.note =
        absl::StrCat(product.note, product.note.empty() ? "" : "; ", "transposed: scatter form, P and Q of the input");
  }
  product.input_axes = AxesOf(product.shape, input.size(), "C", channel_axis);
  product.output_axes = AxesOf(product.shape, input.size(), "K", channel_axis);
  op.products.push_back(std::move(product));
  OnnxDims dims = input;
  dims[channel_axis] = ElementCount({channels.out, channels.groups}).value_or(kUnknownExtent);
  for (std::size_t i = 0; i < axes.size(); ++i) dims[static_cast<std::size_t>(first) + i] = axes[i].output;
  op.SetOutput(0, std::move(dims)).type = input_tensor->type;
  return absl::OkStatus();
}

// A constant convolved with a constant is folded before run time, and may be of any kind.
absl::Status Conv(OnnxOp& op) { return Convolve(op, {0, 1, 2}, false); }
absl::Status ConvInteger(OnnxOp& op) {
  RETURN_IF_ERROR(Convolve(op, {0, 1, -1}, false));
  op.outputs[0].type = onnx::TensorProto::INT32;
  return absl::OkStatus();
}
absl::Status QLinearConv(OnnxOp& op) { return Convolve(op, {0, 3, 8, op.Int("channels_last", 0) != 0}, false); }
absl::Status NhwcConv(OnnxOp& op) { return Convolve(op, {0, 1, 2, true}, false); }
absl::Status ConvTranspose(OnnxOp& op) { return Convolve(op, {0, 1, 2}, true); }

}  // namespace

void AddConvRules(OnnxRuleTable* table) {
  (*table)["Conv"] = Conv;
  (*table)["com.microsoft:FusedConv"] = Conv;
  (*table)["com.microsoft:NhwcFusedConv"] = NhwcConv;
  (*table)["com.microsoft:NhwcConv"] = NhwcConv;
  (*table)["com.ms.internal.nhwc:Conv"] = NhwcConv;
  (*table)["ConvInteger"] = ConvInteger;
  (*table)["QLinearConv"] = QLinearConv;
  (*table)["com.microsoft:QLinearConv"] = QLinearConv;
  (*table)["ConvTranspose"] = ConvTranspose;
}

}  // namespace oneloop
