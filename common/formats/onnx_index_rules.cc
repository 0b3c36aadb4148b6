// Operators that pick or join parts of tensors, and constants.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "common/formats/onnx_values.h"

namespace oneloop {
namespace {

absl::Status Constant(OnnxOp& op) {
  if (const auto* const value = op.Attribute("value"); value != nullptr) {
    op.outputs[0] = TensorFromProto(value->t());
  } else if (const auto* const ints = op.Attribute("value_ints"); ints != nullptr) {
    std::vector<double> values(ints->ints().begin(), ints->ints().end());
    const auto size = static_cast<std::int64_t>(values.size());
    op.outputs[0] = ConstantTensor(onnx::TensorProto::INT64, {size}, std::move(values));
  } else if (const auto* const floats = op.Attribute("value_floats"); floats != nullptr) {
    std::vector<double> values(floats->floats().begin(), floats->floats().end());
    const auto size = static_cast<std::int64_t>(values.size());
    op.outputs[0] = ConstantTensor(onnx::TensorProto::FLOAT, {size}, std::move(values));
  } else if (const auto* const number = op.Attribute("value_int"); number != nullptr) {
    op.outputs[0] = ConstantTensor(onnx::TensorProto::INT64, {}, {static_cast<double>(number->i())});
  } else if (const auto* const real = op.Attribute("value_float"); real != nullptr) {
    op.outputs[0] = ConstantTensor(onnx::TensorProto::FLOAT, {}, {static_cast<double>(real->f())});
  } else if (const auto* const sparse = op.Attribute("sparse_value"); sparse != nullptr) {
    op.outputs[0].dims.emplace(sparse->sparse_tensor().dims().begin(), sparse->sparse_tensor().dims().end());
    op.outputs[0].type = sparse->sparse_tensor().values().data_type();
    op.outputs[0].constant = true;
  } else {
    const auto* const texts = op.Attribute("value_strings");
    op.outputs[0].dims = texts == nullptr ? OnnxDims() : OnnxDims{texts->strings_size()};
    op.outputs[0].type = onnx::TensorProto::STRING;
    op.outputs[0].constant = true;
  }
  for (const std::int64_t extent : op.outputs[0].dims.value_or(OnnxDims())) {
    if (extent < 0) return absl::InvalidArgumentError("its value has a negative extent");
  }
  return absl::OkStatus();
}

// Takes the place of one axis by those of the indices.
absl::Status Gather(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  ASSIGN_OR_RETURN(const OnnxTensor* const indices, op.Required(1));
  op.reach = OnnxReach::kLayout;
  if (!input->dims.has_value() || !indices->dims.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::size_t axis, NormalAxis(op.Int("axis", 0), input->dims->size()));
  const OnnxDims& from = *input->dims;
  const auto split = static_cast<std::ptrdiff_t>(axis);
  OnnxDims dims(from.begin(), from.begin() + split);
  dims.insert(dims.end(), indices->dims->begin(), indices->dims->end());
  dims.insert(dims.end(), from.begin() + split + 1, from.end());
  op.SetOutput(0, std::move(dims));
  if (input->values == nullptr || !indices->IsKnown() || !IsSmall(op, 0)) return absl::OkStatus();
  const std::size_t inner = Strides(from)[axis];
  const auto extent = static_cast<std::size_t>(from[axis]);
  const std::size_t picked = indices->values->size();
  SetMovedValues(op, 0, 0, [&](std::size_t i) {
    const std::int64_t index = ToExtent((*indices->values)[i / inner % picked]);
    const std::size_t at = index < 0 ? extent - static_cast<std::size_t>(-index) : static_cast<std::size_t>(index);
    if (at >= extent) return std::numeric_limits<std::size_t>::max();
    return (i / inner / picked * extent + at) * inner + i % inner;
  });
  return absl::OkStatus();
}

absl::Status GatherElements(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const indices, op.Required(1));
  op.reach = OnnxReach::kLayout;
  op.SetOutput(0, indices->dims);
  return absl::OkStatus();
}

// The values of constants of at most one axis, one after the other.
void JoinValues(OnnxOp& op, std::size_t rank) {
  if (rank != 1 || !IsSmall(op, 0)) return;
  std::vector<double> values;
  bool any = false;
  for (const OnnxTensor* input : op.inputs) {
    if (input == nullptr) continue;
    const auto size = static_cast<std::size_t>((*input->dims)[0]);
    if (input->values != nullptr) {
      values.insert(values.end(), input->values->begin(), input->values->end());
      any = true;
    } else {
      values.insert(values.end(), size, std::numeric_limits<double>::quiet_NaN());
    }
  }
  if (any) SetValues(op, 0, std::move(values));
}

absl::Status Join(OnnxOp& op, const std::vector<const OnnxTensor*>& parts) {
  op.reach = OnnxReach::kLayout;
  std::optional<OnnxDims> dims;
  std::size_t axis = 0;
  for (const OnnxTensor* input : parts) {
    if (input == nullptr) continue;
    if (!input->dims.has_value()) {
      op.SetOutput(0, std::nullopt);
      return absl::OkStatus();
    }
    if (!dims.has_value()) {
      dims = input->dims;
      ASSIGN_OR_RETURN(axis, NormalAxis(op.Int("axis", 1), dims->size()));
      continue;
    }
    if (input->dims->size() != dims->size()) return absl::InvalidArgumentError("joins tensors of different ranks");
    for (std::size_t i = 0; i < dims->size(); ++i) {
      std::int64_t& extent = (*dims)[i];
      const std::int64_t other = (*input->dims)[i];
      if (i == axis) {
        if (extent < 0 || other < 0 || __builtin_add_overflow(extent, other, &extent)) extent = kUnknownExtent;
      } else if (extent >= 0 && other >= 0 && extent != other) {
        return absl::InvalidArgumentError(absl::StrCat("extents ", extent, " and ", other, " of axis ", i, " differ"));
      } else {
        extent = std::max(extent, other);
      }
    }
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

absl::Status Concat(OnnxOp& op) {
  RETURN_IF_ERROR(Join(op, op.inputs));
  JoinValues(op, op.outputs[0].dims.has_value() ? op.outputs[0].dims->size() : 0);
  return absl::OkStatus();
}

// Scale and zero point of the output, then tensor, scale and zero point of each part.
absl::Status QuantizedConcat(OnnxOp& op) {
  std::vector<const OnnxTensor*> parts;
  for (std::size_t i = 2; i < op.inputs.size(); i += 3) parts.push_back(op.inputs[i]);
  return Join(op, parts);
}

// A sequence is known by the shape of its elements, as far as they have one together.
absl::Status SequenceOf(OnnxOp& op) {
  op.reach = OnnxReach::kLayout;
  ASSIGN_OR_RETURN(const OnnxTensor* const first, op.Required(0));
  std::optional<OnnxDims> dims = first->dims;
  // Those that bring in tensors, and where the last of them is.
  const std::size_t joined = op.type() == "SequenceConstruct" ? op.inputs.size()
                             : op.type() == "SequenceInsert"  ? 2
                                                              : 0;
  for (std::size_t i = 1; i < joined && i < op.inputs.size(); ++i) {
    if (op.inputs[i] == nullptr || op.inputs[i]->dims != dims) dims.reset();
  }
  op.SetOutput(0, std::move(dims)).constant = false;
  return absl::OkStatus();
}

absl::Status SplitToSequence(OnnxOp& op) {
  op.reach = OnnxReach::kLayout;
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  if (!input->dims.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::size_t axis, NormalAxis(op.Int("axis", 0), input->dims->size()));
  OnnxDims dims = *input->dims;
  const auto sizes = op.IntInput(1);
  if (op.Input(1) == nullptr) {
    dims[axis] = 1;
    if (op.Int("keepdims", 1) == 0) dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  } else {
    const bool equal =
        sizes.has_value() && !sizes->empty() && (*sizes)[0] > 0 &&
        std::all_of(sizes->begin(), sizes->end(), [&](std::int64_t size) { return size == (*sizes)[0]; });
    dims[axis] = equal ? (*sizes)[0] : kUnknownExtent;
  }
  op.SetOutput(0, std::move(dims)).constant = false;
  return absl::OkStatus();
}

struct Range {
  std::int64_t begin = 0, step = 1, size = 0;
};

// What a slice takes of an axis, by the rules of NumPy.
Range Sliced(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step) {
  const bool forward = step > 0;
  const auto place = [extent, forward](std::int64_t at) {
    if (at < 0) at = at < -extent ? -1 : at + extent;
    return forward ? std::clamp<std::int64_t>(at, 0, extent) : std::clamp<std::int64_t>(at, -1, extent - 1);
  };
  Range range{place(start), step, 0};
  const std::int64_t length = forward ? place(end) - range.begin : range.begin - place(end);
  // Rounded up, without overflow.
  if (length > 0) range.size = 1 + (length - 1) / (step == INT64_MIN ? INT64_MAX : std::abs(step));
  return range;
}

absl::Status SetSliced(OnnxOp& op, const OnnxTensor& input, const std::vector<Range>& ranges) {
  OnnxDims dims;
  for (const Range& range : ranges) dims.push_back(range.size);
  op.SetOutput(0, dims);
  if (input.values == nullptr || !IsSmall(op, 0)) return absl::OkStatus();
  const std::vector<std::size_t> from = Strides(*input.dims);
  const std::vector<std::size_t> to = Strides(dims);
  SetMovedValues(op, 0, 0, [&](std::size_t i) {
    std::int64_t place = 0;
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      const auto at = static_cast<std::int64_t>(i / to[axis] % static_cast<std::size_t>(dims[axis]));
      place += (ranges[axis].begin + at * ranges[axis].step) * static_cast<std::int64_t>(from[axis]);
    }
    return static_cast<std::size_t>(place);
  });
  return absl::OkStatus();
}

absl::Status Slice(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLayout;
  if (!input->dims.has_value()) return absl::OkStatus();
  const bool by_attribute = op.Attribute("starts") != nullptr;
  const auto starts = by_attribute ? op.Ints("starts") : op.IntInput(1);
  const auto ends = by_attribute ? op.Ints("ends") : op.IntInput(2);
  std::optional<std::vector<std::int64_t>> axes = by_attribute ? op.Ints("axes") : op.IntInput(3);
  std::optional<std::vector<std::int64_t>> steps = by_attribute ? std::nullopt : op.IntInput(4);
  const std::size_t rank = input->dims->size();
  const bool axes_known = by_attribute || op.Input(3) == nullptr || axes.has_value();
  const bool steps_known = by_attribute || op.Input(4) == nullptr || steps.has_value();
  if (!axes_known) {
    op.SetOutput(0, OnnxDims(rank, kUnknownExtent));
    return absl::OkStatus();
  }
  const OnnxTensor* const start_tensor = op.Input(1);
  std::size_t count = starts.has_value() ? starts->size() : ends.has_value() ? ends->size() : 0;
  if (axes.has_value()) count = axes->size();
  if (count == 0 && start_tensor != nullptr && start_tensor->HasRank(1)) {
    count = static_cast<std::size_t>(
        std::clamp<std::int64_t>((*start_tensor->dims)[0], 0, static_cast<std::int64_t>(rank)));
  }
  std::vector<Range> ranges;
  for (const std::int64_t extent : *input->dims) ranges.push_back({0, 1, extent});
  for (std::size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const std::size_t axis,
                     NormalAxis(axes.has_value() ? (*axes)[i] : static_cast<std::int64_t>(i), rank));
    const bool known = starts.has_value() && ends.has_value() && steps_known && i < starts->size() && i < ends->size();
    const std::int64_t step = steps.has_value() && i < steps->size() ? (*steps)[i] : 1;
    if (step == 0) return absl::InvalidArgumentError("a step is 0");
    const std::int64_t extent = (*input->dims)[axis];
    ranges[axis] = known && extent >= 0 ? Sliced(extent, (*starts)[i], (*ends)[i], step) : Range{0, 1, kUnknownExtent};
  }
  return SetSliced(op, *input, ranges);
}

absl::Status Split(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLayout;
  if (!input->dims.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::size_t axis, NormalAxis(op.Int("axis", 0), input->dims->size()));
  auto sizes = op.Ints("split");
  if (!sizes.has_value()) sizes = op.IntInput(1);
  const std::int64_t extent = (*input->dims)[axis];
  const auto parts = static_cast<std::int64_t>(op.outputs.size());
  if (!sizes.has_value() && op.Input(1) == nullptr && extent >= 0 && parts > 0) {
    const std::int64_t most = (extent + parts - 1) / parts;
    sizes.emplace();
    for (std::int64_t i = 0; i < parts; ++i) sizes->push_back(std::clamp<std::int64_t>(extent - i * most, 0, most));
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    OnnxDims dims = *input->dims;
    const bool known = sizes.has_value() && i < sizes->size() && (*sizes)[i] >= 0;
    if (sizes.has_value() && !known) return absl::InvalidArgumentError("its parts do not fit its outputs");
    dims[axis] = known ? (*sizes)[i] : kUnknownExtent;
    op.SetOutput(i, std::move(dims));
    if (input->HasRank(1) && known) {
      SetMovedValues(op, i, 0, [begin](std::size_t at) { return begin + at; });
      begin += static_cast<std::size_t>((*sizes)[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status RangeOf(OnnxOp& op) {
  for (int i = 0; i < 3; ++i) {
    ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(i));
    if (input->IsKnown() && input->values->size() == 1) continue;
    op.SetOutput(0, OnnxDims{kUnknownExtent});
    return absl::OkStatus();
  }
  const double start = (*op.inputs[0]->values)[0];
  const double limit = (*op.inputs[1]->values)[0];
  const double delta = (*op.inputs[2]->values)[0];
  if (delta == 0) return absl::InvalidArgumentError("delta is 0");
  const std::int64_t size = std::max<std::int64_t>(0, ToExtent(std::ceil((limit - start) / delta)));
  op.SetOutput(0, OnnxDims{size});
  if (!IsSmall(op, 0)) return absl::OkStatus();
  std::vector<double> values;
  for (std::int64_t i = 0; i < size; ++i) values.push_back(start + static_cast<double>(i) * delta);
  SetValues(op, 0, std::move(values));
  return absl::OkStatus();
}

// One of its inputs is joined to others along a line, or reduced to one element.
absl::Status Reduce(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  op.reach = OnnxReach::kLine;
  if (!input->dims.has_value()) return absl::OkStatus();
  const bool is_arg = op.type().starts_with("Arg");
  std::optional<std::vector<std::int64_t>> axes;
  if (is_arg) {
    axes.emplace(1, op.Int("axis", 0));
  } else {
    axes = op.Ints("axes");
    if (!axes.has_value()) axes = op.IntInput(1);
    if (!axes.has_value() && op.Input(1) != nullptr) return absl::OkStatus();
  }
  const bool all = !axes.has_value() || axes->empty();
  std::vector<bool> reduced(input->dims->size(), all && op.Int("noop_with_empty_axes", 0) == 0);
  if (!all) {
    for (const std::int64_t axis : *axes) {
      ASSIGN_OR_RETURN(const std::size_t place, NormalAxis(axis, reduced.size()));
      reduced[place] = true;
    }
  }
  OnnxDims dims;
  for (std::size_t i = 0; i < reduced.size(); ++i) {
    if (!reduced[i]) dims.push_back((*input->dims)[i]);
    if (reduced[i] && op.Int("keepdims", 1) != 0) dims.push_back(1);
  }
  OnnxTensor& output = op.SetOutput(0, std::move(dims));
  if (is_arg) output.type = onnx::TensorProto::INT64;
  if (!input->IsKnown() || input->values->empty() || ElementCount(*output.dims) != 1) return absl::OkStatus();
  double value = op.type() == "ReduceProd" ? 1 : 0;
  if (op.type() == "ReduceMax") value = *std::max_element(input->values->begin(), input->values->end());
  if (op.type() == "ReduceMin") value = *std::min_element(input->values->begin(), input->values->end());
  if (op.type() == "ReduceProd") {
    for (const double factor : *input->values) value *= factor;
  } else if (op.type() == "ReduceSum") {
    for (const double term : *input->values) value += term;
  } else if (op.type() != "ReduceMax" && op.type() != "ReduceMin") {
    return absl::OkStatus();
  }
  SetValues(op, 0, {value});
  return absl::OkStatus();
}

}  // namespace

void AddIndexRules(OnnxRuleTable* table) {
  (*table)["Constant"] = Constant;
  (*table)["Gather"] = Gather;
  (*table)["GatherElements"] = GatherElements;
  (*table)["Concat"] = Concat;
  (*table)["com.microsoft:QLinearConcat"] = QuantizedConcat;
  for (const char* type : {"SequenceConstruct", "SequenceAt", "SequenceInsert", "SequenceErase"}) {
    (*table)[type] = SequenceOf;
  }
  (*table)["SplitToSequence"] = SplitToSequence;
  (*table)["Slice"] = Slice;
  (*table)["Split"] = Split;
  (*table)["Range"] = RangeOf;
  for (const char* type : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
                           "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "ArgMax", "ArgMin"}) {
    (*table)[type] = Reduce;
  }
}

}  // namespace oneloop
