#include "common/formats/gemmini_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/yaml.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string TemplateText() { return ValueOrDie(ReadFile(SourceDir() + "/data/templates/gemmini.yaml")); }

DesignSource MakeSource(const std::string& template_text, double side = 16, double scratchpad = 256,
                        double accumulator = 64) {
  DesignSource source;
  source.made_by = "Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56.";
  EXPECT_TRUE(ReadYamlText(template_text, "template", &source.hardware_template, nullptr).ok());
  source.design.set_workload("net");
  auto& parameters = *source.design.mutable_parameters();
  parameters["pe_dim"] = side;
  parameters["scratchpad_kib"] = scratchpad;
  parameters["accumulator_kib"] = accumulator;
  return source;
}

void AddLayer(const std::string& name, const std::string& bounds, const std::string& mapping, DesignSource* source) {
  v1::LayerDesign& layer = *source->design.add_layers();
  layer.set_name(name);
  layer.set_count(1);
  EXPECT_TRUE(ReadYamlText(bounds, "bounds", layer.mutable_bounds(), nullptr).ok());
  layer.set_mapping(mapping);
}

// Tiles: of outputs P 28, Q 4, K 32; of the others R 3, S 3, C 32, of which 16 are in the array.
DesignSource MakeConvolution(const std::string& template_text) {
  DesignSource source = MakeSource(template_text);
  AddLayer("conv \"1\"", "{R: 3, S: 3, P: 28, Q: 28, C: 64, K: 64, N: 1}",
           "L3[WIO] Q7 K2 C2 - L2[WI] C2 K16X - L1[O] R3 S3 K2 C16X - L0[W] P28 Q4", &source);
  return source;
}

std::string TextOf(const ExportedFiles& exported, const std::string& name) {
  for (const TextFile& file : exported.files) {
    if (file.name == name) return file.text;
  }
  return "";
}

TEST(GemminiExportTest, FilesAreThoseOfTheGoldens) {
  const ExportedFiles exported = ValueOrDie(ExportGemmini(MakeConvolution(TemplateText())));
  ASSERT_EQ(exported.files.size(), 2u);
  for (const TextFile& file : exported.files) {
    const std::string golden = absl::StrCat(SourceDir(), "/tests/data/exports/gemmini/", file.name, ".txt");
    if (std::getenv("ONELOOP_WRITE_GOLDENS") != nullptr) std::ofstream(golden) << file.text;
    EXPECT_EQ(file.text, ValueOrDie(ReadFile(golden)));
  }
  EXPECT_THAT(exported.warnings, IsEmpty());
}

// A product of matrices of 100 x 70 x 33: tiles in arrays of 16, the edges included.
TEST(GemminiExportTest, ProductsHaveTilesInArrays) {
  DesignSource source = MakeSource(TemplateText());
  AddLayer("fc", "{R: 1, S: 1, P: 100, Q: 1, C: 70, K: 33, N: 1}",
           "L3[WIO] K2 - L2[WI] C5 K16X - L1[O] K2 C16X - L0[W] P100", &source);
  EXPECT_THAT(TextOf(ValueOrDie(ExportGemmini(source)), "oneloop_tiles.h"),
              HasSubstr("{\"fc\", 1, 1, 1, 100, 33, 70, 1, 1, 1, 1, 1, 1, 100, 32, 1, 1, 70, 7, 2, 5},"));
}

// By cc, when there is one: the header is C.
TEST(GemminiExportTest, HeaderCompiles) {
  if (std::system("cc --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no C compiler";
  std::string pattern = "/tmp/oneloop_header_XXXXXX.c";
  const int handle = mkstemps(pattern.data(), 2);
  ASSERT_GE(handle, 0);
  std::ofstream(pattern) << TextOf(ValueOrDie(ExportGemmini(MakeConvolution(TemplateText()))), "oneloop_tiles.h")
                         << "int main(void) { return oneloop_tiles[0].kchs != 32 || oneloop_tiles[0].pochs != 32 ||\n"
                            "  oneloop_tiles[0].porows != 4 || oneloop_tiles[0].pocols != 28; }\n";
  EXPECT_EQ(
      std::system(
          absl::StrCat("cc -std=c99 -Wall -Werror -o ", pattern, ".out ", pattern, " && ", pattern, ".out").c_str()),
      0);
  std::remove(pattern.c_str());
  std::remove((pattern + ".out").c_str());
}

TEST(GemminiExportTest, WarnsOfWhatGeneratorAndLibraryDoNotTake) {
  DesignSource source = MakeSource(TemplateText(), 12, 100);
  AddLayer("wide", "{R: 3, S: 1, P: 64, Q: 64, C: 12, K: 12, N: 1, Wstride: 2}",
           "L3[WIO] Q64 - L2[WI] K12X - L1[O] R3 C12X - L0[W] P64", &source);
  AddLayer("large", "{R: 1, S: 1, P: 64, Q: 64, C: 12, K: 12, N: 1}",
           "L3[WIO] Q4 - L2[WI] K12X - L1[O] C12X - L0[W] P64 Q16", &source);
  EXPECT_THAT(ValueOrDie(ExportGemmini(source)).warnings,
              ElementsAre(StartsWith("the generator takes arrays of 2, 4, 8, ... rows; the design's has 12"),
                          HasSubstr("scratchpad of 100 KiB makes 4 banks of "),
                          StartsWith("layer wide: filters, strides or dilations are not the same both ways"),
                          StartsWith("layer large: tiles take more than half of a memory")));
}

struct Refusal {
  const char* old_text;
  const char* new_text;
  const char* message;
};

TEST(GemminiExportTest, RefusesWhatIsBuiltOtherwise) {
  const std::vector<Refusal> refusals = {
      {"default_tiler:\n  dims: [N, Q, P, K, S, R, C]\n  whole_arrays: [K, C]\n  streamed: P\n  rows: Q\n", "",
       "it declares no default_tiler"},
      {"keeps: [W, I]\n", "keeps: [W, I, O]\n", "level scratchpad keeps other tensors"},
      {"size: pe_dim, dims: [C]", "size: 8, dims: [C]", "its array has 8 rows and 16 columns"},
      {"size: pe_dim, dims: [K]", "size: pe_dim, dims: [N]", "axis X of level scratchpad is not one of the array"},
      {"    capacity_bytes: 1024 * scratchpad_kib\n", "", "have no limit"},
  };
  for (const Refusal& refusal : refusals) {
    const std::string text = absl::StrReplaceAll(TemplateText(), {{refusal.old_text, refusal.new_text}});
    ASSERT_NE(text, TemplateText()) << refusal.old_text;
    DesignSource source = MakeSource(text);
    AddLayer("one", "[1, 1, 1, 1, 1, 1, 1]",
             text.find("[W, I, O]\n    spatial") == std::string::npos ? "L3[WIO] N1 - L2[WI] N1 - L1[O] N1 - L0[W] N1"
                                                                      : "L3[WIO] N1 - L2[WIO] N1 - L1[O] N1 - L0[W] N1",
             &source);
    const absl::Status status = ExportGemmini(source).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(Message(status),
                AllOf(HasSubstr("the template is not built like Gemmini"), HasSubstr(refusal.message)));
  }
}

// A name decides nothing.
TEST(GemminiExportTest, TakesATemplateOfAnotherName) {
  EXPECT_TRUE(
      ExportGemmini(MakeConvolution(absl::StrReplaceAll(TemplateText(), {{"name: gemmini", "name: mine"}}))).ok());
}

}  // namespace
}  // namespace oneloop
