// Operators whose output has an element for each of its (broadcast) inputs, at the same place.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"
#include "common/formats/onnx_values.h"

namespace oneloop {
namespace {

using Operands = std::vector<double>;
using Function = double (*)(const Operands& x);

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double Truth(bool value) { return value ? 1 : 0; }

// Of comparisons too: what is not known compares to nothing.
bool AnyUnknown(const Operands& x) {
  return std::any_of(x.begin(), x.end(), [](double value) { return std::isnan(value); });
}

// Those that occur where shapes are computed; of others only the shape is known.
Function FindFunction(const std::string& type) {
  static const auto* const functions = new std::unordered_map<std::string, Function>{
      {"Add", [](const Operands& x) { return x[0] + x[1]; }},
      {"Sub", [](const Operands& x) { return x[0] - x[1]; }},
      {"Mul", [](const Operands& x) { return x[0] * x[1]; }},
      {"Div", [](const Operands& x) { return x[1] == 0 ? kUnknown : x[0] / x[1]; }},
      {"Pow", [](const Operands& x) { return std::pow(x[0], x[1]); }},
      {"Max", [](const Operands& x) { return *std::max_element(x.begin(), x.end()); }},
      {"Min", [](const Operands& x) { return *std::min_element(x.begin(), x.end()); }},
      {"Sum",
       [](const Operands& x) {
         double sum = 0;
         for (const double value : x) sum += value;
         return sum;
       }},
      {"Equal", [](const Operands& x) { return Truth(x[0] == x[1]); }},
      {"Less", [](const Operands& x) { return Truth(x[0] < x[1]); }},
      {"LessOrEqual", [](const Operands& x) { return Truth(x[0] <= x[1]); }},
      {"Greater", [](const Operands& x) { return Truth(x[0] > x[1]); }},
      {"GreaterOrEqual", [](const Operands& x) { return Truth(x[0] >= x[1]); }},
      {"And", [](const Operands& x) { return Truth(x[0] != 0 && x[1] != 0); }},
      {"Or", [](const Operands& x) { return Truth(x[0] != 0 || x[1] != 0); }},
      {"Xor", [](const Operands& x) { return Truth((x[0] != 0) != (x[1] != 0)); }},
      {"Not", [](const Operands& x) { return Truth(x[0] == 0); }},
      {"Where", [](const Operands& x) { return x[0] != 0 ? x[1] : x[2]; }},
      {"Neg", [](const Operands& x) { return -x[0]; }},
      {"Abs", [](const Operands& x) { return std::fabs(x[0]); }},
      {"Sign", [](const Operands& x) { return x[0] > 0   ? 1.0
                                              : x[0] < 0 ? -1.0
                                                         : 0.0; }},
      {"Floor", [](const Operands& x) { return std::floor(x[0]); }},
      {"Ceil", [](const Operands& x) { return std::ceil(x[0]); }},
      {"Round", [](const Operands& x) { return std::nearbyint(x[0]); }},
      {"Sqrt", [](const Operands& x) { return std::sqrt(x[0]); }},
      {"Reciprocal", [](const Operands& x) { return x[0] == 0 ? kUnknown : 1 / x[0]; }},
      {"Exp", [](const Operands& x) { return std::exp(x[0]); }},
      {"Log", [](const Operands& x) { return std::log(x[0]); }},
      {"Relu", [](const Operands& x) { return std::max(x[0], 0.0); }},
      {"Identity", [](const Operands& x) { return x[0]; }}};
  const auto found = functions->find(type);
  return found == functions->end() ? nullptr : found->second;
}

bool IsTruthOp(const std::string& type) {
  static const auto* const types = new std::vector<std::string>{
      "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Not", "IsNaN", "IsInf"};
  return std::find(types->begin(), types->end(), type) != types->end();
}

// How many operands its function looks at.
std::size_t LeastOperands(const std::string& type) {
  if (type == "Where") return 3;
  static const auto* const two = new std::set<std::string>{
      "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
      "And", "Or",  "Xor"};
  return two->count(type) > 0 ? 2 : 1;
}

void SetComputedValues(OnnxOp& op) {
  const Function function = FindFunction(op.type());
  if (function == nullptr) return;
  const bool whole = !op.inputs.empty() && op.inputs[0] != nullptr && !IsFloatType(op.inputs[0]->type);
  const bool divides = op.type() == "Div" && whole;
  SetBroadcastValues(op, 0, [function, divides](const Operands& x) {
    if (AnyUnknown(x)) return kUnknown;
    return divides ? std::trunc(function(x)) : function(x);
  });
}

// Unary and broadcast operators alike.
absl::Status Broadcast(OnnxOp& op) {
  op.reach = OnnxReach::kElement;
  RETURN_IF_ERROR(op.Required(static_cast<int>(LeastOperands(op.type())) - 1).status());
  // Before opset 7 the second tensor was placed along an axis of the first.
  if (op.Int("broadcast", 0) != 0) {
    ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
    op.SetOutput(0, input->dims);
    return absl::OkStatus();
  }
  std::optional<OnnxDims> dims = OnnxDims();
  for (const OnnxTensor* input : op.inputs) {
    if (input == nullptr) continue;
    if (!input->dims.has_value()) dims.reset();
    if (!dims.has_value()) break;
    ASSIGN_OR_RETURN(dims, BroadcastDims(*dims, *input->dims));
  }
  OnnxTensor& output = op.SetOutput(0, std::move(dims), op.type() == "Where" ? 1 : 0);
  if (IsTruthOp(op.type())) output.type = onnx::TensorProto::BOOL;
  SetComputedValues(op);
  return absl::OkStatus();
}

absl::Status Modulo(OnnxOp& op) {
  RETURN_IF_ERROR(Broadcast(op));
  const bool like_c = op.Int("fmod", 0) != 0;
  SetBroadcastValues(op, 0, [like_c](const Operands& x) {
    if (AnyUnknown(x) || x[1] == 0) return kUnknown;
    return like_c ? std::fmod(x[0], x[1]) : x[0] - std::floor(x[0] / x[1]) * x[1];
  });
  return absl::OkStatus();
}

// Has the shape of its first input, whatever the others are.
absl::Status LikeFirst(OnnxOp& op) {
  op.reach = OnnxReach::kElement;
  ASSIGN_OR_RETURN(const OnnxTensor* const input, op.Required(0));
  for (std::size_t i = 0; i < op.outputs.size(); ++i) op.SetOutput(i, input->dims);
  return absl::OkStatus();
}

// The same, where one output element needs others along an axis.
absl::Status LineLikeFirst(OnnxOp& op) {
  RETURN_IF_ERROR(LikeFirst(op));
  for (std::size_t i = 1; i < op.outputs.size(); ++i) op.outputs[i] = OnnxTensor();
  op.reach = OnnxReach::kLine;
  return absl::OkStatus();
}

// The same, and what it holds is the parameter that its input is, in another form.
absl::Status KeepFirst(OnnxOp& op) {
  RETURN_IF_ERROR(LikeFirst(op));
  op.outputs[0].origin = op.inputs[0]->origin;
  SetSameValues(op, 0, 0);
  return absl::OkStatus();
}

// Values of other numbers than its input has.
absl::Status Scale(OnnxOp& op) {
  RETURN_IF_ERROR(KeepFirst(op));
  op.outputs[0].values = nullptr;
  op.outputs[0].type =
      op.type() == "DequantizeLinear" ? static_cast<int>(onnx::TensorProto::FLOAT) : op.outputs[0].type;
  return absl::OkStatus();
}

absl::Status Cast(OnnxOp& op) {
  RETURN_IF_ERROR(KeepFirst(op));
  if (op.type() == "Cast") op.outputs[0].type = static_cast<int>(op.Int("to", 0));
  if (!IsFloatType(op.outputs[0].type) && op.outputs[0].values != nullptr) {
    const bool to_truth = op.outputs[0].type == onnx::TensorProto::BOOL;
    SetBroadcastValues(op, 0, [to_truth](const Operands& x) {
      if (std::isnan(x[0])) return kUnknown;
      return to_truth ? Truth(x[0] != 0) : std::trunc(x[0]);
    });
  }
  return absl::OkStatus();
}

// Normalization of input + skip; the sum is the fourth output, in simplified forms too.
absl::Status SkipNormalization(OnnxOp& op) {
  RETURN_IF_ERROR(LikeFirst(op));
  op.reach = OnnxReach::kLine;
  return absl::OkStatus();
}

// input_ids [batch, sequence], ..., word_embedding [words, width]
absl::Status EmbedNormalization(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxTensor* const ids, op.Required(0));
  ASSIGN_OR_RETURN(const OnnxTensor* const words, op.Required(2));
  if (!ids->dims.has_value() || !words->HasRank(2)) return absl::OkStatus();
  OnnxDims dims = *ids->dims;
  dims.push_back((*words->dims)[1]);
  op.SetOutput(0, dims).type = words->type;
  if (op.outputs.size() > 1 && !ids->dims->empty()) op.SetOutput(1, OnnxDims{(*ids->dims)[0]});
  if (op.outputs.size() > 2) op.SetOutput(2, dims).type = words->type;
  return absl::OkStatus();
}

// The QLinear forms of operators on two tensors: A, scale, zero point, B, scale, zero point, ...
absl::Status QuantizedBroadcast(OnnxOp& op) {
  op.reach = OnnxReach::kElement;
  ASSIGN_OR_RETURN(const OnnxTensor* const a, op.Required(0));
  ASSIGN_OR_RETURN(const OnnxTensor* const b, op.Required(3));
  std::optional<OnnxDims> dims;
  if (a->dims.has_value() && b->dims.has_value()) {
    ASSIGN_OR_RETURN(dims, BroadcastDims(*a->dims, *b->dims));
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

absl::Status DynamicQuantize(OnnxOp& op) {
  RETURN_IF_ERROR(LikeFirst(op));
  op.outputs[0].type = onnx::TensorProto::UINT8;
  for (std::size_t i = 1; i < op.outputs.size(); ++i) op.SetOutput(i, OnnxDims());
  return absl::OkStatus();
}

// Half of the last axis gates the other half, after a bias is added.
absl::Status SplitGelu(OnnxOp& op) {
  RETURN_IF_ERROR(LikeFirst(op));
  if (op.outputs[0].dims.has_value() && !op.outputs[0].dims->empty() && op.outputs[0].dims->back() > 0) {
    op.outputs[0].dims->back() /= 2;
  }
  return absl::OkStatus();
}

}  // namespace

void AddElementwiseRules(OnnxRuleTable* table) {
  for (const char* type : {"Add",        "Sub",     "Mul",   "Div",   "Pow",         "Max",        "Min",
                           "Sum",        "Mean",    "Equal", "Less",  "LessOrEqual", "Greater",    "GreaterOrEqual",
                           "And",        "Or",      "Xor",   "Not",   "Where",       "Neg",        "Abs",
                           "Sign",       "Floor",   "Ceil",  "Round", "Sqrt",        "Reciprocal", "Exp",
                           "Log",        "Relu",    "IsNaN", "IsInf", "BitwiseAnd",  "BitwiseOr",  "BitwiseXor",
                           "BitwiseNot", "BitShift"}) {
    (*table)[type] = Broadcast;
  }
  (*table)["Mod"] = Modulo;
  for (const char* type : {"Acos",
                           "Acosh",
                           "Asin",
                           "Asinh",
                           "Atan",
                           "Atanh",
                           "BatchNormalization",
                           "Celu",
                           "Clip",
                           "Cos",
                           "Cosh",
                           "Elu",
                           "Erf",
                           "Gelu",
                           "HardSigmoid",
                           "HardSwish",
                           "LeakyRelu",
                           "Mish",
                           "PRelu",
                           "Selu",
                           "Shrink",
                           "Sigmoid",
                           "Sin",
                           "Sinh",
                           "Softplus",
                           "Softsign",
                           "Swish",
                           "Tan",
                           "Tanh",
                           "ThresholdedRelu",
                           "Dropout",
                           "Trilu",
                           "Bernoulli",
                           "ScatterND",
                           "ScatterElements",
                           "Scatter",
                           "RotaryEmbedding",
                           "TensorScatter",
                           "com.microsoft:Gelu",
                           "com.microsoft:FastGelu",
                           "com.microsoft:QuickGelu",
                           "com.microsoft:BiasGelu",
                           "com.microsoft:BiasAdd",
                           "com.microsoft:BiasSoftmax",
                           "com.microsoft:BiasDropout",
                           "com.microsoft:RotaryEmbedding",
                           "com.microsoft:QLinearSigmoid",
                           "com.microsoft:QLinearLeakyRelu",
                           "com.microsoft:Trilu"}) {
    (*table)[type] = LikeFirst;
  }
  for (const char* type :
       {"Softmax", "LogSoftmax", "Hardmax", "InstanceNormalization", "GroupNormalization", "LayerNormalization",
        "RMSNormalization", "SimplifiedLayerNormalization", "LpNormalization", "MeanVarianceNormalization", "LRN",
        "CumSum", "CumProd", "ReverseSequence", "com.microsoft:SimplifiedLayerNormalization",
        "com.microsoft:LayerNormalization", "com.microsoft:GroupNorm", "com.microsoft:QLinearSoftmax"}) {
    (*table)[type] = LineLikeFirst;
  }
  for (const char* type : {"Identity"}) (*table)[type] = KeepFirst;
  for (const char* type :
       {"QuantizeLinear", "DequantizeLinear", "com.microsoft:QuantizeLinear", "com.microsoft:DequantizeLinear",
        "onnx.brevitas:Quant", "onnx.brevitas:BipolarQuant", "onnx.brevitas:Trunc", "qonnx.custom_op.general:Quant",
        "qonnx.custom_op.general:BipolarQuant", "qonnx.custom_op.general:Trunc", "qonnx.custom_op.general:IntQuant",
        "finn.custom_op.general:Quant", "finn.custom_op.general:BipolarQuant", "qonnx.custom_op.general:FloatQuant"}) {
    (*table)[type] = Scale;
  }
  (*table)["Cast"] = Cast;
  (*table)["CastLike"] = Cast;
  (*table)["DynamicQuantizeLinear"] = DynamicQuantize;
  (*table)["com.microsoft:SkipLayerNormalization"] = SkipNormalization;
  (*table)["com.microsoft:SkipSimplifiedLayerNormalization"] = SkipNormalization;
  (*table)["com.microsoft:EmbedLayerNormalization"] = EmbedNormalization;
  (*table)["com.microsoft:BiasSplitGelu"] = SplitGelu;
  (*table)["com.microsoft:QLinearAdd"] = QuantizedBroadcast;
  (*table)["com.microsoft:QLinearMul"] = QuantizedBroadcast;
}

}  // namespace oneloop
