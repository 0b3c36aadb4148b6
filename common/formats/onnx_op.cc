#include "common/formats/onnx_op.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

absl::StatusOr<const OnnxTensor*> OnnxOp::Required(int index) const {
  const OnnxTensor* const tensor = Input(index);
  if (tensor == nullptr) return absl::InvalidArgumentError(absl::StrCat("input ", index, " is left out; it is needed"));
  return tensor;
}

absl::StatusOr<OnnxDims> OnnxOp::Extents(int index) const {
  ASSIGN_OR_RETURN(const OnnxTensor* const tensor, Required(index));
  const std::string name = absl::StrCat("tensor '", node_.input(index), "'");
  if (!tensor->dims.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has no shape that is known; give one with --shape ", node_.input(index), "=AxB"));
  }
  for (std::size_t axis = 0; axis < tensor->dims->size(); ++axis) {
    if ((*tensor->dims)[axis] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has the shape ", DimsText(*tensor), ", of which axis ", axis, " is not known"));
    }
  }
  return *tensor->dims;
}

std::optional<std::vector<std::int64_t>> OnnxOp::IntInput(int index) const {
  const OnnxTensor* const tensor = Input(index);
  if (tensor == nullptr || !tensor->IsKnown()) return std::nullopt;
  std::vector<std::int64_t> numbers;
  numbers.reserve(tensor->values->size());
  for (const double value : *tensor->values) numbers.push_back(ToExtent(value));
  return numbers;
}

const onnx::AttributeProto* OnnxOp::Attribute(std::string_view name) const {
  for (const onnx::AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t OnnxOp::Int(std::string_view name, std::int64_t otherwise) const {
  const onnx::AttributeProto* const attribute = Attribute(name);
  return attribute != nullptr && attribute->has_i() ? attribute->i() : otherwise;
}

double OnnxOp::Float(std::string_view name, double otherwise) const {
  const onnx::AttributeProto* const attribute = Attribute(name);
  return attribute != nullptr && attribute->has_f() ? static_cast<double>(attribute->f()) : otherwise;
}

std::string OnnxOp::Text(std::string_view name, std::string_view otherwise) const {
  const onnx::AttributeProto* const attribute = Attribute(name);
  return attribute != nullptr && attribute->has_s() ? attribute->s() : std::string(otherwise);
}

std::optional<std::vector<std::int64_t>> OnnxOp::Ints(std::string_view name) const {
  const onnx::AttributeProto* const attribute = Attribute(name);
  if (attribute == nullptr) return std::nullopt;
  return std::vector<std::int64_t>(attribute->ints().begin(), attribute->ints().end());
}

bool OnnxOp::AllConstant() const {
  return std::all_of(inputs.begin(), inputs.end(),
                     [](const OnnxTensor* tensor) { return tensor == nullptr || tensor->constant; });
}

OnnxTensor& OnnxOp::SetOutput(std::size_t index, std::optional<OnnxDims> dims, int like) {
  if (index >= outputs.size()) outputs.resize(index + 1);
  OnnxTensor& output = outputs[index];
  output = OnnxTensor();
  output.dims = std::move(dims);
  output.constant = AllConstant();
  if (const OnnxTensor* const model = Input(like); model != nullptr) output.type = model->type;
  return output;
}

absl::StatusOr<std::size_t> NormalAxis(std::int64_t axis, std::size_t rank) {
  const auto extent = static_cast<std::int64_t>(rank);
  if (axis < -extent || axis >= extent) {
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is not one of ", rank, " dimensions"));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + extent : axis);
}

absl::StatusOr<OnnxDims> BroadcastDims(const OnnxDims& a, const OnnxDims& b) {
  const OnnxDims& longer = a.size() >= b.size() ? a : b;
  const OnnxDims& shorter = a.size() >= b.size() ? b : a;
  OnnxDims dims = longer;
  const std::size_t shift = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& extent = dims[shift + i];
    const std::int64_t other = shorter[i];
    if (extent == other || other == 1) continue;
    if (extent == 1) {
      extent = other;
    } else if (extent == kUnknownExtent || other == kUnknownExtent) {
      extent = std::max(extent, other);
    } else {
      return absl::InvalidArgumentError(absl::StrCat("extents ", extent, " and ", other, " do not fit together"));
    }
  }
  return dims;
}

}  // namespace oneloop
