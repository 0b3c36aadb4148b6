#include "common/formats/yaml_view.h"

#include <cstddef>
#include <map>
#include <string_view>

#include "absl/strings/numbers.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Maps that lie one behind another; a file that merges more is not read by hand.
constexpr std::size_t kMostMerged = 64;
constexpr int kMostDepth = 16;

// YamlDocument has seen to YAML's own "<<".
bool IsMergeKey(const std::string& key) { return key == "<<<"; }

}  // namespace

void YamlView::Add(const YamlNode& node, int depth) {
  if (nodes_.size() >= kMostMerged || depth > kMostDepth) return;
  nodes_.push_back(&node);
  if (node.kind != YamlNode::Kind::kMap) return;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    if (!IsMergeKey(node.children[i]->text)) continue;
    const YamlNode& merged = *node.children[i + 1];
    if (merged.kind == YamlNode::Kind::kMap) Add(merged, depth + 1);
    if (merged.kind != YamlNode::Kind::kList) continue;
    for (const YamlNode* item : merged.children) {
      if (item->kind == YamlNode::Kind::kMap) Add(*item, depth + 1);
    }
  }
}

YamlView YamlView::Get(std::string_view key) const {
  YamlView found;
  for (const YamlNode* node : nodes_) {
    if (node->kind != YamlNode::Kind::kMap) continue;
    for (std::size_t i = 0; i + 1 < node->children.size(); i += 2) {
      if (node->children[i]->text != key) continue;
      // Maps of one key are merged; of anything else the first stands.
      if (found.empty() || (found.IsMap() && node->children[i + 1]->kind == YamlNode::Kind::kMap)) {
        found.Add(*node->children[i + 1], 0);
      }
    }
  }
  return found;
}

YamlView YamlView::GetAny(const std::vector<std::string_view>& keys) const {
  for (const std::string_view key : keys) {
    YamlView found = Get(key);
    if (!found.empty()) return found;
  }
  return YamlView();
}

std::vector<std::pair<std::string, YamlView>> YamlView::Entries() const {
  std::vector<std::pair<std::string, YamlView>> entries;
  std::map<std::string_view, std::size_t> places;
  for (const YamlNode* node : nodes_) {
    if (node->kind != YamlNode::Kind::kMap) continue;
    for (std::size_t i = 0; i + 1 < node->children.size(); i += 2) {
      const std::string& key = node->children[i]->text;
      if (IsMergeKey(key)) continue;
      const YamlNode& value = *node->children[i + 1];
      const auto [place, is_new] = places.emplace(key, entries.size());
      if (is_new) {
        entries.emplace_back(key, YamlView(value));
      } else if (YamlView& known = entries[place->second].second; known.IsMap() && value.kind == YamlNode::Kind::kMap) {
        known.Add(value, 0);
      }
    }
  }
  return entries;
}

std::vector<YamlView> YamlView::Items() const {
  std::vector<YamlView> items;
  if (!IsList()) return items;
  for (const YamlNode* child : nodes_[0]->children) items.emplace_back(*child);
  return items;
}

std::optional<std::int64_t> YamlView::Integer() const {
  std::int64_t number = 0;
  if (!IsScalar() || !absl::SimpleAtoi(nodes_[0]->text, &number)) return std::nullopt;
  return number;
}

absl::Status YamlView::Error(const std::string& file, std::string_view text) const {
  return LocateError(file, position(), absl::InvalidArgumentError(ToAbsl(text)));
}

}  // namespace oneloop
