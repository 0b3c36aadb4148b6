#ifndef ONELOOP_COMMON_FORMATS_ONNX_RUN_H_
#define ONELOOP_COMMON_FORMATS_ONNX_RUN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/formats/onnx_op.h"

namespace oneloop {

// A multiplication in the course of a model.
struct OnnxLayer {
  std::string node;  // the node's name; may be empty or occur twice
  std::string op;    // "Conv", "com.microsoft:Attention"
  std::string part;  // of an operator with several products
  std::string output;
  LayerShape shape;
  std::int64_t count = 1;  // with turns of loops around it
  OnnxPads pads;
  std::string note;
  bool constant_weights = false;
  std::int64_t weight_elements = 0;  // of the parameter that W is; 0 when it is none
  int weight_origin = -1;
  std::int64_t bias_elements = 0;
  int bias_origin = -1;
  // Numbers of tensors; -1 for one that no tensor of the model holds, as between the parts of an operator.
  int input_id = -1;
  int weights_id = -1;
  int output_id = -1;
  std::string weights_name;
  OnnxDims weights_dims;
  // As in OnnxProduct.
  std::vector<std::string> input_axes;
  std::vector<std::string> weights_axes;
  std::vector<std::string> output_axes;
};

// An operator that was run, between layers.
struct OnnxStep {
  std::string op;
  OnnxReach reach = OnnxReach::kAll;
  std::vector<int> inputs;  // numbers of tensors; the first is what it works on, others beside it
  std::vector<int> outputs;
  std::vector<std::int64_t> order;  // of a transposition
  LayerShape window;
  OnnxPads pads;
};

struct OnnxTensorInfo {
  std::string name;
  OnnxDims dims;   // empty where they are not known
  int layer = -1;  // that produces it
  int step = -1;   // likewise; -1 for inputs of the model
  bool leaves = false;
};

// Run-time operators that multiply nothing that is modelled, of one kind.
struct OnnxOthers {
  std::int64_t nodes = 0;
  std::int64_t elements = 0;  // of their first outputs, as far as those are known
};

// What running a model does.
struct OnnxRun {
  std::vector<OnnxLayer> layers;  // in an order of running
  std::map<std::string, OnnxOthers> others;
  std::set<std::string> skipped;  // texts that name what was left out on purpose
  std::set<std::string> warnings;
  std::vector<OnnxStep> steps;
  std::vector<OnnxTensorInfo> tensors;  // by number
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_RUN_H_
