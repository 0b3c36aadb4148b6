#ifndef ONELOOP_COMMON_FORMATS_ONNX_BINDINGS_H_
#define ONELOOP_COMMON_FORMATS_ONNX_BINDINGS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/formats/import_options.h"
#include "common/formats/onnx_tensor.h"
#include "onnx/onnx_pb.h"

namespace oneloop {

// Turns declared shapes into extents, and remembers which symbols nobody bound. Not thread-safe.
class OnnxShapeReader {
 public:
  explicit OnnxShapeReader(const ImportOptions& bindings) : bindings_(bindings) {}

  // An input of the model. INVALID_ARGUMENT, naming it, for one without a shape or with an extent of 0.
  absl::StatusOr<OnnxTensor> ReadInput(const onnx::ValueInfoProto& input);

  // What is declared of another tensor; unknown where it says nothing.
  OnnxTensor ReadDeclared(const onnx::ValueInfoProto& info);

  // "unbound: 'batch' of input 'x' (--bind batch=N)", or "".
  std::string UnboundText() const;

  // INVALID_ARGUMENT for a binding of something that the model does not have.
  absl::Status CheckAllUsed(const onnx::GraphProto& graph) const;

 private:
  std::int64_t Extent(const std::string& tensor, int axis, const onnx::TensorShapeProto::Dimension& dim, bool is_input);

  const ImportOptions& bindings_;
  std::vector<std::string> unbound_;  // texts
  std::set<std::string> named_;       // symbols among them
};

// A dimension's expression over bound symbols, such as "past + 2*sequence"; nothing when a symbol is not bound, or it
// is none.
std::optional<std::int64_t> EvaluateDimension(const std::string& text,
                                              const std::map<std::string, std::int64_t>& symbols);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_BINDINGS_H_
