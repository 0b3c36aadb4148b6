// LSTM, GRU and RNN: the product with the input, over all steps at once, and the recurrent one, step by step.
#include "common/base/status.h"
#include "common/formats/onnx_product.h"
#include "common/formats/onnx_rules.h"

namespace oneloop {
namespace {

absl::Status Recur(OnnxOp& op, bool columns_last) {
  ASSIGN_OR_RETURN(const OnnxDims input, op.Extents(0));
  ASSIGN_OR_RETURN(OnnxDims weights, op.Extents(1));
  ASSIGN_OR_RETURN(OnnxDims recurrence, op.Extents(2));
  if (input.size() != 3 || weights.size() != 3 || recurrence.size() != 3) {
    return absl::InvalidArgumentError("its inputs X, W and R need 3 dimensions each");
  }
  if (columns_last) {
    std::swap(weights[1], weights[2]);
    std::swap(recurrence[1], recurrence[2]);
  }
  const bool batch_first = op.Int("layout", 0) != 0;
  const std::int64_t steps = input[batch_first ? 1 : 0];
  const std::int64_t batch = input[batch_first ? 0 : 1];
  const std::int64_t directions = weights[0];
  const std::int64_t hidden = recurrence[2];
  if (weights[2] != input[2] || recurrence[0] != directions || recurrence[1] != weights[1]) {
    return absl::InvalidArgumentError("the extents of X, W and R do not fit together");
  }
  ProductExtents extents;
  extents.right = weights[1];
  extents.inner = input[2];
  RETURN_IF_ERROR(MultiplyExtent(steps, &extents.left));
  RETURN_IF_ERROR(MultiplyExtent(batch, &extents.left));
  OnnxProduct& first = AddProduct(op, extents, 0, 1, op.Input(3) != nullptr ? 3 : -1);
  first.part = "input";
  first.count = directions;
  extents.left = batch;
  extents.inner = hidden;
  OnnxProduct& second = AddProduct(op, extents, -1, 2, -1);
  second.part = "recurrent";
  second.count = directions;
  RETURN_IF_ERROR(MultiplyExtent(steps, &second.count));
  op.SetOutput(0,
               batch_first ? OnnxDims{batch, steps, directions, hidden} : OnnxDims{steps, directions, batch, hidden});
  for (std::size_t i = 1; i < op.outputs.size(); ++i) {
    op.SetOutput(i, batch_first ? OnnxDims{batch, directions, hidden} : OnnxDims{directions, batch, hidden});
  }
  return absl::OkStatus();
}

absl::Status Recurrent(OnnxOp& op) { return Recur(op, false); }
absl::Status QuantizedRecurrent(OnnxOp& op) { return Recur(op, true); }

}  // namespace

void AddRecurrentRules(OnnxRuleTable* table) {
  for (const char* type : {"LSTM", "GRU", "RNN"}) (*table)[type] = Recurrent;
  (*table)["com.microsoft:DynamicQuantizeLSTM"] = QuantizedRecurrent;
}

}  // namespace oneloop
