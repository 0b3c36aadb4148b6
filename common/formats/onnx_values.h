#ifndef ONELOOP_COMMON_FORMATS_ONNX_VALUES_H_
#define ONELOOP_COMMON_FORMATS_ONNX_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/formats/onnx_op.h"

namespace oneloop {

// Computing the values of small tensors, for rules. Each sets the values of output `index`, whose extents are set
// already, and does nothing when those or the inputs' values are not known or too many.

// Element i of the output is element `source(i)` of input `from`, i and the result counted in row-major order.
void SetMovedValues(OnnxOp& op, std::size_t index, int from, const std::function<std::size_t(std::size_t)>& source);

// The same elements in the same order as input `from`, in another shape.
void SetSameValues(OnnxOp& op, std::size_t index, int from);

// `function` of the elements of all inputs that fall together when the inputs are stretched to the output's extents.
void SetBroadcastValues(OnnxOp& op, std::size_t index,
                        const std::function<double(const std::vector<double>& operands)>& function);

// Given values; as many as the output has elements.
void SetValues(OnnxOp& op, std::size_t index, std::vector<double> values);

// How many elements of a tensor lie between neighbours along each axis.
std::vector<std::size_t> Strides(const OnnxDims& dims);

// Whether output `index` is small enough for values.
bool IsSmall(const OnnxOp& op, std::size_t index);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_VALUES_H_
