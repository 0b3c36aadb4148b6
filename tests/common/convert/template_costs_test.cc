// Costs by flow and link, from YAML to a template.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/hardware/template.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Each level's line is replaced by what a test is about.
constexpr char kCosts[] = R"(name: costs
dialect: 2025
parameters:
  - {name: banks, min: 1, max: 64}
  - {name: size_kib, min: 1, max: 64}
  - {name: lanes, min: 1, max: 64}
levels:
  - name: registers
    keeps: [W]
    temporal: none
    ports:
      - {flows: [read], access_pj: 0.5, cluster: banks}
      - {flows: [fill], access_pj: 0.25 * banks, block_words: banks, words_per_cycle: 2, weight: 0.5}
      - {access_pj: 0.125}
  - name: fan
    spatial: [{name: Y, size: lanes, dims: [C]}]
    link: {hop_pj: 0.5, router_pj: 0.25 * lanes, unshared: [W, O], unlinked: [I], mesh: true}
  - name: buffer
    keeps: [I, O]
    capacity_bytes: 1024 * size_kib
    partitions:
      - {tensors: [O], capacity_words: 64 * size_kib, multiple_buffering: 2}
      - {capacity_words: 4096, capacity_bytes: 8192}
    ports:
      - {words_per_cycle: 16}
      - {flows: [update], tensors: [O], access_pj: 3}
    leak_pj: 0.001 * size_kib
  - {name: dram, keeps: [W, I, O], energy_pj: 100}
)";

std::string ErrorOf(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kCosts, {{from, to}});
  EXPECT_NE(text, kCosts) << "nothing replaced by " << to;
  const absl::Status status = ReadTemplateText(text, "t.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << to;
  return Message(status);
}

TEST(TemplateCostsTest, EveryFieldArrives) {
  const std::unique_ptr<const Template> costs = TemplateFromYaml(kCosts);
  EXPECT_EQ(costs->spec().dialect, Dialect::k2025);
  const LevelSpec& registers = costs->level(0);
  EXPECT_EQ(registers.temporal, DimSet());
  ASSERT_EQ(registers.ports.size(), 3u);
  EXPECT_EQ(registers.ports[0].flows, FlowSet{FlowKind::kRead});
  EXPECT_EQ(registers.ports[0].access_pj->text(), "0.5");
  EXPECT_EQ(registers.ports[0].cluster->text(), "banks");
  EXPECT_EQ(registers.ports[0].weight, 1);
  EXPECT_EQ(registers.ports[1].flows, FlowSet{FlowKind::kFill});
  EXPECT_EQ(registers.ports[1].block_words->text(), "banks");
  EXPECT_EQ(registers.ports[1].words_per_cycle->text(), "2");
  EXPECT_EQ(registers.ports[1].weight, 0.5);
  EXPECT_EQ(registers.ports[2].flows, kEveryFlow);
  const LevelSpec& fan = costs->level(1);
  EXPECT_TRUE(fan.keeps.empty());
  EXPECT_EQ(fan.temporal, kEveryDim);
  ASSERT_TRUE(fan.link.has_value());
  EXPECT_EQ(fan.link->hop_pj->text(), "0.5");
  EXPECT_EQ(fan.link->router_pj->text(), "0.25 * lanes");
  EXPECT_EQ(fan.link->unshared, (TensorSet{Tensor::kW, Tensor::kO}));
  EXPECT_EQ(fan.link->unlinked, TensorSet{Tensor::kI});
  EXPECT_TRUE(fan.link->mesh);
  EXPECT_EQ(costs->level(2).leak_pj->text(), "0.001 * size_kib");
  EXPECT_FALSE(costs->level(3).link.has_value());
}

TEST(TemplateCostsTest, PortsAreThoseOfTheTensorsThatTheLevelKeeps) {
  const std::unique_ptr<const Template> costs = TemplateFromYaml(kCosts);
  ASSERT_EQ(costs->ports().size(), 6u);
  const int levels[] = {0, 0, 0, 2, 2, 3};
  const TensorSet weights = {Tensor::kW};
  const TensorSet outputs = {Tensor::kO};
  const TensorSet both = {Tensor::kI, Tensor::kO};
  const TensorSet tensors[] = {weights, weights, weights, both, outputs, kEveryTensor};
  for (std::size_t p = 0; p < 6; ++p) {
    EXPECT_EQ(costs->ports()[p].level, levels[p]) << p;
    EXPECT_EQ(costs->ports()[p].spec.tensors, tensors[p]) << p;
    EXPECT_EQ(costs->ports()[p].spec.priced_by_word, p == 5) << p << ": the short form alone has a price by word";
  }
}

TEST(TemplateCostsTest, AllStandForThoseThatThereAre) {
  const auto costs = TemplateFromYaml(absl::StrReplaceAll(
      kCosts,
      {{"flows: [read]", "flows: [read, fill, update], tensors: [W, I, O]"}, {"temporal: none", "temporal: []"}}));
  EXPECT_EQ(costs->ports()[0].spec.tensors, TensorSet{Tensor::kW}) << "the level keeps nothing else";
  EXPECT_EQ(costs->level(0).temporal, kEveryDim) << "as in templates that were written before there was none";
}

TEST(TemplateCostsTest, PartitionsAreResourcesOfTheirTensors) {
  const std::unique_ptr<const Template> costs = TemplateFromYaml(kCosts);
  ASSERT_EQ(costs->resources().size(), 5u) << "an axis, the whole and three capacities";
  const Resource& whole = costs->resources()[1];
  EXPECT_EQ(whole.unit, Resource::Unit::kBytes);
  EXPECT_THAT(whole.per_word, ElementsAre(0, 1, 1));
  EXPECT_EQ(costs->parameter(whole.owner).name, "size_kib");
  const Resource& outputs = costs->resources()[2];
  EXPECT_EQ(outputs.unit, Resource::Unit::kWords);
  EXPECT_THAT(outputs.per_word, ElementsAre(0, 0, 2)) << "each tile stands twice";
  EXPECT_EQ(outputs.limit.text(), "64 * size_kib");
  EXPECT_EQ(costs->resources()[3].limit.text(), "8192");
  EXPECT_EQ(costs->resources()[4].limit.text(), "4096");
  EXPECT_THAT(costs->resources()[4].per_word, ElementsAre(0, 1, 1));
}

TEST(TemplateCostsTest, ParametersOfCostsAreUsed) {
  EXPECT_THAT(TemplateWarnings(*TemplateFromYaml(kCosts), /*energy_counts=*/true),
              ElementsAre(HasSubstr("compute.energy_pj")));
  const struct {
    const char* from;
    const char* to;
    const char* warning;
  } cases[] = {
      {"words_per_cycle: 2, weight", "weight", "levels[0].ports[1].weight of template 'costs' changes nothing"},
      {"energy_pj: 100", "block_words: 8", "levels[3].block_words of template 'costs' changes nothing"},
      {"- {name: lanes", "- {name: idle, min: 1, max: 2}\n  - {name: lanes", "parameter 'idle'"},
  };
  for (const auto& c : cases) {
    const auto costs = TemplateFromYaml(absl::StrReplaceAll(kCosts, {{c.from, c.to}}));
    EXPECT_THAT(TemplateWarnings(*costs, true), testing::Contains(HasSubstr(c.warning)));
  }
}

TEST(TemplateCostsTest, BadCostsNameTheirFieldAndTheFix) {
  const struct {
    const char* from;
    const char* to;
    const char* error;  // field and what is said of it
  } cases[] = {
      {"dialect: 2025", "dialect: 2024", "dialect: is '2024' (did you mean '2022'?); valid: 2022, 2023, 2025"},
      {"temporal: none", "temporal: [P, none]",
       "levels[0].temporal[1]: is 'none' beside others; valid: 'none' alone, or dimensions"},
      {"temporal: none", "temporal: [none, none]", "levels[0].temporal[0]: is 'none' beside others"},
      {"temporal: none", "temporal: nothing", "levels[0].temporal[0]: is 'nothing'; valid: R, S, P"},
      // Ports.
      {"flows: [read]", "flows: [reads]",
       "levels[0].ports[0].flows[0]: is 'reads' (did you mean 'read'?); valid: read, fill, update"},
      {"flows: [read]", "flows: [read, read]", "levels[0].ports[0].flows[1]: 'read' is there twice"},
      {"flows: [fill]", "flows: [fill, update]",
       "levels[0].ports[1].flows: has update, and W has no such flow: outputs alone are updated; valid: read, fill"},
      {"tensors: [O], access_pj", "tensors: [I], access_pj", "levels[2].ports[1].flows: has update, and I has no such"},
      {"tensors: [O], access_pj", "tensors: [o], access_pj", "levels[2].ports[1].tensors[0]: is 'o' (did you mean"},
      {"tensors: [O], access_pj", "tensors: [W, O], access_pj",
       "levels[2].ports[1].tensors: has W, which the level does not keep; valid: I, O"},
      {"{name: dram, keeps: [W, I, O], energy_pj: 100}",
       "{name: dram, keeps: [W, I, O], energy_pj: 100, ports: [{access_pj: 1}]}",
       "levels[3].ports: stand beside energy_pj, which is short for a port; give ports or energy_pj, not both"},
      {"leak_pj: 0.001", "words_per_cycle: 0.001", "levels[2].ports: stand beside words_per_cycle, which is short"},
      {"leak_pj: 0.001", "block_words: 0.001", "levels[2].ports: stand beside block_words, which is short"},
      {"- {words_per_cycle: 16}", "- {flows: [read]}",
       "levels[2].ports[0].access_pj: is missing, and so is words_per_cycle: a port without both says nothing"},
      {"- {words_per_cycle: 16}", "- {words_per_cycle: 16, block_words: 2}",
       "levels[2].ports[0].block_words: stands without access_pj, whose accesses it shapes; give both or none"},
      {"- {words_per_cycle: 16}", "- {words_per_cycle: 16, cluster: 2}", "levels[2].ports[0].cluster: stands without"},
      {"- {words_per_cycle: 16}", "- {words_per_cycle: 0 * lanes}",
       "levels[2].ports[0].words_per_cycle: is 0; valid: above 0"},
      {"block_words: banks", "block_words: 0", "levels[0].ports[1].block_words: is 0; valid: above 0"},
      {"cluster: banks", "cluster: banks + 1", "levels[0].ports[0].cluster: has more than one term"},
      {"cluster: banks", "cluster: 8 / banks",
       "levels[0].ports[0].cluster: reaches 0.125 in the parameters' ranges; valid: at least 1"},
      {"weight: 0.5", "weight: 0", "levels[0].ports[1].weight: is 0; valid: above 0, to 1e+06"},
      {"weight: 0.5", "weight: -1", "levels[0].ports[1].weight: is -1; valid"},
      {"weight: 0.5", "weight: 1000001", "levels[0].ports[1].weight: is 1e+06; valid"},
      {"access_pj: 0.25 * banks", "access_pj: banks^16",
       "levels[0].ports[1].access_pj: reaches 7.92282e+28 in the parameters' ranges; valid: 1e-18 to 1e+18"},
      {"block_words: banks", "block_words: banks^16", "levels[0].ports[1].block_words: reaches"},
      {"cluster: banks", "cluster: banks^16", "levels[0].ports[0].cluster: reaches"},
      {"words_per_cycle: 16", "words_per_cycle: banks^16", "levels[2].ports[0].words_per_cycle: reaches"},
      {"access_pj: 0.25 * banks", "access_pj: 0.25 * bank", "levels[0].ports[1].access_pj: formula '0.25 * bank'"},
      // Links.
      {"{hop_pj: 0.5, router_pj: 0.25 * lanes, unshared: [W, O], unlinked: [I], mesh: true}", "{mesh: true}",
       "levels[1].link: says nothing; give hop_pj, router_pj, unshared or unlinked, or leave it out"},
      {"unlinked: [I]", "unlinked: [I, O]",
       "levels[1].link.unlinked: has O, of which neighbours hand on nothing anyway; valid: I"},
      {"unshared: [W, O]", "unshared: [W, W]", "levels[1].link.unshared[1]: 'W' is there twice"},
      {"hop_pj: 0.5", "hop_pj: banks^16", "levels[1].link.hop_pj: reaches"},
      {"router_pj: 0.25 * lanes", "router_pj: lanes^-16", "levels[1].link.router_pj: reaches"},
      {"hop_pj: 0.5", "hop_pj: -1", "levels[1].link.hop_pj: formula '-1'"},
      // Leakage and levels that keep nothing.
      {"leak_pj: 0.001 * size_kib", "leak_pj: size_kib^16", "levels[2].leak_pj: reaches"},
      {"    link: {", "    leak_pj: 1\n    link: {",
       "levels[1].leak_pj: stands at a level that keeps nothing; leave it out, or give keeps of W, I, O"},
      {"    link: {", "    capacity_words: 1\n    link: {", "levels[1].capacity_words: stands at a level that keeps"},
      {"    link: {", "    energy_pj: 1\n    link: {", "levels[1].energy_pj: stands at a level that keeps nothing"},
      {"    link: {", "    ports: [{access_pj: 1}]\n    link: {", "levels[1].ports: stands at a level that keeps"},
      {"    link: {", "    partitions: [{capacity_words: 1}]\n    link: {", "levels[1].partitions: stands at a level"},
      // Partitions.
      {"tensors: [O], capacity_words", "tensors: [W], capacity_words",
       "levels[2].partitions[0].tensors: has W, which the level does not keep; valid: I, O"},
      {"capacity_words: 64 * size_kib, ", "",
       "levels[2].partitions[0].capacity_bytes: is missing, and so is capacity_words; give at least one of them"},
      {"64 * size_kib", "64 * size_kib + 1", "levels[2].partitions[0].capacity_words: has more than one term"},
      {"64 * size_kib", "64 / size_kib", "levels[2].partitions[0].capacity_words: shrinks with every parameter"},
      {"capacity_words: 4096", "capacity_words: 0", "levels[2].partitions[1].capacity_words: is 0; valid: above 0"},
      {"capacity_bytes: 8192", "capacity_bytes: size_kib^16", "levels[2].partitions[1].capacity_bytes: reaches"},
      {"multiple_buffering: 2", "multiple_buffering: 0.5",
       "levels[2].partitions[0].multiple_buffering: is 0.5; valid: 1 to 1024"},
      {"multiple_buffering: 2", "multiple_buffering: 1025", "levels[2].partitions[0].multiple_buffering: is 1025"},
      {"energy_pj: 100", "partitions: [{capacity_words: 9}]", "levels[3].partitions: there is no DRAM: the last level"},
  };
  for (const auto& c : cases) EXPECT_THAT(ErrorOf(c.from, c.to), HasSubstr(absl::StrCat(": ", c.error))) << c.to;
}

// The text with an item of a list as often as `count` says.
std::string WithItems(const std::string& item, const std::string& repeated, int count) {
  std::string items;
  for (int i = 0; i < count; ++i) absl::StrAppend(&items, i == 0 ? "" : "\n      ", repeated);
  return absl::StrReplaceAll(kCosts, {{item, items}});
}

TEST(TemplateCostsTest, PortsAndCapacitiesAreBounded) {
  // Besides those, four ports are declared, and the short form of the last level makes a fifth.
  const auto with_ports = [](int count) { return WithItems("- {words_per_cycle: 16}", "- {access_pj: 1}", count); };
  EXPECT_TRUE(ReadTemplateText(with_ports(kMaxPorts - 5), "t.yaml").ok());
  EXPECT_THAT(Message(ReadTemplateText(with_ports(kMaxPorts - 4), "t.yaml").status()),
              HasSubstr("levels: have 33 ports; valid: at most 32"));
  // Besides those, one of the whole and one of outputs; each partition here has two.
  const auto with_capacities = [](int count) {
    const std::string both = "- {capacity_words: 4096, capacity_bytes: 8192}";
    return WithItems(both, both, count);
  };
  EXPECT_TRUE(ReadTemplateText(with_capacities(kMaxPartitions / 2 - 1), "t.yaml").ok());
  EXPECT_THAT(Message(ReadTemplateText(with_capacities(kMaxPartitions / 2), "t.yaml").status()),
              HasSubstr("levels: have 26 capacities of bytes or of words; valid: at most 24"));
}

TEST(TemplateCostsTest, WhatSaysNothingOfFlowsReadsAsBefore) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  EXPECT_EQ(gemmini->spec().dialect, Dialect::k2022);
  ASSERT_EQ(gemmini->ports().size(), 4u);
  for (const Template::Port& port : gemmini->ports()) {
    const LevelSpec& level = gemmini->level(port.level);
    EXPECT_TRUE(port.spec.priced_by_word);
    EXPECT_EQ(port.spec.flows, kEveryFlow);
    EXPECT_EQ(port.spec.tensors, level.keeps);
    EXPECT_EQ(port.spec.access_pj->text(), level.energy_pj->text());
    EXPECT_FALSE(port.spec.cluster.has_value());
    EXPECT_TRUE(level.ports.empty() && level.partitions.empty() && !level.link && !level.leak_pj);
  }
}

// One text alone stands for a list of one, "all" for all that the place takes.
TEST(PerfectDimsYamlTest, StandInTheTemplateTheLevelAndTheAxis) {
  const auto hardware_template = TemplateFromYaml(R"(
name: edges
perfect_dims: N
levels:
  - name: buffer
    keeps: [W, I, O]
    temporal: [P, Q]
    perfect_dims: all
    spatial: [{name: X, size: 8, dims: [C, K], perfect_dims: [K]}]
  - {name: dram, keeps: [W, I, O]}
)");
  EXPECT_EQ(hardware_template->perfect_dims(0), (DimSet{Dim::kP, Dim::kQ, Dim::kN}));
  EXPECT_EQ(hardware_template->perfect_dims(1), (DimSet{Dim::kN}));
  EXPECT_EQ(hardware_template->axes()[0].perfect_dims, (DimSet{Dim::kK, Dim::kN}));
}

TEST(PerfectDimsYamlTest, MistakesAreToldAtTheirLine) {
  constexpr char kText[] =
      "name: edges\n"
      "levels:\n"
      "  - {name: buffer, keeps: [W, I, O], temporal: [P], perfect_dims: [P, K]}\n"
      "  - {name: dram, keeps: [W, I, O]}\n";
  EXPECT_THAT(Message(ReadTemplateText(kText, "t.yaml").status()),
              testing::StartsWith("t.yaml:3:53: levels[0].perfect_dims: has K, which temporal does not"));
}

}  // namespace
}  // namespace oneloop
