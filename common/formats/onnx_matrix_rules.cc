// Matrix products: of matrices, of stacks of them, quantized and fused with what follows them.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_product.h"
#include "common/formats/onnx_rules.h"

namespace oneloop {
namespace {

struct Operands {
  int a = 0;
  int b = 1;
  int bias = -1;
  bool transpose_a = false;
  bool transpose_b = false;
};

// A stack of matrices; a vector is a matrix of one row or column.
struct Matrices {
  OnnxDims batch;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};

Matrices Split(OnnxDims dims, bool transpose, bool is_left) {
  Matrices matrices;
  if (dims.size() == 1) dims.insert(is_left ? dims.begin() : dims.end(), 1);
  if (transpose) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  matrices.columns = dims.back();
  matrices.rows = dims[dims.size() - 2];
  matrices.batch.assign(dims.begin(), dims.end() - 2);
  return matrices;
}

// Batch dimensions of both operands are G, of the left only rows, of the right only columns.
absl::Status PlaceBatch(const OnnxDims& a, const OnnxDims& b, ProductExtents* extents) {
  const std::size_t rank = std::max(a.size(), b.size());
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t left = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const std::int64_t right = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    std::int64_t& target = right == 1 ? extents->left : left == 1 ? extents->right : extents->both;
    RETURN_IF_ERROR(MultiplyExtent(right == 1 ? left : right, &target));
  }
  return absl::OkStatus();
}

// Which loops run over the batch axes of an operand or the output of rank `rank`, then over its last two.
std::vector<std::string> AxesOf(const OnnxDims& own, const OnnxDims& other, std::string_view alone,
                                std::string_view rows, std::string_view columns, bool transpose) {
  std::vector<std::string> axes;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::size_t from_end = own.size() - i;
    const bool both = from_end <= other.size() && other[other.size() - from_end] > 1;
    axes.emplace_back(own[i] == 1 ? "" : both ? "G" : alone);
  }
  axes.emplace_back(transpose ? columns : rows);
  axes.emplace_back(transpose ? rows : columns);
  return axes;
}

void SetAxes(const Matrices& a, const Matrices& b, const Operands& at, const OnnxDims& batch, OnnxProduct* product) {
  const bool swapped = product->input != at.a;
  const std::string_view rows = swapped ? "K" : "P";
  const std::string_view columns = swapped ? "P" : "K";
  std::vector<std::string> left = AxesOf(a.batch, b.batch, rows, rows, "C", at.transpose_a);
  std::vector<std::string> right = AxesOf(b.batch, a.batch, columns, "C", columns, at.transpose_b);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t from_end = batch.size() - i;
    const bool in_left = from_end <= a.batch.size() && a.batch[a.batch.size() - from_end] > 1;
    const bool in_right = from_end <= b.batch.size() && b.batch[b.batch.size() - from_end] > 1;
    product->output_axes.emplace_back(in_left && in_right ? "G" : in_left ? rows : in_right ? columns : "");
  }
  product->output_axes.emplace_back(rows);
  product->output_axes.emplace_back(columns);
  if (swapped) std::swap(left, right);
  product->input_axes = std::move(left);
  product->weights_axes = std::move(right);
}

absl::Status Multiply(OnnxOp& op, const Operands& at) {
  ASSIGN_OR_RETURN(const OnnxDims a_dims, op.Extents(at.a));
  ASSIGN_OR_RETURN(const OnnxDims b_dims, op.Extents(at.b));
  if (a_dims.empty() || b_dims.empty()) return absl::InvalidArgumentError("a scalar is no operand of a matrix product");
  const Matrices a = Split(a_dims, at.transpose_a && a_dims.size() > 1, true);
  const Matrices b = Split(b_dims, at.transpose_b && b_dims.size() > 1, false);
  if (a.columns != b.rows) {
    return absl::InvalidArgumentError(absl::StrCat("inner dimensions ", a.columns, " and ", b.rows, " differ"));
  }
  ASSIGN_OR_RETURN(OnnxDims dims, BroadcastDims(a.batch, b.batch));
  ProductExtents extents;
  extents.left = a.rows;
  extents.right = b.columns;
  extents.inner = a.columns;
  RETURN_IF_ERROR(PlaceBatch(a.batch, b.batch, &extents));
  OnnxProduct& product = AddProduct(op, extents, at.a, at.b, op.Input(at.bias) != nullptr ? at.bias : -1);
  if (a_dims.size() > 1 && b_dims.size() > 1) SetAxes(a, b, at, dims, &product);
  if (a_dims.size() > 1) dims.push_back(a.rows);
  if (b_dims.size() > 1) dims.push_back(b.columns);
  op.SetOutput(0, std::move(dims), at.a);
  return absl::OkStatus();
}

absl::Status MatMul(OnnxOp& op) { return Multiply(op, {}); }
absl::Status Gemm(OnnxOp& op) {
  RETURN_IF_ERROR(Multiply(op, {0, 1, 2, op.Int("transA", 0) != 0, op.Int("transB", 0) != 0}));
  return absl::OkStatus();
}
absl::Status FusedMatMul(OnnxOp& op) {
  if (op.Int("transBatchA", 0) != 0 || op.Int("transBatchB", 0) != 0) {
    return absl::InvalidArgumentError("transBatchA and transBatchB are not understood");
  }
  return Multiply(op, {0, 1, -1, op.Int("transA", 0) != 0, op.Int("transB", 0) != 0});
}
absl::Status MatMulInteger(OnnxOp& op) {
  RETURN_IF_ERROR(Multiply(op, {}));
  op.outputs[0].type = op.domain().empty() ? onnx::TensorProto::INT32 : onnx::TensorProto::FLOAT;
  return absl::OkStatus();
}
absl::Status GemmFastGelu(OnnxOp& op) { return Multiply(op, {0, 1, 2}); }
absl::Status QLinearMatMul(OnnxOp& op) { return Multiply(op, {0, 3}); }
absl::Status QGemm(OnnxOp& op) { return Multiply(op, {0, 3, 6, op.Int("transA", 0) != 0, op.Int("transB", 0) != 0}); }

// The right operand is packed; its extents are attributes.
absl::Status MatMulPacked(OnnxOp& op) {
  ASSIGN_OR_RETURN(OnnxDims dims, op.Extents(0));
  const std::int64_t inner = op.Int("K", 0);
  const std::int64_t columns = op.Int("N", 0);
  if (inner < 1 || columns < 1) return absl::InvalidArgumentError("attributes K and N must be at least 1");
  if (dims.empty() || dims.back() != inner) {
    return absl::InvalidArgumentError(
        absl::StrCat("inner dimensions ", dims.empty() ? 1 : dims.back(), " and ", inner, " differ"));
  }
  ProductExtents extents;
  extents.inner = inner;
  extents.right = columns;
  dims.pop_back();
  for (const std::int64_t extent : dims) RETURN_IF_ERROR(MultiplyExtent(extent, &extents.left));
  AddProduct(op, extents, 0, 1, -1);
  op.products.back().weight_elements = ElementCount({inner, columns}).value_or(0);
  dims.push_back(columns);
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

absl::Status LinearModel(OnnxOp& /*op*/) {
  return absl::InvalidArgumentError("multiplies by coefficients in its attributes, which is not understood");
}

}  // namespace

void AddMatrixRules(OnnxRuleTable* table) {
  (*table)["MatMul"] = MatMul;
  (*table)["Gemm"] = Gemm;
  (*table)["com.microsoft:FusedGemm"] = Gemm;
  (*table)["com.microsoft:FusedMatMul"] = FusedMatMul;
  (*table)["com.microsoft:TransposeMatMul"] = FusedMatMul;
  (*table)["com.microsoft:FusedMatMulActivation"] = FusedMatMul;
  (*table)["com.microsoft:GemmFastGelu"] = GemmFastGelu;
  (*table)["com.microsoft:DynamicQuantizeMatMul"] = MatMul;
  (*table)["com.microsoft:MatMulIntegerToFloat"] = MatMulInteger;
  (*table)["com.microsoft:MatMulInteger16"] = MatMul;
  (*table)["MatMulInteger"] = MatMulInteger;
  (*table)["QLinearMatMul"] = QLinearMatMul;
  (*table)["com.microsoft:QLinearMatMul"] = QLinearMatMul;
  (*table)["com.microsoft:QGemm"] = QGemm;
  (*table)["com.microsoft:MatMulNBits"] = MatMulPacked;
  (*table)["com.microsoft:MatMulBnb4"] = MatMulPacked;
  for (const char* type : {"LinearClassifier", "LinearRegressor", "SVMClassifier", "SVMRegressor"}) {
    (*table)[OnnxOpName("ai.onnx.ml", type)] = LinearModel;
  }
}

}  // namespace oneloop
