#include "common/formats/onnx_values.h"

#include <optional>
#include <utility>

namespace oneloop {

std::vector<std::size_t> Strides(const OnnxDims& dims) {
  std::vector<std::size_t> strides(dims.size(), 1);
  for (std::size_t axis = dims.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * static_cast<std::size_t>(dims[axis]);
  }
  return strides;
}

bool IsSmall(const OnnxOp& op, std::size_t index) {
  if (!op.outputs[index].dims.has_value()) return false;
  const std::optional<std::int64_t> count = ElementCount(*op.outputs[index].dims);
  return count.has_value() && *count <= static_cast<std::int64_t>(kMostOnnxValues);
}

void SetValues(OnnxOp& op, std::size_t index, std::vector<double> values) {
  if (!IsSmall(op, index) || static_cast<std::int64_t>(values.size()) != *ElementCount(*op.outputs[index].dims)) return;
  op.outputs[index].values = std::make_shared<const std::vector<double>>(std::move(values));
}

void SetMovedValues(OnnxOp& op, std::size_t index, int from, const std::function<std::size_t(std::size_t)>& source) {
  const OnnxTensor* const input = op.Input(from);
  if (input == nullptr || input->values == nullptr || !IsSmall(op, index)) return;
  std::vector<double> values(static_cast<std::size_t>(*ElementCount(*op.outputs[index].dims)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t place = source(i);
    if (place >= input->values->size()) return;
    values[i] = (*input->values)[place];
  }
  SetValues(op, index, std::move(values));
}

void SetSameValues(OnnxOp& op, std::size_t index, int from) {
  SetMovedValues(op, index, from, [](std::size_t i) { return i; });
}

void SetBroadcastValues(OnnxOp& op, std::size_t index,
                        const std::function<double(const std::vector<double>& operands)>& function) {
  if (!IsSmall(op, index)) return;
  for (const OnnxTensor* input : op.inputs) {
    if (input == nullptr || input->values == nullptr || !input->dims.has_value()) return;
  }
  const OnnxDims dims = *op.outputs[index].dims;
  for (const OnnxTensor* input : op.inputs) {
    const absl::StatusOr<OnnxDims> joined = BroadcastDims(dims, *input->dims);
    if (!joined.ok() || *joined != dims) return;
  }
  // How far an input's element moves with each step along an axis of the output: not at all where it is stretched.
  std::vector<std::vector<std::size_t>> moves;
  for (const OnnxTensor* input : op.inputs) {
    const std::vector<std::size_t> own = Strides(*input->dims);
    std::vector<std::size_t>& move = moves.emplace_back(dims.size(), 0);
    for (std::size_t axis = 0; axis < own.size(); ++axis) {
      if ((*input->dims)[axis] != 1) move[dims.size() - own.size() + axis] = own[axis];
    }
  }
  const std::vector<std::size_t> strides = Strides(dims);
  std::vector<double> values(static_cast<std::size_t>(*ElementCount(dims)));
  std::vector<double> operands(op.inputs.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t k = 0; k < op.inputs.size(); ++k) {
      std::size_t place = 0;
      for (std::size_t axis = 0; axis < dims.size(); ++axis) {
        if (moves[k][axis] != 0) place += i / strides[axis] % static_cast<std::size_t>(dims[axis]) * moves[k][axis];
      }
      operands[k] = (*op.inputs[k]->values)[place];
    }
    values[i] = function(operands);
  }
  SetValues(op, index, std::move(values));
}

}  // namespace oneloop
