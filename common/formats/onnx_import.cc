#include "common/formats/onnx_import.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/cut_text.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/workload_graph.h"
#include "common/formats/file_name.h"
#include "common/formats/onnx_axes.h"
#include "common/formats/onnx_file.h"
#include "common/formats/onnx_graph.h"
#include "common/formats/onnx_interpreter.h"

namespace oneloop {
namespace {

using Key = std::pair<std::array<std::int64_t, kNumDims>, std::array<std::int64_t, 4>>;

Key KeyOf(const LayerShape& shape) {
  return {shape.bounds, {shape.w_stride, shape.h_stride, shape.w_dilation, shape.h_dilation}};
}

std::int64_t SaturatingSum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// Names for nodes, each once: the model's own, or the output's where there is none, with the part of the operator.
std::vector<std::string> NameNodes(const std::vector<OnnxLayer>& layers) {
  std::unordered_set<std::string> taken;
  std::map<std::string, int> last;  // number that was given to a name
  std::vector<std::string> names;
  names.reserve(layers.size());
  for (const OnnxLayer& layer : layers) {
    std::string base = layer.node.empty() ? layer.output : layer.node;
    if (base.empty()) base = layer.op;
    if (!layer.part.empty()) absl::StrAppend(&base, ".", layer.part);
    base = ShortName(base);
    std::string name = base;
    while (!taken.insert(name).second) name = ShortName(absl::StrCat(base, "#", ++last.emplace(base, 1).first->second));
    names.push_back(std::move(name));
  }
  return names;
}

class Importer {
 public:
  Importer(const OnnxRun& run, v1::WorkloadImport* result)
      : run_(run), result_(*result), nodes_(NameNodes(run.layers)) {}

  absl::Status Fill() {
    RETURN_IF_ERROR(AddLayers());
    for (std::size_t i = 0; i < run_.layers.size(); ++i) AddProduct(i);
    CountParameters();
    for (const auto& [name, others] : run_.others) {
      v1::ImportedOther* const other = result_.add_others();
      other->set_op(ShortName(name));
      other->set_nodes(others.nodes);
      other->set_elements(others.elements);
    }
    for (const std::string& skipped : run_.skipped) result_.mutable_workload()->add_skipped(ShortName(skipped));
    for (const std::string& warning : run_.warnings) result_.add_warnings(ShortName(warning));
    AddGraph();
    return absl::OkStatus();
  }

 private:
  // Layers of one shape are one, named after the first.
  absl::Status AddLayers() {
    std::map<Key, int> places;
    v1::Workload& workload = *result_.mutable_workload();
    for (std::size_t i = 0; i < run_.layers.size(); ++i) {
      const OnnxLayer& layer = run_.layers[i];
      const auto [place, is_new] = places.emplace(KeyOf(layer.shape), workload.layers_size());
      if (is_new) {
        v1::Layer* const added = workload.add_layers();
        added->set_name(nodes_[i]);
        added->set_count(0);
        *added->mutable_bounds() = LayerShapeToProto(layer.shape);
      }
      v1::Layer& merged = *workload.mutable_layers(place->second);
      const std::int64_t count = merged.count() + layer.count;
      if (count > kMaxLayerCount) {
        return absl::InvalidArgumentError(absl::StrCat("layers of the shape of '", nodes_[i], "' occur more than ",
                                                       kMaxLayerCount, " times; split the model"));
      }
      merged.set_count(static_cast<std::int32_t>(count));
      layers_.push_back(merged.name());
    }
    return absl::OkStatus();
  }

  void AddProduct(std::size_t index) {
    const OnnxLayer& layer = run_.layers[index];
    v1::ImportedProduct* const product = result_.add_products();
    product->set_node(nodes_[index]);
    product->set_op(ShortName(layer.op));
    product->set_part(layer.part);
    product->set_layer(layers_[index]);
    *product->mutable_bounds() = LayerShapeToProto(layer.shape);
    product->set_count(layer.count);
    std::int64_t macs = 0;
    if (__builtin_mul_overflow(Macs(layer.shape), layer.count, &macs)) macs = INT64_MAX;
    product->set_macs(macs);
    product->set_weights(layer.weight_elements);
    product->set_note(layer.note);
    result_.set_macs(SaturatingSum(result_.macs(), macs));
    result_.set_layers(SaturatingSum(result_.layers(), layer.count));
    result_.set_distinct_layers(result_.workload().layers_size());
  }

  // A parameter that several nodes use counts once; different parts of one operator use different parts of it.
  void CountParameters() {
    std::set<std::pair<int, std::string>> counted;
    for (const OnnxLayer& layer : run_.layers) {
      if (layer.weight_elements > 0 && counted.emplace(layer.weight_origin, "").second) {
        result_.set_weights(SaturatingSum(result_.weights(), layer.weight_elements));
      }
      if (layer.bias_elements > 0 && counted.emplace(layer.bias_origin, "bias").second) {
        result_.set_biases(SaturatingSum(result_.biases(), layer.bias_elements));
      }
    }
  }

  void AddGraph() {
    v1::Workload& workload = *result_.mutable_workload();
    if (AddOnnxGraph(run_, nodes_, layers_, &workload)) return;
    workload.clear_nodes();
    workload.clear_tensors();
    workload.clear_edges();
    result_.add_warnings("the graph is too large to be kept; the layers alone are");
  }

  const OnnxRun& run_;
  v1::WorkloadImport& result_;
  const std::vector<std::string> nodes_;
  std::vector<std::string> layers_;  // the layer's name, by node
};

std::string Describe(const onnx::ModelProto& model, const std::string& path, const ImportOptions& options) {
  std::vector<std::string> bound;
  for (const auto& [name, extent] : options.symbols) bound.push_back(absl::StrCat(name, "=", extent));
  for (const auto& [name, shape] : options.shapes) bound.push_back(absl::StrCat(name, "=", absl::StrJoin(shape, "x")));
  for (const auto& [name, value] : options.values) bound.push_back(absl::StrCat(name, "=", value));
  std::string text = absl::StrCat("From ", FileName(path));
  if (!model.producer_name().empty()) absl::StrAppend(&text, ", written by ", model.producer_name());
  if (!bound.empty()) absl::StrAppend(&text, ", with ", absl::StrJoin(bound, " "));
  return PrintableText(absl::StrCat(text.substr(0, 4096), "."));
}

absl::StatusOr<v1::WorkloadImport> Import(const onnx::ModelProto& model, const std::string& path,
                                          const ImportOptions& options) {
  ASSIGN_OR_RETURN(const OnnxRun run, OnnxInterpreter(model, options).Run());
  if (run.layers.empty())
    return absl::InvalidArgumentError("nothing in it multiplies while it runs; there is no layer to map");
  v1::WorkloadImport result;
  result.mutable_workload()->set_name(WorkloadNameOf(path));
  result.mutable_workload()->set_description(Describe(model, path, options));
  RETURN_IF_ERROR(Importer(run, &result).Fill());
  RETURN_IF_ERROR(WorkloadFromProto(result.workload()).status());
  return result;
}

absl::StatusOr<v1::WorkloadImport> ImportNamed(absl::StatusOr<std::unique_ptr<onnx::ModelProto>> model,
                                               const std::string& path, const ImportOptions& options) {
  RETURN_IF_ERROR(model.status());
  absl::StatusOr<v1::WorkloadImport> result = Import(**model, path, options);
  if (result.ok()) return result;
  return absl::Status(result.status().code(),
                      absl::StrCat(path, ": ", PrintableText(CutText(Message(result.status()), 4096))));
}

}  // namespace

absl::StatusOr<v1::WorkloadImport> ImportOnnxFile(const std::string& path, const ImportOptions& options) {
  return ImportNamed(ReadOnnxFile(path), path, options);
}

absl::StatusOr<v1::WorkloadImport> ImportOnnxBytes(std::string_view bytes, const std::string& path,
                                                   const ImportOptions& options) {
  return ImportNamed(ReadOnnxBytes(bytes, path), path, options);
}

}  // namespace oneloop
