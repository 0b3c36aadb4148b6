#include "common/convert/workload_graph.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "common/base/cut_text.h"
#include "common/base/status.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {
namespace {

constexpr std::size_t kMaxSkipped = 4096;
constexpr std::size_t kMaxSkippedBytes = 1024;
constexpr std::int64_t kMaxPad = 1 << 24;

std::string Quoted(const std::string& name) { return absl::StrCat("'", CutText(name, kMaxNameBytes), "'"); }

absl::Status CheckName(const std::string& name, const std::string& field) {
  if (name.empty()) return FieldError(field, "is missing");
  if (name.size() <= kMaxNameBytes) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", name.size(), " bytes; valid: at most ", kMaxNameBytes));
}

absl::Status CheckNumber(std::int64_t number, std::int64_t least, std::int64_t most, const std::string& field) {
  if (number >= least && number <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", number, "; valid: ", least, " to ", most));
}

absl::Status CheckSize(int size, int most, std::string_view field) {
  if (size <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", size, " entries; valid: at most ", most));
}

absl::Status CheckPads(const v1::Pads& pads, const std::string& field) {
  RETURN_IF_ERROR(CheckNumber(pads.left(), -kMaxPad, kMaxPad, field + ".left"));
  RETURN_IF_ERROR(CheckNumber(pads.right(), -kMaxPad, kMaxPad, field + ".right"));
  RETURN_IF_ERROR(CheckNumber(pads.top(), -kMaxPad, kMaxPad, field + ".top"));
  return CheckNumber(pads.bottom(), -kMaxPad, kMaxPad, field + ".bottom");
}

absl::Status CheckDims(const std::string& dims, const std::string& field) {
  const bool valid =
      !dims.empty() && dims.size() <= kDimNames.size() && dims.find_first_not_of(kDimNames) == std::string::npos;
  if (valid) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", Quoted(dims), "; valid: letters of ", ToAbsl(kDimNames)));
}

class GraphChecker {
 public:
  explicit GraphChecker(const v1::Workload& workload) : workload_(workload) {}

  absl::Status Check() {
    RETURN_IF_ERROR(CheckSize(workload_.nodes_size(), kMaxNodes, "nodes"));
    RETURN_IF_ERROR(CheckSize(workload_.tensors_size(), kMaxTensors, "tensors"));
    RETURN_IF_ERROR(CheckSize(workload_.edges_size(), kMaxEdges, "edges"));
    RETURN_IF_ERROR(CheckTensors());
    RETURN_IF_ERROR(CheckNodes());
    for (int i = 0; i < workload_.edges_size(); ++i) {
      RETURN_IF_ERROR(CheckEdge(workload_.edges(i), absl::StrCat("edges[", i, "]")));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckTensors() {
    for (int i = 0; i < workload_.tensors_size(); ++i) {
      const v1::Tensor& tensor = workload_.tensors(i);
      const std::string field = absl::StrCat("tensors[", i, "]");
      RETURN_IF_ERROR(CheckName(tensor.name(), field + ".name"));
      if (!tensors_.insert(tensor.name()).second) return FieldError(field + ".name", "is that of another tensor");
      RETURN_IF_ERROR(CheckSize(tensor.shape_size(), kMaxRank, field + ".shape"));
      for (const std::int64_t extent : tensor.shape()) {
        RETURN_IF_ERROR(CheckNumber(extent, 1, INT64_MAX, field + ".shape"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckTensorName(const std::string& name, const std::string& field) const {
    if (name.empty() || tensors_.count(name) > 0) return absl::OkStatus();
    return FieldError(field, absl::StrCat("is ", Quoted(name), ", which is not among the tensors"));
  }

  absl::Status CheckNodes() {
    if (workload_.nodes().empty()) return absl::OkStatus();
    std::unordered_map<std::string_view, std::int64_t> missing;  // occurrences, by layer
    for (int i = 0; i < workload_.layers_size(); ++i) {
      const v1::Layer& layer = workload_.layers(i);
      if (missing.emplace(layer.name(), layer.has_count() ? layer.count() : 1).second) continue;
      return FieldError(absl::StrCat("layers[", i, "].name"), "is that of another layer; nodes name layers");
    }
    for (int i = 0; i < workload_.nodes_size(); ++i) {
      const v1::Node& node = workload_.nodes(i);
      const std::string field = absl::StrCat("nodes[", i, "]");
      RETURN_IF_ERROR(CheckName(node.name(), field + ".name"));
      if (!nodes_.insert(node.name()).second) return FieldError(field + ".name", "is that of another node");
      const auto layer = missing.find(node.layer());
      if (layer == missing.end()) {
        return FieldError(field + ".layer",
                          absl::StrCat("is ", Quoted(node.layer()), ", which is not among the layers"));
      }
      const std::int64_t count = node.has_count() ? node.count() : 1;
      RETURN_IF_ERROR(CheckNumber(count, 1, kMaxLayerCount, field + ".count"));
      layer->second -= count;
      RETURN_IF_ERROR(CheckPads(node.pads(), field + ".pads"));
      RETURN_IF_ERROR(CheckTensorName(node.weights(), field + ".weights"));
      RETURN_IF_ERROR(CheckTensorName(node.input(), field + ".input"));
      RETURN_IF_ERROR(CheckTensorName(node.output(), field + ".output"));
    }
    for (int i = 0; i < workload_.layers_size(); ++i) {
      const std::int64_t rest = missing[workload_.layers(i).name()];
      if (rest == 0) continue;
      return FieldError(absl::StrCat("layers[", i, "].count"),
                        absl::StrCat("differs by ", rest, " from the counts of the nodes that name the layer"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckNodeName(const std::string& name, const std::string& field) const {
    if (nodes_.count(name) > 0) return absl::OkStatus();
    return FieldError(field, absl::StrCat("is ", Quoted(name), ", which is not among the nodes"));
  }

  absl::Status CheckOp(const v1::Op& op, const std::string& field) const {
    RETURN_IF_ERROR(CheckName(op.kind(), field + ".kind"));
    if (!v1::Reach_IsValid(op.reach())) return FieldError(field + ".reach", "is no value that is known");
    RETURN_IF_ERROR(CheckSize(op.others_size(), kMaxOthers, field + ".others"));
    for (const std::string& other : op.others()) RETURN_IF_ERROR(CheckTensorName(other, field + ".others"));
    if (!op.has_window()) return absl::OkStatus();
    const v1::Window& window = op.window();
    for (const std::int64_t number :
         {window.r(), window.s(), window.wstride(), window.hstride(), window.wdilation(), window.hdilation()}) {
      RETURN_IF_ERROR(CheckNumber(number, 1, kMaxBound, field + ".window"));
    }
    return CheckPads(window.pads(), field + ".window.pads");
  }

  absl::Status CheckEdge(const v1::Edge& edge, const std::string& field) const {
    RETURN_IF_ERROR(CheckNodeName(edge.from(), field + ".from"));
    RETURN_IF_ERROR(CheckNodeName(edge.to(), field + ".to"));
    if (edge.operand() != "I" && edge.operand() != "W") {
      return FieldError(field + ".operand", absl::StrCat("is ", Quoted(edge.operand()), "; valid: I, W"));
    }
    RETURN_IF_ERROR(CheckTensorName(edge.tensor(), field + ".tensor"));
    for (int i = 0; i < edge.through_size(); ++i) {
      RETURN_IF_ERROR(CheckOp(edge.through(i), absl::StrCat(field, ".through[", i, "]")));
    }
    RETURN_IF_ERROR(CheckSize(edge.links_size(), kNumDims, field + ".links"));
    for (int i = 0; i < edge.links_size(); ++i) {
      const std::string link = absl::StrCat(field, ".links[", i, "]");
      RETURN_IF_ERROR(CheckDims(edge.links(i).from_dims(), link + ".from_dims"));
      RETURN_IF_ERROR(CheckDims(edge.links(i).to_dims(), link + ".to_dims"));
    }
    return absl::OkStatus();
  }

  const v1::Workload& workload_;
  std::unordered_set<std::string_view> tensors_;
  std::unordered_set<std::string_view> nodes_;
};

}  // namespace

absl::Status CheckWorkloadGraph(const v1::Workload& workload) {
  RETURN_IF_ERROR(CheckSize(workload.skipped_size(), static_cast<int>(kMaxSkipped), "skipped"));
  for (int i = 0; i < workload.skipped_size(); ++i) {
    if (workload.skipped(i).size() <= kMaxSkippedBytes) continue;
    return FieldError(absl::StrCat("skipped[", i, "]"), absl::StrCat("has more than ", kMaxSkippedBytes, " bytes"));
  }
  return GraphChecker(workload).Check();
}

}  // namespace oneloop
