// Operators that take a window, or the whole of a plane, to one element; and those that stretch planes.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "common/formats/onnx_window.h"

namespace oneloop {
namespace {

absl::Status Pool(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kWindow;
  if (!input->dims.has_value() || input->dims->size() < 3) return absl::OkStatus();
  const bool channels_last = op.Int("channels_last", 0) != 0 || op.type().starts_with("Nhwc");
  const std::ptrdiff_t first = channels_last ? 1 : 2;
  const OnnxDims spatial(input->dims->begin() + first, input->dims->end() - (channels_last ? 1 : 0));
  const auto kernel = op.Ints("kernel_shape");
  if (!kernel.has_value()) return absl::InvalidArgumentError("attribute kernel_shape is missing");
  ASSIGN_OR_RETURN(const std::vector<WindowAxis> axes, ReadWindow(op, spatial, *kernel));
  OnnxDims dims = *input->dims;
  for (std::size_t i = 0; i < axes.size(); ++i) dims[static_cast<std::size_t>(first) + i] = axes[i].output;
  op.window = WindowShape(axes, false);
  op.pads = WindowPads(axes);
  op.SetOutput(0, dims);
  if (op.outputs.size() > 1 && op.type() == "MaxPool") op.SetOutput(1, dims).type = onnx::TensorProto::INT64;
  return absl::OkStatus();
}

absl::Status GlobalPool(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLine;
  if (!input->dims.has_value() || input->dims->size() < 2) return absl::OkStatus();
  OnnxDims dims = *input->dims;
  const bool channels_last = op.Int("channels_last", 0) != 0;
  std::fill(dims.begin() + (channels_last ? 1 : 2), dims.end() - (channels_last ? 1 : 0), 1);
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

absl::Status SetScaled(OnnxOp& op, const std::vector<double>& scales, const std::vector<std::size_t>& axes) {
  OnnxDims dims = *op.inputs[0]->dims;
  for (std::size_t i = 0; i < axes.size() && i < scales.size(); ++i) {
    std::int64_t& extent = dims[axes[i]];
    if (extent < 0) continue;
    if (!(scales[i] > 0)) return absl::InvalidArgumentError(absl::StrCat("scale ", scales[i], " is not above 0"));
    extent = ToExtent(std::floor(static_cast<double>(extent) * scales[i]));
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

// The scales of Upsample, and of Resize as it was in opset 10.
std::optional<std::vector<double>> OldScales(const OnnxOp& op) {
  if (const auto* const scales = op.Attribute("scales"); scales != nullptr) {
    return std::vector<double>(scales->floats().begin(), scales->floats().end());
  }
  if (op.Attribute("height_scale") != nullptr) {
    return std::vector<double>{1, 1, op.Float("height_scale", 1), op.Float("width_scale", 1)};
  }
  if (op.Input(1) == nullptr || !op.Input(1)->IsKnown()) return std::nullopt;
  return *op.Input(1)->values;
}

absl::Status Resize(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLayout;
  if (!input->dims.has_value()) return absl::OkStatus();
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < input->dims->size(); ++i) axes.push_back(i);
  if (const auto named = op.Ints("axes"); named.has_value()) {
    axes.clear();
    for (const std::int64_t axis : *named) {
      ASSIGN_OR_RETURN(const std::size_t place, NormalAxis(axis, input->dims->size()));
      axes.push_back(place);
    }
  }
  const bool is_old = op.type() == "Upsample" || op.opset() < 11;
  const OnnxTensor* const sizes = is_old ? nullptr : op.Input(3);
  const bool has_sizes = sizes != nullptr && !(sizes->HasRank(1) && (*sizes->dims)[0] == 0);
  std::optional<std::vector<double>> scales;
  if (is_old) {
    scales = OldScales(op);
  } else if (op.Input(2) != nullptr && op.Input(2)->IsKnown() && !op.Input(2)->values->empty()) {
    scales = *op.Input(2)->values;
  }
  if (has_sizes && sizes->values != nullptr) {
    OnnxDims dims = *input->dims;
    for (std::size_t i = 0; i < axes.size() && i < sizes->values->size(); ++i) {
      dims[axes[i]] = std::max(kUnknownExtent, ToExtent((*sizes->values)[i]));
    }
    op.SetOutput(0, std::move(dims));
    return absl::OkStatus();
  }
  if (scales.has_value()) return SetScaled(op, *scales, axes);
  op.SetOutput(0, OnnxDims(input->dims->size(), kUnknownExtent));
  return absl::OkStatus();
}

// Undoes a pooling; the shape may be given as the third input.
absl::Status MaxUnpool(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  if (const auto shape = op.IntInput(2); shape.has_value()) {
    op.SetOutput(0, *shape);
    return absl::OkStatus();
  }
  const auto kernel = op.Ints("kernel_shape");
  if (!input->dims.has_value() || input->dims->size() < 3 || !kernel.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<WindowAxis> axes,
                   ReadTransposedWindow(op, OnnxDims(input->dims->begin() + 2, input->dims->end()), *kernel));
  OnnxDims dims = *input->dims;
  for (std::size_t i = 0; i < axes.size(); ++i) dims[2 + i] = axes[i].output;
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

// Signal [batch, length, 1 or 2], step, window, frame length: frames by frequencies. ONNX's own inference trusts that
// all of them are there.
absl::Status ShortTimeFourier(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const signal, op.Required(0));
  const auto step = op.IntInput(1);
  auto frame = op.IntInput(3);
  if (!frame.has_value() && op.Input(2) != nullptr && op.Input(2)->HasRank(1)) frame = *op.Input(2)->dims;
  OnnxDims dims = {kUnknownExtent, kUnknownExtent, kUnknownExtent, 2};
  if (signal->HasRank(3)) dims[0] = (*signal->dims)[0];
  const bool known = signal->HasRank(3) && (*signal->dims)[1] >= 0 && step.has_value() && step->size() == 1 &&
                     frame.has_value() && frame->size() == 1 && (*step)[0] >= 1 && (*frame)[0] >= 1;
  if (known && (*signal->dims)[1] >= (*frame)[0]) {
    dims[1] = ((*signal->dims)[1] - (*frame)[0]) / (*step)[0] + 1;
    dims[2] = op.Int("onesided", 1) != 0 ? (*frame)[0] / 2 + 1 : (*frame)[0];
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

}  // namespace

void AddWindowRules(OnnxRuleTable* table) {
  for (const char* type :
       {"MaxPool", "AveragePool", "LpPool", "com.microsoft:QLinearAveragePool", "com.microsoft:NhwcMaxPool"}) {
    (*table)[type] = Pool;
  }
  for (const char* type :
       {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "com.microsoft:QLinearGlobalAveragePool"}) {
    (*table)[type] = GlobalPool;
  }
  (*table)["Resize"] = Resize;
  (*table)["Upsample"] = Resize;
  (*table)["MaxUnpool"] = MaxUnpool;
  (*table)["STFT"] = ShortTimeFourier;
}

}  // namespace oneloop
