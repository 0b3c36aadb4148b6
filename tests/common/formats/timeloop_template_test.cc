#include "common/formats/timeloop_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/formats/template_yaml.h"
#include "common/formats/timeloop_constraints.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/imported_accelerators.h"
#include "tests/testing/shipped.h"
#include "tests/testing/template_difference.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using Files = std::vector<std::pair<std::string, std::string>>;  // by name

absl::StatusOr<TemplateImport> Import(const Files& texts, const TemplateImportOptions& options = {}) {
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  for (const auto& [name, text] : texts) {
    ASSIGN_OR_RETURN(files.emplace_back(), TimeloopFile::Parse(text, name, options.variables));
  }
  return ImportTimeloopTemplate(files, options);
}

v1::Template Imported(const Files& texts, const TemplateImportOptions& options = {}) {
  return ValueOrDie(Import(texts, options)).hardware_template;
}

std::vector<std::string> List(const google::protobuf::RepeatedPtrField<std::string>& names) {
  return {names.begin(), names.end()};
}

// A memory of v0.3 between DRAM and 16 compute units; `attributes` are the buffer's.
std::string Small(const std::string& attributes) {
  return "architecture:\n"
         "  version: 0.3\n"
         "  subtree:\n"
         "  - name: system\n"
         "    local:\n"
         "    - {name: DRAM, class: DRAM, attributes: {word-bits: 8}}\n"
         "    subtree:\n"
         "    - name: chip\n"
         "      local:\n"
         "      - name: buffer\n"
         "        class: SRAM\n"
         "        attributes: {word-bits: 8, " +
         attributes +
         "}\n"
         "      - {name: 'MAC[0..15]', class: intmac, attributes: {meshX: 4}}\n";
}

constexpr char kSmallErt[] = R"(ERT:
  version: 0.3
  tables:
  - name: system.DRAM
    actions:
    - {name: read, arguments: {}, energy: 100}
    - {name: write, arguments: {}, energy: 120}
  - name: system.chip.buffer
    actions:
    - {name: read, arguments: {data_delta: 1, address_delta: 1}, energy: 2.5}
    - {name: read, arguments: {data_delta: 0, address_delta: 0}, energy: 0.5}
    - {name: write, arguments: {}, energy: 3}
    - {name: update, arguments: {}, energy: 4}
    - {name: leak, arguments: {}, energy: 0.25}
  - name: system.chip.MAC[0..15]
    actions:
    - {name: mac_gated, arguments: {}, energy: 9}
    - {name: mac_random, arguments: {}, energy: 0.75}
)";

TEST(TimeloopTemplateTest, ReadsSizesMeshesAndEnergiesOfV03) {
  const v1::Template message = Imported(
      {{"a.yaml", Small("depth: 64, width: 32, read_bandwidth: 4, write_bandwidth: 2, shared_bandwidth: 5, "
                        "multiple-buffering: 3, addr-gen-energy: 0.125, energy-per-hop: 0.5, router-energy: 2")},
       {"e.yaml", kSmallErt}});
  EXPECT_EQ(message.dialect(), "2022");
  EXPECT_EQ(message.compute().energy_pj(), "0.75");
  ASSERT_EQ(message.levels_size(), 2);
  const v1::Level& buffer = message.levels(0);
  EXPECT_EQ(buffer.name(), "buffer");
  EXPECT_EQ(buffer.capacity_words(), "85");  // 64 x 4 words, three of each tile
  EXPECT_THAT(List(buffer.keeps()), ElementsAre("W", "I", "O"));
  ASSERT_EQ(buffer.spatial_size(), 2);
  EXPECT_EQ(buffer.spatial(0).name() + buffer.spatial(0).size(), "X4");
  EXPECT_EQ(buffer.spatial(1).name() + buffer.spatial(1).size(), "Y4");
  EXPECT_EQ(buffer.link().hop_pj(), "0.5");
  EXPECT_EQ(buffer.link().router_pj(), "2");
  ASSERT_EQ(buffer.ports_size(), 5);
  // Of several argument lists the dearest.
  EXPECT_EQ(buffer.ports(0).access_pj(), "2.5");
  EXPECT_EQ(buffer.ports(0).block_words(), "4");
  EXPECT_EQ(buffer.ports(0).words_per_cycle(), "4");
  // Timeloop of 2022 knows neither updates nor leakage.
  EXPECT_THAT(List(buffer.ports(1).flows()), ElementsAre("fill", "update"));
  EXPECT_EQ(buffer.ports(1).access_pj(), "3");
  EXPECT_EQ(buffer.leak_pj(), "");
  EXPECT_EQ(buffer.ports(2).words_per_cycle(), "5");
  EXPECT_THAT(List(buffer.ports(3).tensors()), ElementsAre("O"));
  EXPECT_THAT(List(buffer.ports(4).flows()), ElementsAre("read", "fill"));
  EXPECT_EQ(buffer.ports(4).access_pj(), "0.125");
}

TEST(TimeloopTemplateTest, LaterDialectsPriceUpdatesAndLeak) {
  TemplateImportOptions options;
  options.dialect = "2025";
  const v1::Template message = Imported(
      {{"a.yaml", Small("depth: 64, width: 8, write_bandwidth: 2, energy-per-hop: 0.5")}, {"e.yaml", kSmallErt}},
      options);
  const v1::Level& buffer = message.levels(0);
  EXPECT_EQ(buffer.leak_pj(), "0.25");
  EXPECT_TRUE(buffer.link().mesh());
  ASSERT_EQ(buffer.ports_size(), 4);
  EXPECT_EQ(buffer.ports(2).access_pj(), "4");
  EXPECT_THAT(List(buffer.ports(2).flows()), ElementsAre("update"));
  EXPECT_EQ(buffer.ports(3).words_per_cycle(), "2");
  EXPECT_THAT(List(buffer.ports(3).flows()), ElementsAre("fill", "update"));
}

TEST(TimeloopTemplateTest, GatesThatInstancesShareAreRefusedWhereTheyLeak) {
  TemplateImportOptions options;
  options.dialect = "2023";
  const auto gated = [&](const std::string& gate) {
    return Import({{"a.yaml", Small("entries: 8, power_gated_at: " + gate)}, {"e.yaml", kSmallErt}}, options).status();
  };
  EXPECT_TRUE(gated("buffer").ok()) << gated("buffer");
  EXPECT_TRUE(gated("null").ok()) << gated("null");
  EXPECT_THAT(Message(gated("DRAM")), HasSubstr("a.yaml:12:64: buffer.power_gated_at: leakage"));
  options.dialect = "2022";
  EXPECT_TRUE(gated("DRAM").ok()) << gated("DRAM");
}

TEST(TimeloopTemplateTest, WiresAreAsLongAsWhatIsInsideIsWide) {
  const std::string art =
      "ART:\n  version: 0.3\n  tables:\n  - {name: s.MAC, area: 4}\n  - {name: s.buffer, area: 36}\n";
  // Of a unit of 4 um2; words of 8 bits.
  const v1::Template message =
      Imported({{"a.yaml", Small("entries: 8, wire-energy: 0.5")}, {"e.yaml", std::string(kSmallErt) + art}});
  EXPECT_EQ(message.levels(0).link().hop_pj(), "0.008");
  EXPECT_EQ(message.area_mm2(), "1e-04");
  const v1::Template given = Imported(
      {{"a.yaml", Small("entries: 8, wire-energy: 0.5, tile-width: 10, network-word-bits: 2")}, {"e.yaml", kSmallErt}});
  EXPECT_EQ(given.levels(0).link().hop_pj(), "0.01");
}

struct BlockCase {
  std::string attributes;
  std::string block;
  std::string cluster;
  std::string words;
};

// Words of 8 bits.
TEST(TimeloopTemplateTest, BlockClusterAndWidthFollowFromEachOther) {
  for (const BlockCase& test : std::vector<BlockCase>{
           {"entries: 100", "", "", "100"},
           {"depth: 10, width: 64", "8", "", "80"},
           {"depth: 10, width: 64, block-size: 4", "4", "2", "40"},
           {"depth: 10, width: 64, cluster-size: 4", "2", "4", "20"},
           {"depth: 10, width: 64, cluster-size: 4, block_size: 2", "2", "4", "20"},
           {"memory_depth: 10, memory_width: 16", "2", "", "20"},
           {"data_storage_depth: 10, n_words: 2", "2", "", "20"},
           {"sizeKB: 2", "", "", "2048"},
           {"entries: 7, depth: 100", "", "", "7"},
       }) {
    SCOPED_TRACE(test.attributes);
    const v1::Template message = Imported({{"a.yaml", Small(test.attributes)}, {"e.yaml", kSmallErt}});
    EXPECT_EQ(message.levels(0).ports(0).block_words(), test.block);
    EXPECT_EQ(message.levels(0).ports(0).cluster(), test.cluster);
    EXPECT_EQ(message.levels(0).capacity_words(), test.words);
  }
}

TEST(TimeloopTemplateTest, BandwidthAloneIsHalfForEachDirection) {
  const v1::Template message = Imported({{"a.yaml", Small("entries: 4, bandwidth: 6")}, {"e.yaml", kSmallErt}});
  EXPECT_EQ(message.levels(0).ports(0).words_per_cycle(), "3");
  EXPECT_EQ(message.levels(0).ports(1).words_per_cycle(), "3");
}

TEST(TimeloopTemplateTest, WarnsOfSpellingsThatTimeloopOf2022Ignores) {
  for (const std::string spelling :
       {"read-bandwidth: 1", "write-bandwidth: 1", "shared-bandwidth: 1", "multiple_buffering: 2", "cluster_size: 2",
        "word_bits: 4", "min_utilization: 0.5", "num_ports: 2", "energy_per_hop: 1"}) {
    SCOPED_TRACE(spelling);
    const Files files = {{"a.yaml", Small("entries: 8, " + spelling)}, {"e.yaml", kSmallErt}};
    const TemplateImport result = ValueOrDie(Import(files));
    EXPECT_THAT(result.warnings, Contains(AllOf(HasSubstr("a.yaml:12:"), HasSubstr("ignored"))));
    const v1::Template plain = Imported({{"a.yaml", Small("entries: 8")}, {"e.yaml", kSmallErt}});
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(result.hardware_template, plain));
  }
  // Later versions read both.
  TemplateImportOptions options;
  options.dialect = "2023";
  const v1::Template later =
      Imported({{"a.yaml", Small("entries: 8, cluster_size: 2, multiple_buffering: 2, read-bandwidth: 3")},
                {"e.yaml", kSmallErt}},
               options);
  EXPECT_EQ(later.levels(0).capacity_words(), "4");
  EXPECT_EQ(later.levels(0).ports(0).cluster(), "2");
  EXPECT_EQ(later.levels(0).ports(0).words_per_cycle(), "3");
}

TEST(TimeloopTemplateTest, WithoutTablesEnergiesAreThoseOfAttributesOrNothing) {
  const TemplateImport result = ValueOrDie(Import({{"a.yaml", Small("entries: 8, vector-access-energy: 1.5")}}));
  EXPECT_EQ(result.hardware_template.levels(0).ports(0).access_pj(), "1.5");
  EXPECT_EQ(result.hardware_template.levels(1).ports_size(), 0);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("no ERT is given")));
}

TEST(TimeloopTemplateTest, AnActionThatIsNotListedCostsTheDearestOverTheCluster) {
  const std::string ert =
      "ERT:\n  version: 0.3\n  tables:\n  - {name: s.buffer, actions: [{name: access, energy: 6}]}\n"
      "  - {name: s.MAC, actions: [{name: add, energy: 1}, {name: multiply, energy: 2}]}\n";
  const v1::Template message = Imported({{"a.yaml", Small("entries: 8, cluster-size: 4")}, {"e.yaml", ert}});
  EXPECT_EQ(message.levels(0).ports(0).access_pj(), "1.5");
  EXPECT_EQ(message.compute().energy_pj(), "2");
}

// Costs of components by class.
class FakeCosts : public ComponentPriceSource {
 public:
  std::optional<ComponentCostTexts> CostsOf(const ComponentUse& use) const override {
    if (use.component_class == "SRAM") return ComponentCostTexts{"0.1 * " + use.words, "2", "3", "4", "100", ""};
    if (use.component_class == "intmac") return ComponentCostTexts{"0.5", "", "", "", "10", ""};
    return std::nullopt;
  }
};

TEST(TimeloopTemplateTest, ComponentsThatNoTableListsCostWhatTheSourceSays) {
  const FakeCosts costs;
  TemplateImportOptions options;
  options.components = &costs;
  options.varied = {{"buffer", "entries", 16, 64}};
  const v1::Template message = Imported({{"a.yaml", Small("entries: 32")}}, options);
  EXPECT_EQ(message.levels(0).ports(0).access_pj(), "0.1 * buffer_entries");
  EXPECT_EQ(message.compute().energy_pj(), "0.5");
  EXPECT_EQ(ValueOrDie(TemplateFromProto(message))->AreaMm2({32}), (16 * 10 + 100) / 1e6);
}

TEST(TimeloopTemplateTest, VariedSizesAreParameters) {
  TemplateImportOptions options;
  options.varied = {{"buffer", "depth", 16, 1024}, {"MAC", "meshX", 2, 8}};
  const TemplateImport result =
      ValueOrDie(Import({{"a.yaml", Small("depth: 64, width: 32")}, {"e.yaml", kSmallErt}}, options));
  const v1::Template& message = result.hardware_template;
  ASSERT_EQ(message.parameters_size(), 2);
  EXPECT_EQ(message.parameters(0).name(), "buffer_depth");
  EXPECT_EQ(message.parameters(0).max(), 1024);
  EXPECT_EQ(message.parameters(1).name(), "mac_columns");
  EXPECT_EQ(message.levels(0).capacity_words(), "4 * buffer_depth");
  EXPECT_EQ(message.levels(0).spatial(0).size(), "mac_columns");
  EXPECT_EQ(message.levels(0).spatial(1).size(), "4");
  EXPECT_THAT(result.warnings, Contains(HasSubstr("costs of buffer stay those of the size in the tables")));
}

// In v0.3 a mesh is that of all instances.
TEST(TimeloopTemplateTest, VariedMeshesInsideOthersAreDivided) {
  const std::string tree =
      "architecture:\n  version: 0.3\n  subtree:\n  - name: system\n    local:\n"
      "    - {name: DRAM, class: DRAM, attributes: {word-bits: 8}}\n"
      "    - {name: outer, class: SRAM, attributes: {instances: 3, entries: 12, word-bits: 8, multiple-buffering: 3}}\n"
      "    - {name: MAC, class: intmac, attributes: {instances: 12}}\n";
  const std::string art = "ART:\n  version: 0.3\n  tables: [{name: MAC, area: 2}]\n";
  TemplateImportOptions options;
  options.varied = {{"MAC", "meshX", 3, 24}, {"outer", "entries", 3, 30}};
  const v1::Template message = Imported({{"a.yaml", tree + art}}, options);
  EXPECT_EQ(message.levels(0).spatial(0).size(), "mac_columns / 3");
  EXPECT_EQ(message.levels(0).capacity_words(), "outer_entries / 3");
  EXPECT_NEAR(ValueOrDie(TemplateFromProto(message))->AreaMm2({24, 30}), 48e-6, 1e-12);
  options.varied = {{"outer", "meshY", 1, 4}};
  EXPECT_EQ(Imported({{"a.yaml", tree + art}}, options).levels(1).spatial(1).size(), "outer_rows");
}

std::string WriteFile(const std::string& name, const std::string& text) {
  std::string path = ::testing::TempDir() + "/timeloop_template_test_" + name;
  std::ofstream(path) << text;
  return path;
}

std::string ErtOfRead(double pj) {
  return "ERT:\n  version: 0.3\n  tables:\n  - {name: s.buffer, actions: [{name: read, energy: " + std::to_string(pj) +
         "}, {name: write, energy: 1}]}\n";
}

// 0.5 + 0.25 sqrt(depth)
TEST(TimeloopTemplateTest, TablesOfSeveralSizesAreFitted) {
  TemplateImportOptions options;
  options.varied = {{"buffer", "depth", 16, 1024}};
  options.costs = {{WriteFile("16.yaml", ErtOfRead(1.5)), "", 16},
                   {WriteFile("64.yaml", ErtOfRead(2.5)), "buffer.depth", 64},
                   {WriteFile("256.yaml", ErtOfRead(4.5)), "", 256},
                   {WriteFile("1024.yaml", ErtOfRead(8.5)), "", 1024}};
  const TemplateImport result = ValueOrDie(Import({{"a.yaml", Small("depth: 64, width: 8")}}, options));
  const std::string text = result.hardware_template.levels(0).ports(0).access_pj();
  const auto formula = Formula::Parse(text, {"buffer_depth"});
  ASSERT_TRUE(formula.ok()) << text;
  EXPECT_NEAR(formula->Evaluate(std::vector<double>{144}), 3.5, 1e-6);
  EXPECT_EQ(result.hardware_template.levels(0).ports(1).access_pj(), "1");
  EXPECT_THAT(result.fits, ElementsAre(AllOf(HasSubstr("read of buffer"), HasSubstr("0.00 % of the 4 tables"))));
  EXPECT_THAT(result.warnings, Not(Contains(HasSubstr("stay those of the size"))));
}

constexpr char kNodes[] = R"(architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
    attributes: {datawidth: 8}
  - !Component
    name: DRAM
    class: DRAM
  - !Component
    name: glb
    class: smartbuffer_SRAM
    attributes: {depth: size // 2, width: 64}
    constraints:
      dataspace: {bypass: [Weights]}
      temporal: {permutation: [P, Q], factors: [R=1, S=1, K<=8, N=0]}
  - !Container
    name: columns
    spatial: {meshX: 4, meshY: 2}
    constraints:
      spatial: {permutation: [C, M], split: 1, factors: [C=4], no_multicast_no_reduction: [Inputs], no_link_transfer: [Inputs]}
  - !Container
    name: rows
    spatial: {meshY: 3}
  - !Parallel
    nodes:
    - !Component
      name: wreg
      class: storage
      attributes: {depth: 1, width: 8}
      constraints: {dataspace: {keep: [Weights]}}
    - !Hierarchical
      nodes:
      - !Component
        name: ireg
        class: storage
        attributes: {depth: 2, width: 8}
        constraints: {dataspace: {keep: [Inputs]}}
    - !Nothing {constraints: {dataspace: {keep: [Outputs]}}}
  - !Component
    name: mac
    class: intmac
variables: {size: 2 * 16}
)";

TEST(TimeloopTemplateTest, ReadsNodesOfV04) {
  const v1::Template message = Imported({{"a.yaml", kNodes}});
  EXPECT_EQ(message.dialect(), "2023");
  ASSERT_EQ(message.levels_size(), 5);
  EXPECT_EQ(message.levels(0).name(), "ireg");
  EXPECT_THAT(List(message.levels(0).keeps()), ElementsAre("I"));
  EXPECT_EQ(message.levels(0).word_bits().w() + message.word_bits().w(), 8);  // inherited
  EXPECT_THAT(List(message.levels(1).keeps()), ElementsAre("W"));
  // The inner of two fan-outs stays a level of its own; the outer one is the buffer's.
  EXPECT_EQ(message.levels(2).name(), "rows");
  EXPECT_THAT(List(message.levels(2).temporal()), ElementsAre("none"));
  EXPECT_EQ(message.levels(2).spatial(0).name() + message.levels(2).spatial(0).size(), "Y3");
  const v1::Level& glb = message.levels(3);
  EXPECT_EQ(glb.capacity_words(), "128");
  EXPECT_THAT(List(glb.keeps()), ElementsAre("I", "O"));
  EXPECT_THAT(List(glb.temporal()), ElementsAre("P", "Q", "C", "K", "N", "G"));
  EXPECT_THAT(List(glb.innermost()), ElementsAre("P", "Q"));
  EXPECT_THAT(List(glb.factors()), ElementsAre("K<=8", "N=0"));
  ASSERT_EQ(glb.spatial_size(), 2);
  EXPECT_THAT(List(glb.spatial(0).dims()), ElementsAre("C"));
  EXPECT_THAT(List(glb.spatial(0).factors()), ElementsAre("C=4"));
  EXPECT_THAT(List(glb.spatial(1).dims()), UnorderedElementsAre("K", "R", "S", "P", "Q", "N"));
  EXPECT_THAT(List(glb.link().unshared()), ElementsAre("I"));
  EXPECT_THAT(List(glb.link().unlinked()), ElementsAre("I"));
}

TEST(TimeloopTemplateTest, BypassMayBeLeftToTheSearch) {
  TemplateImportOptions options;
  options.search_bypass = true;
  std::string text = kNodes;
  const std::string rule = "{bypass: [Weights]}";
  text.replace(text.find(rule), rule.size(), "{bypass: [Weights], keep: [Inputs]}");
  const v1::Template message = Imported({{"a.yaml", text}}, options);
  const v1::Level& glb = message.levels(3);
  EXPECT_THAT(List(glb.keeps()), ElementsAre("I"));
  EXPECT_THAT(List(glb.may_keep()), ElementsAre("O"));
  EXPECT_THAT(List(message.levels(4).keeps()), ElementsAre("W", "I", "O"));
}

// The front end puts loops that run once innermost, where `split` counts them.
TEST(TimeloopTemplateTest, LoopsFixedAtOneCountForTheSplitOfV04Alone) {
  const std::string constraints = "[{target: buffer, type: spatial, permutation: CMRS, split: 1, factors: N=1 P=1}]";
  const std::string small = Small("entries: 8");
  const v1::Template old =
      Imported({{"a.yaml", small}, {"c.yaml", "architecture_constraints: {targets: " + constraints + "}"}});
  EXPECT_THAT(List(old.levels(0).spatial(0).dims()), ElementsAre("C"));
  EXPECT_THAT(List(old.levels(0).spatial(1).dims()), UnorderedElementsAre("K", "R", "S", "Q"));
  const TemplateImport later =
      ValueOrDie(Import({{"a.yaml", small}, {"c.yaml", "constraints: {targets: " + constraints + "}"}}));
  EXPECT_THAT(List(later.hardware_template.levels(0).spatial(0).factors()), ElementsAre("P=1"));
  EXPECT_THAT(List(later.hardware_template.levels(0).spatial(1).dims()), UnorderedElementsAre("C", "K", "R", "S", "Q"));
  EXPECT_THAT(later.warnings, Contains(HasSubstr("leave nothing to lie along X of buffer")));
}

TEST(TimeloopTemplateTest, AProblemNamesItsOwnLoops) {
  const std::string problem =
      "problem:\n  shape:\n    name: gemm\n    dimensions: [M, N, K]\n    data_spaces:\n"
      "    - {name: A, projection: [[[M]], [[K]]]}\n    - {name: B, projection: [[[N]], [[K]]]}\n"
      "    - {name: Z, projection: [[[M]], [[N]]], read_write: true}\n";
  const std::string constraints =
      "mapspace_constraints:\n- {target: buffer, type: temporal, factors: K=1, permutation: N}\n"
      "- {target: buffer, type: datatype, bypass: [Z]}\n";
  const v1::Template message = Imported({{"a.yaml", Small("entries: 8")}, {"p.yaml", problem + constraints}});
  EXPECT_THAT(List(message.levels(0).keeps()), ElementsAre("W", "I"));
  // K is reduced over.
  EXPECT_THAT(List(message.levels(0).temporal()), Not(Contains("C")));
}

TEST(TimeloopTemplateTest, VariablesFillJinjaAndExpressions) {
  TemplateImportOptions options;
  options.variables = {{"words", "64"}, {"half", "words / 2"}};
  const v1::Template message =
      Imported({{"a.yaml", Small("entries: {{ words }}, block-size: half")}, {"e.yaml", kSmallErt}}, options);
  EXPECT_EQ(message.levels(0).capacity_words(), "64");
  EXPECT_EQ(message.levels(0).ports(0).block_words(), "32");
}

TEST(TimeloopTemplateTest, FilesOfManyNodesAndKeysAreRefusedOrReadInTime) {
  std::string nodes;
  for (int i = 0; i < 20000; ++i) nodes += "  - !Nothing {}\n";
  std::string text = kNodes;
  text.insert(text.find("  - !Component\n    name: mac"), nodes);
  EXPECT_THAT(Message(Import({{"a.yaml", text}}).status()), HasSubstr("more than 1024 nodes"));
  std::string keys;
  for (int i = 0; i < 100000; ++i) absl::StrAppend(&keys, "k", i, ": 1, ");
  EXPECT_THAT(Message(Import({{"a.yaml", Small(keys + "entries: 8")}}).status()),
              HasSubstr("attributes: more than 256"));
}

TEST(TimeloopTemplateTest, MistypedKeysAreTold) {
  const TemplateImport result =
      ValueOrDie(Import({{"a.yaml", Small("entries: 8")}, {"c.yaml", "architecture_constraint: {}\nnotes: mine\n"}}));
  EXPECT_THAT(result.warnings, Contains(AllOf(HasSubstr("c.yaml:1:26: architecture_constraint: not read"),
                                              HasSubstr("did you mean 'architecture_constraints'"))));
  EXPECT_THAT(result.warnings, Not(Contains(HasSubstr("notes"))));
}

constexpr char kArch[] = R"(arch:
  arithmetic: {instances: 16, meshX: 4, word-bits: 8}
  storage:
  - {name: registers, instances: 16, meshX: 4, entries: 2, word-bits: 8}
  - {name: buffer, instances: 1, sizeKB: 1, word-bits: 8}
  - {name: DRAM, technology: DRAM, instances: 1, word-bits: 8}
mapspace:
  constraints: mine
  constraints_mine: [{target: registers, type: datatype, keep: [Weights], bypass: [Inputs, Outputs]}]
  constraints_others: [{target: nothing, type: datatype}]
)";

TEST(TimeloopTemplateTest, ReadsTheFormBeforeV02) {
  const v1::Template message = Imported({{"a.yaml", kArch}});
  ASSERT_EQ(message.levels_size(), 3);
  EXPECT_EQ(message.levels(0).name(), "registers");
  EXPECT_THAT(List(message.levels(0).keeps()), ElementsAre("W"));
  EXPECT_EQ(message.levels(1).capacity_words(), "1024");
  EXPECT_EQ(message.levels(1).spatial(1).size(), "4");
}

TEST(TimeloopTemplateTest, NetworksThatNoMemoryNamesAndOtherComponentsAreLeftOut) {
  std::string text = Small("entries: 8");
  text += "      - {name: noc, class: XY_NoC}\n      - {name: adders, class: intadder}\n";
  const TemplateImport result = ValueOrDie(Import({{"a.yaml", text}, {"e.yaml", kSmallErt}}));
  EXPECT_THAT(result.warnings,
              ElementsAre(HasSubstr("a.yaml:14:9: noc: left out"), HasSubstr("a.yaml:15:9: adders: left out")));
}

TEST(TimeloopTemplateTest, ConstraintFilesAreConstraintsOfJobsToo) {
  const std::string path = WriteFile("constraints.yaml",
                                     "mapspace_constraints:\n  targets:\n"
                                     "  - {target: glb, type: temporal, factors: R=1 M<=8, permutation: CP}\n"
                                     "  - {target: glb, type: spatial, permutation: [C, M], split: 1}\n"
                                     "  - {target: inter_rows_spatial, type: spatial, factors: Q=3}\n"
                                     "  - {target: glb, type: datatype, keep: [Inputs], bypass: [Outputs]}\n");
  const auto constraints = ReadTimeloopConstraintFile(path, Imported({{"a.yaml", kNodes}}), nullptr);
  ASSERT_TRUE(constraints.ok()) << constraints.status();
  ASSERT_EQ(constraints->levels_size(), 2);
  const v1::LevelConstraints& rows = constraints->levels(0);
  EXPECT_EQ(rows.level(), "rows");
  EXPECT_THAT(List(rows.spatial(0).factors()), ElementsAre("Q=3"));
  const v1::LevelConstraints& glb = constraints->levels(1);
  EXPECT_THAT(List(glb.temporal()), ElementsAre("S", "P", "Q", "C", "K", "N", "G"));
  EXPECT_THAT(List(glb.factors()), ElementsAre("K<=8"));
  EXPECT_THAT(List(glb.innermost()), ElementsAre("C", "P"));
  EXPECT_THAT(List(glb.keep()), ElementsAre("I"));
  EXPECT_THAT(List(glb.bypass()), ElementsAre("O"));
  ASSERT_EQ(glb.spatial_size(), 2);
  EXPECT_THAT(List(glb.spatial(0).dims()), ElementsAre("C"));
  EXPECT_THAT(List(glb.spatial(1).dims()), ElementsAre("K", "R", "S", "P", "Q", "N"));
  const auto refused = ReadTimeloopConstraintFile(path, Imported({{"a.yaml", Small("entries: 4")}}), nullptr);
  EXPECT_THAT(Message(refused.status()), HasSubstr(path + ":3:5: 'glb' is no memory of the architecture"));
}

// Of all fan-outs together, at the innermost memory.
TEST(TimeloopTemplateTest, UtilizationIsOfTheWholeChip) {
  const std::string constraint = "constraints: [{target: buffer, type: parallelism, attributes: {min: 0.75}}]\n";
  const v1::Template message = Imported({{"a.yaml", Small("entries: 8")}, {"c.yaml", constraint}});
  EXPECT_EQ(message.min_utilization(), 0.75);
  const auto again = ReadTemplateText(TemplateYaml(message), "t.yaml");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->min_utilization(), 0.75);
  const auto constraints = ReadTimeloopConstraintFile(WriteFile("utilization.yaml",
                                                                "mapspace_constraints:\n  targets:\n"
                                                                "  - {target: buffer, type: utilization, min: 1}\n"),
                                                      message, nullptr);
  ASSERT_TRUE(constraints.ok()) << constraints.status();
  EXPECT_EQ(constraints->min_utilization(), 1);
  EXPECT_TRUE(constraints->levels().empty());
}

// Of what is left by multiple buffering, as the words.
TEST(TimeloopTemplateTest, LeastFillingsOfMemoriesAreRead) {
  const v1::Template message = Imported({{"a.yaml", Small("entries: 8, multiple-buffering: 2, min-utilization: 0.5")}});
  EXPECT_EQ(message.levels(0).capacity_words(), "4");
  EXPECT_EQ(message.levels(0).min_utilization(), 0.5);
  EXPECT_FALSE(message.levels(1).has_min_utilization());
}

TEST(TimeloopTemplateTest, WhatIsWrittenReadsBackEqual) {
  TemplateImportOptions options;
  options.varied = {{"buffer", "depth", 16, 1024}};
  v1::Template message =
      Imported({{"a.yaml", Small("depth: 64, width: 32, shared_bandwidth: 0.5")}, {"e.yaml", kSmallErt}}, options);
  message.set_description("two \"lines\"\nand a tail: # no comment");
  message.mutable_parameters(0)->set_step(0.25);
  for (const v1::Template& written : {message, Imported({{"a.yaml", kNodes}})}) {
    const auto again = ReadTemplateText(TemplateYaml(written, {"a note"}), "t.yaml");
    ASSERT_TRUE(again.ok()) << again.status() << TemplateYaml(written);
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*again, written)) << TemplateYaml(written);
  }
}

TEST(TimeloopTemplateTest, PublishedFilesAndWhatTheFrontEndMadeOfThemAreTheSame) {
  for (const std::string name :
       {"eyeriss_like", "simba_like", "simple_weight_stationary", "simple_output_stationary"}) {
    SCOPED_TRACE(name);
    const std::string folder = SharedDataDir() + "/goldens/" + name;
    if (!std::filesystem::exists(folder + "/input.yaml")) GTEST_SKIP() << "no ../shared/data/goldens";
    TemplateImportOptions options;
    options.name = name;
    options.costs = {{folder + "/ert.yaml", "", {}}, {folder + "/art.yaml", "", {}}};
    const auto written = ImportTimeloopTemplate({folder + "/arch.yaml", folder + "/problem.yaml"}, options);
    ASSERT_TRUE(written.ok()) << written.status();
    auto dumped = ImportTimeloopTemplate({folder + "/input.yaml"}, options);
    ASSERT_TRUE(dumped.ok()) << dumped.status();
    for (v1::Level& level : *dumped->hardware_template.mutable_levels()) {
      if (level.name() == "inter_PE_spatial") level.set_name("PE");
    }
    // A dimension that stands for none along an idle axis may be another; all else is the same.
    for (TemplateImport* const result : {&dumped.value(), const_cast<TemplateImport*>(&written.value())}) {
      for (v1::Level& level : *result->hardware_template.mutable_levels()) {
        for (v1::SpatialAxis& axis : *level.mutable_spatial()) {
          if (!axis.factors().empty()) axis.clear_dims();
          axis.clear_factors();
        }
      }
    }
    google::protobuf::util::MessageDifferencer differencer;
    std::string difference;
    differencer.ReportDifferencesToString(&difference);
    EXPECT_TRUE(differencer.Compare(written->hardware_template, dumped->hardware_template)) << difference;
  }
}

TEST(TimeloopTemplateTest, TheFilesOfTheEightAcceleratorsSayWhatTheirDescriptionSays) {
  if (AcceleratorsPath().empty()) GTEST_SKIP() << "no ../shared/data/accelerators.json";
  const std::string folder = std::filesystem::path(AcceleratorsPath()).parent_path() / "accelerators";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  for (const Accelerator& accelerator : ReadAccelerators(AcceleratorsPath())) {
    for (const Template* const told : {accelerator.hardware_template.get(), accelerator.newer.get()}) {
      SCOPED_TRACE(accelerator.name + " as of " + NameOf(told->spec().dialect));
      EXPECT_EQ(TemplateDifference(*told, *ImportedAccelerator(folder, accelerator.name, *told)), "");
    }
  }
}

}  // namespace
}  // namespace oneloop
