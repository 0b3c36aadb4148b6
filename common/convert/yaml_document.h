#ifndef ONELOOP_COMMON_CONVERT_YAML_DOCUMENT_H_
#define ONELOOP_COMMON_CONVERT_YAML_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// Bounds on what is accepted, so that a hostile or mistaken file costs little time and memory.
inline constexpr std::size_t kMaxYamlBytes = 4 << 20;
inline constexpr std::int64_t kMaxYamlNodes = 500000;  // aliases expanded; a long text counts as several
inline constexpr std::size_t kYamlTextOfNode = 64;     // bytes beyond which it does
inline constexpr int kMaxYamlDepth = 64;

// A place in a text, from 1; columns count bytes.
struct YamlPosition {
  int line = 1;
  int column = 1;
  bool operator==(const YamlPosition&) const = default;
};

// The same error with "FILE:LINE:COL: " in front. Code and payload stay.
absl::Status LocateError(const std::string& file, YamlPosition position, const absl::Status& status);

// One node of a YAML document.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  YamlPosition position;
  std::string text;                       // of a scalar
  std::string tag;                        // "Component" of "!Component", where tags are kept
  bool quoted = false;                    // a scalar in quotes is text, never a number
  std::vector<const YamlNode*> children;  // a list's items, or a map's keys and values in turn
  std::int64_t size = 1;                  // at least the nodes of this tree, aliases expanded
};

// What becomes of tags such as "!Component".
enum class YamlTags { kRefused, kKept };

// The tree of one YAML document: YAML 1.2 without tags, and therefore JSON; a file's own tags where they are asked for.
// Merge keys of YAML 1.1 (`<<: *base`, or
// `<<: [*first, *second]`) are gone: their entries stand in the map unless it has the key itself, or an earlier one of
// the list has. Immutable after Parse; thread-safe.
class YamlDocument {
 public:
  // INVALID_ARGUMENT "FILE:LINE:COL: ..." for text that is not UTF-8 or holds control characters, is not YAML, is
  // empty, holds several documents, or exceeds a limit above. `file` serves in errors only.
  static absl::StatusOr<YamlDocument> Parse(std::string_view text, const std::string& file,
                                            YamlTags tags = YamlTags::kRefused);

  YamlDocument(YamlDocument&&) = default;
  YamlDocument& operator=(YamlDocument&&) = default;

  const YamlNode& root() const { return *root_; }

 private:
  friend class YamlTreeBuilder;
  YamlDocument() = default;

  std::deque<YamlNode> nodes_;  // owns; a deque keeps their addresses
  const YamlNode* root_ = nullptr;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_YAML_DOCUMENT_H_
