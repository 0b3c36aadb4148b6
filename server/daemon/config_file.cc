#include "server/daemon/config_file.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/yaml_document.h"

namespace oneloop {
namespace {

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What a value of the type looks like, for errors; null when this one does.
const char* Mismatch(SettingType type, const YamlNode& node) {
  const bool is_scalar = node.kind == YamlNode::Kind::kScalar;
  switch (type) {
    case SettingType::kNumber:
      return is_scalar && !node.quoted && IsDigits(node.text) ? nullptr : "a whole number";
    case SettingType::kBoolean:
      return is_scalar && !node.quoted && (node.text == "true" || node.text == "false") ? nullptr : "true or false";
    case SettingType::kText:
      return is_scalar ? nullptr : "a text";
    case SettingType::kTexts:
      return is_scalar ? nullptr : "a text, or a list of texts";
  }
  return nullptr;
}

class ConfigReader {
 public:
  ConfigReader(const std::string& file, const std::vector<SettingKey>& keys) : file_(file), keys_(keys) {}

  absl::StatusOr<std::vector<ConfigEntry>> Read(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::kMap) return Error(root, "expected settings, each as `name: value`");
    for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
      RETURN_IF_ERROR(ReadSetting(*root.children[i], *root.children[i + 1]));
    }
    return std::move(entries_);
  }

 private:
  absl::Status Error(const YamlNode& node, const std::string& text) const {
    return LocateError(file_, node.position, absl::InvalidArgumentError(text));
  }

  absl::Status ReadSetting(const YamlNode& name, const YamlNode& value) {
    const auto key =
        std::find_if(keys_.begin(), keys_.end(), [&](const SettingKey& known) { return known.name == name.text; });
    if (name.kind != YamlNode::Kind::kScalar || key == keys_.end()) {
      std::vector<std::string> names;
      for (const SettingKey& known : keys_) names.push_back(known.name);
      return Error(name, absl::StrCat("unknown setting '", name.text, "'", SuggestName(name.text, names)));
    }
    if (!seen_.insert(key->name).second) return Error(name, key->name + " is there twice");
    // A value that is not there has its place at the next one's.
    if (value.kind == YamlNode::Kind::kNull) return Error(name, key->name + ": has no value");
    if (key->type != SettingType::kTexts || value.kind != YamlNode::Kind::kList) return AddValue(*key, value);
    if (value.children.empty()) return Error(value, key->name + ": is an empty list; leave it out for the default");
    for (const YamlNode* item : value.children) RETURN_IF_ERROR(AddValue(*key, *item));
    return absl::OkStatus();
  }

  absl::Status AddValue(const SettingKey& key, const YamlNode& value) {
    if (const char* const expected = Mismatch(key.type, value)) {
      return Error(value, absl::StrCat(key.name, ": expected ", expected));
    }
    entries_.push_back(
        {key.name, value.text, absl::StrCat(file_, ":", value.position.line, ":", value.position.column)});
    return absl::OkStatus();
  }

  const std::string& file_;
  const std::vector<SettingKey>& keys_;
  std::set<std::string> seen_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(std::string_view text, const std::string& file,
                                                     const std::vector<SettingKey>& keys) {
  ASSIGN_OR_RETURN(const YamlDocument document, YamlDocument::Parse(text, file));
  return ConfigReader(file, keys).Read(document.root());
}

absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(const std::string& path, const std::vector<SettingKey>& keys) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxYamlBytes));
  return ParseConfig(text, path, keys);
}

}  // namespace oneloop
