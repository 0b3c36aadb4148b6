#ifndef ONELOOP_COMMON_FORMATS_ONNX_PRODUCT_H_
#define ONELOOP_COMMON_FORMATS_ONNX_PRODUCT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/formats/onnx_op.h"

namespace oneloop {

// Extents of a product of two stacks of matrices: of the left operand alone, the right one alone, both and the output
// (a stack), both and not the output (what is summed over).
struct ProductExtents {
  std::int64_t left = 1;
  std::int64_t right = 1;
  std::int64_t both = 1;
  std::int64_t inner = 1;
};

// INVALID_ARGUMENT when `*total` would pass 63 bits.
absl::Status MultiplyExtent(std::int64_t extent, std::int64_t* total);

// Adds the product of inputs `a` and `b` (-1: one that the operator computes itself) to op.products, as the loops P, C,
// K and G. The right operand is W, or the left one when that alone is constant: then rows and columns change places.
OnnxProduct& AddProduct(OnnxOp& op, const ProductExtents& extents, int a, int b, int bias);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_PRODUCT_H_
