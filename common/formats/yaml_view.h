#ifndef ONELOOP_COMMON_FORMATS_YAML_VIEW_H_
#define ONELOOP_COMMON_FORMATS_YAML_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/convert/yaml_document.h"

namespace oneloop {

// A place in YAML of other tools, with what Timeloop's merge key "<<<" puts behind it, maps within maps merged too.
// Borrows the document. A value type; "nothing" where a key is not there.
class YamlView {
 public:
  YamlView() = default;
  explicit YamlView(const YamlNode& node) { Add(node, 0); }

  bool empty() const { return nodes_.empty(); }
  bool IsMap() const { return IsKind(YamlNode::Kind::kMap); }
  bool IsList() const { return IsKind(YamlNode::Kind::kList); }
  bool IsScalar() const { return IsKind(YamlNode::Kind::kScalar); }

  // The value of a key, or nothing; of several spellings the first that is there.
  YamlView Get(std::string_view key) const;
  YamlView GetAny(const std::vector<std::string_view>& keys) const;
  // Of a map, keys of merged maps too, each once.
  std::vector<std::pair<std::string, YamlView>> Entries() const;
  // Of a list.
  std::vector<YamlView> Items() const;

  // "" when it is no scalar.
  std::string Text() const { return IsScalar() ? nodes_[0]->text : ""; }
  // A whole number in decimal digits.
  std::optional<std::int64_t> Integer() const;

  // Of the place itself, where the document keeps tags; "" without one.
  std::string Tag() const { return nodes_.empty() ? "" : nodes_[0]->tag; }
  // Whether it is a text in quotes.
  bool IsQuoted() const { return IsScalar() && nodes_[0]->quoted; }
  YamlPosition position() const { return empty() ? YamlPosition{} : nodes_[0]->position; }

  // INVALID_ARGUMENT "FILE:LINE:COL: TEXT"
  absl::Status Error(const std::string& file, std::string_view text) const;

 private:
  bool IsKind(YamlNode::Kind kind) const { return !nodes_.empty() && nodes_[0]->kind == kind; }
  void Add(const YamlNode& node, int depth);

  std::vector<const YamlNode*> nodes_;  // the first is the place itself
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_YAML_VIEW_H_
