#ifndef ONELOOP_COMMON_FORMATS_ONNX_TENSOR_H_
#define ONELOOP_COMMON_FORMATS_ONNX_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "onnx/onnx_pb.h"

namespace oneloop {

// Extents of a tensor, outermost first; kUnknownExtent where one is not known.
using OnnxDims = std::vector<std::int64_t>;
inline constexpr std::int64_t kUnknownExtent = -1;

// Values are computed for tensors of up to so many elements.
inline constexpr std::size_t kMostOnnxValues = 4096;

// What is known of a tensor before the model runs. A value type; values are shared.
struct OnnxTensor {
  int type = 0;                  // onnx::TensorProto::DataType; 0 when unknown
  std::optional<OnnxDims> dims;  // absent: not even the rank is known
  // It follows from initializers, constants and shapes alone: nothing of it is computed while the model runs.
  bool constant = false;
  // In row-major order, truth as 0 and 1; an element that is not known is NaN. Null: none is known.
  std::shared_ptr<const std::vector<double>> values;
  int origin = -1;  // the parameter of the model that this is, perhaps in another form; -1 when it is none
  int id = -1;      // the number of a tensor that is computed while the model runs; -1 for others

  bool HasRank(std::size_t rank) const { return dims.has_value() && dims->size() == rank; }
  // All values are there.
  bool IsKnown() const;
};

// The product of the extents; nothing when one is unknown or it passes 2^62.
std::optional<std::int64_t> ElementCount(const OnnxDims& dims);

// A constant with these values, at most kMostOnnxValues.
OnnxTensor ConstantTensor(int type, OnnxDims dims, std::vector<double> values);

// A constant of the model, with its values where they are in the message and few. Extents are taken as they are
// written, also negative ones.
OnnxTensor TensorFromProto(const onnx::TensorProto& message);

// The same, for handing to ONNX's own shape inference; nothing unless all values are known.
std::optional<onnx::TensorProto> TensorToProto(const OnnxTensor& tensor);

bool IsFloatType(int type);

// A number of a shape: NaN is unknown, others are cut to what fits.
std::int64_t ToExtent(double value);

// "2x3x?", "scalar", "unknown rank".
std::string DimsText(const OnnxTensor& tensor);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_TENSOR_H_
