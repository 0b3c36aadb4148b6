// Nodes that hold graphs, and functions.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_interpreter.h"
#include "common/formats/onnx_schedule.h"

namespace oneloop {
namespace {

constexpr std::size_t kMostCalls = 64;     // of functions in functions
constexpr std::int64_t kMostTurns = 1024;  // of a loop whose turns differ

const onnx::GraphProto* GraphOf(const OnnxOp& op, std::string_view name) {
  const onnx::AttributeProto* const attribute = op.Attribute(name);
  return attribute != nullptr && attribute->has_g() ? &attribute->g() : nullptr;
}

absl::StatusOr<const onnx::GraphProto*> RequiredGraph(const OnnxOp& op, std::string_view name) {
  const onnx::GraphProto* const graph = GraphOf(op, name);
  if (graph == nullptr) return absl::InvalidArgumentError(absl::StrCat("attribute ", ToAbsl(name), " is missing"));
  return graph;
}

// The one value of a tensor, when it is known.
std::optional<double> OnlyValue(const OnnxTensor* tensor) {
  if (tensor == nullptr || !tensor->IsKnown() || tensor->values->size() != 1) return std::nullopt;
  return (*tensor->values)[0];
}

// What is known of a tensor that is one or the other.
OnnxTensor Either(const OnnxTensor& a, const OnnxTensor& b) {
  OnnxTensor either = a;
  either.constant = a.constant && b.constant && a.origin == b.origin;
  if (a.id != b.id) either.id = -1;
  const bool same_values = a.values != nullptr && b.values != nullptr && *a.values == *b.values;
  if (!same_values) either.values = nullptr;
  if (!a.dims.has_value() || !b.dims.has_value() || a.dims->size() != b.dims->size()) {
    either.dims.reset();
    return either;
  }
  for (std::size_t i = 0; i < a.dims->size(); ++i) {
    if ((*a.dims)[i] != (*b.dims)[i]) (*either.dims)[i] = kUnknownExtent;
  }
  return either;
}

OnnxTensor WithoutValues(OnnxTensor tensor) {
  tensor.values = nullptr;
  tensor.constant = false;
  tensor.origin = -1;
  return tensor;
}

// A bundle of what each turn gives.
OnnxTensor Stacked(const OnnxTensor& one, std::int64_t turns, std::size_t axis = 0) {
  OnnxTensor all;
  all.type = one.type;
  all.dims = one.dims;
  if (all.dims.has_value()) {
    const std::size_t place = std::min(axis, all.dims->size());
    all.dims->insert(all.dims->begin() + static_cast<std::ptrdiff_t>(place), turns);
  }
  return all;
}

bool SameShapes(const std::vector<OnnxTensor>& a, const std::vector<OnnxTensor>& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i].dims != b[i].dims) return false;
  }
  return true;
}

// The default of a function's attribute, which is in no field that the installed version of ONNX knows.
std::vector<onnx::AttributeProto> DefaultAttributes(const onnx::FunctionProto& function) {
  constexpr int kAttributeProto = 11;
  std::vector<onnx::AttributeProto> defaults;
  const google::protobuf::UnknownFieldSet& fields = function.GetReflection()->GetUnknownFields(function);
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() != kAttributeProto || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      continue;
    onnx::AttributeProto attribute;
    if (attribute.ParseFromString(field.length_delimited())) defaults.push_back(std::move(attribute));
  }
  return defaults;
}

}  // namespace

absl::StatusOr<OnnxInterpreter::Outputs> OnnxInterpreter::RunBody(const onnx::GraphProto& graph, const Outputs& inputs,
                                                                  const Scope& outer, const Frame& frame) {
  Scope scope;
  scope.outer = &outer;
  scope.graph = &graph;
  RETURN_IF_ERROR(AddInitializers(graph, &scope));
  for (int i = 0; i < graph.input_size(); ++i) {
    OnnxTensor input = static_cast<std::size_t>(i) < inputs.size() ? inputs[static_cast<std::size_t>(i)] : OnnxTensor();
    if (!input.constant && input.id < 0) input.id = NewTensor(graph.input(i).name(), input);
    scope.tensors[graph.input(i).name()] = std::move(input);
  }
  AddDeclared(graph, &scope);
  RETURN_IF_ERROR(RunNodes(graph.node(), &scope, frame));
  Outputs outputs;
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const OnnxTensor* found = nullptr;
    for (const Scope* place = &scope; place != nullptr && found == nullptr; place = place->outer) {
      const auto tensor = place->tensors.find(output.name());
      if (tensor != place->tensors.end()) found = &tensor->second;
    }
    if (found == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("output '", output.name(), "' of its graph is produced by no node"));
    }
    outputs.push_back(*found);
  }
  return outputs;
}

absl::Status OnnxInterpreter::RunIf(OnnxOp& op, const Scope& scope, const Frame& frame) {
  ASSIGN_OR_RETURN(const OnnxTensor* const condition, op.Required(0));
  const std::optional<double> value = OnlyValue(condition);
  if (!value.has_value()) return RunBothBranches(op, scope, frame);
  ASSIGN_OR_RETURN(const onnx::GraphProto* const branch,
                   RequiredGraph(op, *value != 0 ? "then_branch" : "else_branch"));
  ASSIGN_OR_RETURN(Outputs outputs, RunBody(*branch, {}, scope, frame));
  outputs.resize(op.outputs.size());
  op.outputs = std::move(outputs);
  return absl::OkStatus();
}

// When the condition hangs on data, both branches must multiply the same.
absl::Status OnnxInterpreter::RunBothBranches(OnnxOp& op, const Scope& scope, const Frame& frame) {
  ASSIGN_OR_RETURN(const onnx::GraphProto* const yes, RequiredGraph(op, "then_branch"));
  ASSIGN_OR_RETURN(const onnx::GraphProto* const no, RequiredGraph(op, "else_branch"));
  RETURN_IF_ERROR(Spend(run_.others.size() / 8));
  const Mark before = Here();
  ASSIGN_OR_RETURN(Outputs one, RunBody(*yes, {}, scope, frame));
  const std::vector<OnnxLayer> layers(run_.layers.begin() + static_cast<std::ptrdiff_t>(before.layers),
                                      run_.layers.end());
  GoBack(before);
  ASSIGN_OR_RETURN(Outputs other, RunBody(*no, {}, scope, frame));
  const bool same = std::equal(
      layers.begin(), layers.end(), run_.layers.begin() + static_cast<std::ptrdiff_t>(before.layers), run_.layers.end(),
      [](const OnnxLayer& a, const OnnxLayer& b) { return a.shape == b.shape && a.count == b.count; });
  if (!same) {
    return absl::InvalidArgumentError(absl::StrCat("multiplies in its branches, and '", op.node().input(0),
                                                   "', which decides between them, is not known; give its inputs "
                                                   "with --value NAME=NUMBER"));
  }
  one.resize(op.outputs.size());
  other.resize(op.outputs.size());
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    // Numbers of the first branch were taken back.
    one[i].id = other[i].id;
    op.outputs[i] = Either(one[i], other[i]);
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::RunLoop(OnnxOp& op, const Scope& scope, const Frame& frame) {
  ASSIGN_OR_RETURN(const onnx::GraphProto* const body, RequiredGraph(op, "body"));
  const std::optional<double> most = OnlyValue(op.Input(0));
  const std::optional<double> begins = OnlyValue(op.Input(1));
  const std::int64_t turns = begins == 0.0 ? 0 : most.has_value() ? std::max<std::int64_t>(0, ToExtent(*most)) : -1;
  Outputs inputs(2);
  inputs[0].type = onnx::TensorProto::INT64;
  inputs[0].dims.emplace();
  inputs[1] = ConstantTensor(onnx::TensorProto::BOOL, {}, {1});
  for (std::size_t i = 2; i < op.inputs.size(); ++i) {
    inputs.push_back(op.inputs[i] == nullptr ? OnnxTensor() : WithoutValues(*op.inputs[i]));
  }
  const std::size_t carried = inputs.size() - 2;
  RETURN_IF_ERROR(Spend(run_.others.size() / 8));
  const Mark before = Here();
  Frame inside = frame;
  if (turns > 0 && __builtin_mul_overflow(frame.count, turns, &inside.count)) {
    return absl::InvalidArgumentError("runs too often");
  }
  absl::StatusOr<Outputs> outputs = RunBody(*body, inputs, scope, inside);
  const bool multiplies = run_.layers.size() > before.layers;
  const bool goes_on = outputs.ok() && !outputs->empty() && OnlyValue(&outputs->front()) == 1.0;
  bool is_steady = outputs.ok() && outputs->size() > carried;
  if (is_steady) {
    is_steady = SameShapes(Outputs(inputs.begin() + 2, inputs.end()),
                           Outputs(outputs->begin() + 1, outputs->begin() + 1 + static_cast<std::ptrdiff_t>(carried)));
  }
  if (turns == 0) {
    GoBack(before);
    for (std::size_t i = 0; i < op.outputs.size(); ++i) {
      op.outputs[i] = i < carried ? *op.inputs[i + 2] : OnnxTensor();
    }
    return absl::OkStatus();
  }
  const bool is_known = is_steady && turns > 0 && goes_on;
  if ((!outputs.ok() || multiplies) && !is_known) {
    GoBack(before);
    if (turns > kMostTurns || (turns < 0 && !begins.has_value())) {
      return absl::InvalidArgumentError(
          "multiplies in its body and its trip count is not known; give what it hangs on with --value NAME=NUMBER");
    }
    return RunTurns(op, *body, turns, scope, frame);
  }
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    if (i + 1 >= outputs->size()) break;
    const OnnxTensor& result = (*outputs)[i + 1];
    op.outputs[i] = i >= carried ? Stacked(result, is_known ? turns : kUnknownExtent)
                    : is_steady  ? WithoutValues(result)
                                 : WithoutValues(Either(result, inputs[i + 2]));
  }
  return absl::OkStatus();
}

// One turn after the other, with the values that each has.
absl::Status OnnxInterpreter::RunTurns(OnnxOp& op, const onnx::GraphProto& body, std::int64_t turns, const Scope& scope,
                                       const Frame& frame) {
  const std::size_t carried = op.inputs.size() < 2 ? 0 : op.inputs.size() - 2;
  Outputs state;
  for (std::size_t i = 2; i < op.inputs.size(); ++i)
    state.push_back(op.inputs[i] == nullptr ? OnnxTensor() : *op.inputs[i]);
  Outputs last;
  std::int64_t turn = 0;
  for (; turns < 0 || turn < turns; ++turn) {
    if (turn >= kMostTurns)
      return absl::InvalidArgumentError(absl::StrCat("takes more than ", kMostTurns, " turns that differ"));
    Outputs inputs = {ConstantTensor(onnx::TensorProto::INT64, {}, {static_cast<double>(turn)}),
                      ConstantTensor(onnx::TensorProto::BOOL, {}, {1})};
    inputs.insert(inputs.end(), state.begin(), state.end());
    ASSIGN_OR_RETURN(last, RunBody(body, inputs, scope, frame));
    if (last.size() <= carried) return absl::InvalidArgumentError("its body has too few outputs");
    const std::optional<double> goes_on = OnlyValue(&last.front());
    if (!goes_on.has_value()) {
      return absl::InvalidArgumentError(
          "multiplies in its body and its trip count is not known: when it ends hangs on data");
    }
    state.assign(last.begin() + 1, last.begin() + 1 + static_cast<std::ptrdiff_t>(carried));
    if (*goes_on == 0) {
      ++turn;
      break;
    }
  }
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    if (i < carried) {
      op.outputs[i] = state[i];
    } else if (i + 1 < last.size()) {
      op.outputs[i] = Stacked(last[i + 1], turn);
    }
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::RunScan(OnnxOp& op, const Scope& scope, const Frame& frame) {
  ASSIGN_OR_RETURN(const onnx::GraphProto* const body, RequiredGraph(op, "body"));
  if (op.opset() < 9) return absl::InvalidArgumentError("is of an opset below 9, which is not understood");
  const std::int64_t scanned = op.Int("num_scan_inputs", 0);
  const auto count = static_cast<std::int64_t>(op.inputs.size());
  if (scanned < 1 || scanned > count) return absl::InvalidArgumentError("num_scan_inputs does not fit its inputs");
  const auto carried = static_cast<std::size_t>(count - scanned);
  const std::vector<std::int64_t> axes = op.Ints("scan_input_axes").value_or(std::vector<std::int64_t>());
  Outputs inputs;
  std::int64_t turns = kUnknownExtent;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(static_cast<int>(i)));
    OnnxTensor one = WithoutValues(*input);
    if (i >= carried && one.dims.has_value()) {
      const std::size_t k = i - carried;
      ASSIGN_OR_RETURN(const std::size_t axis, NormalAxis(k < axes.size() ? axes[k] : 0, one.dims->size()));
      turns = std::max(turns, (*one.dims)[axis]);
      one.dims->erase(one.dims->begin() + static_cast<std::ptrdiff_t>(axis));
      one.id = -1;
    }
    inputs.push_back(std::move(one));
  }
  RETURN_IF_ERROR(Spend(run_.others.size() / 8));
  const Mark before = Here();
  Frame inside = frame;
  if (turns > 0 && __builtin_mul_overflow(frame.count, turns, &inside.count)) {
    return absl::InvalidArgumentError("runs too often");
  }
  ASSIGN_OR_RETURN(const Outputs outputs, RunBody(*body, inputs, scope, inside));
  const bool multiplies = run_.layers.size() > before.layers;
  const Outputs state(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(carried));
  const bool is_steady = SameShapes(state, outputs);
  if (multiplies && (turns < 0 || !is_steady)) {
    return absl::InvalidArgumentError("multiplies in its body, and how often, or with what shapes, is not known");
  }
  if (turns == 0) GoBack(before);
  const std::vector<std::int64_t> places = op.Ints("scan_output_axes").value_or(std::vector<std::int64_t>());
  for (std::size_t i = 0; i < op.outputs.size() && i < outputs.size(); ++i) {
    const std::size_t k = i - carried;
    const std::int64_t place = i >= carried && k < places.size() ? places[k] : 0;
    op.outputs[i] = i >= carried
                        ? Stacked(outputs[i], turns, static_cast<std::size_t>(std::max<std::int64_t>(0, place)))
                    : is_steady ? WithoutValues(outputs[i])
                                : WithoutValues(Either(outputs[i], inputs[i]));
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::RunFunction(const onnx::FunctionProto& function, OnnxOp& op, const Frame& frame) {
  if (std::find(calls_.begin(), calls_.end(), &function) != calls_.end()) {
    return absl::InvalidArgumentError(absl::StrCat("function '", function.name(), "' calls itself"));
  }
  if (calls_.size() >= kMostCalls) return absl::InvalidArgumentError("functions are nested too deeply");
  const std::vector<onnx::AttributeProto> defaults = DefaultAttributes(function);
  std::map<std::string, const onnx::AttributeProto*> attributes;
  for (const onnx::AttributeProto& attribute : op.node().attribute()) attributes.emplace(attribute.name(), &attribute);
  for (const onnx::AttributeProto& attribute : defaults) attributes.emplace(attribute.name(), &attribute);
  Scope scope;
  for (int i = 0; i < function.input_size(); ++i) {
    const OnnxTensor* const given = op.Input(i);
    if (given != nullptr) {
      scope.tensors[function.input(i)] = *given;
    } else {
      scope.left_out.insert(function.input(i));
    }
  }
  Frame inside = frame;
  inside.opsets = &function_opsets_.at(&function);
  inside.call = ++calls_made_;
  inside.attributes = &attributes;
  calls_.push_back(&function);
  const absl::Status status = RunNodes(function.node(), &scope, inside);
  calls_.pop_back();
  RETURN_IF_ERROR(status);
  for (int i = 0; i < function.output_size() && i < op.node().output_size(); ++i) {
    const auto found = scope.tensors.find(function.output(i));
    if (found == scope.tensors.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("output '", function.output(i), "' of the function is produced by no node"));
    }
    op.outputs[static_cast<std::size_t>(i)] = found->second;
  }
  return absl::OkStatus();
}

}  // namespace oneloop
