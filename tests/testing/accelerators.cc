#include "tests/testing/accelerators.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "common/convert/convert.h"
#include "common/convert/yaml_document.h"
#include "oneloop/v1/template.pb.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

// Null when the map has no such key.
const YamlNode* Find(const YamlNode& map, std::string_view key) {
  for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
    if (map.children[i]->text == key) return map.children[i + 1];
  }
  return nullptr;
}

const YamlNode& At(const YamlNode& map, std::string_view key) {
  const YamlNode* const node = Find(map, key);
  if (node == nullptr) BadTestInput(absl::StrCat("no '", std::string(key), "' at line ", map.position.line));
  return *node;
}

// The text of a number or a word; "" when it is not there.
std::string TextAt(const YamlNode& map, std::string_view key) {
  const YamlNode* const node = Find(map, key);
  return node == nullptr ? std::string() : node->text;
}

std::int64_t CountAt(const YamlNode& map, std::string_view key) {
  std::int64_t count = 0;
  if (!absl::SimpleAtoi(At(map, key).text, &count)) {
    BadTestInput(absl::StrCat("'", std::string(key), "' is no count at line ", map.position.line));
  }
  return count;
}

using Names = std::vector<std::string>;

Names NamesAt(const YamlNode& map, std::string_view key) {
  Names names;
  if (const YamlNode* const list = Find(map, key)) {
    for (const YamlNode* name : list->children) names.push_back(name->text);
  }
  return names;
}

bool Has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Builds the template of one accelerator for one version of Timeloop.
class TemplateBuilder {
 public:
  TemplateBuilder(const YamlNode& accelerator, bool newer) : accelerator_(accelerator), newer_(newer) {}

  std::unique_ptr<const Template> Build() {
    message_.set_name(At(accelerator_, "name").text);
    message_.set_dialect(newer_ ? "2025" : "2022");
    message_.mutable_compute()->set_energy_pj(At(At(accelerator_, "compute"), "energy_pj").text);
    for (const YamlNode* level : At(accelerator_, "levels").children) AddLevel(*level);
    CheckInstances();
    return ValueOrDie(TemplateFromProto(message_));
  }

 private:
  void AddLevel(const YamlNode& level) {
    v1::Level& out = *message_.add_levels();
    out.set_name(At(level, "name").text);
    const Names keeps = NamesAt(level, "keeps");
    for (const std::string& tensor : keeps) out.add_keeps(tensor);
    const auto bits = static_cast<std::int32_t>(CountAt(level, "word_bits"));
    out.mutable_word_bits()->set_w(bits);
    out.mutable_word_bits()->set_i(bits);
    out.mutable_word_bits()->set_o(bits);
    out.set_capacity_words(TextAt(level, "capacity_words"));
    if (const YamlNode* const axes = Find(level, "spatial")) {
      for (const YamlNode* axis : axes->children) AddAxis(*axis, &out);
    }
    if (const YamlNode* const ports = Find(level, "ports")) {
      for (const YamlNode* port : ports->children) AddPort(*port, level, keeps, &out);
    }
    AddLink(level, &out);
    const YamlNode* const newer = Find(level, "newer");
    if (newer_ && newer != nullptr && !keeps.empty()) out.set_leak_pj(TextAt(*newer, "leak_pj"));
  }

  static void AddAxis(const YamlNode& axis, v1::Level* out) {
    v1::SpatialAxis& added = *out->add_spatial();
    added.set_name(At(axis, "name").text);
    added.set_size(At(axis, "size").text);
    for (const std::string& dim : NamesAt(axis, "dims")) added.add_dims(dim);
  }

  // The file's ports speak of all flows and tensors, whatever the level keeps.
  void AddPort(const YamlNode& port, const YamlNode& level, const Names& keeps, v1::Level* out) const {
    v1::Port common;
    for (const std::string& tensor : keeps) {
      if (Find(port, "tensors") == nullptr || Has(NamesAt(port, "tensors"), tensor)) common.add_tensors(tensor);
    }
    const Names tensors(common.tensors().begin(), common.tensors().end());
    Names flows = NamesAt(port, "flows");
    if (!Has(tensors, "O")) std::erase(flows, "update");
    if (tensors.empty() || flows.empty()) return;
    v1::Port limit = common;
    limit.set_words_per_cycle(TextAt(port, "words_per_cycle"));
    const YamlNode* const newer = Find(level, "newer");
    const bool is_split = newer_ && newer != nullptr && Find(port, "block_words") != nullptr && Has(flows, "update");
    v1::Port price = common;
    price.set_access_pj(TextAt(port, "energy_pj"));
    if (!price.access_pj().empty()) {
      price.set_block_words(TextAt(port, "block_words"));
      price.set_cluster(TextAt(port, "cluster"));
    }
    if (!is_split) {
      price.set_words_per_cycle(limit.words_per_cycle());
      *out->add_ports() = WithFlows(price, flows);
      return;
    }
    v1::Port updates = price;
    updates.set_access_pj(At(*newer, "update_pj").text);
    *out->add_ports() = WithFlows(updates, {"update"});
    std::vector<std::string> others = flows;
    std::erase(others, "update");
    if (!others.empty()) *out->add_ports() = WithFlows(price, others);
    if (!limit.words_per_cycle().empty()) *out->add_ports() = WithFlows(limit, flows);
  }

  static v1::Port WithFlows(v1::Port port, const Names& flows) {
    for (const std::string& flow : flows) port.add_flows(flow);
    return port;
  }

  void AddLink(const YamlNode& level, v1::Level* out) const {
    v1::FanOutLink link;
    if (const YamlNode* const prices = Find(level, "link")) {
      link.set_hop_pj(TextAt(*prices, "hop_pj"));
      link.set_router_pj(TextAt(*prices, "router_pj"));
    }
    for (const std::string& tensor : NamesAt(level, "private")) link.add_unshared(tensor);
    // Neighbours hand on nothing else anyway.
    for (const std::string& tensor : NamesAt(level, "private_links")) {
      if (tensor == "I") link.add_unlinked(tensor);
    }
    if (link.ByteSizeLong() == 0) return;
    link.set_mesh(newer_);
    *out->mutable_link() = link;
  }

  // The file counts instances, and a template multiplies them from its axes.
  void CheckInstances() const {
    std::int64_t instances = 1;
    const std::vector<const YamlNode*>& levels = At(accelerator_, "levels").children;
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
      if (CountAt(**level, "instances") != instances) {
        BadTestInput(absl::StrCat("the axes outside make ", instances, " instances of the level at line ",
                                  (*level)->position.line));
      }
      if (const YamlNode* const axes = Find(**level, "spatial")) {
        for (const YamlNode* axis : axes->children) instances *= CountAt(*axis, "size");
      }
    }
  }

  const YamlNode& accelerator_;
  const bool newer_;
  v1::Template message_;
};

}  // namespace

std::string AcceleratorsPath() {
  if (const char* const given = std::getenv("ONELOOP_ACCELERATORS")) return given;
  const std::string path = absl::StrCat(SharedDataDir(), "/accelerators.json");
  return !SharedDataDir().empty() && std::filesystem::exists(path) ? path : std::string();
}

std::vector<Accelerator> ReadAccelerators(const std::string& path) {
  const std::string text = ValueOrDie(ReadFile(path, kMaxYamlBytes));
  const YamlDocument document = ValueOrDie(YamlDocument::Parse(text, path));
  std::vector<Accelerator> accelerators;
  for (const YamlNode* accelerator : At(document.root(), "accelerators").children) {
    accelerators.push_back({At(*accelerator, "name").text, TemplateBuilder(*accelerator, /*newer=*/false).Build(),
                            TemplateBuilder(*accelerator, /*newer=*/true).Build()});
  }
  return accelerators;
}

}  // namespace oneloop
