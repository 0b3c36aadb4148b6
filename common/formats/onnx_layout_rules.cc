// Operators that give a tensor another shape, order or extent.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "common/formats/onnx_values.h"

namespace oneloop {
namespace {

// Attribute `name` or, in newer opsets, input `index`.
std::optional<std::vector<std::int64_t>> AttributeOrInput(const OnnxOp& op, std::string_view name, int index) {
  std::optional<std::vector<std::int64_t>> numbers = op.Ints(name);
  return numbers.has_value() ? numbers : op.IntInput(index);
}

// The number of elements of a list that is an input, when it is known.
std::optional<std::size_t> LengthOfInput(const OnnxOp& op, int index) {
  const OnnxTensor* const tensor = op.Input(index);
  if (tensor == nullptr || !tensor->HasRank(1) || (*tensor->dims)[0] < 0 || (*tensor->dims)[0] > 64)
    return std::nullopt;
  return static_cast<std::size_t>((*tensor->dims)[0]);
}

// The same elements in another shape.
void SetReshaped(OnnxOp& op, std::optional<OnnxDims> dims) {
  op.reach = OnnxReach::kLayout;
  op.SetOutput(0, std::move(dims)).origin = op.inputs[0]->origin;
  SetSameValues(op, 0, 0);
}

// The extents that a target shape gives, where 0 copies an extent and one -1 stands for what is left.
absl::StatusOr<OnnxDims> ReshapeDims(const OnnxOp& op, const OnnxTensor& input, const std::vector<double>& target) {
  const bool copies_zero = op.Int("allowzero", 0) == 0;
  OnnxDims dims;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < target.size(); ++i) {
    std::int64_t extent = ToExtent(target[i]);
    if (extent == 0 && copies_zero) {
      const bool is_there = input.dims.has_value() && i < input.dims->size();
      if (input.dims.has_value() && !is_there) {
        return absl::InvalidArgumentError(absl::StrCat("copies dimension ", i, " of a tensor of ", DimsText(input)));
      }
      extent = is_there ? (*input.dims)[i] : kUnknownExtent;
    }
    if (extent < -1) return absl::InvalidArgumentError(absl::StrCat("extent ", extent, " of the target is not valid"));
    if (extent < 0) open.push_back(i);
    dims.push_back(extent);
  }
  const std::optional<std::int64_t> total = input.dims.has_value() ? ElementCount(*input.dims) : std::nullopt;
  if (!total.has_value() || open.size() > 1) return dims;
  if (open.size() == 1) dims[open[0]] = 1;
  const std::optional<std::int64_t> rest = ElementCount(dims);
  const bool fits = rest.has_value() && (open.empty() ? *rest == *total : *rest != 0 && *total % *rest == 0);
  if (!fits) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tensor of ", DimsText(input), " does not fit the shape ", absl::StrJoin(target, "x")));
  }
  if (open.size() == 1) dims[open[0]] = *total / *rest;
  return dims;
}

absl::Status Reshape(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  std::vector<double> target;
  if (const auto shape = op.Ints("shape"); shape.has_value()) {
    target.assign(shape->begin(), shape->end());
  } else {
    ASSIGN_OR_RETURN(const OnnxTensor* const tensor, op.Required(1));
    const std::optional<std::size_t> length = LengthOfInput(op, 1);
    if (!length.has_value()) return absl::OkStatus();
    if (tensor->values == nullptr) {
      SetReshaped(op, OnnxDims(*length, kUnknownExtent));
      op.outputs[0].constant = input->constant;
      return absl::OkStatus();
    }
    target = *tensor->values;
  }
  ASSIGN_OR_RETURN(OnnxDims dims, ReshapeDims(op, *input, target));
  SetReshaped(op, std::move(dims));
  op.outputs[0].constant = input->constant;
  return absl::OkStatus();
}

absl::Status Flatten(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  if (!input->dims.has_value()) return absl::OkStatus();
  const auto rank = static_cast<std::int64_t>(input->dims->size());
  std::int64_t axis = op.Int("axis", 1);
  if (axis < -rank || axis > rank) return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is not valid"));
  if (axis < 0) axis += rank;
  const auto cut = input->dims->begin() + axis;
  OnnxDims dims = {ElementCount(OnnxDims(input->dims->begin(), cut)).value_or(kUnknownExtent),
                   ElementCount(OnnxDims(cut, input->dims->end())).value_or(kUnknownExtent)};
  SetReshaped(op, std::move(dims));
  return absl::OkStatus();
}

absl::Status Squeeze(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  if (!input->dims.has_value()) return absl::OkStatus();
  const bool names_axes = op.Attribute("axes") != nullptr || op.Input(1) != nullptr;
  const auto axes = AttributeOrInput(op, "axes", 1);
  if (names_axes && !axes.has_value()) return absl::OkStatus();
  std::vector<bool> gone(input->dims->size(), false);
  if (!axes.has_value()) {
    for (std::size_t i = 0; i < gone.size(); ++i) gone[i] = (*input->dims)[i] == 1;
  } else {
    for (const std::int64_t axis : *axes) {
      ASSIGN_OR_RETURN(const std::size_t place, NormalAxis(axis, gone.size()));
      const std::int64_t extent = (*input->dims)[place];
      if (extent > 1 || extent == 0) {
        return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " has ", extent, " elements, not 1"));
      }
      gone[place] = true;
    }
  }
  OnnxDims dims;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) dims.push_back((*input->dims)[i]);
  }
  SetReshaped(op, std::move(dims));
  return absl::OkStatus();
}

absl::Status Unsqueeze(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  const auto axes = AttributeOrInput(op, "axes", 1);
  if (!input->dims.has_value() || !axes.has_value()) return absl::OkStatus();
  if (axes->size() > 64) return absl::InvalidArgumentError("adds more than 64 axes");
  std::vector<bool> is_new(input->dims->size() + axes->size(), false);
  for (const std::int64_t axis : *axes) {
    ASSIGN_OR_RETURN(const std::size_t place, NormalAxis(axis, is_new.size()));
    if (is_new[place]) return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is there twice"));
    is_new[place] = true;
  }
  OnnxDims dims;
  std::size_t old = 0;
  for (const bool added : is_new) dims.push_back(added ? 1 : (*input->dims)[old++]);
  SetReshaped(op, std::move(dims));
  return absl::OkStatus();
}

absl::Status Transpose(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  if (!input->dims.has_value()) return absl::OkStatus();
  const std::size_t rank = input->dims->size();
  std::vector<std::size_t> order;
  if (const auto perm = op.Ints("perm"); perm.has_value()) {
    std::vector<bool> seen(rank, false);
    for (const std::int64_t axis : *perm) {
      ASSIGN_OR_RETURN(const std::size_t place, NormalAxis(axis, rank));
      if (!seen[place]) order.push_back(place);
      seen[place] = true;
    }
    if (order.size() != rank || perm->size() != rank) return absl::InvalidArgumentError("perm is no permutation");
  } else {
    for (std::size_t i = rank; i-- > 0;) order.push_back(i);
  }
  OnnxDims dims;
  dims.reserve(rank);
  for (const std::size_t axis : order) dims.push_back((*input->dims)[axis]);
  op.reach = OnnxReach::kLayout;
  op.SetOutput(0, dims).origin = input->origin;
  if (!IsSmall(op, 0)) return absl::OkStatus();
  const std::vector<std::size_t> from = Strides(*input->dims);
  const std::vector<std::size_t> to = Strides(dims);
  SetMovedValues(op, 0, 0, [&](std::size_t i) {
    std::size_t place = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      place += i / to[axis] % static_cast<std::size_t>(dims[axis]) * from[order[axis]];
    }
    return place;
  });
  return absl::OkStatus();
}

absl::Status Shape(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kAll;
  OnnxTensor& output = op.SetOutput(0, std::nullopt);
  output.type = onnx::TensorProto::INT64;
  if (!input->dims.has_value()) return absl::OkStatus();
  const auto rank = static_cast<std::int64_t>(input->dims->size());
  const auto clamp = [rank](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = clamp(op.Int("start", 0));
  const std::int64_t end = std::max(start, clamp(op.Int("end", rank)));
  std::vector<double> values;
  for (std::int64_t i = start; i < end; ++i) {
    const std::int64_t extent = (*input->dims)[static_cast<std::size_t>(i)];
    values.push_back(extent < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(extent));
  }
  output = ConstantTensor(onnx::TensorProto::INT64, {end - start}, std::move(values));
  output.constant = output.IsKnown();
  return absl::OkStatus();
}

absl::Status Size(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.SetOutput(0, OnnxDims()).type = onnx::TensorProto::INT64;
  if (!input->dims.has_value()) return absl::OkStatus();
  const std::optional<std::int64_t> count = ElementCount(*input->dims);
  if (count.has_value()) op.outputs[0] = ConstantTensor(onnx::TensorProto::INT64, {}, {static_cast<double>(*count)});
  return absl::OkStatus();
}

// The shape that input `index` gives; with its rank alone, or not even that, when no more is known.
std::optional<OnnxDims> TargetDims(const OnnxOp& op, int index) {
  const OnnxTensor* const tensor = op.Input(index);
  const std::optional<std::size_t> length = LengthOfInput(op, index);
  if (!length.has_value()) return std::nullopt;
  OnnxDims dims(*length, kUnknownExtent);
  if (tensor->values == nullptr) return dims;
  for (std::size_t i = 0; i < dims.size(); ++i) dims[i] = std::max(kUnknownExtent, ToExtent((*tensor->values)[i]));
  return dims;
}

absl::Status ConstantOfShape(OnnxOp& op) {
  OnnxTensor& output = op.SetOutput(0, TargetDims(op, 0));
  output.type = onnx::TensorProto::FLOAT;
  double value = 0;
  if (const onnx::AttributeProto* const attribute = op.Attribute("value"); attribute != nullptr) {
    const OnnxTensor tensor = TensorFromProto(attribute->t());
    output.type = tensor.type;
    if (tensor.values != nullptr && tensor.values->size() == 1) value = (*tensor.values)[0];
  }
  if (IsSmall(op, 0))
    SetValues(op, 0, std::vector<double>(static_cast<std::size_t>(*ElementCount(*output.dims)), value));
  return absl::OkStatus();
}

absl::Status Expand(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  const std::optional<OnnxDims> target = TargetDims(op, 1);
  op.reach = OnnxReach::kLayout;
  if (!input->dims.has_value() || !target.has_value()) {
    op.SetOutput(0, std::nullopt);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(OnnxDims dims, BroadcastDims(*input->dims, *target));
  op.SetOutput(0, std::move(dims));
  if (op.AllConstant() && input->values != nullptr && input->values->size() == 1 && IsSmall(op, 0)) {
    SetMovedValues(op, 0, 0, [](std::size_t) { return std::size_t{0}; });
  }
  return absl::OkStatus();
}

absl::Status Tile(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLayout;
  const auto repeats = op.IntInput(1);
  if (!input->dims.has_value()) return absl::OkStatus();
  OnnxDims dims(input->dims->size(), kUnknownExtent);
  if (repeats.has_value()) {
    if (repeats->size() != dims.size()) return absl::InvalidArgumentError("needs one number of repeats per axis");
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if ((*repeats)[i] < 0) return absl::InvalidArgumentError("repeats must not be negative");
      dims[i] = ElementCount({(*input->dims)[i], (*repeats)[i]}).value_or(kUnknownExtent);
    }
  }
  op.SetOutput(0, dims);
  if (!IsSmall(op, 0) || !repeats.has_value()) return absl::OkStatus();
  const std::vector<std::size_t> from = Strides(*input->dims);
  const std::vector<std::size_t> to = Strides(dims);
  SetMovedValues(op, 0, 0, [&](std::size_t i) {
    std::size_t place = 0;
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      const std::size_t at = i / to[axis] % static_cast<std::size_t>(dims[axis]);
      place += at % static_cast<std::size_t>((*input->dims)[axis]) * from[axis];
    }
    return place;
  });
  return absl::OkStatus();
}

absl::Status Pad(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLayout;
  if (!input->dims.has_value()) return absl::OkStatus();
  OnnxDims dims = *input->dims;
  auto pads = AttributeOrInput(op, "pads", 1);
  if (!pads.has_value()) pads = op.Ints("paddings");
  std::vector<std::size_t> axes;
  if (const auto named = op.IntInput(3); named.has_value()) {
    for (const std::int64_t axis : *named) {
      ASSIGN_OR_RETURN(const std::size_t place, NormalAxis(axis, dims.size()));
      axes.push_back(place);
    }
  } else {
    for (std::size_t i = 0; i < dims.size(); ++i) axes.push_back(i);
  }
  if (!pads.has_value() || (op.Input(3) != nullptr && !op.Input(3)->IsKnown())) {
    op.SetOutput(0, OnnxDims(dims.size(), kUnknownExtent));
    return absl::OkStatus();
  }
  if (pads->size() != 2 * axes.size()) return absl::InvalidArgumentError("needs two pads for each axis");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    std::int64_t& extent = dims[axes[i]];
    if (extent < 0) continue;
    if (__builtin_add_overflow(extent, (*pads)[i], &extent) ||
        __builtin_add_overflow(extent, (*pads)[axes.size() + i], &extent) || extent < 0) {
      return absl::InvalidArgumentError(absl::StrCat("pads of axis ", axes[i], " do not fit its extent"));
    }
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

absl::Status DepthToSpace(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLayout;
  if (!input->HasRank(4)) return absl::OkStatus();
  const std::int64_t block = op.Int("blocksize", 0);
  if (block < 1 || block > 65536) return absl::InvalidArgumentError("blocksize is not 1 to 65536");
  OnnxDims dims = *input->dims;
  const bool to_space = op.type() == "DepthToSpace";
  for (std::size_t axis = 1; axis < 4; ++axis) {
    if (dims[axis] < 0) continue;
    const std::int64_t factor = axis == 1 ? block * block : block;
    const bool grows = (axis == 1) != to_space;
    if (!grows && dims[axis] % factor != 0) {
      return absl::InvalidArgumentError(absl::StrCat("blocksize ", block, " does not divide axis ", axis));
    }
    dims[axis] = grows ? ElementCount({dims[axis], factor}).value_or(kUnknownExtent) : dims[axis] / factor;
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

}  // namespace

void AddLayoutRules(OnnxRuleTable* table) {
  (*table)["Reshape"] = Reshape;
  (*table)["Flatten"] = Flatten;
  (*table)["Squeeze"] = Squeeze;
  (*table)["Unsqueeze"] = Unsqueeze;
  (*table)["Transpose"] = Transpose;
  (*table)["Shape"] = Shape;
  (*table)["Size"] = Size;
  (*table)["ConstantOfShape"] = ConstantOfShape;
  (*table)["Expand"] = Expand;
  (*table)["Tile"] = Tile;
  (*table)["Pad"] = Pad;
  (*table)["DepthToSpace"] = DepthToSpace;
  (*table)["SpaceToDepth"] = DepthToSpace;
}

}  // namespace oneloop
