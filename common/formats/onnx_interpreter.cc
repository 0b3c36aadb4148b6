#include "common/formats/onnx_interpreter.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "common/formats/onnx_schedule.h"

namespace oneloop {
namespace {

std::string NormalDomain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// The newest of a domain that is imported more than once.
template <class Imports>
std::map<std::string, int> ReadOpsets(const Imports& imports) {
  std::map<std::string, int> opsets;
  for (const onnx::OperatorSetIdProto& import : imports) {
    int& opset = opsets[NormalDomain(import.domain())];
    opset = std::max(opset, static_cast<int>(std::clamp<std::int64_t>(import.version(), 1, 1 << 20)));
  }
  return opsets;
}

// Operators that draw numbers while the model runs.
bool IsRandom(const std::string& type) {
  return type.starts_with("Random") || type == "Multinomial" || type == "Bernoulli";
}

// Fills in what is not known of a tensor.
void Complete(const OnnxTensor& declared, OnnxTensor* tensor) {
  if (tensor->type == 0) tensor->type = declared.type;
  if (!declared.dims.has_value()) return;
  if (!tensor->dims.has_value()) {
    tensor->dims = declared.dims;
    return;
  }
  if (tensor->dims->size() != declared.dims->size()) return;
  for (std::size_t i = 0; i < tensor->dims->size(); ++i) {
    if ((*tensor->dims)[i] < 0) (*tensor->dims)[i] = (*declared.dims)[i];
  }
}

bool IsComplete(const OnnxTensor& tensor) {
  return tensor.type != 0 && tensor.dims.has_value() &&
         std::none_of(tensor.dims->begin(), tensor.dims->end(), [](std::int64_t extent) { return extent < 0; });
}

}  // namespace

OnnxInterpreter::OnnxInterpreter(const onnx::ModelProto& model, const ImportOptions& bindings)
    : model_(model), bindings_(bindings), shapes_(bindings), opsets_(ReadOpsets(model.opset_import())) {}

absl::StatusOr<OnnxRun> OnnxInterpreter::Run() {
  constexpr int kNewestOpset = 26;
  if (opsets_[""] > kNewestOpset) {
    run_.warnings.insert(absl::StrCat("opset ", opsets_[""], " is newer than ", kNewestOpset,
                                      ", the newest that is known; operators are read as they are there"));
  }
  const onnx::GraphProto& graph = model_.graph();
  if (graph.node_size() == 0) return absl::InvalidArgumentError("the graph has no nodes; nothing is multiplied");
  RETURN_IF_ERROR(shapes_.CheckAllUsed(graph));
  RETURN_IF_ERROR(AddFunctions());
  Scope scope;
  scope.graph = &graph;
  RETURN_IF_ERROR(AddInitializers(graph, &scope));
  RETURN_IF_ERROR(ReadGraphInputs(&scope));
  AddDeclared(graph, &scope);
  Frame frame;
  frame.opsets = &opsets_;
  const absl::Status status = RunNodes(graph.node(), &scope, frame);
  if (!status.ok()) {
    const std::string unbound = shapes_.UnboundText();
    if (unbound.empty()) return status;
    return absl::InvalidArgumentError(absl::StrCat(status.message(), "; ", unbound));
  }
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const auto found = scope.tensors.find(output.name());
    if (found != scope.tensors.end() && found->second.id >= 0) {
      run_.tensors[static_cast<std::size_t>(found->second.id)].leaves = true;
    }
  }
  return std::move(run_);
}

absl::Status OnnxInterpreter::Spend(std::size_t work) {
  work_ += work;
  if (work_ <= kMostOnnxWork) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("takes more work than running ", kMostOnnxWork,
                                                 " operators, functions and loops unrolled; split the model"));
}

absl::Status OnnxInterpreter::SpendOn(const OnnxTensor& tensor) {
  constexpr std::size_t kValuesOfNode = 64;
  if (tensor.dims.has_value() && tensor.dims->size() > kMostOnnxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tensor has ", tensor.dims->size(), " dimensions; at most ", kMostOnnxRank, " are understood"));
  }
  return Spend(tensor.values == nullptr ? 0 : tensor.values->size() / kValuesOfNode);
}

void OnnxInterpreter::GoBack(const Mark& mark) {
  run_.layers.resize(mark.layers);
  run_.steps.resize(mark.steps);
  run_.tensors.resize(mark.tensors);
  run_.others = mark.others;
}

absl::Status OnnxInterpreter::AddFunctions() {
  for (const onnx::FunctionProto& function : model_.functions()) {
    functions_.emplace(std::make_pair(NormalDomain(function.domain()), function.name()), &function);
    Opsets opsets = ReadOpsets(function.opset_import());
    // What a function does not import it has from the model.
    opsets.insert(opsets_.begin(), opsets_.end());
    function_opsets_.emplace(&function, std::move(opsets));
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::ReadGraphInputs(Scope* scope) {
  for (const onnx::ValueInfoProto& input : model_.graph().input()) {
    if (scope->tensors.count(input.name()) > 0) continue;  // an initializer
    ASSIGN_OR_RETURN(OnnxTensor tensor, shapes_.ReadInput(input));
    RETURN_IF_ERROR(SpendOn(tensor));
    tensor.id = NewTensor(input.name(), tensor);
    scope->tensors.emplace(input.name(), std::move(tensor));
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::AddInitializers(const onnx::GraphProto& graph, Scope* scope) {
  // Of a graph that runs again and again, they count like nodes.
  const bool frequent = scope->outer != nullptr;
  const auto add = [&](const std::string& name, OnnxTensor tensor, const void* where) -> absl::Status {
    for (const std::int64_t extent : *tensor.dims) {
      if (extent >= 0) continue;
      return absl::InvalidArgumentError(absl::StrCat("initializer '", name, "' has a negative extent, ", extent));
    }
    RETURN_IF_ERROR(SpendOn(tensor));
    tensor.origin = OriginOf(where, 0, 0);
    scope->tensors[name] = std::move(tensor);
    return Spend(frequent ? 1 : 0);
  };
  for (const onnx::TensorProto& initializer : graph.initializer()) {
    RETURN_IF_ERROR(add(initializer.name(), TensorFromProto(initializer), &initializer));
  }
  for (const onnx::SparseTensorProto& sparse : graph.sparse_initializer()) {
    OnnxTensor tensor;
    tensor.dims.emplace(sparse.dims().begin(), sparse.dims().end());
    tensor.type = sparse.values().data_type();
    tensor.constant = true;
    RETURN_IF_ERROR(add(sparse.values().name(), std::move(tensor), &sparse));
  }
  return absl::OkStatus();
}

void OnnxInterpreter::AddDeclared(const onnx::GraphProto& graph, Scope* scope) {
  for (const onnx::ValueInfoProto& info : graph.value_info()) scope->declared.emplace(info.name(), &info);
  for (const onnx::ValueInfoProto& info : graph.output()) scope->declared.emplace(info.name(), &info);
}

absl::Status OnnxInterpreter::RunNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope* scope,
                                       const Frame& frame) {
  auto schedule = schedules_.find(&nodes);
  if (schedule == schedules_.end()) {
    ASSIGN_OR_RETURN(std::vector<int> order, ScheduleOnnxNodes(nodes));
    schedule = schedules_.emplace(&nodes, std::move(order)).first;
  }
  for (const int index : schedule->second) RETURN_IF_ERROR(RunNode(nodes[index], scope, frame));
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::RunNode(const onnx::NodeProto& node, Scope* scope, const Frame& frame) {
  RETURN_IF_ERROR(Spend(1 + static_cast<std::size_t>(node.input_size() + node.output_size()) / 8));
  const onnx::NodeProto* called = &node;
  onnx::NodeProto copy;
  // Attributes that stand for those of the function's caller.
  const bool refers = std::any_of(node.attribute().begin(), node.attribute().end(),
                                  [](const auto& attribute) { return !attribute.ref_attr_name().empty(); });
  if (refers && frame.attributes != nullptr) {
    copy = node;
    copy.clear_attribute();
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      const auto given = frame.attributes->find(attribute.ref_attr_name());
      if (attribute.ref_attr_name().empty()) {
        *copy.add_attribute() = attribute;
      } else if (given != frame.attributes->end()) {
        onnx::AttributeProto* const filled = copy.add_attribute();
        *filled = *given->second;
        filled->set_name(attribute.name());
      }
    }
    called = &copy;
  }
  const std::string domain = NormalDomain(node.domain());
  const auto opset = frame.opsets->find(domain);
  OnnxOp op(*called, domain, opset == frame.opsets->end() ? 1 : opset->second);
  const absl::Status status = RunNodeUnnamed(*called, scope, frame, op);
  if (!status.ok()) {
    // Errors from inside a graph or function name the node already.
    const std::string text = Message(status);
    if (text.starts_with("node ") || text.starts_with("in ")) {
      const bool is_inside = !text.starts_with(OnnxNodeText(node));
      return is_inside && text.size() < 2000
                 ? absl::InvalidArgumentError(absl::StrCat("in ", OnnxNodeText(node), ": ", text))
                 : status;
    }
    return absl::InvalidArgumentError(absl::StrCat(OnnxNodeText(node), ": ", text));
  }
  RETURN_IF_ERROR(StoreOutputs(*called, node, op, scope, frame));
  return Record(op, frame);
}

absl::Status OnnxInterpreter::RunNodeUnnamed(const onnx::NodeProto& node, Scope* scope, const Frame& frame,
                                             OnnxOp& op) {
  RETURN_IF_ERROR(ReadInputs(node, *scope, &op));
  op.outputs.resize(static_cast<std::size_t>(node.output_size()));
  const std::string name = OnnxOpName(op.domain(), op.type());
  const bool skipped =
      bindings_.skips.count(node.name()) > 0 || bindings_.skips.count(name) > 0 || bindings_.skips.count(op.type()) > 0;
  if (skipped) {
    run_.skipped.insert(OnnxNodeText(node));
    return absl::OkStatus();
  }
  const auto function = functions_.find({op.domain(), op.type()});
  if (function != functions_.end()) return RunFunction(*function->second, op, frame);
  if (op.domain().empty() && op.type() == "If") return RunIf(op, *scope, frame);
  if (op.domain().empty() && op.type() == "Loop") return RunLoop(op, *scope, frame);
  if (op.domain().empty() && op.type() == "Scan") return RunScan(op, *scope, frame);
  return ApplyRule(op);
}

absl::Status OnnxInterpreter::ReadInputs(const onnx::NodeProto& node, const Scope& scope, OnnxOp* op) const {
  for (const std::string& name : node.input()) {
    const OnnxTensor* found = nullptr;
    for (const Scope* place = &scope; place != nullptr && found == nullptr && !name.empty(); place = place->outer) {
      const auto tensor = place->tensors.find(name);
      if (tensor != place->tensors.end()) found = &tensor->second;
    }
    if (found == nullptr && !name.empty() && scope.left_out.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", name, "' is produced by no node, initializer or input of the graph"));
    }
    op->inputs.push_back(found);
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::ApplyRule(OnnxOp& op) {
  if (const OnnxRule rule = FindOnnxRule(op.domain(), op.type()); rule != nullptr) {
    if (op.outputs.empty()) op.outputs.resize(1);
    return rule(op);
  }
  for (const onnx::AttributeProto& attribute : op.node().attribute()) {
    if (!attribute.has_g()) continue;
    return absl::InvalidArgumentError(absl::StrCat("holds a graph, '", attribute.name(), "', and is not understood"));
  }
  const bool is_standard = op.domain().empty() || op.domain().starts_with("ai.onnx");
  if (!is_standard) return ApplyUnknown(op);
  const absl::Status status = ApplyOnnxSchema(op);
  if (absl::IsNotFound(status)) return ApplyUnknown(op);
  // What such an operator does not say of its outputs, the model may declare.
  return absl::OkStatus();
}

// Whether an operator that nobody knows may multiply matrices.
absl::Status OnnxInterpreter::ApplyUnknown(OnnxOp& op) {
  for (std::size_t i = 0; i < op.outputs.size(); ++i) op.SetOutput(i, std::nullopt);
  if (op.AllConstant()) return absl::OkStatus();
  int computed = 0;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const OnnxTensor* const input = op.inputs[i];
    if (input == nullptr) continue;
    const bool has_rank_2 = !input->dims.has_value() || input->dims->size() >= 2;
    if (!input->constant && has_rank_2) ++computed;
    if (computed < 2 && !(input->constant && has_rank_2)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "is not known and may multiply by '", op.node().input(static_cast<int>(i)), "' (", DimsText(*input),
        "); leave it out with --skip ", op.node().name().empty() ? op.type() : op.node().name()));
  }
  run_.warnings.insert(
      absl::StrCat(OnnxNodeText(op.node()), " is not known; it is listed as work that is not modelled"));
  return absl::OkStatus();
}

int OnnxInterpreter::OriginOf(const void* where, int index, int call) {
  return origins_.emplace(std::make_pair(std::make_pair(where, index), call), static_cast<int>(origins_.size()))
      .first->second;
}

int OnnxInterpreter::NewTensor(const std::string& name, const OnnxTensor& tensor) {
  OnnxTensorInfo info;
  info.name = name;
  if (IsComplete(tensor) || tensor.dims.has_value()) info.dims = *tensor.dims;
  run_.tensors.push_back(std::move(info));
  return static_cast<int>(run_.tensors.size()) - 1;
}

absl::Status OnnxInterpreter::StoreOutputs(const onnx::NodeProto& node, const onnx::NodeProto& original, OnnxOp& op,
                                           Scope* scope, const Frame& frame) {
  const int call = op.inputs.empty() ? 0 : frame.call;
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string& name = node.output(i);
    if (name.empty()) continue;
    OnnxTensor& output = op.outputs[static_cast<std::size_t>(i)];
    if (IsRandom(op.type())) output.constant = false;
    if (!IsComplete(output)) {
      const auto declared = scope->declared.find(name);
      if (declared != scope->declared.end()) Complete(shapes_.ReadDeclared(*declared->second), &output);
    }
    if (output.constant) {
      output.id = -1;
      if (output.origin < 0) output.origin = OriginOf(&original, i, call);
    } else {
      output.origin = -1;
      // What comes out of a body has its number already.
      if (output.id < 0) output.id = NewTensor(name, output);
    }
    RETURN_IF_ERROR(SpendOn(output));
    scope->tensors[name] = output;
  }
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::Record(OnnxOp& op, const Frame& frame) {
  static const auto* const containers = new std::set<std::string>{"If", "Loop", "Scan"};
  const bool is_container =
      (op.domain().empty() && containers->count(op.type()) > 0) || functions_.count({op.domain(), op.type()}) > 0;
  if (is_container || op.AllConstant()) return absl::OkStatus();
  std::erase_if(op.products, [](const OnnxProduct& product) {
    return product.count == 0 ||
           std::find(product.shape.bounds.begin(), product.shape.bounds.end(), 0) != product.shape.bounds.end();
  });
  if (!op.products.empty()) return RecordLayers(op, frame);
  OnnxOthers& others = run_.others[OnnxOpName(op.domain(), op.type())];
  others.nodes += frame.count;
  const std::optional<std::int64_t> elements =
      op.outputs.empty() || !op.outputs[0].dims.has_value() ? std::nullopt : ElementCount(*op.outputs[0].dims);
  std::int64_t all = 0;
  if (elements.has_value() && !__builtin_mul_overflow(*elements, frame.count, &all)) {
    if (__builtin_add_overflow(others.elements, all, &others.elements)) others.elements = INT64_MAX;
  }
  RecordStep(op);
  return absl::OkStatus();
}

absl::Status OnnxInterpreter::RecordLayers(const OnnxOp& op, const Frame& frame) {
  for (const OnnxProduct& product : op.products) {
    OnnxLayer layer;
    layer.node = op.node().name();
    layer.op = OnnxOpName(op.domain(), op.type());
    layer.part = product.part;
    layer.output = op.node().output_size() > 0 ? op.node().output(0) : "";
    layer.shape = product.shape;
    layer.pads = product.pads;
    layer.note = product.note;
    layer.input_axes = product.input_axes;
    layer.weights_axes = product.weights_axes;
    layer.output_axes = product.output_axes;
    if (const absl::Status status = ValidateShape(product.shape); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(OnnxNodeText(op.node()), ": bound ", status.message()));
    }
    if (__builtin_mul_overflow(product.count, frame.count, &layer.count) || layer.count > kMaxLayerCount) {
      return absl::InvalidArgumentError(
          absl::StrCat(OnnxNodeText(op.node()), ": runs more than ", kMaxLayerCount, " times; split the model"));
    }
    if (const OnnxTensor* const weights = op.Input(product.weights); weights != nullptr) {
      layer.constant_weights = weights->constant;
      layer.weights_id = weights->id;
      layer.weights_name = op.node().input(product.weights);
      layer.weights_dims = weights->dims.value_or(OnnxDims());
      if (weights->constant) layer.weight_elements = product.weight_elements;
      layer.weight_origin = weights->origin;
    }
    if (const OnnxTensor* const bias = op.Input(product.bias); bias != nullptr && bias->constant) {
      layer.bias_elements = ElementCount(bias->dims.value_or(OnnxDims())).value_or(0);
      layer.bias_origin = bias->origin;
    }
    if (const OnnxTensor* const input = op.Input(product.input); input != nullptr) layer.input_id = input->id;
    const bool is_last = &product == &op.products.back();
    if (is_last && !op.outputs.empty()) layer.output_id = op.outputs[0].id;
    run_.layers.push_back(std::move(layer));
  }
  for (const OnnxTensor& output : op.outputs) {
    if (output.id >= 0)
      run_.tensors[static_cast<std::size_t>(output.id)].layer = static_cast<int>(run_.layers.size()) - 1;
  }
  return absl::OkStatus();
}

void OnnxInterpreter::RecordStep(const OnnxOp& op) {
  OnnxStep step;
  step.op = OnnxOpName(op.domain(), op.type());
  step.reach = op.reach;
  step.window = op.window;
  step.pads = op.pads;
  if (op.type() == "Transpose") step.order = op.Ints("perm").value_or(std::vector<std::int64_t>());
  for (const OnnxTensor* input : op.inputs) {
    if (input != nullptr && input->id >= 0) step.inputs.push_back(input->id);
  }
  for (const OnnxTensor& output : op.outputs) {
    if (output.id < 0) continue;
    step.outputs.push_back(output.id);
    run_.tensors[static_cast<std::size_t>(output.id)].step = static_cast<int>(run_.steps.size());
  }
  run_.steps.push_back(std::move(step));
}

}  // namespace oneloop
