// Operators without a rule of their own, by ONNX's own shape inference.
#include <algorithm>
#include <exception>
#include <list>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "onnx/defs/schema.h"
#include "onnx/defs/shape_inference.h"

namespace oneloop {
namespace {

// The newest opset that the installed version of ONNX knows.
constexpr int kNewestOpset = 17;

// Hands an operator to ONNX. Lives for one call.
class SchemaContext : public onnx::InferenceContext {
 public:
  explicit SchemaContext(const OnnxOp& op)
      : op_(op), types_(op.inputs.size()), values_(op.inputs.size()), outputs_(op.outputs.size()) {
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      if (op.inputs[i] == nullptr) continue;
      types_[i] = TypeOf(*op.inputs[i]);
      if (const auto values = TensorToProto(*op.inputs[i]); values.has_value()) {
        values_[i] = std::make_unique<onnx::TensorProto>(*values);
      }
    }
  }

  const onnx::AttributeProto* getAttribute(const std::string& name) const override { return op_.Attribute(name); }
  std::size_t getNumInputs() const override { return types_.size(); }
  const onnx::TypeProto* getInputType(std::size_t index) const override {
    return index < types_.size() ? types_[index].get() : nullptr;
  }
  const onnx::TensorProto* getInputData(std::size_t index) const override {
    return index < values_.size() ? values_[index].get() : nullptr;
  }
  std::size_t getNumOutputs() const override { return outputs_.size(); }
  onnx::TypeProto* getOutputType(std::size_t index) override {
    if (index >= outputs_.size()) throw onnx::InferenceError("an output that the node does not have");
    return &outputs_[index];
  }
  onnx::GraphInferencer* getGraphAttributeInferencer(const std::string& /*name*/) override { return nullptr; }
  const onnx::SparseTensorProto* getInputSparseData(std::size_t /*index*/) const override { return nullptr; }
  const onnx::TensorShapeProto* getSymbolicInput(std::size_t /*index*/) const override { return nullptr; }

  const onnx::TypeProto& output(std::size_t index) const { return outputs_[index]; }

 private:
  static std::unique_ptr<onnx::TypeProto> TypeOf(const OnnxTensor& tensor) {
    auto type = std::make_unique<onnx::TypeProto>();
    // Rules look for some type before they compute a shape.
    type->mutable_tensor_type()->set_elem_type(tensor.type == 0 ? static_cast<int>(onnx::TensorProto::FLOAT)
                                                                : tensor.type);
    if (!tensor.dims.has_value()) return type;
    onnx::TensorShapeProto* const shape = type->mutable_tensor_type()->mutable_shape();
    for (const std::int64_t extent : *tensor.dims) {
      onnx::TensorShapeProto::Dimension* const dim = shape->add_dim();
      if (extent >= 0) dim->set_dim_value(extent);
    }
    return type;
  }

  const OnnxOp& op_;
  std::vector<std::unique_ptr<onnx::TypeProto>> types_;
  std::vector<std::unique_ptr<onnx::TensorProto>> values_;
  std::vector<onnx::TypeProto> outputs_;
};

}  // namespace

absl::Status ApplyOnnxSchema(OnnxOp& op) {
  const onnx::OpSchema* const schema =
      onnx::OpSchemaRegistry::Schema(op.type(), std::clamp(op.opset(), 1, kNewestOpset), op.domain());
  if (schema == nullptr) return absl::NotFoundError(absl::StrCat("ONNX knows no operator '", op.type(), "'"));
  for (std::size_t i = 0; i < op.outputs.size(); ++i) op.SetOutput(i, std::nullopt);
  const auto least = static_cast<std::size_t>(std::max(0, schema->min_input()));
  for (std::size_t i = 0; i < least; ++i) RETURN_IF_ERROR(op.Required(static_cast<int>(i)).status());
  if (!schema->has_type_and_shape_inference_function()) return absl::OkStatus();
  SchemaContext context(op);
  try {
    schema->GetTypeAndShapeInferenceFunction()(context);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    const onnx::TypeProto::Tensor& type = context.output(i).tensor_type();
    op.outputs[i].type = type.elem_type();
    if (!type.has_shape()) continue;
    OnnxDims dims;
    for (const onnx::TensorShapeProto::Dimension& dim : type.shape().dim()) {
      if (dim.has_dim_value() && dim.dim_value() < 0)
        return absl::InvalidArgumentError("an output has a negative extent");
      dims.push_back(dim.has_dim_value() ? dim.dim_value() : kUnknownExtent);
    }
    op.outputs[i].dims = std::move(dims);
  }
  return absl::OkStatus();
}

}  // namespace oneloop
