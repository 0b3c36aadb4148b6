#include "client/sweep_axis.h"

#include "client/exit_code.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> ValuesOf(const std::string& text) {
  const absl::StatusOr<std::vector<SweepAxis>> axes = ParseSweepAxes({text});
  EXPECT_TRUE(axes.ok()) << axes.status();
  return axes.ok() ? axes->front().values : std::vector<std::string>();
}

// The text of the error, which ends in `code`.
std::string ErrorOf(const std::vector<std::string>& texts, ExitCode code) {
  const absl::Status status = ParseSweepAxes(texts).status();
  EXPECT_EQ(ExitCodeOf(status), code) << texts.front() << ": " << status;
  return Message(status);
}

TEST(SweepAxisTest, ReadsListsAndRanges) {
  EXPECT_THAT(ValuesOf("pe_dim=8, 16,32"), ElementsAre("8", "16", "32"));
  EXPECT_THAT(ValuesOf("objective=edp,energy"), ElementsAre("edp", "energy"));
  EXPECT_THAT(ValuesOf("workload=nets/a.yaml,bert"), ElementsAre("nets/a.yaml", "bert"));
  EXPECT_THAT(ValuesOf("stop_gap=1%,0.02"), ElementsAre("1%", "0.02"));
  EXPECT_THAT(ValuesOf("area_mm2=0.5:16:x2"), ElementsAre("0.5", "1", "2", "4", "8", "16"));
  EXPECT_THAT(ValuesOf("area_mm2=0.5:15:x2"), ElementsAre("0.5", "1", "2", "4", "8"));
  EXPECT_THAT(ValuesOf("seed=0:4:+2"), ElementsAre("0", "2", "4"));
  EXPECT_THAT(ValuesOf("samples=7:7:+1"), ElementsAre("7"));
}

TEST(SweepAxisTest, RoundingNeitherLosesTheEndNorLengthensValues) {
  EXPECT_THAT(ValuesOf("area_mm2=0.1:0.5:+0.1"), ElementsAre("0.1", "0.2", "0.3", "0.4", "0.5"));
  EXPECT_THAT(ValuesOf("area_mm2=1:10:x1.77827941004"),
              ElementsAre("1", "1.77827941004", "3.16227766017", "5.62341325191", "10"));
  EXPECT_THAT(ValuesOf("latency_cycles=1e6:1e8:x10"), ElementsAre("1000000", "10000000", "100000000"));
}

TEST(SweepAxisTest, RefusesRangesThatAreNone) {
  EXPECT_THAT(ErrorOf({"area_mm2=16:0.5:x2"}, ExitCode::kInvalidInput),
              "--vary area_mm2=16:0.5:x2: goes from 16 down to 0.5; give the smaller first");
  EXPECT_THAT(ErrorOf({"seed=9:0:+1"}, ExitCode::kInvalidInput), HasSubstr("goes from 9 down to 0"));
  for (const char* const factor : {"1", "0", "-2", "0.5"}) {
    EXPECT_THAT(ErrorOf({std::string("area_mm2=1:16:x") + factor}, ExitCode::kInvalidInput),
                HasSubstr(std::string("the factor is ") + factor + "; valid: above 1"));
  }
  for (const char* const step : {"0", "-1"}) {
    EXPECT_THAT(ErrorOf({std::string("seed=0:9:+") + step}, ExitCode::kInvalidInput),
                HasSubstr(std::string("the step is ") + step + "; valid: above 0"));
  }
  for (const char* const first : {"0", "-1"}) {
    EXPECT_THAT(ErrorOf({"area_mm2=" + std::string(first) + ":16:x2"}, ExitCode::kInvalidInput),
                HasSubstr("a range with a factor begins above 0"));
  }
}

TEST(SweepAxisTest, RefusesWhatHasAnotherForm) {
  for (const char* const range :
       {"area_mm2=1:nan:x2", "area_mm2=inf:1:+1", "seed=0:9:+nan", "seed=0:9:+", "seed=a:9:+1"}) {
    EXPECT_THAT(ErrorOf({range}, ExitCode::kUsage),
                AllOf(StartsWith(std::string("--vary ") + range), HasSubstr("is not a finite number")));
  }
  for (const char* const range : {"area_mm2=1:16", "area_mm2=1:16:2", "area_mm2=1:2:x2:x3", "area_mm2=1:16:"}) {
    EXPECT_THAT(ErrorOf({range}, ExitCode::kUsage), HasSubstr("a range is FIRST:LAST:xFACTOR or FIRST:LAST:+STEP"));
  }
  for (const char* const text : {"area_mm2", "=1,2", ""}) {
    EXPECT_THAT(ErrorOf({text}, ExitCode::kUsage), HasSubstr("expected NAME=VALUES"));
  }
  EXPECT_THAT(ErrorOf({"pe_dim=8,,16"}, ExitCode::kUsage), HasSubstr("a value is empty"));
  EXPECT_THAT(ErrorOf({"pe_dim="}, ExitCode::kUsage), HasSubstr("a value is empty"));
  EXPECT_THAT(ErrorOf({"pe_dim=8,nan"}, ExitCode::kUsage), HasSubstr("'nan' is not a finite number"));
  EXPECT_THAT(ErrorOf({}, ExitCode::kUsage), HasSubstr("--vary is missing"));
}

TEST(SweepAxisTest, NamesTheNearestFlagForTextThatIsNoNumber) {
  EXPECT_THAT(ErrorOf({"objectve=edp,energy"}, ExitCode::kUsage),
              HasSubstr("'edp' is not a finite number, as a limit or a parameter is (did you mean 'objective'?)"));
}

TEST(SweepAxisTest, RefusesWhatIsThereTwice) {
  EXPECT_THAT(ErrorOf({"pe_dim=8,16,8.0"}, ExitCode::kUsage), HasSubstr("8.0 is there twice"));
  EXPECT_THAT(ErrorOf({"pe_dim=8", "pe_dim=16"}, ExitCode::kUsage), HasSubstr("pe_dim is varied twice"));
  EXPECT_THAT(ErrorOf({"latency_cycles=1e15:1e15:+1", "area_mm2=1000000000000:1000000000001:+0.5"}, ExitCode::kUsage),
              HasSubstr("is there twice"))
      << "steps below the twelfth digit";
}

TEST(SweepAxisTest, BoundsTheNumberOfJobsBeforeItMakesThem) {
  EXPECT_THAT(ErrorOf({"seed=1:1000000:+1"}, ExitCode::kInvalidInput),
              "--vary seed=1:1000000:+1: makes 1.000e6 jobs; valid: at most 1000; take larger steps, or make several "
              "sweeps");
  EXPECT_THAT(ErrorOf({"area_mm2=1:2:x1.0000000000001"}, ExitCode::kInvalidInput), HasSubstr("--vary area_mm2"));
  EXPECT_THAT(ErrorOf({"area_mm2=-1e308:1e308:+1e-300"}, ExitCode::kInvalidInput), HasSubstr("makes inf jobs"));
  EXPECT_THAT(ErrorOf({"seed=1:100:+1", "pe_dim=1:100:+1", "area_mm2=1:100:+1"}, ExitCode::kInvalidInput),
              StartsWith("--vary: makes 1.000e6 jobs"));
  EXPECT_EQ(ValuesOf("seed=1:1000:+1").size(), kMostSweepJobs);
  ErrorOf({"seed=1:1001:+1"}, ExitCode::kInvalidInput);
}

TEST(SweepAxisTest, TheLastAxisChangesFirst) {
  const auto axes = ParseSweepAxes({"area_mm2=1,2", "seed=0:2:+1"});
  ASSERT_TRUE(axes.ok()) << axes.status();
  EXPECT_EQ(NumCombinations(*axes), 6u);
  EXPECT_THAT(CombinationAt(*axes, 0), ElementsAre(0, 0));
  EXPECT_THAT(CombinationAt(*axes, 1), ElementsAre(0, 1));
  EXPECT_THAT(CombinationAt(*axes, 5), ElementsAre(1, 2));
}

}  // namespace
}  // namespace oneloop
