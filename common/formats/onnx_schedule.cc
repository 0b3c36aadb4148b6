#include "common/formats/onnx_schedule.h"

#include <functional>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_rules.h"

namespace oneloop {
namespace {

using Producers = std::unordered_map<std::string_view, int>;

absl::StatusOr<Producers> FindProducers(const OnnxNodes& nodes) {
  Producers producers;
  for (int i = 0; i < nodes.size(); ++i) {
    for (const std::string& output : nodes[i].output()) {
      if (output.empty()) continue;
      const auto [place, is_new] = producers.emplace(output, i);
      if (is_new) continue;
      return absl::InvalidArgumentError(absl::StrCat("tensor '", output, "' is produced by two nodes, ",
                                                     OnnxNodeText(nodes[place->second]), " and ",
                                                     OnnxNodeText(nodes[i])));
    }
  }
  return producers;
}

// Calls `use` with every name that a node reads, and that graphs inside it read; what those produce themselves too,
// which is harmless. Depth is bounded by the reader of the file.
void ForEachRead(const onnx::NodeProto& node, const std::function<void(const std::string&)>& use) {
  for (const std::string& input : node.input()) use(input);
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    for (const onnx::NodeProto& inner : attribute.g().node()) ForEachRead(inner, use);
    for (const onnx::ValueInfoProto& output : attribute.g().output()) use(output.name());
  }
}

// Nodes that are left wait for one another: follows what they wait for until one comes again.
absl::Status CycleError(const OnnxNodes& nodes, const std::vector<int>& waits, const Producers& producers) {
  int at = 0;
  while (waits[static_cast<std::size_t>(at)] == 0) ++at;
  std::unordered_map<int, int> seen;
  std::vector<int> path;
  while (seen.emplace(at, static_cast<int>(path.size())).second) {
    path.push_back(at);
    int next = -1;
    ForEachRead(nodes[at], [&](const std::string& name) {
      const auto found = producers.find(name);
      if (found != producers.end() && waits[static_cast<std::size_t>(found->second)] > 0) next = found->second;
    });
    at = next;
  }
  std::string text;
  for (std::size_t i = static_cast<std::size_t>(seen[at]); i < path.size() && text.size() < 400; ++i) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", OnnxNodeText(nodes[path[i]]));
  }
  return absl::InvalidArgumentError(absl::StrCat("nodes wait for each other in a cycle: ", text));
}

}  // namespace

std::string OnnxNodeText(const onnx::NodeProto& node) {
  const std::string kind = OnnxOpName(node.domain() == "ai.onnx" ? "" : node.domain(), node.op_type());
  if (!node.name().empty()) return absl::StrCat("node '", node.name(), "' (", kind, ")");
  return absl::StrCat("node for '", node.output_size() > 0 ? node.output(0) : "", "' (", kind, ")");
}

absl::StatusOr<std::vector<int>> ScheduleOnnxNodes(const OnnxNodes& nodes) {
  ASSIGN_OR_RETURN(const Producers producers, FindProducers(nodes));
  std::vector<int> waits(static_cast<std::size_t>(nodes.size()), 0);
  std::vector<std::vector<int>> readers(static_cast<std::size_t>(nodes.size()));
  for (int i = 0; i < nodes.size(); ++i) {
    ForEachRead(nodes[i], [&](const std::string& name) {
      const auto found = producers.find(name);
      if (found == producers.end()) return;
      readers[static_cast<std::size_t>(found->second)].push_back(i);
      ++waits[static_cast<std::size_t>(i)];
    });
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < nodes.size(); ++i) {
    if (waits[static_cast<std::size_t>(i)] == 0) ready.push(i);
  }
  std::vector<int> order;
  order.reserve(static_cast<std::size_t>(nodes.size()));
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const int reader : readers[static_cast<std::size_t>(node)]) {
      if (--waits[static_cast<std::size_t>(reader)] == 0) ready.push(reader);
    }
  }
  if (order.size() < static_cast<std::size_t>(nodes.size())) return CycleError(nodes, waits, producers);
  return order;
}

}  // namespace oneloop
