#ifndef ONELOOP_TESTS_COMMON_MODEL_RANDOM_COSTS_H_
#define ONELOOP_TESTS_COMMON_MODEL_RANDOM_COSTS_H_

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/hardware/template.h"
#include "tests/common/model/random_cases.h"

namespace oneloop {

// The templates of random_cases.h with costs by flow and link: ports, clusters, blocks, links, leakage, partitions,
// levels that keep nothing or allow no loops, and the dialects.
class RandomCosts {
 public:
  // `blocks`: accesses of several words, of which the descent knows nothing but their price.
  RandomCosts(Random& random, bool blocks) : random_(random), blocks_(blocks) {}

  std::unique_ptr<const Template> Draw() {
    TemplateSpec spec = RandomTemplateSpec(random_);
    for (const ParameterSpec& parameter : spec.parameters) names_.push_back(parameter.name);
    spec.dialect = std::array{Dialect::k2022, Dialect::k2023, Dialect::k2025}[random_.Below(3)];
    for (std::size_t l = 0; l < spec.levels.size(); ++l) {
      LevelSpec& level = spec.levels[l];
      if (l + 1 < spec.levels.size() && !level.spatial.empty() && Once(5)) {
        Empty(&level);
      } else {
        AddPorts(&level);
        Split(&level);
        if (Once(2)) level.leak_pj = Parse(absl::StrCat("0.001 * ", names_[random_.Below(names_.size())], "^0.5"));
      }
      if (l + 1 < spec.levels.size() && Once(8)) level.temporal = {};
      if (Once(2)) level.link = RandomLink();
    }
    return *Template::Create(std::move(spec));
  }

 private:
  bool Once(std::uint64_t in) { return random_.Below(in) == 0; }
  Formula Parse(const std::string& text) const { return *Formula::Parse(text, names_); }

  // A fan-out of its own.
  static void Empty(LevelSpec* level) {
    level->keeps = {};
    level->capacity_bytes = level->capacity_words = std::nullopt;
    level->energy_pj = level->words_per_cycle = level->block_words = std::nullopt;
  }

  std::string Price(double most) {
    return absl::StrCat(most * (0.1 + random_.Uniform()), " * array^0.2 + ", 0.2 + random_.Uniform());
  }

  void AddPorts(LevelSpec* level) {
    if (Once(4)) return;
    level->energy_pj = level->words_per_cycle = level->block_words = std::nullopt;
    const bool updates = level->keeps.Has(Tensor::kO);
    FlowSet writes = {FlowKind::kFill};
    std::vector<FlowSet> apart = {{FlowKind::kRead}, {FlowKind::kFill}};
    if (updates) {
      writes.Add(FlowKind::kUpdate);
      apart.push_back({FlowKind::kUpdate});
    }
    const std::array<std::vector<FlowSet>, 3> ways = {apart, {{{FlowKind::kRead}, writes}}, {{kEveryFlow}}};
    for (const FlowSet flows : ways[random_.Below(3)]) {
      PortSpec port;
      port.flows = flows;
      port.access_pj = Parse(Price(1));
      if (blocks_ && Once(2)) port.block_words = Parse(absl::StrCat(1 + random_.Below(8)));
      if (!blocks_ && Once(4)) port.block_words = Parse("1 + 0.1 * array");
      if (Once(3)) port.cluster = Parse(Once(2) ? "2" : "1 * array^0.5");
      if (Once(2)) port.words_per_cycle = Parse(Once(2) ? "0.5" : "0.1 * array");
      if (Once(3)) port.weight = 0.25 + random_.Uniform();
      level->ports.push_back(port);
    }
    if (Once(3)) {
      PortSpec shared;
      shared.words_per_cycle = Parse("0.7");
      level->ports.push_back(shared);
    }
  }

  // A partition for each tensor in the place of one for all.
  void Split(LevelSpec* level) {
    if (!level->capacity_bytes.has_value() || Once(2)) return;
    for (const Tensor tensor : kAllTensors) {
      if (!level->keeps.Has(tensor) || Once(4)) continue;
      PartitionSpec partition;
      partition.tensors = {tensor};
      partition.capacity_bytes = level->capacity_bytes;
      partition.multiple_buffering = Once(2) ? 2 : 1;
      level->partitions.push_back(partition);
    }
    level->capacity_bytes = std::nullopt;
  }

  LinkSpec RandomLink() {
    LinkSpec link;
    link.hop_pj = Parse(Price(0.1));
    if (Once(2)) link.router_pj = Parse(Price(0.1));
    for (const Tensor tensor : kAllTensors) {
      if (Once(5)) link.unshared.Add(tensor);
    }
    if (Once(4)) link.unlinked.Add(Tensor::kI);
    link.mesh = Once(3);
    return link;
  }

  Random& random_;
  bool blocks_;
  std::vector<std::string> names_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_RANDOM_COSTS_H_
