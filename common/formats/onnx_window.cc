#include "common/formats/onnx_window.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// So that no sum of a few products of extents and steps overflows.
constexpr std::int64_t kMostExtent = std::int64_t{1} << 40;
constexpr std::int64_t kMostStep = std::int64_t{1} << 20;

absl::StatusOr<std::int64_t> Number(const std::optional<std::vector<std::int64_t>>& numbers, std::string_view name,
                                    std::size_t index, std::int64_t least, std::int64_t otherwise) {
  if (!numbers.has_value() || numbers->empty()) return otherwise;
  if (index >= numbers->size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(ToAbsl(name), " has ", numbers->size(), " numbers, fewer than needed"));
  }
  const std::int64_t number = (*numbers)[index];
  if (number >= least && number <= kMostStep) return number;
  return absl::InvalidArgumentError(
      absl::StrCat(ToAbsl(name), " has the number ", number, "; valid: ", least, " to ", kMostStep));
}

// What all windows have.
absl::StatusOr<std::vector<WindowAxis>> ReadAxes(const OnnxOp& op, const OnnxDims& input, const OnnxDims& kernel) {
  if (input.size() != kernel.size() || input.empty() || input.size() > 3) {
    return absl::InvalidArgumentError(absl::StrCat("has a window of ", kernel.size(), " axes over an input of ",
                                                   input.size(), "; 1 to 3 are understood"));
  }
  const auto strides = op.Ints("strides");
  const auto dilations = op.Ints("dilations");
  const auto pads = op.Ints("pads");
  std::vector<WindowAxis> axes(input.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    WindowAxis& axis = axes[i];
    axis.input = input[i];
    axis.kernel = kernel[i];
    if (axis.kernel < 1 || axis.kernel > kMostExtent || axis.input > kMostExtent) {
      return absl::InvalidArgumentError(absl::StrCat("kernel extent ", axis.kernel, " or input extent ", axis.input,
                                                     " of spatial axis ", i, " is not valid"));
    }
    ASSIGN_OR_RETURN(axis.stride, Number(strides, "strides", i, 1, 1));
    ASSIGN_OR_RETURN(axis.dilation, Number(dilations, "dilations", i, 1, 1));
    ASSIGN_OR_RETURN(axis.pad_begin, Number(pads, "pads", i, -kMostStep, 0));
    ASSIGN_OR_RETURN(axis.pad_end, Number(pads, "pads", axes.size() + i, -kMostStep, 0));
  }
  return axes;
}

std::int64_t Reach(const WindowAxis& axis) { return (axis.kernel - 1) * axis.dilation + 1; }

// The pads that make the output as large as input / stride, rounded up.
void PadToSame(bool more_before, std::int64_t total, WindowAxis* axis) {
  total = std::max<std::int64_t>(total, 0);
  axis->pad_begin = more_before ? total - total / 2 : total / 2;
  axis->pad_end = total - axis->pad_begin;
}

}  // namespace

absl::StatusOr<std::vector<WindowAxis>> ReadWindow(const OnnxOp& op, const OnnxDims& input, const OnnxDims& kernel) {
  ASSIGN_OR_RETURN(std::vector<WindowAxis> axes, ReadAxes(op, input, kernel));
  const std::string auto_pad = op.Text("auto_pad", "NOTSET");
  const bool rounds_up = op.Int("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    WindowAxis& axis = axes[i];
    if (axis.input < 0) {
      axis.output = kUnknownExtent;
      continue;
    }
    if (auto_pad == "VALID") axis.pad_begin = axis.pad_end = 0;
    if (auto_pad.starts_with("SAME")) {
      axis.output = (axis.input + axis.stride - 1) / axis.stride;
      PadToSame(auto_pad == "SAME_LOWER", (axis.output - 1) * axis.stride + Reach(axis) - axis.input, &axis);
      continue;
    }
    const std::int64_t free = axis.input + axis.pad_begin + axis.pad_end - Reach(axis);
    if (free < 0) {
      return absl::InvalidArgumentError(absl::StrCat("kernel extent ", Reach(axis), " exceeds the padded input ",
                                                     axis.input + axis.pad_begin + axis.pad_end, " on spatial axis ",
                                                     i));
    }
    axis.output = free / axis.stride + 1;
    // A window that is rounded up begins within the input or its pads before it.
    const bool one_more =
        rounds_up && free % axis.stride != 0 && axis.output * axis.stride < axis.input + axis.pad_begin;
    if (one_more) ++axis.output;
  }
  return axes;
}

absl::StatusOr<std::vector<WindowAxis>> ReadTransposedWindow(const OnnxOp& op, const OnnxDims& input,
                                                             const OnnxDims& kernel) {
  ASSIGN_OR_RETURN(std::vector<WindowAxis> axes, ReadAxes(op, input, kernel));
  const auto extra = op.Ints("output_padding");
  const auto wanted = op.Ints("output_shape");
  const std::string auto_pad = op.Text("auto_pad", "NOTSET");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    WindowAxis& axis = axes[i];
    ASSIGN_OR_RETURN(const std::int64_t padding, Number(extra, "output_padding", i, 0, 0));
    if (axis.input < 1) {
      axis.output = kUnknownExtent;
      continue;
    }
    const std::int64_t full = axis.stride * (axis.input - 1) + padding + Reach(axis);
    // With batch and channels in front in some exports.
    const std::size_t shift = wanted.has_value() && wanted->size() > axes.size() ? wanted->size() - axes.size() : 0;
    if (wanted.has_value() && !wanted->empty()) {
      ASSIGN_OR_RETURN(axis.output, Number(wanted, "output_shape", shift + i, 1, 1));
      PadToSame(auto_pad == "SAME_LOWER", full - axis.output, &axis);
    } else if (auto_pad.starts_with("SAME")) {
      axis.output = axis.input * axis.stride;
      PadToSame(auto_pad == "SAME_LOWER", full - axis.output, &axis);
    } else {
      if (auto_pad == "VALID") axis.pad_begin = axis.pad_end = 0;
      axis.output = full - axis.pad_begin - axis.pad_end;
    }
    if (axis.output < 1) return absl::InvalidArgumentError(absl::StrCat("the output is empty on spatial axis ", i));
  }
  return axes;
}

LayerShape WindowShape(const std::vector<WindowAxis>& axes, bool transposed) {
  LayerShape shape;
  const auto set = [&](Dim filter, Dim output, const WindowAxis& axis) {
    shape.bounds[static_cast<std::size_t>(filter)] = axis.kernel;
    shape.bounds[static_cast<std::size_t>(output)] = transposed ? axis.input : axis.output;
  };
  const WindowAxis& width = axes.back();
  set(Dim::kR, Dim::kP, width);
  shape.w_stride = transposed ? 1 : width.stride;
  shape.w_dilation = width.dilation;
  if (axes.size() < 2) return shape;
  const WindowAxis& height = axes[axes.size() - 2];
  set(Dim::kS, Dim::kQ, height);
  shape.h_stride = transposed ? 1 : height.stride;
  shape.h_dilation = height.dilation;
  return shape;
}

OnnxPads WindowPads(const std::vector<WindowAxis>& axes) {
  OnnxPads pads;
  pads.left = axes.back().pad_begin;
  pads.right = axes.back().pad_end;
  if (axes.size() < 2) return pads;
  pads.top = axes[axes.size() - 2].pad_begin;
  pads.bottom = axes[axes.size() - 2].pad_end;
  return pads;
}

}  // namespace oneloop
