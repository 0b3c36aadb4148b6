#include "common/convert/yaml_document.h"

#include <algorithm>
#include <exception>
#include <istream>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/parser.h"

namespace oneloop {
namespace {

YamlPosition ToPosition(const YAML::Mark& mark) {
  return mark.is_null() ? YamlPosition{} : YamlPosition{mark.line + 1, mark.column + 1};
}

// yaml-cpp passes bad UTF-8 through and takes the byte 4 for the end of the text, so both are found before it reads.
absl::Status CheckCharacters(std::string_view text, const std::string& file) {
  YamlPosition position;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    const Utf8Character character = FirstCharacter(text.substr(i));
    if (control || !character.is_valid) {
      return LocateError(file, position,
                         absl::InvalidArgumentError(absl::StrFormat(
                             "byte 0x%02x is not part of a text; expected YAML in UTF-8", static_cast<unsigned>(c))));
    }
    i += character.length;
    position.column += static_cast<int>(character.length);
    if (c == '\n') position = {position.line + 1, 1};
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LocateError(const std::string& file, YamlPosition position, const absl::Status& status) {
  absl::Status located(status.code(),
                       absl::StrCat(file, ":", position.line, ":", position.column, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

// Builds the tree from the parser's events. Stops the parser in its own way, by its exception, which Parse catches.
class YamlTreeBuilder : public YAML::EventHandler {
 public:
  YamlTreeBuilder(YamlDocument* document, YamlTags tags) : document_(*document), tags_(tags) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Stop(mark, "a second document begins here; a file holds one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(NewNode(YamlNode::Kind::kNull, mark, "", anchor), mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = NewNode(YamlNode::Kind::kScalar, mark, tag, anchor);
    node->text = value;
    // A long text that many aliases repeat.
    node->size += static_cast<std::int64_t>(value.size() / kYamlTextOfNode);
    node->quoted = tag == "!";
    Add(node, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (anchor >= anchors_.size() || anchors_[anchor] == nullptr) Stop(mark, "an alias without an anchor");
    for (const YamlNode* open : open_) {
      if (open == anchors_[anchor]) Stop(mark, "an alias to a node that it is part of");
    }
    Add(anchors_[anchor], mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(NewNode(YamlNode::Kind::kList, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(NewNode(YamlNode::Kind::kMap, mark, tag, anchor), mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  [[noreturn]] static void Stop(const YAML::Mark& mark, const std::string& text) {
    throw YAML::ParserException(mark, text);
  }

  YamlNode* NewNode(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const bool is_tagged = !tag.empty() && tag != "?" && tag != "!";
    const bool is_own = tag.size() > 1 && tag.size() <= kYamlTextOfNode && tag[0] == '!';
    if (is_tagged && !(is_own && tags_ == YamlTags::kKept)) Stop(mark, "tags such as '" + tag + "' are not supported");
    YamlNode& node = document_.nodes_.emplace_back();
    if (is_tagged) node.tag = tag.substr(1);
    node.kind = kind;
    node.position = ToPosition(mark);
    if (anchor != YAML::NullAnchor) {
      if (anchor >= anchors_.size()) anchors_.resize(anchor + 1, nullptr);
      anchors_[anchor] = &node;
    }
    return &node;
  }

  // A finished node becomes a child of the innermost open one. Sizes are checked here, so that aliases to aliases
  // cannot multiply beyond the limit, nor the count overflow.
  void Add(const YamlNode* node, const YAML::Mark& mark) {
    total_ += node->size;
    if (total_ > kMaxYamlNodes || document_.nodes_.size() > static_cast<std::size_t>(kMaxYamlNodes)) {
      Stop(mark, absl::StrCat("too large: more than ", kMaxYamlNodes, " values, or as much text, aliases expanded"));
    }
    if (open_.empty()) {
      document_.root_ = node;
      return;
    }
    open_.back()->children.push_back(node);
    open_.back()->size += node->size;
  }

  void Open(YamlNode* node, const YAML::Mark& mark) {
    if (open_.size() >= static_cast<std::size_t>(kMaxYamlDepth)) {
      Stop(mark, absl::StrCat("nested deeper than ", kMaxYamlDepth, " levels"));
    }
    open_.push_back(node);
    marks_.push_back(mark);
  }

  void Close() {
    YamlNode* node = open_.back();
    const YAML::Mark mark = marks_.back();
    open_.pop_back();
    marks_.pop_back();
    // Its children were counted when they were added.
    total_ -= node->size - 1;
    if (node->kind == YamlNode::Kind::kMap) Merge(node, mark);
    Add(node, mark);
  }

  static bool IsMergeKey(const YamlNode& key) {
    return key.kind == YamlNode::Kind::kScalar && !key.quoted && key.text == "<<";
  }

  // Puts what the map's merge keys name in their place. Takes no more than the map's size.
  static void Merge(YamlNode* map, const YAML::Mark& mark) {
    std::vector<const YamlNode*> entries;
    std::vector<const YamlNode*> bases;
    std::set<std::string_view> keys;
    for (std::size_t i = 0; i + 1 < map->children.size(); i += 2) {
      const YamlNode& key = *map->children[i];
      if (IsMergeKey(key)) {
        AddBases(*map->children[i + 1], mark, &bases);
        continue;
      }
      entries.insert(entries.end(), {map->children[i], map->children[i + 1]});
      keys.insert(key.text);
    }
    if (entries.size() == map->children.size()) return;
    for (const YamlNode* base : bases) {
      for (std::size_t i = 0; i + 1 < base->children.size(); i += 2) {
        if (!keys.insert(base->children[i]->text).second) continue;
        entries.insert(entries.end(), {base->children[i], base->children[i + 1]});
      }
    }
    map->children = std::move(entries);
  }

  static void AddBases(const YamlNode& value, const YAML::Mark& mark, std::vector<const YamlNode*>* bases) {
    const bool is_list = value.kind == YamlNode::Kind::kList;
    const std::vector<const YamlNode*> all = is_list ? value.children : std::vector<const YamlNode*>{&value};
    for (const YamlNode* base : all) {
      if (base->kind != YamlNode::Kind::kMap)
        Stop(mark, "the merge key '<<' of this map takes a map or a list of maps");
      bases->push_back(base);
    }
  }

  YamlDocument& document_;
  const YamlTags tags_;
  std::vector<const YamlNode*> anchors_;  // by anchor id
  std::vector<YamlNode*> open_;           // collections under construction, outermost first
  std::vector<YAML::Mark> marks_;         // where each of open_ began
  std::int64_t total_ = 0;                // size of all nodes added, aliases expanded
  int documents_ = 0;
};

absl::StatusOr<YamlDocument> YamlDocument::Parse(std::string_view text, const std::string& file, YamlTags tags) {
  if (text.size() > kMaxYamlBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": larger than ", kMaxYamlBytes >> 20, " MiB, the most that is read"));
  }
  RETURN_IF_ERROR(CheckCharacters(text, file));
  YamlDocument document;
  // yaml-cpp takes a quote that is open at the end for closed. A marker for the document's end may not stand in one.
  const int lines = 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  const std::string with_end = absl::StrCat(ToAbsl(text), "\n...\n");
  try {
    std::istringstream stream(with_end);
    YAML::Parser parser(stream);
    YamlTreeBuilder builder(&document, tags);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (error.mark.line >= lines) {
      return LocateError(file, {lines, 1}, absl::InvalidArgumentError("the file ends inside quotes or brackets"));
    }
    return LocateError(file, ToPosition(error.mark), absl::InvalidArgumentError(error.msg));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": cannot be read as YAML: ", error.what()));
  }
  // The marker makes nothing of an empty file.
  const YamlNode* const root = document.root_;
  if (root == nullptr || (root->kind == YamlNode::Kind::kNull && root->position.line > lines)) {
    return LocateError(file, {}, absl::InvalidArgumentError("the file is empty"));
  }
  return document;
}

}  // namespace oneloop
