// Bad workload and template files: each gives one error with its place in the file and what would be valid.
#include "common/convert/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kWorkload[] =
    "name: tiny\n"
    "layers:\n"
    "  - {name: a, count: 2, bounds: {R: 1, S: 1, P: 4, Q: 4, C: 8, K: 8, N: 1}}\n"
    "  - name: b\n"
    "    bounds: {R: 3, S: 3, P: 4, Q: 4, C: 8, K: 8, N: 1}\n";

constexpr char kTemplate[] =
    "name: tiny\n"
    "parameters:\n"
    "  - {name: rows, min: 1, max: 64}\n"
    "  - {name: size_kib, min: 1, max: 64}\n"
    "levels:\n"
    "  - name: registers\n"
    "    keeps: [W]\n"
    "    temporal: [P, Q]\n"
    "  - name: buffer\n"
    "    keeps: [I, O]\n"
    "    spatial: [{name: X, size: rows, dims: [C]}]\n"
    "    capacity_bytes: 1024 * size_kib / rows\n"
    "    energy_pj: 1 + size_kib\n"
    "  - {name: dram, keeps: [W, I, O]}\n"
    "area_mm2: size_kib\n";

std::string WorkloadError(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kWorkload, {{from, to}});
  EXPECT_NE(text, kWorkload) << "nothing replaced by " << to;
  const absl::Status status = ReadWorkloadText(text, "w.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << to;
  return Message(status);
}

std::string TemplateError(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kTemplate, {{from, to}});
  EXPECT_NE(text, kTemplate) << "nothing replaced by " << to;
  const absl::Status status = ReadTemplateText(text, "t.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << to;
  return Message(status);
}

TEST(WorkloadFileTest, TheUnchangedTextIsValid) {
  const absl::StatusOr<v1::Workload> workload = ReadWorkloadText(kWorkload, "w.yaml");
  ASSERT_TRUE(workload.ok()) << workload.status();
  EXPECT_EQ(workload->layers_size(), 2);
}

TEST(WorkloadFileTest, BadLayersAreLocated) {
  EXPECT_EQ(
      WorkloadError("S: 3, ", ""),
      "w.yaml:5:5: layers[1].bounds.S: is missing; R, S, P, Q, C, K and N must be given, 1 where there is no loop");
  EXPECT_THAT(WorkloadError("S: 3", "S: 0"),
              StartsWith("w.yaml:5:20: layers[1].bounds.S: is 0; valid: 1 to 2147483647"));
  EXPECT_THAT(WorkloadError("S: 3", "S: -3"), StartsWith("w.yaml:5:20: layers[1].bounds.S: is -3; valid: 1 to"));
  EXPECT_THAT(WorkloadError("S: 3", "S: 3.5"), StartsWith("w.yaml:5:23: layers[1].bounds.S: expected a whole number"));
  EXPECT_THAT(WorkloadError("S: 3", "S: 99999999999999999999"), HasSubstr("w.yaml:5:23: layers[1].bounds.S: '999999"));
  EXPECT_THAT(WorkloadError("S: 3", "S: three"), HasSubstr("got 'three'"));
  EXPECT_THAT(WorkloadError("S: 3", "T: 3"), HasSubstr("w.yaml:5:20: unknown key 'T' in layers[1].bounds (valid: R,"));
  EXPECT_THAT(WorkloadError("P: 4, Q: 4, C: 8, K: 8, N: 1}\n", "P: 2147483647, Q: 2147483647, C: 8, K: 8, N: 1}\n"),
              AllOf(StartsWith("w.yaml:5:5: layers[1].bounds: "), HasSubstr("2^63")));
  EXPECT_THAT(WorkloadError("count: 2", "count: 0"), StartsWith("w.yaml:3:15: layers[0].count: is 0; valid: 1 to"));
  EXPECT_THAT(WorkloadError("name: tiny", "name: Tiny Net"), StartsWith("w.yaml:1:1: name: 'Tiny Net' is not valid"));
  EXPECT_THAT(WorkloadError("name: tiny\n", ""), StartsWith("w.yaml:1:1: name: "));
}

TEST(WorkloadFileTest, LayerNamesDifferAndAreNotEmpty) {
  EXPECT_EQ(WorkloadError("name: b", "name: a"),
            "w.yaml:4:5: layers[1].name: is 'a', as layers[0].name (line 3) is; each layer needs a name of its own");
  EXPECT_EQ(WorkloadError("name: b", "count: 2"),
            "w.yaml:4:5: layers[1].name: is missing; each layer needs a name of its own");
  EXPECT_THAT(WorkloadError("name: b", "name: ''"), StartsWith("w.yaml:4:5: layers[1].name: is missing"));
  // What was merged stands in one line only: then that of the layer is told.
  EXPECT_EQ(Message(ReadWorkloadText("name: tiny\n"
                                     "layers:\n"
                                     "  - &base {name: a, bounds: [1, 1, 4, 4, 8, 8, 1]}\n"
                                     "  - {<<: *base, count: 2}\n",
                                     "w.yaml")
                        .status()),
            "w.yaml:4:5: layers[1].name: is 'a', as layers[0].name (line 3) is; each layer needs a name of its own");
}

TEST(WorkloadFileTest, AFileWithoutLayersIsRefused) {
  EXPECT_EQ(Message(ReadWorkloadText("name: a\nlayers: []\n", "w.yaml").status()),
            "w.yaml:2:1: layers: is empty; valid: at least one layer");
  EXPECT_THAT(Message(ReadWorkloadText("name: a\n", "w.yaml").status()), StartsWith("w.yaml:1:1: layers: is empty"));
}

TEST(WorkloadFileTest, AMissingFileIsNotFound) {
  const absl::Status status = ReadWorkloadFile("/no/such/file.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status), StartsWith("/no/such/file.yaml: "));
}

TEST(TemplateFileTest, TheUnchangedTextIsValid) {
  const absl::StatusOr<v1::Template> message = ReadTemplateText(kTemplate, "t.yaml");
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->levels(1).capacity_bytes(), "1024 * size_kib / rows");
}

TEST(TemplateFileTest, BadParametersAreLocated) {
  EXPECT_THAT(TemplateError("min: 1, max: 64}\nlevels", "min: 65, max: 64}\nlevels"),
              AllOf(StartsWith("t.yaml:4:31: parameters[1].max: "), HasSubstr("range is empty")));
  EXPECT_THAT(TemplateError("{name: rows, min: 1, max: 64}", "{name: rows, max: 64}"),
              StartsWith("t.yaml:3:5: parameters[0].min: is missing"));
  EXPECT_THAT(TemplateError("{name: rows, min: 1, max: 64}", "{name: rows, min: 1}"),
              StartsWith("t.yaml:3:5: parameters[0].max: is missing"));
  EXPECT_THAT(TemplateError("name: rows, min: 1", "name: rows, min: 0"),
              StartsWith("t.yaml:3:18: parameters[0].min: "));
  EXPECT_THAT(TemplateError("levels:\n", "  - {name: rows, min: 1, max: 2}\nlevels:\n"),
              AllOf(StartsWith("t.yaml:5:6: parameters[2].name: "), HasSubstr("twice")));
  EXPECT_THAT(TemplateError("{name: rows, min: 1, max: 64}", "{name: rows, min: 1, max: 64, step: 3}"),
              AllOf(StartsWith("t.yaml:3:18: parameters[0].min: "), HasSubstr("multiple of step")));
  EXPECT_THAT(TemplateError("{name: rows, min: 1, max: 64}", "{name: rows, min: 1, max: 64, start_max: 65}"),
              HasSubstr("parameters[0].start_min: start_min to start_max is 1 to 65; valid: a range within 1 to 64"));
}

TEST(TemplateFileTest, BadHierarchiesAreLocated) {
  EXPECT_THAT(TemplateError("  - {name: dram, keeps: [W, I, O]}\n", ""),
              AllOf(StartsWith("t.yaml:10:5: levels[1].keeps: "), HasSubstr("there is no DRAM")));
  EXPECT_THAT(
      TemplateError("keeps: [W, I, O]", "keeps: [I, O]"),
      AllOf(StartsWith("t.yaml:14:18: levels[2].keeps: "), HasSubstr("there is no DRAM"), HasSubstr("lacks W")));
  EXPECT_THAT(TemplateError("{name: dram, keeps: [W, I, O]}", "{name: dram, keeps: [W, I, O], capacity_bytes: 9}"),
              HasSubstr("there is no DRAM"));
  EXPECT_THAT(TemplateError("keeps: [W]", "keeps: [X]"),
              StartsWith("t.yaml:7:13: levels[0].keeps[0]: is 'X'; valid: W, I, O"));
  EXPECT_THAT(TemplateError("keeps: [W]", "keeps: [W, W]"), HasSubstr("levels[0].keeps[1]: 'W' is there twice"));
  EXPECT_THAT(TemplateError("temporal: [P, Q]", "temporal: [P, Z]"),
              StartsWith("t.yaml:8:19: levels[0].temporal[1]: is 'Z'; valid: R, S, P, Q, C, K, N, G"));
  EXPECT_THAT(TemplateError("name: buffer", "name: registers"),
              AllOf(StartsWith("t.yaml:9:5: levels[1].name: "), HasSubstr("cycle")));
}

TEST(TemplateFileTest, ATensorKeptNowhereIsNamed) {
  EXPECT_THAT(TemplateError("[W, I, O]", "[I, O]}\n#"), HasSubstr("W"));
  const std::string text = absl::StrReplaceAll(kTemplate, {{"keeps: [W]", "keeps: [I]"}, {"[W, I, O]", "[I, O]"}});
  EXPECT_THAT(Message(ReadTemplateText(text, "t.yaml").status()),
              AllOf(StartsWith("t.yaml:5:1: levels: "), HasSubstr("tensor W is kept nowhere")));
}

TEST(TemplateFileTest, BadAxesAreLocated) {
  EXPECT_THAT(TemplateError("dims: [C]", "dims: []"),
              AllOf(StartsWith("t.yaml:11:37: levels[1].spatial[0].dims: is empty"), HasSubstr("needs a dimension")));
  EXPECT_THAT(TemplateError(", dims: [C]", ""), StartsWith("t.yaml:11:15: levels[1].spatial[0].dims: is empty"));
  EXPECT_THAT(TemplateError("size: rows, ", ""), StartsWith("t.yaml:11:15: levels[1].spatial[0].size: is missing"));
  EXPECT_THAT(TemplateError("size: rows", "size: rows + 1"), HasSubstr("levels[1].spatial[0].size: has more than one"));
  EXPECT_THAT(TemplateError("name: X", "name: XY"), HasSubstr("levels[1].spatial[0].name: "));
  EXPECT_THAT(TemplateError("size: rows", "size: 4 / rows"), HasSubstr("levels[1].spatial[0].size: "));
}

TEST(TemplateFileTest, BadFormulasAreLocated) {
  EXPECT_THAT(TemplateError("energy_pj: 1 + size_kib", "energy_pj: 1 + size_kbi"),
              AllOf(StartsWith("t.yaml:13:5: levels[1].energy_pj: "), HasSubstr("column 5"),
                    HasSubstr("did you mean 'size_kib'?")));
  EXPECT_THAT(TemplateError("1024 * size_kib / rows", "1024 * size_kib / rows + 1"),
              StartsWith("t.yaml:12:5: levels[1].capacity_bytes: has more than one term"));
  EXPECT_THAT(TemplateError("area_mm2: size_kib", "area_mm2: size_kib - 1"), StartsWith("t.yaml:15:1: area_mm2: "));
  EXPECT_THAT(TemplateError("area_mm2: size_kib", "compute: {energy_pj: x}"),
              StartsWith("t.yaml:15:11: compute.energy_pj: "));
  EXPECT_THAT(TemplateError("area_mm2: size_kib", "compute: {macs_per_cycle: 0}"),
              StartsWith("t.yaml:15:11: compute.macs_per_cycle: is 0"));
  EXPECT_THAT(TemplateError("1024 * size_kib / rows", "1024 / rows"),
              AllOf(StartsWith("t.yaml:12:5: levels[1].capacity_bytes: "), HasSubstr("shrinks")));
}

TEST(TemplateFileTest, ParametersThatSizeEachOtherAreACycle) {
  EXPECT_THAT(TemplateError("size: rows", "size: rows / size_kib"),
              AllOf(StartsWith("t.yaml:2:1: parameters: "), HasSubstr("cycle")));
}

TEST(TemplateFileTest, BadNumbersAreLocated) {
  EXPECT_THAT(TemplateError("energy_pj: 1 + size_kib", "block_words: 0"),
              StartsWith("t.yaml:13:5: levels[1].block_words: is 0; valid: above 0"));
  EXPECT_THAT(TemplateError("energy_pj: 1 + size_kib", "words_per_cycle: 0 * rows"),
              StartsWith("t.yaml:13:5: levels[1].words_per_cycle: is 0; valid: above 0"));
  EXPECT_THAT(TemplateError("energy_pj: 1 + size_kib", "word_bits: {O: 0}"),
              StartsWith("t.yaml:13:5: levels[1].word_bits"));
  EXPECT_THAT(TemplateError("energy_pj: 1 + size_kib", "word_bits: {o: 8}"), HasSubstr("did you mean 'O'?"));
  EXPECT_THAT(TemplateError("name: tiny", "name: ../etc"), StartsWith("t.yaml:1:1: name: "));
}

TEST(TemplateFileTest, WordBitsOfALevelOverrideTheTemplates) {
  const std::string text =
      std::string(absl::StrReplaceAll(kTemplate, {{"energy_pj: 1 + size_kib", "word_bits: {O: 32}"}})) +
      "word_bits: {W: 4, O: 16}\n";
  const std::unique_ptr<const Template> tiny = TemplateFromYaml(text);
  EXPECT_EQ(tiny->level(0).word_bits, (std::array<int, 3>{4, 8, 16}));
  EXPECT_EQ(tiny->level(1).word_bits, (std::array<int, 3>{4, 8, 32}));
}

}  // namespace
}  // namespace oneloop
