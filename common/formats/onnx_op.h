#ifndef ONELOOP_COMMON_FORMATS_ONNX_OP_H_
#define ONELOOP_COMMON_FORMATS_ONNX_OP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/formats/onnx_tensor.h"
#include "common/workload/workload.h"
#include "onnx/onnx_pb.h"

namespace oneloop {

// What one element of an operator's output needs of its first input: the element at its place; a line through it along
// one axis or several; a window around it; one element that is found elsewhere; possibly all.
enum class OnnxReach : std::uint8_t { kElement, kLine, kWindow, kLayout, kAll };

// Zeros around the input: before and after it along P and along Q.
struct OnnxPads {
  std::int64_t left = 0, right = 0, top = 0, bottom = 0;
};

// A multiplication that an operator does, as loops.
struct OnnxProduct {
  std::string part;  // which of an operator's products; "" where there is one
  LayerShape shape;
  std::int64_t count = 1;
  OnnxPads pads;
  int input = 0;                     // which input of the node is I; -1 for one that the operator computes itself
  int weights = 1;                   // which is W; likewise
  int bias = -1;                     // which is added; -1 for none
  std::int64_t weight_elements = 0;  // parameters of the model among W, of this part
  std::string note;                  // "", or in what form it is counted
  // The loops that run over each axis of the tensors, where that can be said: "P", "GC", "" for none.
  std::vector<std::string> input_axes;
  std::vector<std::string> weights_axes;
  std::vector<std::string> output_axes;
};

// One run of an operator: what it gets, and what a rule finds out. Not thread-safe.
class OnnxOp {
 public:
  // The node is borrowed.
  OnnxOp(const onnx::NodeProto& node, std::string domain, int opset)
      : node_(node), domain_(std::move(domain)), opset_(opset) {}

  const onnx::NodeProto& node() const { return node_; }
  const std::string& type() const { return node_.op_type(); }
  const std::string& domain() const { return domain_; }
  int opset() const { return opset_; }

  // Null when the input is left out.
  const OnnxTensor* Input(int index) const {
    const auto i = static_cast<std::size_t>(index);
    return index >= 0 && i < inputs.size() ? inputs[i] : nullptr;
  }
  // INVALID_ARGUMENT when it is left out.
  absl::StatusOr<const OnnxTensor*> Required(int index) const;
  // All extents of an input that multiplies. The error names the tensor.
  absl::StatusOr<OnnxDims> Extents(int index) const;
  // All values of an input as whole numbers; nothing when it is left out or they are not known.
  std::optional<std::vector<std::int64_t>> IntInput(int index) const;

  const onnx::AttributeProto* Attribute(std::string_view name) const;
  std::int64_t Int(std::string_view name, std::int64_t otherwise) const;
  double Float(std::string_view name, double otherwise) const;
  std::string Text(std::string_view name, std::string_view otherwise) const;
  std::optional<std::vector<std::int64_t>> Ints(std::string_view name) const;

  bool AllConstant() const;
  // The output `index` with these extents and the element type of input `like`; constant when all inputs are.
  OnnxTensor& SetOutput(std::size_t index, std::optional<OnnxDims> dims, int like = 0);

  std::vector<const OnnxTensor*> inputs;
  std::vector<OnnxTensor> outputs;  // as many as the node has
  std::vector<OnnxProduct> products;
  OnnxReach reach = OnnxReach::kAll;
  // Of kWindow: along P and Q.
  LayerShape window;
  OnnxPads pads;

 private:
  const onnx::NodeProto& node_;
  const std::string domain_;
  const int opset_;
};

// Sets the outputs' extents, values and products; errors are INVALID_ARGUMENT and begin in lower case, without naming
// the node. An output that is not set is unknown.
using OnnxRule = absl::Status (*)(OnnxOp& op);

// An axis in 0 to rank - 1; negative ones count from the end.
absl::StatusOr<std::size_t> NormalAxis(std::int64_t axis, std::size_t rank);

// Extents of two tensors of which one is stretched along axes where it has one element.
absl::StatusOr<OnnxDims> BroadcastDims(const OnnxDims& a, const OnnxDims& b);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_OP_H_
