#include "client/flag_set.h"

#include "client/exit_code.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Flags {
  Flags() {
    set.AddArgument("JOB", "the job", &job);
    set.Add("starts", "N", "how many", &starts);
    set.Add("seed", "N", "the seed", &seed);
    set.Add("rate", "X", "the rate", &rate);
    set.Add("wait", "whether to wait", &wait);
    set.AddRepeated("fix", "NAME=VALUE", "fix it", &fixed);
    set.AddChoice("format", {"table", "json"}, "the format", &format);
    set.AddRepeatedChoice("way", {"up", "down"}, "the way", &ways);
    set.AddShort('w', "way");
  }

  FlagSet set{"submit"};
  std::string job;
  std::optional<std::int32_t> starts;
  std::uint64_t seed = 0;
  std::optional<double> rate;
  bool wait = false;
  std::vector<std::string> fixed;
  std::string format = "table";
  std::vector<std::string> ways;
};

std::string ErrorOf(const std::vector<std::string>& args) {
  const absl::Status status = Flags().set.Parse(args);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_THAT(Message(status), HasSubstr("`oneloop help submit`"));
  return Message(status);
}

TEST(FlagSetTest, SetsFlagsAndArgumentsInAnyOrder) {
  Flags flags;
  const absl::Status status = flags.set.Parse({"--starts", "3", "12", "--wait", "--seed=18446744073709551615", "--fix",
                                               "pe_dim=16", "--fix=a=b", "--rate", "1e-3", "--format", "json"});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(flags.job, "12");
  EXPECT_EQ(flags.starts, 3);
  EXPECT_EQ(flags.seed, 18446744073709551615u);
  EXPECT_TRUE(flags.wait);
  EXPECT_THAT(flags.fixed, ElementsAre("pe_dim=16", "a=b"));
  EXPECT_EQ(flags.rate, 1e-3);
  EXPECT_EQ(flags.format, "json");
}

TEST(FlagSetTest, TheLastArgumentMayTakeAllThatAreLeft) {
  FlagSet set("compare");
  std::vector<std::string> jobs;
  bool wait = false;
  set.AddArguments("JOB", "the jobs", &jobs);
  set.Add("wait", "whether to wait", &wait);
  ASSERT_TRUE(set.Parse({"1", "--wait", "2", "3"}).ok());
  EXPECT_THAT(jobs, ElementsAre("1", "2", "3"));
  EXPECT_TRUE(set.given("wait"));
  EXPECT_EQ(set.UsageLine(), "JOB... [flags]");
  FlagSet none("compare");
  none.AddArguments("JOB", "the jobs", &jobs);
  none.Add("wait", "whether to wait", &wait);
  EXPECT_THAT(Message(none.Parse({})), HasSubstr("JOB is missing"));
  EXPECT_FALSE(none.given("wait"));
}

TEST(FlagSetTest, LeavesDefaultsOfAbsentFlags) {
  Flags flags;
  ASSERT_TRUE(flags.set.Parse({"12"}).ok());
  EXPECT_FALSE(flags.starts.has_value());
  EXPECT_FALSE(flags.wait);
  EXPECT_EQ(flags.format, "table");
}

TEST(FlagSetTest, TakesEverythingAfterTwoDashesAsArgument) {
  Flags flags;
  ASSERT_TRUE(flags.set.Parse({"--", "--starts"}).ok());
  EXPECT_EQ(flags.job, "--starts");
}

TEST(FlagSetTest, OffersTheNearestFlag) {
  EXPECT_THAT(ErrorOf({"12", "--strats", "3"}), HasSubstr("unknown flag --strats (did you mean '--starts'?)"));
  EXPECT_THAT(ErrorOf({"12", "-wait"}), HasSubstr("unknown flag -wait (did you mean '--wait'?)"));
}

TEST(FlagSetTest, RefusesWhatIsNoNumberOfItsKind) {
  EXPECT_THAT(ErrorOf({"12", "--starts", "3.5"}), HasSubstr("--starts: '3.5' is not a whole number from -2147483648"));
  EXPECT_THAT(ErrorOf({"12", "--starts=10000000000"}), HasSubstr("'10000000000' is not a whole number"));
  EXPECT_THAT(ErrorOf({"12", "--starts="}), HasSubstr("'' is not a whole number"));
  EXPECT_THAT(ErrorOf({"12", "--seed", "-1"}), HasSubstr("--seed: '-1' is not a whole number from 0"));
  EXPECT_THAT(ErrorOf({"12", "--rate", "nan"}), HasSubstr("--rate: 'nan' is not a finite number"));
  EXPECT_THAT(ErrorOf({"12", "--rate", "1x"}), HasSubstr("'1x' is not a finite number"));
}

TEST(FlagSetTest, RefusesUnknownChoicesWithTheNearest) {
  EXPECT_THAT(ErrorOf({"12", "--format", "jsn"}), HasSubstr("--format: there is no 'jsn' (did you mean 'json'?)"));
}

TEST(FlagSetTest, RefusesDoubledAndIncompleteFlags) {
  EXPECT_THAT(ErrorOf({"12", "--starts", "3", "--starts", "4"}), HasSubstr("--starts is given twice"));
}

TEST(FlagSetTest, RefusesAFlagWithoutItsValue) {
  EXPECT_THAT(ErrorOf({"12", "--starts"}), HasSubstr("--starts needs a value: --starts N"));
}

TEST(FlagSetTest, DoesNotTakeAFlagAsAValue) {
  EXPECT_THAT(ErrorOf({"12", "--starts", "--wait"}), HasSubstr("--starts needs a value"));
}

TEST(FlagSetTest, RefusesMissingAndSuperfluousArguments) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("JOB is missing"));
  EXPECT_THAT(ErrorOf({"12", "13"}), HasSubstr("unexpected argument '13'"));
}

TEST(FlagSetTest, HelpNeedsNothingElse) {
  Flags flags;
  ASSERT_TRUE(flags.set.Parse({"--help"}).ok());
  EXPECT_TRUE(flags.set.help_requested());
  EXPECT_EQ(flags.set.UsageLine(), "JOB [flags]");
  EXPECT_THAT(flags.set.HelpText(), HasSubstr("--fix NAME=VALUE"));
  EXPECT_THAT(flags.set.HelpText(), HasSubstr("--format table|json"));
}

TEST(FlagSetTest, ShortNamesAndRepeatedChoices) {
  Flags flags;
  ASSERT_TRUE(flags.set.Parse({"12", "-w", "up", "--way", "down", "-w=up"}).ok());
  EXPECT_THAT(flags.ways, ElementsAre("up", "down", "up"));
  EXPECT_THAT(ErrorOf({"12", "-w", "dwon"}), HasSubstr("-w: there is no 'dwon' (did you mean 'down'?)"));
  EXPECT_THAT(ErrorOf({"12", "-x", "up"}), HasSubstr("unknown flag -x"));
  EXPECT_THAT(ErrorOf({"12", "-way", "up"}), HasSubstr("unknown flag -way"));
  EXPECT_THAT(ErrorOf({"12", "--w", "up"}), HasSubstr("unknown flag --w"));
  EXPECT_THAT(flags.set.HelpText(), HasSubstr("-w, --way up|down"));
}

}  // namespace
}  // namespace oneloop
