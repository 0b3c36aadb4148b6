// Files of Timeloop's that are broken, or say what a template cannot: what is told, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/formats/timeloop_template.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kTree[] = R"(architecture:
  version: 0.3
  subtree:
  - name: system
    local:
    - {name: DRAM, class: DRAM, attributes: {word-bits: 8}}
    subtree:
    - name: chip[0..1]
      local:
      - {name: glb, class: SRAM, attributes: {word-bits: 8, depth: 64, width: 32}}
      - {name: 'pe[0..3]', class: regfile, attributes: {entries: 4, meshX: 4}}
      - {name: 'MAC[0..3]', class: intmac, attributes: {meshX: 4}}
architecture_constraints:
  targets:
  - {target: glb, type: temporal, factors: R=1 S=1, permutation: PQ}
  - {target: glb, type: spatial, permutation: [C, M], split: 1, factors: [C=2]}
  - {target: pe, type: datatype, keep: [Weights], bypass: [Inputs, Outputs]}
)";

constexpr char kNodes[] = R"(architecture:
  version: 0.4
  nodes:
  - !Component
    name: DRAM
    class: DRAM
    attributes: {datawidth: 8}
  - !Container
    name: PE
    spatial: {meshX: 4}
    constraints:
      spatial: {factors: [C=1]}
  - !Parallel
    nodes:
    - !Component
      name: reg
      class: storage
      attributes: {depth: 1, width: 8, datawidth: 8}
      constraints: {dataspace: {keep: [Weights]}}
    - !Nothing {constraints: {dataspace: {keep: [Inputs, Outputs]}}}
  - !Component {name: mac, class: intmac}
)";

struct Refusal {
  std::string name;
  const char* file;
  std::string from;  // a part of the file
  std::string to;    // what stands there instead
  std::string place;
  std::string says;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class TimeloopRefusalsTest : public ::testing::TestWithParam<Refusal> {};

absl::Status ImportText(const std::string& text) {
  auto file = TimeloopFile::Parse(text, "a.yaml");
  if (!file.ok()) return file.status();
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  files.push_back(*std::move(file));
  return ImportTimeloopTemplate(files, {}).status();
}

TEST(TimeloopRefusalsBaseTest, TheFilesAreReadAsTheyAre) {
  EXPECT_TRUE(ImportText(kTree).ok()) << ImportText(kTree);
  EXPECT_TRUE(ImportText(kNodes).ok()) << ImportText(kNodes);
}

TEST_P(TimeloopRefusalsTest, NamesThePlaceAndTheReason) {
  const Refusal& refusal = GetParam();
  const std::string text = absl::StrReplaceAll(refusal.file, {{refusal.from, refusal.to}});
  ASSERT_NE(text, refusal.file);
  const absl::Status status = ImportText(text);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), StartsWith("a.yaml:" + refusal.place));
  EXPECT_THAT(Message(status), HasSubstr(refusal.says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, TimeloopRefusalsTest,
    ::testing::Values(
        Refusal{"no_architecture", kTree, "architecture:", "design:", " ", "no `architecture` is in it"},
        Refusal{"version", kTree, "version: 0.3", "version: 0.5", "2:12", "architecture version '0.5' is not"},
        Refusal{"neither_form", kTree, "subtree", "trees", "2:3", "expected `nodes` (v0.4) or `subtree` (v0.3)"},
        Refusal{"two_subtrees", kTree, "    - name: chip[0..1]", "    - name: other\n    - name: chip[0..1]", "8:5",
                "has 2 entries; Timeloop takes one"},
        Refusal{"brackets", kTree, "chip[0..1]", "chip[0-1]", "8:13", "expected NAME, NAME[0..N] or NAME[1..N]"},
        Refusal{"instances", kTree, "chip[0..1]", "chip[0..3000000000]", "8:13", "expected NAME"},
        Refusal{"mesh", kTree, "entries: 4, meshX: 4", "entries: 4, meshX: 3", "11:9",
                "8 instances do not make a mesh of 3 columns"},
        Refusal{"fan_out", kTree, "'pe[0..3]', class: regfile, attributes: {entries: 4, meshX: 4}",
                "'pe[0..2]', class: regfile, attributes: {entries: 4, meshX: 3}", "11:9",
                "does not divide into the 2 x 1"},
        Refusal{"number", kTree, "depth: 64", "depth: many", "10:68", "glb.depth: 'many' is no number"},
        Refusal{"negative", kTree, "depth: 64", "depth: -1", "10:68", "is no number of 0 to"},
        Refusal{"fraction", kTree, "depth: 64", "depth: 6.5", "10:68", "is not a whole number"},
        Refusal{"division", kTree, "depth: 64", "depth: 1 / 0", "10:68", "divides by 0"},
        Refusal{"width", kTree, "width: 32", "width: 30", "10:79", "no whole number of blocks"},
        Refusal{"block_width", kTree, "width: 32", "width: 32, block-size: 3, cluster-size: 2", "10:79",
                "no whole number of blocks of 3 words"},
        Refusal{"two_sizes", kTree, "depth: 64", "depth: 64, sizeKB: 2", "10:80", "stands beside another size"},
        Refusal{"bandwidth", kTree, "depth: 64", "depth: 64, read_bandwidth: 0", "10:88", "no word passes"},
        Refusal{"min_utilization", kTree, "depth: 64", "depth: 64, min-utilization: 50", "10:89",
                "min-utilization: is more than the whole"},
        Refusal{"min_utilization_of_all", kTree, "class: DRAM", "class: DRAM, attributes: {min-utilization: 0.5}",
                "6:7", "min-utilization of a memory without a limit"},
        Refusal{"latency", kTree, "depth: 64", "depth: 64, fill_latency: 3", "10:86", "latencies of networks"},
        Refusal{"overbooking", kTree, "depth: 64", "depth: 64, allow_overbooking: True", "10:91",
                "cannot be expressed"},
        Refusal{"named_network", kTree, "depth: 64", "depth: 64, network_read: noc", "10:86", "a network of its own"},
        Refusal{"wire", kTree, "depth: 64", "depth: 64, wire-energy: 1", "10:9", "the length of wires is not known"},
        Refusal{"no_compute", kTree, "class: intmac", "class: adder", "2:3", "no compute units are in it"},
        Refusal{"same_name", kTree, "name: 'pe[0..3]'", "name: 'glb[0..3]'", "11:9", "a second glb"},
        Refusal{"jinja", kTree, "depth: 64", "depth: {% set x %}", "10: ", "of Jinja only"},
        Refusal{"tag", kTree, "version: 0.3", "version: !!str 0.3", "2:12", "tags such as"},
        Refusal{"yaml", kTree, "    subtree:", "   subtree:", "7:", ""},
        Refusal{"target", kTree, "target: pe,", "target: pee,", "17:5",
                "'pee' is no memory of the architecture (did you mean 'pe'?)"},
        Refusal{"loop", kTree, "factors: R=1", "factors: Z=1", "15:44", "'Z' is no loop of the problem"},
        Refusal{"factor", kTree, "factors: R=1", "factors: R=x", "15:44", "'R=x' is not LOOP=N"},
        Refusal{"factor_twice", kTree, "factors: R=1", "factors: R=2 R=1", "15:44", "R is constrained twice"},
        Refusal{"constraint_twice", kTree, "{target: glb, type: spatial,",
                "{target: glb, type: temporal, permutation: P}\n  - {target: glb, type: spatial,", "16:5",
                "the permutation of glb is constrained before, at a.yaml:15:5"},
        Refusal{"permutation", kTree, "permutation: PQ", "permutation: PQP", "15:66", "P is there twice"},
        Refusal{"either_axis", kTree, "split: 1, factors: [C=2]", "factors: [C=2]", "16:5",
                "may lie along either axis"},
        Refusal{"no_axis", kTree, "type: spatial, permutation: [C, M], split: 1, factors: [C=2]",
                "type: utilization, min: 0.5", "16:5",
                "utilization of glb: Timeloop takes it at the innermost memory, pe, of the whole chip"},
        Refusal{"share", kTree, "type: datatype, keep: [Weights], bypass: [Inputs, Outputs]",
                "type: utilization, min: 50", "17:42", "utilization: min is '50'; valid: 0 to 1"},
        Refusal{"no_share", kTree, "type: datatype, keep: [Weights], bypass: [Inputs, Outputs]", "type: parallelism",
                "17:5", "parallelism: `min` is missing"},
        Refusal{"share_twice", kTree, "{target: pe, type: datatype, keep: [Weights], bypass: [Inputs, Outputs]}",
                "{target: pe, type: utilization, min: 1}\n  - {target: pe, type: parallelism, min: 1}", "18:5",
                "the utilization is constrained before, at a.yaml:17:5"},
        Refusal{"data_space", kTree, "keep: [Weights]", "keep: [Weight]", "17:41", "'Weight' is no data space"},
        Refusal{"keep_and_bypass", kTree, "keep: [Weights]", "keep: [Inputs]", "17:5", "both keeps and passes by I"},
        Refusal{"outermost", kTree, "target: pe, type", "target: DRAM, type", "17:5", "it keeps all"},
        Refusal{"node_tag", kNodes, "!Component {name: mac", "!Thing {name: mac", "21:5", "a node !Thing; understood"},
        Refusal{"node_without_tag", kNodes, "!Component {name: mac", "{name: mac", "21:5", "a node without a tag"},
        Refusal{"branches", kNodes, "keep: [Inputs, Outputs]", "keep: [Inputs]", "13:5", "no branch keeps O"},
        Refusal{"two_branches", kNodes, "keep: [Inputs, Outputs]", "keep: [Inputs, Outputs, Weights]", "20:7",
                "two branches keep W"},
        Refusal{"macro", kNodes, "spatial: {factors: [C=1]}", "spatial: {maximize_dims: [[C]]}", "12:32",
                "maximize_dims: is not understood"},
        Refusal{"sparse", kNodes, "architecture:", "sparse_optimizations: {targets: [{name: reg}]}\narchitecture:",
                "1:23", "skipping and gating cannot be expressed"}),
    [](const ::testing::TestParamInfo<Refusal>& refusal) { return refusal.param.name; });

TEST(TimeloopRefusalsBaseTest, SeveralAreToldAtOnce) {
  const std::string text = absl::StrReplaceAll(kTree, {{"depth: 64", "depth: 64, min-utilization: 2, fill_latency: 2"},
                                                       {"target: pe,", "target: pee,"},
                                                       {"factors: R=1", "factors: Z=1"}});
  std::vector<std::string> told;
  for (const absl::Status& error : ErrorsOf(ImportText(text))) told.push_back(Message(error));
  EXPECT_THAT(told, ::testing::ElementsAre(HasSubstr("fill_latency"), HasSubstr("min-utilization"), HasSubstr("'Z'"),
                                           HasSubstr("'pee'")));
}

}  // namespace
}  // namespace oneloop
