#include "common/formats/onnx_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/convert/workload_graph.h"
#include "common/formats/onnx_axes.h"

namespace oneloop {
namespace {

// Tensors that are looked at for one operand, and in all.
constexpr std::size_t kMostLookedAt = 1024;
constexpr std::size_t kMostLookedAtInAll = 2000000;
constexpr int kMostOperators = 200000;  // on all edges

class GraphBuilder {
 public:
  GraphBuilder(const OnnxRun& run, const std::vector<std::string>& nodes, v1::Workload* workload)
      : run_(run), nodes_(nodes), workload_(*workload), latest_(run.tensors.size(), -1) {
    NameTensors();
    FindLatest();
  }

  void AddNodes(const std::vector<std::string>& layers);
  bool AddEdges();
  void AddTensors();

 private:
  // A tensor on the way back from an operand, and how it was come to.
  struct Place {
    int tensor = -1;
    int step = -1;        // that leads from this tensor to the place after it
    int after = -1;       // index of that place
    bool beside = false;  // an operand other than the latest was followed
  };

  void NameTensors();
  void FindLatest();
  std::string Use(int tensor);
  void AddEdgesTo(int layer, int tensor, const std::string& operand, const std::vector<std::string>& axes);
  void Expand(const std::vector<Place>& places, int index, std::vector<Place>* found,
              std::unordered_set<int>* seen) const;
  void AddEdge(const std::vector<Place>& places, int index, int to, const std::string& operand,
               const std::vector<std::string>& axes);
  void AddInnerEdge(int layer);

  const OnnxRun& run_;
  const std::vector<std::string>& nodes_;
  v1::Workload& workload_;
  std::vector<int> latest_;                     // by tensor: the last layer that it hangs on
  std::vector<std::string> names_;              // by tensor, each once
  std::map<std::string, OnnxDims> parameters_;  // that nodes name
  std::set<int> used_ids_;
  std::size_t looked_at_ = 0;
  int operators_ = 0;
};

void GraphBuilder::NameTensors() {
  std::unordered_set<std::string> taken;
  for (const OnnxLayer& layer : run_.layers) {
    if (layer.constant_weights) taken.insert(ShortName(layer.weights_name));
  }
  names_.reserve(run_.tensors.size());
  for (const OnnxTensorInfo& tensor : run_.tensors) {
    std::string name = ShortName(tensor.name);
    for (int i = 2; !taken.insert(name).second; ++i)
      name = ShortName(absl::StrCat(tensor.name, "#", names_.size(), i > 2 ? absl::StrCat(".", i) : ""));
    names_.push_back(std::move(name));
  }
}

void GraphBuilder::FindLatest() {
  for (std::size_t i = 0; i < run_.tensors.size(); ++i) latest_[i] = run_.tensors[i].layer;
  for (const OnnxStep& step : run_.steps) {
    int latest = -1;
    for (const int input : step.inputs) latest = std::max(latest, latest_[static_cast<std::size_t>(input)]);
    for (const int output : step.outputs) latest_[static_cast<std::size_t>(output)] = latest;
  }
}

std::string GraphBuilder::Use(int tensor) {
  if (tensor < 0) return "";
  used_ids_.insert(tensor);
  return names_[static_cast<std::size_t>(tensor)];
}

void GraphBuilder::AddNodes(const std::vector<std::string>& layers) {
  for (std::size_t i = 0; i < run_.layers.size(); ++i) {
    const OnnxLayer& layer = run_.layers[i];
    v1::Node* const node = workload_.add_nodes();
    node->set_name(nodes_[i]);
    node->set_layer(layers[i]);
    if (layer.count > 1) node->set_count(static_cast<std::int32_t>(layer.count));
    const OnnxPads& pads = layer.pads;
    if (pads.left != 0 || pads.right != 0 || pads.top != 0 || pads.bottom != 0) {
      *node->mutable_pads() = PadsMessage(pads);
    }
    node->set_input(Use(layer.input_id));
    node->set_output(Use(layer.output_id));
    if (layer.constant_weights) {
      const std::string name = ShortName(layer.weights_name);
      node->set_weights(name);
      parameters_[name] = layer.weights_dims;
    } else {
      node->set_weights(Use(layer.weights_id));
    }
  }
}

bool GraphBuilder::AddEdges() {
  for (std::size_t i = 0; i < run_.layers.size(); ++i) {
    const OnnxLayer& layer = run_.layers[i];
    const int to = static_cast<int>(i);
    if (layer.input_id >= 0) AddEdgesTo(to, layer.input_id, "I", layer.input_axes);
    if (layer.weights_id >= 0 && !layer.constant_weights) AddEdgesTo(to, layer.weights_id, "W", layer.weights_axes);
    if (layer.part == "av") AddInnerEdge(to);
    if (looked_at_ > kMostLookedAtInAll || operators_ > kMostOperators || workload_.edges_size() >= kMaxEdges)
      return false;
  }
  return true;
}

// The scores of attention in one operator become the input of its second product.
void GraphBuilder::AddInnerEdge(int layer) {
  v1::Edge* const edge = workload_.add_edges();
  edge->set_from(nodes_[static_cast<std::size_t>(layer) - 1]);
  edge->set_to(nodes_[static_cast<std::size_t>(layer)]);
  edge->set_operand("I");
  v1::Op* const op = edge->add_through();
  op->set_kind("Softmax");
  op->set_reach(v1::LINE);
  for (const char* const link : {"PP", "KC", "GG"}) {
    v1::Link* const added = edge->add_links();
    added->set_from_dims(std::string(1, link[0]));
    added->set_to_dims(std::string(1, link[1]));
  }
}

void GraphBuilder::AddEdgesTo(int layer, int tensor, const std::string& operand, const std::vector<std::string>& axes) {
  std::vector<Place> places = {{tensor}};
  std::unordered_set<int> seen = {tensor};
  for (std::size_t i = 0; i < places.size() && i < kMostLookedAt; ++i) {
    ++looked_at_;
    const OnnxTensorInfo& info = run_.tensors[static_cast<std::size_t>(places[i].tensor)];
    if (info.layer >= 0) {
      AddEdge(places, static_cast<int>(i), layer, operand, axes);
    } else if (info.step >= 0) {
      looked_at_ += run_.steps[static_cast<std::size_t>(info.step)].inputs.size();
      std::vector<Place> found;
      Expand(places, static_cast<int>(i), &found, &seen);
      places.insert(places.end(), found.begin(), found.end());
    }
  }
}

void GraphBuilder::Expand(const std::vector<Place>& places, int index, std::vector<Place>* found,
                          std::unordered_set<int>* seen) const {
  const Place& place = places[static_cast<std::size_t>(index)];
  const int step_index = run_.tensors[static_cast<std::size_t>(place.tensor)].step;
  const OnnxStep& step = run_.steps[static_cast<std::size_t>(step_index)];
  int main = -1;
  for (const int input : step.inputs) {
    if (main < 0 || latest_[static_cast<std::size_t>(input)] > latest_[static_cast<std::size_t>(main)]) main = input;
  }
  for (const int input : step.inputs) {
    const bool beside = input != main && step.op != "Concat";
    if (latest_[static_cast<std::size_t>(input)] < 0 || (beside && place.beside) || !seen->insert(input).second)
      continue;
    found->push_back({input, step_index, index, place.beside || beside});
  }
}

void GraphBuilder::AddEdge(const std::vector<Place>& places, int index, int to, const std::string& operand,
                           const std::vector<std::string>& axes) {
  const int first = places[static_cast<std::size_t>(index)].tensor;
  const auto from = static_cast<std::size_t>(run_.tensors[static_cast<std::size_t>(first)].layer);
  v1::Edge* const edge = workload_.add_edges();
  edge->set_from(nodes_[from]);
  edge->set_to(nodes_[static_cast<std::size_t>(to)]);
  edge->set_operand(operand);
  edge->set_tensor(Use(first));
  AxisTrace trace(run_.layers[from].output_axes, run_.tensors[static_cast<std::size_t>(first)].dims);
  for (int at = index; places[static_cast<std::size_t>(at)].after >= 0;
       at = places[static_cast<std::size_t>(at)].after) {
    const Place& place = places[static_cast<std::size_t>(at)];
    const OnnxStep& step = run_.steps[static_cast<std::size_t>(place.step)];
    v1::Op* const op = edge->add_through();
    op->set_kind(ShortName(step.op));
    op->set_reach(static_cast<v1::Reach>(step.reach));
    if (step.reach == OnnxReach::kWindow) *op->mutable_window() = WindowMessage(step.window, step.pads);
    for (const int input : step.inputs) {
      if (input != place.tensor && op->others_size() < kMaxOthers) op->add_others(Use(input));
    }
    const int next = places[static_cast<std::size_t>(place.after)].tensor;
    trace.Follow(step, run_.tensors[static_cast<std::size_t>(next)].dims);
    ++operators_;
  }
  for (const auto& [from_dims, to_dims] : trace.LinksTo(axes)) {
    v1::Link* const link = edge->add_links();
    link->set_from_dims(from_dims);
    link->set_to_dims(to_dims);
  }
}

void GraphBuilder::AddTensors() {
  const auto add = [this](const std::string& name, const OnnxDims& dims) {
    v1::Tensor* const tensor = workload_.add_tensors();
    tensor->set_name(name);
    const bool known = std::all_of(dims.begin(), dims.end(), [](std::int64_t extent) { return extent >= 1; });
    if (known) tensor->mutable_shape()->Add(dims.begin(), dims.end());
    return tensor;
  };
  for (const int id : used_ids_) {
    const OnnxTensorInfo& info = run_.tensors[static_cast<std::size_t>(id)];
    add(names_[static_cast<std::size_t>(id)], info.dims)->set_leaves(info.leaves);
  }
  for (const auto& [name, dims] : parameters_) add(name, dims)->set_constant(true);
}

}  // namespace

bool AddOnnxGraph(const OnnxRun& run, const std::vector<std::string>& nodes, const std::vector<std::string>& layers,
                  v1::Workload* workload) {
  if (run.layers.size() > static_cast<std::size_t>(kMaxNodes)) return false;
  GraphBuilder builder(run, nodes, workload);
  builder.AddNodes(layers);
  const bool complete = builder.AddEdges();
  builder.AddTensors();
  return complete;
}

}  // namespace oneloop
