#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/mapping/mapping.h"
#include "common/mapping/random_mapping.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

constexpr char kText[] = "L3[WIO] P28 R7 Q56 K8 - L2[WI] N1 K4X - L1[O] K2 S7 Q2 P2 C3X - L0[W] P2";

// The value of a text in a line of JSON.
std::string TextOf(const std::string& row, const std::string& key) {
  const std::string before = "\"" + key + "\":\"";
  const std::size_t begin = row.find(before);
  if (begin == std::string::npos) return "";
  return row.substr(begin + before.size(), row.find('"', begin + before.size()) - begin - before.size());
}

class MappingTextTest : public testing::Test {
 protected:
  std::string ErrorOf(const std::string& text) const {
    const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, text);
    return mapping.ok() ? "" : Message(mapping.status());
  }

  const std::unique_ptr<const Template> gemmini_ = ShippedTemplate("gemmini");
};

TEST_F(MappingTextTest, ReadsFactorsAndOrders) {
  const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, kText);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(mapping->t(3, Dim::kP), 28);
  EXPECT_EQ(mapping->t(3, Dim::kN), 1);
  EXPECT_EQ(mapping->s(1, Dim::kK), 4);
  EXPECT_EQ(mapping->s(0, Dim::kC), 3);
  EXPECT_EQ(mapping->t(0, Dim::kP), 2);
  const LoopOrder expected = {Dim::kK, Dim::kS, Dim::kQ, Dim::kP, Dim::kR, Dim::kC, Dim::kN, Dim::kG};
  EXPECT_EQ(mapping->order[1], expected);
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 64, 1, 1};
  EXPECT_TRUE(ValidateMapping(*gemmini_, shape, *mapping).ok());
}

TEST_F(MappingTextTest, PrintsWhatItRead) {
  EXPECT_EQ(FormatMapping(*gemmini_, *ParseMapping(*gemmini_, kText)), kText);
}

TEST_F(MappingTextTest, EveryPublishedMappingPrintsAsItWasWritten) {
  if (SharedDataDir().empty()) GTEST_SKIP() << "no ../shared/data: the published mappings are not part of the project";
  const auto rows = ReadTable(SharedDataDir() + "/timeloop_gemmini.csv.gz");
  ASSERT_TRUE(rows.ok()) << rows.status();
  for (const TableRow& row : *rows) {
    const std::string& text = row.at("mapping");
    const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, text);
    ASSERT_TRUE(mapping.ok()) << text << ": " << mapping.status();
    ASSERT_EQ(FormatMapping(*gemmini_, *mapping), text);
  }
}

TEST_F(MappingTextTest, EveryMappingOfTheSharedAcceleratorsPrintsAsItWasWritten) {
  const char* const given = std::getenv("ONELOOP_ACCELERATOR_ROWS");
  const std::string path = given != nullptr ? given : SharedDataDir() + "/timeloop_accelerators.jsonl.gz";
  if (AcceleratorsPath().empty() || (given == nullptr && !std::filesystem::exists(path))) {
    GTEST_SKIP() << "no ../shared/data: the accelerators are not part of the project";
  }
  std::map<std::string, std::unique_ptr<const Template>> templates;
  for (Accelerator& accelerator : ReadAccelerators(AcceleratorsPath())) {
    templates[accelerator.name] = std::move(accelerator.hardware_template);
  }
  const absl::StatusOr<std::vector<std::string>> rows = ReadLines(path);
  ASSERT_TRUE(rows.ok()) << rows.status();
  int empty_levels = 0;
  for (const std::string& row : *rows) {
    const std::string text = TextOf(row, "mapping");
    ASSERT_TRUE(templates.contains(TextOf(row, "accelerator"))) << row;
    const Template& accelerator = *templates.at(TextOf(row, "accelerator"));
    const absl::StatusOr<Mapping> mapping = ParseMapping(accelerator, text);
    ASSERT_TRUE(mapping.ok()) << text << ": " << mapping.status();
    ASSERT_EQ(FormatMapping(accelerator, *mapping), text);
    empty_levels += text.find("[]") != std::string::npos ? 1 : 0;
  }
  if (given == nullptr) {
    EXPECT_GT(empty_levels, 0);
  }
}

// A fan-out of its own between buffers, and registers that stay as they are.
class FanOutMappingTest : public testing::Test {
 protected:
  FanOutMappingTest() { shape_.bounds = {3, 3, 9, 8, 6, 64, 2, 1}; }

  const std::unique_ptr<const Template> fan_out_ = TemplateFromYaml(R"(
name: fan_out
levels:
  - {name: registers, keeps: W, temporal: none}
  - {name: column, spatial: [{name: Y, size: 8, dims: [S, K]}]}
  - {name: buffer, keeps: [I, O], temporal: [R, K], spatial: [{name: X, size: 8, dims: [Q, K]}]}
  - {name: dram, keeps: [W, I, O]}
)");
  LayerShape shape_;
};

TEST_F(FanOutMappingTest, LevelsThatKeepNothingPrintAsTheyWereRead) {
  constexpr char kFanOut[] = "L3[WIO] P9 N2 C6 Q2 - L2[IO] K2 R3 Q4X K2X - L1[] K2 S3Y K2Y - L0[W] N1";
  const absl::StatusOr<Mapping> mapping = ParseMapping(*fan_out_, kFanOut);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(mapping->t(1, Dim::kK), 2) << "a fan-out may have loops";
  EXPECT_EQ(mapping->s(0, Dim::kS), 3);
  EXPECT_EQ(FormatMapping(*fan_out_, *mapping), kFanOut);
  EXPECT_EQ(Message(ParseMapping(*fan_out_, "L3[WIO] N1 - L2[IO] N1 - L1[W] N1 - L0[W] N1").status()),
            "mapping: column 29: level column of template 'fan_out' keeps []");
}

TEST_F(FanOutMappingTest, NoLoopStandsAtALevelThatAllowsNone) {
  Mapping mapping = *ParseMapping(*fan_out_, "L3[WIO] R3 S3 P9 Q8 C6 K32 N2 - L2[IO] N1 - L1[] N1 - L0[W] K2");
  EXPECT_EQ(Message(ValidateMapping(*fan_out_, shape_, mapping)),
            "mapping: loop K2 stands at level registers (L0), which allows no loop over K");
  mapping.t(0, Dim::kK) = 1;
  mapping.t(1, Dim::kK) = 2;
  EXPECT_TRUE(ValidateMapping(*fan_out_, shape_, mapping).ok());
}

TEST_F(FanOutMappingTest, RandomMappingsAreValidAndReadAsTheyPrint) {
  Random random(1);
  bool loops_at_fan_out = false;
  for (int i = 0; i < 200; ++i) {
    const Mapping mapping = RandomMapping(*fan_out_, shape_, random);
    ASSERT_TRUE(ValidateMapping(*fan_out_, shape_, mapping).ok()) << FormatMapping(*fan_out_, mapping);
    const std::string text = FormatMapping(*fan_out_, mapping);
    const absl::StatusOr<Mapping> read = ParseMapping(*fan_out_, text);
    ASSERT_TRUE(read.ok()) << text << ": " << read.status();
    ASSERT_EQ(FormatMapping(*fan_out_, *read), text);
    ASSERT_EQ(read->temporal, mapping.temporal);
    ASSERT_EQ(read->spatial, mapping.spatial);
    loops_at_fan_out = loops_at_fan_out || mapping.t(1, Dim::kP) > 1;
  }
  EXPECT_TRUE(loops_at_fan_out);
}

TEST_F(MappingTextTest, ErrorsNameTheColumnAndWhatIsExpected) {
  EXPECT_EQ(ErrorOf(""), "mapping: column 1: expected level L3");
  EXPECT_EQ(ErrorOf("L2[WI] N1"), "mapping: column 2: expected level L3: the outermost of 4 levels comes first");
  EXPECT_EQ(ErrorOf("L3[WI] N1"), "mapping: column 4: level dram of template 'gemmini' keeps [WIO]");
  EXPECT_EQ(ErrorOf("L3[WIO] X3"), "mapping: column 9: expected a loop over one of R, S, P, Q, C, K, N, G");
  EXPECT_EQ(ErrorOf("L3[WIO] P"), "mapping: column 10: expected a number");
  EXPECT_EQ(ErrorOf("L3[WIO] P0"), "mapping: column 9: a loop's factor is 0; valid: 1 or more");
  EXPECT_EQ(ErrorOf("L3[WIO] P2 P3"), "mapping: column 12: a second loop over P at this level");
  EXPECT_EQ(ErrorOf("L3[WIO] P2X"), "mapping: column 11: level dram has no spatial axis X");
  EXPECT_EQ(ErrorOf("L3[WIO] P99999999999999999999"), "mapping: column 10: the number is beyond 2147483647");
  EXPECT_EQ(ErrorOf("L3[WIO] P2"), "mapping: column 11: expected '-' and level L2");
  EXPECT_EQ(ErrorOf(std::string(kText) + " !"),
            "mapping: column 74: expected a loop over one of R, S, P, Q, C, K, N, G");
}

// 197 tokens: 12 whole runs of the 16 lanes and one of 5; 13 runs of one row of P and a last one of 3 in the inner
// loop.
class LastRunTest : public MappingTextTest {
 protected:
  LastRunTest() { shape_.bounds = {1, 1, 51, 1, 6, 197, 1, 1}; }

  std::string LayerErrorOf(const std::string& text) const {
    const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, shape_, text);
    return mapping.ok() ? "" : Message(mapping.status());
  }

  LayerShape shape_;
};

constexpr char kLastRuns[] = "L3[WIO] K13 P13 - L2[WI] C2 K16,5X - L1[O] P4,3 C3X - L0[W] N1";
constexpr char kFactorsAlone[] = "L3[WIO] K13 P13 - L2[WI] C2 K16X - L1[O] P4 C3X - L0[W] N1";

TEST_F(LastRunTest, ATextMaySayHowLongLastRunsAre) {
  for (const char* text :
       {kLastRuns, kFactorsAlone, "L3[WIO] K13,13 P13 N1,1 - L2[WI] C2 K16X - L1[O] P4,3 C3,3X - L0[W] N1"}) {
    const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, shape_, text);
    ASSERT_TRUE(mapping.ok()) << text << ": " << mapping.status();
    EXPECT_EQ(mapping->s(1, Dim::kK), 16);
    EXPECT_EQ(mapping->t(1, Dim::kP), 4);
    EXPECT_EQ(FormatMapping(*gemmini_, *mapping), kFactorsAlone);
    EXPECT_EQ(FormatMappingWithLastRuns(*gemmini_, shape_, *mapping), kLastRuns);
  }
}

TEST_F(LastRunTest, EveryLastRunIsThatOfAWalkOfTheBound) {
  Random random(7);
  for (int i = 0; i < 500; ++i) {
    LayerShape shape;
    shape.bounds.fill(1);
    const std::int64_t bound = 1 + static_cast<std::int64_t>(random.Below(60));
    shape.bounds[ToIndex(Dim::kK)] = bound;
    Mapping mapping;
    std::int64_t inside = 1;
    std::vector<std::int64_t> factors;
    for (std::int64_t* place : {&mapping.t(1, Dim::kK), &mapping.s(1, Dim::kK), &mapping.t(3, Dim::kK)}) {
      const std::int64_t left = (bound - 1) / inside + 1;
      const bool is_last = place == &mapping.t(3, Dim::kK);
      *place = is_last ? left : 1 + static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(left)));
      factors.push_back(*place);
      inside *= *place;
    }
    // Where the last of the bound's iterations stands, digit by digit.
    std::int64_t last = bound - 1;
    Mapping digits;
    digits.t(1, Dim::kK) = last % factors[0] + 1;
    digits.s(1, Dim::kK) = last / factors[0] % factors[1] + 1;
    digits.t(3, Dim::kK) = last / factors[0] / factors[1] + 1;
    const std::string text = FormatMappingWithLastRuns(*gemmini_, shape, mapping);
    const auto loop = [](std::int64_t factor, std::int64_t run) {
      return absl::StrCat("K", factor, run == factor ? std::string() : absl::StrCat(",", run));
    };
    EXPECT_EQ(text.find(loop(factors[1], digits.s(1, Dim::kK)) + "X") == std::string::npos, factors[1] == 1) << text;
    EXPECT_EQ(text.find("[O] " + loop(factors[0], digits.t(1, Dim::kK)) + " ") == std::string::npos, factors[0] == 1)
        << text;
    const absl::StatusOr<Mapping> read = ParseMapping(*gemmini_, shape, text);
    ASSERT_TRUE(read.ok()) << text << ": " << read.status();
    EXPECT_EQ(read->temporal, mapping.temporal);
    EXPECT_EQ(read->spatial, mapping.spatial);
  }
}

TEST_F(LastRunTest, WithoutALayerATextSaysNone) {
  EXPECT_EQ(ErrorOf(kLastRuns),
            "mapping: column 29: loop K16 says its last run, of 5 iterations, which only the text for a layer may");
  EXPECT_EQ(ErrorOf(kFactorsAlone), "");
}

// What is wrong with a mapping of a layer, and what is said of it.
TEST_F(LastRunTest, BadMappingsAreRefusedByDimensionAndLevel) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      // A last run that is not what follows.
      {"L3[WIO] K13 P51 - L2[WI] C6 K16,4X - L1[O] N1 - L0[W] N1",
       "mapping: column 29: the last run of loop K16 at level scratchpad (L2) has 4 iterations; with the layer's bound "
       "of 197 and the factors inside it has 5"},
      {"L3[WIO] K13,12 P51 - L2[WI] C6 K16X - L1[O] N1 - L0[W] N1",
       "mapping: column 9: the last run of loop K13 at level dram (L3) has 12 iterations; with the layer's bound of "
       "197 "
       "and the factors inside it has 13"},
      {"L3[WIO] K197 P13 - L2[WI] C6 - L1[O] P4,4 - L0[W] N1",
       "mapping: column 38: the last run of loop P4 at level accumulator (L1) has 4 iterations; with the layer's bound "
       "of 51 and the factors inside it has 3"},
      {"L3[WIO] K13 P51 - L2[WI] C6 K16,17X - L1[O] N1 - L0[W] N1",
       "mapping: column 29: the last run of loop K16 has 17 iterations; valid: 1 to 16"},
      {"L3[WIO] K13 P51 - L2[WI] C6 K16,0X - L1[O] N1 - L0[W] N1",
       "mapping: column 29: the last run of loop K16 has 0 iterations; valid: 1 to 16"},
      {"L3[WIO] K13 P51 - L2[WI] C6 K16,X - L1[O] N1 - L0[W] N1", "mapping: column 33: expected a number"},
      {"L3[WIO] K13 P51 - L2[WI] C6 K16,-1X - L1[O] N1 - L0[W] N1", "mapping: column 33: expected a number"},
      {"L3[WIO] K13 P51 - L2[WI] C6 K16,99999999999999999999X - L1[O] N1 - L0[W] N1",
       "mapping: column 33: the number is beyond 2147483647"},
      // Factors that are not canonical: outside 16 no more than 13 are left.
      {"L3[WIO] K14 P51 - L2[WI] C6 K16X - L1[O] N1 - L0[W] N1",
       "mapping: loop K14 at level dram (L3) is longer than what is left: the layer's bound is 197, 16 of them lie "
       "inside, so that it is 13 at most"},
      {"L3[WIO] P51 - L2[WI] C6 K200X - L1[O] N1 - L0[W] N1",
       "mapping: loop K200X at level scratchpad (L2) is longer than what is left: the layer's bound is 197, 1 of them "
       "lie inside, so that it is 197 at most"},
      // A product below the bound.
      {"L3[WIO] K12 P51 - L2[WI] C6 K16X - L1[O] N1 - L0[W] N1",
       "mapping: the factors of K multiply to 192; the layer's bound is 197, which they have to reach"},
      // A factor and a product beyond 2^63.
      {"L3[WIO] K9223372036854775808 P51 - L2[WI] C6 - L1[O] N1 - L0[W] N1",
       "mapping: column 10: the number is beyond 2147483647"},
      {"L3[WIO] K2147483647 P51 - L2[WI] C6 K2147483647 K2147483647X - L1[O] N1 - L0[W] N1",
       "mapping: loop K2147483647X at level scratchpad (L2) is longer than what is left: the layer's bound is 197, 1 "
       "of "
       "them lie inside, so that it is 197 at most"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(LayerErrorOf(text), error) << text;
}

TEST_F(MappingTextTest, FactorsMustReachTheBounds) {
  Mapping mapping = *ParseMapping(*gemmini_, kText);
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 64, 1, 1};
  mapping.t(3, Dim::kP) = 27;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: the factors of P multiply to 108; the layer's bound is 112, which they have to reach");
  mapping.t(3, Dim::kP) = 0;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: loop P0 at level dram (L3) has a factor below 1");
}

// P2 inside: 113 is reached by 57 runs, the last of which is of one iteration, and by no longer loop.
TEST_F(MappingTextTest, ALoopRunsAsOftenAsWhatIsLeftOfItsBoundAndNoMore) {
  Mapping mapping = *ParseMapping(*gemmini_, kText);
  LayerShape shape;
  shape.bounds = {7, 7, 113, 112, 3, 64, 1, 1};
  mapping.t(0, Dim::kP) = 2;
  mapping.t(1, Dim::kP) = 1;
  mapping.t(3, Dim::kP) = 57;
  EXPECT_EQ(ValidateMapping(*gemmini_, shape, mapping), absl::OkStatus());
  for (const std::int64_t factor : {std::int64_t{58}, std::int64_t{1} << 62}) {
    mapping.t(3, Dim::kP) = factor;
    EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
              absl::StrCat("mapping: loop P", factor,
                           " at level dram (L3) is longer than what is left: the layer's bound is "
                           "113, 2 of them lie inside, so that it is 57 at most"));
  }
}

TEST_F(MappingTextTest, NoLoopStandsOutsideOneThatReachesTheBound) {
  Mapping mapping = *ParseMapping(*gemmini_, kText);
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 61, 1, 1};
  EXPECT_EQ(ValidateMapping(*gemmini_, shape, mapping), absl::OkStatus()) << "64 for 61";
  mapping.s(1, Dim::kK) = 61;
  mapping.t(1, Dim::kK) = 1;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: loop K8 at level dram (L3) is longer than what is left: the layer's bound is 61, 61 of them lie "
            "inside, so that it is 1 at most");
}

TEST_F(MappingTextTest, LoopsStandOnlyWhereTheTemplateAllows) {
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 64, 1, 1};
  Mapping mapping = *ParseMapping(*gemmini_, kText);
  mapping.t(0, Dim::kR) = 7;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: loop R7 stands at level registers (L0), which allows no loop over R");
  mapping = *ParseMapping(*gemmini_, kText);
  mapping.s(0, Dim::kK) = 2;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: loop K2X stands at level accumulator (L1), whose axis X does not take K");
}

}  // namespace
}  // namespace oneloop
