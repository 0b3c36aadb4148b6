#include "common/formats/onnx_tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace oneloop {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 62;

float HalfToFloat(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const float fraction = static_cast<float>(bits & 0x3FF) / 1024.0F;
  float value = exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1.0F + fraction, exponent - 15);
  if (exponent == 31) value = std::nanf("");
  return (bits & 0x8000) != 0 ? -value : value;
}

float BrainToFloat(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

template <class T>
void AppendRaw(const std::string& raw, std::vector<double>* values) {
  for (std::size_t i = 0; i + sizeof(T) <= raw.size(); i += sizeof(T)) {
    T element;
    std::memcpy(&element, raw.data() + i, sizeof(T));
    values->push_back(static_cast<double>(element));
  }
}

std::vector<double> RawValues(const onnx::TensorProto& message) {
  std::vector<double> values;
  const std::string& raw = message.raw_data();
  switch (message.data_type()) {
    case onnx::TensorProto::FLOAT:
      AppendRaw<float>(raw, &values);
      break;
    case onnx::TensorProto::DOUBLE:
      AppendRaw<double>(raw, &values);
      break;
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      AppendRaw<std::uint8_t>(raw, &values);
      break;
    case onnx::TensorProto::INT8:
      AppendRaw<std::int8_t>(raw, &values);
      break;
    case onnx::TensorProto::UINT16:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      AppendRaw<std::uint16_t>(raw, &values);
      break;
    case onnx::TensorProto::INT16:
      AppendRaw<std::int16_t>(raw, &values);
      break;
    case onnx::TensorProto::INT32:
      AppendRaw<std::int32_t>(raw, &values);
      break;
    case onnx::TensorProto::UINT32:
      AppendRaw<std::uint32_t>(raw, &values);
      break;
    case onnx::TensorProto::INT64:
      AppendRaw<std::int64_t>(raw, &values);
      break;
    case onnx::TensorProto::UINT64:
      AppendRaw<std::uint64_t>(raw, &values);
      break;
    default:
      break;
  }
  return values;
}

std::vector<double> ValuesOf(const onnx::TensorProto& message) {
  std::vector<double> values = RawValues(message);
  if (values.empty()) {
    values.insert(values.end(), message.float_data().begin(), message.float_data().end());
    values.insert(values.end(), message.double_data().begin(), message.double_data().end());
    values.insert(values.end(), message.int32_data().begin(), message.int32_data().end());
    for (const std::int64_t value : message.int64_data()) values.push_back(static_cast<double>(value));
    for (const std::uint64_t value : message.uint64_data()) values.push_back(static_cast<double>(value));
  }
  // Both forms hold these as bits.
  for (double& value : values) {
    const auto bits = static_cast<std::uint16_t>(static_cast<std::int64_t>(ToExtent(value)));
    if (message.data_type() == onnx::TensorProto::FLOAT16) value = HalfToFloat(bits);
    if (message.data_type() == onnx::TensorProto::BFLOAT16) value = BrainToFloat(bits);
  }
  return values;
}

}  // namespace

bool OnnxTensor::IsKnown() const {
  if (values == nullptr) return false;
  for (const double value : *values) {
    if (std::isnan(value)) return false;
  }
  return true;
}

std::optional<std::int64_t> ElementCount(const OnnxDims& dims) {
  std::int64_t count = 1;
  bool is_empty = false;
  for (const std::int64_t extent : dims) {
    if (extent < 0) return std::nullopt;
    if (extent == 0) is_empty = true;
  }
  if (is_empty) return 0;
  for (const std::int64_t extent : dims) {
    if (__builtin_mul_overflow(count, extent, &count) || count > kMostElements) return std::nullopt;
  }
  return count;
}

OnnxTensor ConstantTensor(int type, OnnxDims dims, std::vector<double> values) {
  OnnxTensor tensor;
  tensor.type = type;
  tensor.dims = std::move(dims);
  tensor.constant = true;
  tensor.values = std::make_shared<const std::vector<double>>(std::move(values));
  return tensor;
}

OnnxTensor TensorFromProto(const onnx::TensorProto& message) {
  OnnxTensor tensor;
  tensor.type = message.data_type();
  tensor.dims.emplace(message.dims().begin(), message.dims().end());
  tensor.constant = true;
  const std::optional<std::int64_t> count = ElementCount(*tensor.dims);
  if (!count.has_value() || *count > static_cast<std::int64_t>(kMostOnnxValues)) return tensor;
  std::vector<double> values = ValuesOf(message);
  if (static_cast<std::int64_t>(values.size()) != *count) return tensor;
  tensor.values = std::make_shared<const std::vector<double>>(std::move(values));
  return tensor;
}

std::optional<onnx::TensorProto> TensorToProto(const OnnxTensor& tensor) {
  if (!tensor.IsKnown() || !tensor.dims.has_value()) return std::nullopt;
  onnx::TensorProto message;
  message.set_data_type(tensor.type);
  for (const std::int64_t extent : *tensor.dims) message.add_dims(extent);
  for (const double value : *tensor.values) {
    switch (tensor.type) {
      case onnx::TensorProto::FLOAT:
        message.add_float_data(static_cast<float>(value));
        break;
      case onnx::TensorProto::DOUBLE:
        message.add_double_data(value);
        break;
      case onnx::TensorProto::INT64:
        message.add_int64_data(ToExtent(value));
        break;
      case onnx::TensorProto::INT32:
      case onnx::TensorProto::BOOL:
        message.add_int32_data(static_cast<std::int32_t>(ToExtent(value)));
        break;
      default:
        return std::nullopt;
    }
  }
  return message;
}

bool IsFloatType(int type) {
  return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE || type == onnx::TensorProto::FLOAT16 ||
         type == onnx::TensorProto::BFLOAT16;
}

std::int64_t ToExtent(double value) {
  constexpr double kEnd = 9.2e18;
  if (std::isnan(value)) return kUnknownExtent;
  if (value >= kEnd) return INT64_MAX;
  if (value <= -kEnd) return INT64_MIN;
  return static_cast<std::int64_t>(value);
}

std::string DimsText(const OnnxTensor& tensor) {
  if (!tensor.dims.has_value()) return "unknown rank";
  if (tensor.dims->empty()) return "scalar";
  return absl::StrJoin(*tensor.dims, "x", [](std::string* out, std::int64_t extent) {
    absl::StrAppend(out, extent == kUnknownExtent ? "?" : absl::StrCat(extent));
  });
}

}  // namespace oneloop
