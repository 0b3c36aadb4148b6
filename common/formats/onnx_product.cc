#include "common/formats/onnx_product.h"

#include <utility>

namespace oneloop {

absl::Status MultiplyExtent(std::int64_t extent, std::int64_t* total) {
  if (!__builtin_mul_overflow(*total, extent, total)) return absl::OkStatus();
  return absl::InvalidArgumentError("its extents do not fit 63 bits; split the tensor");
}

OnnxProduct& AddProduct(OnnxOp& op, const ProductExtents& extents, int a, int b, int bias) {
  const OnnxTensor* const left = op.Input(a);
  const OnnxTensor* const right = op.Input(b);
  const bool swap = left != nullptr && left->constant && (right == nullptr || !right->constant);
  OnnxProduct product;
  product.input = swap ? b : a;
  product.weights = swap ? a : b;
  product.bias = bias;
  product.shape.bounds[static_cast<std::size_t>(Dim::kP)] = swap ? extents.right : extents.left;
  product.shape.bounds[static_cast<std::size_t>(Dim::kK)] = swap ? extents.left : extents.right;
  product.shape.bounds[static_cast<std::size_t>(Dim::kC)] = extents.inner;
  product.shape.bounds[static_cast<std::size_t>(Dim::kG)] = extents.both;
  const OnnxTensor* const weights = op.Input(product.weights);
  if (weights != nullptr && weights->dims.has_value()) {
    product.weight_elements = ElementCount(*weights->dims).value_or(0);
  }
  op.products.push_back(std::move(product));
  return op.products.back();
}

}  // namespace oneloop
