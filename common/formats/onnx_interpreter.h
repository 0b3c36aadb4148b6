#ifndef ONELOOP_COMMON_FORMATS_ONNX_INTERPRETER_H_
#define ONELOOP_COMMON_FORMATS_ONNX_INTERPRETER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/formats/onnx_bindings.h"
#include "common/formats/onnx_op.h"
#include "common/formats/onnx_run.h"
#include "onnx/onnx_pb.h"

namespace oneloop {

// Goes through a model as a run would, with shapes in the place of data: what each node multiplies, what lies between.
// Values are computed where shapes hang on them. Serves one Run(). Not thread-safe.
class OnnxInterpreter {
 public:
  // Both are borrowed.
  OnnxInterpreter(const onnx::ModelProto& model, const ImportOptions& bindings);

  // INVALID_ARGUMENT naming node, operator and tensor for a graph that makes no sense or multiplies in a way that is
  // not understood, with the symbols that are not bound where a shape is not known; and once the work passes
  // kMostOnnxWork.
  absl::StatusOr<OnnxRun> Run();

 private:
  using Opsets = std::map<std::string, int>;

  // Names of one graph that runs; those of graphs around it are seen through `outer`.
  struct Scope {
    const Scope* outer = nullptr;
    const onnx::GraphProto* graph = nullptr;  // null for a function
    std::unordered_map<std::string_view, const onnx::ValueInfoProto*> declared;
    std::unordered_map<std::string, OnnxTensor> tensors;
    std::set<std::string> left_out;  // inputs of a function that its caller leaves out
  };
  // Around nodes that run.
  struct Frame {
    const Opsets* opsets = nullptr;
    std::int64_t count = 1;  // turns of all loops around
    int call = 0;            // which call of a function
    // Attributes that the function was called with.
    const std::map<std::string, const onnx::AttributeProto*>* attributes = nullptr;
  };
  using Outputs = std::vector<OnnxTensor>;

  // A place to come back to.
  struct Mark {
    std::size_t layers, steps, tensors;
    std::map<std::string, OnnxOthers> others;
  };
  Mark Here() const { return {run_.layers.size(), run_.steps.size(), run_.tensors.size(), run_.others}; }
  void GoBack(const Mark& mark);

  // Counts work, in the time that a node takes; an error once there is too much of it.
  absl::Status Spend(std::size_t work);
  absl::Status SpendOn(const OnnxTensor& tensor);

  absl::Status AddFunctions();
  absl::Status ReadGraphInputs(Scope* scope);
  absl::Status AddInitializers(const onnx::GraphProto& graph, Scope* scope);
  void AddDeclared(const onnx::GraphProto& graph, Scope* scope);

  absl::Status RunNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope* scope,
                        const Frame& frame);
  absl::Status RunNode(const onnx::NodeProto& node, Scope* scope, const Frame& frame);
  absl::Status RunNodeUnnamed(const onnx::NodeProto& node, Scope* scope, const Frame& frame, OnnxOp& op);
  absl::Status ReadInputs(const onnx::NodeProto& node, const Scope& scope, OnnxOp* op) const;
  absl::Status ApplyRule(OnnxOp& op);
  absl::Status ApplyUnknown(OnnxOp& op);
  absl::Status Record(OnnxOp& op, const Frame& frame);
  absl::Status RecordLayers(const OnnxOp& op, const Frame& frame);
  void RecordStep(const OnnxOp& op);
  absl::Status StoreOutputs(const onnx::NodeProto& node, const onnx::NodeProto& original, OnnxOp& op, Scope* scope,
                            const Frame& frame);
  int NewTensor(const std::string& name, const OnnxTensor& tensor);
  int OriginOf(const void* where, int index, int call);

  // A graph inside a node, with its inputs set in the order of `inputs`.
  absl::StatusOr<Outputs> RunBody(const onnx::GraphProto& graph, const Outputs& inputs, const Scope& outer,
                                  const Frame& frame);
  absl::Status RunIf(OnnxOp& op, const Scope& scope, const Frame& frame);
  absl::Status RunBothBranches(OnnxOp& op, const Scope& scope, const Frame& frame);
  absl::Status RunLoop(OnnxOp& op, const Scope& scope, const Frame& frame);
  absl::Status RunTurns(OnnxOp& op, const onnx::GraphProto& body, std::int64_t turns, const Scope& scope,
                        const Frame& frame);
  absl::Status RunScan(OnnxOp& op, const Scope& scope, const Frame& frame);
  absl::Status RunFunction(const onnx::FunctionProto& function, OnnxOp& op, const Frame& frame);

  const onnx::ModelProto& model_;
  const ImportOptions& bindings_;
  OnnxShapeReader shapes_;
  Opsets opsets_;
  std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*> functions_;  // by domain and name
  std::map<const onnx::FunctionProto*, Opsets> function_opsets_;
  std::vector<const onnx::FunctionProto*> calls_;  // under way, outermost first
  std::map<std::pair<std::pair<const void*, int>, int>, int> origins_;
  std::map<const void*, std::vector<int>> schedules_;  // by the list of nodes
  std::size_t work_ = 0;
  int calls_made_ = 0;
  OnnxRun run_;
};

// Nodes that are run, those of functions at each call and of loops that are run turn by turn; values that are computed
// and names that are read count in proportion. About a second.
inline constexpr std::size_t kMostOnnxWork = 400000;

inline constexpr std::size_t kMostOnnxRank = 64;

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_INTERPRETER_H_
