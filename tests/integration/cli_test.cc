// The two programs together, as a user meets them: oneloopd on a data directory of its own, oneloop over its socket.

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/csv_reader.h"
#include "common/base/read_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oneloop/v1/model_service.pb.h"
#include "oneloop/v1/search_service.pb.h"
#include "tests/integration/served_client_test.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kWorkload[] =
    "name: pair\n"
    "layers:\n"
    "  - name: conv\n"
    "    count: 2\n"
    "    bounds: {R: 3, S: 3, P: 14, Q: 14, C: 32, K: 32, N: 1}\n"
    "  - name: matmul\n"
    "    bounds: {R: 1, S: 1, P: 128, Q: 1, C: 64, K: 256, N: 1}\n";

// A table in CSV whose cells are found by column.
class Csv {
 public:
  explicit Csv(std::string text) : text_(std::move(text)) {
    const absl::StatusOr<CsvTable> table = ParseCsv(text_, "output");
    EXPECT_TRUE(table.ok()) << table.status();
    if (!table.ok()) return;
    for (std::size_t i = 0; i < table->header.cells.size(); ++i) columns_[table->header.cells[i]] = i;
    for (const CsvRow& row : table->rows) rows_.push_back(row.cells);
  }
  std::size_t size() const { return rows_.size(); }
  const std::string& Text(std::size_t row, const std::string& column) const {
    return rows_.at(row).at(columns_.at(column));
  }
  double Number(std::size_t row, const std::string& column) const {
    double value = 0;
    EXPECT_TRUE(absl::SimpleAtod(Text(row, column), &value)) << Text(row, column);
    return value;
  }

 private:
  std::string text_;
  std::map<std::string, std::size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
};

class CliTest : public ServedClientTest {
 protected:
  static void SetUpTestSuite() {
    ServedClientTest::SetUpTestSuite();
    std::ofstream(Path("pair.yaml")) << kWorkload;
  }

  static v1::Job SubmitAndWait(const std::string& flags) {
    const ProcessResult result =
        Run(absl::StrCat("submit --workload ", Path("pair.yaml"), " --template gemmini --wait --format json ", flags));
    EXPECT_EQ(result.code, 0);
    return FromJson<v1::Job>(result.out);
  }

  // The error of a submit that must fail; nothing may have been stored.
  static std::string RefusedSubmit(const std::string& flags, int code) {
    // Not their states: some still run.
    const std::string list_names = "$ONELOOP jobs --format csv | cut -d , -f 1";
    const std::string before = RunShell(list_names).out;
    const ProcessResult result = RunMerged("submit " + flags);
    EXPECT_EQ(result.code, code) << result.out;
    EXPECT_EQ(RunShell(list_names).out, before);
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1) << result.out;
    return result.out;
  }
};

TEST_F(CliTest, ADesignIsWhatItsJobReportsAndWhatTheModelSays) {
  const v1::Job job = SubmitAndWait("--starts 2 --steps 200");
  EXPECT_EQ(job.state(), v1::SUCCEEDED);
  EXPECT_EQ(job.spec().workload().layers_size(), 2);
  EXPECT_EQ(job.best().edp(), job.best().energy_uj() * job.best().latency_cycles());

  const v1::Design design = FromJson<v1::Design>(Run("design " + job.name() + " --format json").out);
  EXPECT_EQ(design.energy_uj(), job.best().energy_uj());
  EXPECT_EQ(design.latency_cycles(), job.best().latency_cycles());
  EXPECT_EQ(design.area_mm2(), job.best().area_mm2());
  EXPECT_EQ(design.edp(), job.best().edp());
  ASSERT_EQ(design.layers_size(), 2);
  EXPECT_EQ(design.layers(0).name(), "conv");
  EXPECT_EQ(design.layers(0).count(), 2);

  const Csv scored(
      RunShell(absl::StrCat("$ONELOOP design ", job.name(), " --format csv | $ONELOOP evaluate - --template gemmini"))
          .out);
  ASSERT_EQ(scored.size(), 2u);
  double energy_uj = 0;
  double latency_cycles = 0;
  for (std::size_t i = 0; i < scored.size(); ++i) {
    EXPECT_EQ(scored.Text(i, "energy_uj"), scored.Text(i, "given_energy_uj"));
    EXPECT_EQ(scored.Text(i, "latency_cycles"), scored.Text(i, "given_latency_cycles"));
    EXPECT_EQ(scored.Number(i, "area_mm2"), design.area_mm2());
    energy_uj += scored.Number(i, "count") * scored.Number(i, "energy_uj");
    latency_cycles += scored.Number(i, "count") * scored.Number(i, "latency_cycles");
  }
  EXPECT_EQ(energy_uj, design.energy_uj());
  EXPECT_EQ(latency_cycles, design.latency_cycles());
}

// Files for other tools, from a job of the daemon: what reads them back finds the design as it was.
TEST_F(CliTest, ADesignIsExportedAndScoredAgain) {
  const v1::Job job = SubmitAndWait("--starts 1 --steps 100 --seed 3");
  const v1::Design design = FromJson<v1::Design>(Run("design " + job.name() + " --format json").out);
  const auto exported = [&](const std::string& as) {
    const ProcessResult result =
        RunMerged(absl::StrCat("export ", job.name(), " --as ", as, " -o ", Path("out_" + as)));
    EXPECT_EQ(result.code, 0) << result.out;
    return Path("out_" + as);
  };
  const std::string yaml = exported("yaml") + "/design.yaml";
  const std::string csv = exported("csv") + "/design.csv";
  for (const std::string& command : {"evaluate " + yaml, "evaluate " + csv + " --template gemmini"}) {
    const Csv scored(Run(command).out);
    ASSERT_EQ(scored.size(), 2u) << command;
    for (std::size_t i = 0; i < scored.size(); ++i) {
      EXPECT_EQ(scored.Number(i, "energy_uj"), design.layers(static_cast<int>(i)).energy_uj());
      EXPECT_EQ(scored.Number(i, "latency_cycles"), design.layers(static_cast<int>(i)).latency_cycles());
      EXPECT_EQ(scored.Number(i, "area_mm2"), design.area_mm2());
    }
  }
  // Template and workload are what a job is made of.
  EXPECT_EQ(RunMerged(absl::StrCat("submit --workload ", Path("out_yaml/workload.yaml"), " --template ",
                                   Path("out_yaml/template.yaml"), " --validate_only"))
                .code,
            0);
  const std::string timeloop = exported("timeloop");
  const ProcessResult read = Run("workloads import " + timeloop + " --format csv");
  EXPECT_THAT(read.out, AllOf(HasSubstr("conv,2,3,3,14,14,32,32,1"), HasSubstr("matmul,1,1,1,128,1,64,256,1")));
  EXPECT_THAT(ReadFile(exported("gemmini") + "/oneloop_tiles.h").value(),
              HasSubstr("{\"matmul\", 1, 1, 1, 128, 256, 64,"));
  const ProcessResult again = RunMerged(absl::StrCat("export ", job.name(), " --as csv -o ", Path("out_csv")));
  EXPECT_EQ(again.code, 4);
  EXPECT_THAT(again.out, HasSubstr("design.csv: is there already"));
  EXPECT_EQ(RunMerged(absl::StrCat("export ", job.name(), " --point 999999999 --as csv -o ", Path("out_none"))).code,
            3);
  EXPECT_FALSE(std::filesystem::exists(Path("out_none")));
}

// Why: figures are the design's, sensitivities come from the daemon, and what has no design is refused.
TEST_F(CliTest, ADesignIsExplained) {
  const v1::Job job = SubmitAndWait("--starts 1 --steps 200 --limit 'area_mm2<=2'");
  const std::string json = Run("explain " + job.name() + " --samples 20 --format json").out;
  const auto explained = FromJson<v1::DesignExplanation>(json);
  EXPECT_EQ(explained.energy_uj(), job.best().energy_uj());
  EXPECT_EQ(explained.latency_cycles(), job.best().latency_cycles());
  ASSERT_EQ(explained.layers_size(), 2);
  EXPECT_EQ(explained.layers(0).name(), "conv");
  EXPECT_NE(explained.layers(0).bound_by(), "");
  EXPECT_EQ(explained.distance().gap(), job.certificate().gap());
  EXPECT_EQ(explained.limits(0).figure(), job.best().area_mm2());
  ASSERT_EQ(explained.sensitivities().parameters_size(), 3);
  EXPECT_EQ(Run("explain " + job.name() + " --samples 20 --format json").out, json) << "the same design";
  const std::string text = Run("explain " + job.name() + " --samples 20").out;
  EXPECT_THAT(text, AllOf(HasSubstr("bound by"), HasSubstr("scratchpad_kib"), HasSubstr("limit"),
                          HasSubstr("Change of the objective")));
  EXPECT_THAT(Run("explain " + job.name() + " --no_sensitivities").out,
              testing::Not(HasSubstr("Change of the objective")));
  EXPECT_EQ(Run("explain 99").code, 3);
  EXPECT_EQ(Run("explain " + job.name() + " --samples 0").code, 4);
}

TEST_F(CliTest, EveryJobEndsWithALowerBoundOfAllItsPoints) {
  for (const char* flags :
       {"--objective edp", "--objective energy", "--objective latency --fix pe_dim=16",
        "--fix pe_dim=8 --fix scratchpad_kib=64 --fix accumulator_kib=16", "--limit 'area_mm2<=2'"}) {
    SCOPED_TRACE(flags);
    const v1::Job job = SubmitAndWait(absl::StrCat("--starts 2 --steps 300 ", flags));
    ASSERT_TRUE(job.certificate().has_gap());
    const double bound = job.certificate().lower_bound();
    EXPECT_GT(bound, 0);
    EXPECT_GE(job.certificate().gap(), 0);
    const Csv points(Run("points " + job.name() + " --exact --format csv").out);
    EXPECT_GT(points.size(), 0u);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double energy_uj = points.Number(i, "energy_uj");
      const double latency_cycles = points.Number(i, "latency_cycles");
      EXPECT_GE(energy_uj, job.certificate().energy_uj_bound());
      EXPECT_GE(latency_cycles, job.certificate().latency_cycles_bound());
      const v1::Objective objective = job.spec().objective();
      EXPECT_GE(objective == v1::ENERGY    ? energy_uj
                : objective == v1::LATENCY ? latency_cycles
                                           : energy_uj * latency_cycles,
                bound);
    }
    const v1::Design design = FromJson<v1::Design>(Run("design " + job.name() + " --format json").out);
    EXPECT_EQ(design.certificate().gap(), job.certificate().gap());
    EXPECT_EQ(FromJson<v1::Job>(Run("get " + job.name() + " --format json").out).certificate().lower_bound(), bound);
    EXPECT_THAT(Run("get " + job.name()).out, HasSubstr("% above any design of this template"));
    EXPECT_THAT(Run("design " + job.name()).out, HasSubstr("% above any design of this template"));
  }
}

TEST_F(CliTest, FrontsAreSearchedForMeasuredAndBounded) {
  const v1::Job job = SubmitAndWait("--objective pareto:energy,area --starts 3 --steps 200 --limit 'area_mm2<=2'");
  EXPECT_EQ(job.state(), v1::SUCCEEDED);
  EXPECT_EQ(job.spec().objective(), v1::FRONT);
  ASSERT_TRUE(job.has_front());
  EXPECT_GT(job.front().points(), 3);
  EXPECT_GT(job.front().hypervolume(), 0);
  EXPECT_LE(job.front().hypervolume(), job.front().ideal_hypervolume());
  const Csv points(Run("points " + job.name() + " --exact --format csv").out);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_GE(points.Number(i, "energy_uj"), job.certificate().energy_uj_bound());
    EXPECT_GE(points.Number(i, "area_mm2"), job.certificate().area_mm2_bound());
  }
  const Csv front(Run("pareto " + job.name() + " --format csv").out);
  EXPECT_EQ(front.size(), static_cast<std::size_t>(job.front().points()));
  for (std::size_t i = 0; i < front.size(); ++i) {
    EXPECT_LE(front.Number(i, "area_mm2"), 2);
    if (i == 0) continue;
    EXPECT_GT(front.Number(i, "area_mm2"), front.Number(i - 1, "area_mm2"));
    EXPECT_LT(front.Number(i, "energy_uj"), front.Number(i - 1, "energy_uj"));
  }
  const Csv history(Run("pareto " + job.name() + " --history --format csv").out);
  ASSERT_EQ(history.size(), 10u);
  EXPECT_EQ(history.Number(9, "samples"), 600);
  EXPECT_EQ(history.Number(9, "points"), job.front().points());
  EXPECT_EQ(history.Number(9, "hypervolume"), job.front().hypervolume()) << "the daemon and the client measure alike";
  EXPECT_THAT(Run("get " + job.name()).out, HasSubstr("no design is below any of them"));
  const std::string submit = absl::StrCat("--workload ", Path("pair.yaml"), " --template gemmini --objective pareto:");
  EXPECT_THAT(RefusedSubmit(submit + "energy", 4), HasSubstr("--objective: has energy alone"));
  EXPECT_THAT(RefusedSubmit(submit + "energy,aera", 4), HasSubstr("did you mean 'area'?"));
}

TEST_F(CliTest, LimitThatTheProofShowsImpossibleFailsTheJobWithTheNearestValue) {
  const std::string objective = "--objective latency --starts 4 ";
  const std::string flags = objective + "--steps 2000 ";
  const v1::Job possible = SubmitAndWait(flags);
  const double least = possible.certificate().latency_cycles_bound();
  ASSERT_EQ(possible.best().latency_cycles(), least) << "choose a workload for which the bound is reached";
  const std::string submit =
      absl::StrCat("submit --workload ", Path("pair.yaml"), " --template gemmini --wait ", objective,
                   // More than are done before the proof ends, however busy the machine is.
                   "--steps 200000 ");
  const std::string limit = absl::StrCat("--limit 'latency_cycles<=", least - 1, "'");
  const ProcessResult result = RunMerged(submit + limit);
  EXPECT_EQ(result.code, 6) << result.out;
  EXPECT_THAT(result.out, HasSubstr(absl::StrCat("failed: limit latency_cycles <= ", least - 1,
                                                 " is impossible: it is proven that every design has at least ", least,
                                                 "; the nearest value that a design was found for is ", least)));
  const auto job = FromJson<v1::Job>(Run(submit + limit + " --format json").out);
  EXPECT_EQ(job.state(), v1::FAILED);
  EXPECT_TRUE(std::isinf(job.certificate().lower_bound())) << "over no design at all";
  EXPECT_LT(job.progress().samples_done(), job.progress().samples_total());
  // What the message names can be asked for.
  EXPECT_EQ(SubmitAndWait(flags + absl::StrCat("--limit 'latency_cycles<=", least, "'")).best().latency_cycles(),
            least);
}

TEST_F(CliTest, JsonThatItPrintsIsAWorkloadFile) {
  ASSERT_EQ(Run("workloads bert --format json > " + Path("bert.json")).code, 0);
  ASSERT_EQ(Run("templates gemmini --format json > " + Path("gemmini.json")).code, 0);
  const ProcessResult result = RunMerged(
      absl::StrCat("submit --workload ", Path("bert.json"), " --template ", Path("gemmini.json"), " --validate_only"));
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_EQ(result.out, "the job is valid; nothing was submitted\n");
}

TEST_F(CliTest, LayersOfOneNameAreRefusedWithBothLines) {
  std::ofstream(Path("twice.yaml")) << "name: twice\nlayers:\n"
                                       "  - {name: a, bounds: [1, 1, 4, 4, 8, 8, 1]}\n"
                                       "  - {name: b, bounds: [1, 1, 4, 4, 8, 8, 1]}\n"
                                       "  - {name: a, bounds: [1, 1, 4, 4, 8, 8, 2]}\n";
  EXPECT_THAT(RefusedSubmit("--template gemmini --workload " + Path("twice.yaml"), 4),
              HasSubstr("twice.yaml:5:6: layers[2].name: is 'a', as layers[0].name (line 3) is"));
}

TEST_F(CliTest, SubmitWarnsOfUnusedParametersAndFreeCompute) {
  std::ofstream(Path("careless.yaml")) << "name: careless\n"
                                          "parameters: [{name: pes, min: 1, max: 4}, {name: spare, min: 1, max: 4}]\n"
                                          "levels:\n"
                                          "  - {name: buffer, keeps: [W, I, O], capacity_bytes: 1024 * pes}\n"
                                          "  - {name: dram, keeps: [W, I, O], energy_pj: 1}\n";
  const std::string submit =
      absl::StrCat("submit --workload ", Path("pair.yaml"), " --template ", Path("careless.yaml"), " --steps 10 ");
  for (const std::string flags : {"--validate_only", "--starts 1", "--starts 1 --wait --format json"}) {
    const std::string errors = Run(submit + flags + " 2>&1 >/dev/null").out;
    EXPECT_THAT(errors, AllOf(HasSubstr("oneloop: warning: parameter 'spare' of template 'careless' is in no formula"),
                              HasSubstr("oneloop: warning: template 'careless' gives no compute.energy_pj")))
        << flags;
    EXPECT_THAT(errors, Not(HasSubstr("'pes'")));
  }
  EXPECT_THAT(RunMerged(submit + "--validate_only --objective latency").out, Not(HasSubstr("energy_pj")));
}

TEST_F(CliTest, NumberThatIsNoneHearsTheRangeOfItsFlag) {
  const std::string submit = absl::StrCat("submit --workload ", Path("pair.yaml"), " --template gemmini ");
  // Of numbers that fit into the variable the daemon tells the range: the same.
  for (const auto& [flag, large, range] :
       {std::tuple{"--starts", "10001", "1 to 10000"}, std::tuple{"--steps", "10000001", "1 to 10000000"},
        std::tuple{"--round_period", "10000001", "1 to 10000000"}, std::tuple{"--priority", "101", "-100 to 100"},
        std::tuple{"--starts 10000 --samples", "100000000001", "1 to 100000000000"}}) {
    EXPECT_THAT(RunMerged(absl::StrCat(submit, flag, " 99999999999999999999")).out,
                HasSubstr(absl::StrCat("is not a whole number from ", range)))
        << flag;
    EXPECT_THAT(RunMerged(absl::StrCat(submit, flag, " ", large)).out, HasSubstr(absl::StrCat("valid: ", range)))
        << flag;
  }
}

TEST_F(CliTest, StopGapEndsAJobEarlyAndSaysSo) {
  const std::string flags = "--starts 16 --steps 4000 --seed 3 ";
  const v1::Job job = SubmitAndWait(flags + "--stop_gap 30%");
  EXPECT_EQ(job.state(), v1::SUCCEEDED);
  EXPECT_EQ(job.spec().stop_gap(), 0.3);
  EXPECT_LE(job.certificate().gap(), 0.3);
  EXPECT_LT(job.progress().samples_done(), job.progress().samples_total() / 2);
  EXPECT_THAT(job.message(), AllOf(StartsWith("ended early: start "), HasSubstr("at most 30 % above")));
  const v1::Job again = SubmitAndWait(flags + "--stop_gap 0.3");
  EXPECT_EQ(Run("points " + again.name() + " --format csv | cut -d, -f1-9").out,
            Run("points " + job.name() + " --format csv | cut -d, -f1-9").out);
}

TEST_F(CliTest, EveryPointIsListedOnceOverSeveralPages) {
  const auto job = FromJson<v1::Job>(Run("submit --workload resnet50 --template gemmini --wait --format json").out);
  EXPECT_GT(job.progress().points(), 1000) << "too few for two pages";
  const Csv points(Run("points " + job.name() + " --format csv").out);
  EXPECT_EQ(static_cast<std::int64_t>(points.size()), job.progress().points());
  double last = -1;
  std::size_t pareto = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_GT(points.Number(i, "number"), last);
    last = points.Number(i, "number");
    if (points.Text(i, "pareto") == "true") ++pareto;
  }
  const auto front = FromJson<v1::ListPointsResponse>(Run("pareto " + job.name() + " --format json").out);
  EXPECT_EQ(static_cast<std::size_t>(front.points_size()), pareto);
  EXPECT_EQ(front.points_size(), job.progress().front_size());
  for (const v1::EvaluatedPoint& point : front.points()) EXPECT_NE(point.origin(), v1::DESCENT);

  const auto exact =
      FromJson<v1::ListPointsResponse>(Run("points " + job.name() + " --exact --start 1 --format json").out);
  EXPECT_GT(exact.points_size(), 0);
  for (const v1::EvaluatedPoint& point : exact.points()) {
    EXPECT_EQ(point.start(), 1);
    EXPECT_NE(point.origin(), v1::DESCENT);
  }
  const Csv table_free(Run("points " + job.name() + " --start 1 --exact --format csv").out);
  EXPECT_EQ(static_cast<int>(table_free.size()), exact.points_size());
}

TEST_F(CliTest, TheSameRequestIsTheSameJob) {
  const std::string submit = "submit --workload alexnet --template gemmini --starts 1 --steps 10 --request_id twice ";
  const ProcessResult first = Run(submit);
  EXPECT_EQ(first.code, 0);
  EXPECT_THAT(first.out, StartsWith("projects/default/jobs/"));
  EXPECT_EQ(Run(submit).out, first.out);
  const ProcessResult other = RunMerged(submit + "--seed 7");
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, StartsWith("oneloop: "));
  const v1::ListJobsResponse jobs = FromJson<v1::ListJobsResponse>(Run("jobs --format json").out);
  EXPECT_EQ(std::count_if(jobs.jobs().begin(), jobs.jobs().end(),
                          [](const v1::Job& job) { return job.request_id() == "twice"; }),
            1);
}

TEST_F(CliTest, WatchTellsTheWholeStoryAndGoesOnWhereItStopped) {
  const v1::Job job = SubmitAndWait("--starts 1 --steps 300");
  const ProcessResult all = Run("watch " + job.name() + " --format json");
  EXPECT_EQ(all.code, 0);
  const std::vector<std::string> lines = absl::StrSplit(all.out, '\n', absl::SkipEmpty());
  ASSERT_FALSE(lines.empty());
  const auto snapshot = FromJson<v1::WatchResponse>(lines.front());
  EXPECT_TRUE(snapshot.snapshot());
  EXPECT_EQ(snapshot.job().state(), v1::SUCCEEDED);
  EXPECT_EQ(snapshot.front_entered_size(), job.progress().front_size());
  const auto last = FromJson<v1::WatchResponse>(lines.back());
  EXPECT_EQ(Run(absl::StrCat("watch ", job.name(), " --from ", last.resume_revision())).code, 0);
}

TEST_F(CliTest, AJobIsPausedResumedCancelledAndDeleted) {
  const std::string name(
      absl::StripAsciiWhitespace(Run("submit --workload resnet50 --template gemmini --starts 10 --steps 1000000").out));
  EXPECT_EQ(Run("pause " + name).out, name + " PAUSED\n");
  EXPECT_THAT(Run("resume " + name).out, StartsWith(name + " "));
  EXPECT_EQ(RunMerged("delete " + name).code, 1);
  EXPECT_EQ(Run("cancel " + name).out, name + " CANCELLED\n");
  EXPECT_EQ(Run("watch " + name).code, 6);
  EXPECT_EQ(RunMerged("cancel " + name).code, 1);
  EXPECT_EQ(Run("delete " + name).code, 0);
  EXPECT_THAT(Run("jobs --format csv").out, Not(HasSubstr(name + ",")));
  EXPECT_THAT(Run("jobs --format csv --show_deleted").out, HasSubstr(name + ","));
  EXPECT_EQ(Run("undelete " + name).out, name + " CANCELLED\n");
  EXPECT_THAT(Run("jobs --format csv").out, HasSubstr(name + ","));
  EXPECT_EQ(Run("delete --purge " + name).code, 0);
  EXPECT_EQ(RunMerged("get " + name).code, 3);
}

TEST_F(CliTest, LabelsPriorityAndDeadlineAreShownFoundAndChanged) {
  const std::string name(absl::StripAsciiWhitespace(
      Run("submit --workload resnet50 --template gemmini --starts 10 --steps 1000000 --label chip=z9 --priority 7 "
          "--deadline 2h")
          .out));
  EXPECT_THAT(Run("get " + name).out,
              AllOf(HasSubstr("priority  7\n"), HasSubstr("labels    chip=z9\n"), HasSubstr("deadline  ")));
  EXPECT_THAT(Run("update " + name + " --label chip=z8 --priority -3 --deadline none --pin").out,
              AllOf(HasSubstr("priority  -3\n"), HasSubstr("labels    chip=z8\n"), HasSubstr("pinned    yes\n"),
                    Not(HasSubstr("deadline  "))));
  EXPECT_THAT(Run("jobs --filter 'label.chip=z8 AND priority<0' --format csv").out, HasSubstr(name + ","));
  EXPECT_THAT(Run("jobs --filter label.chip=z9 --format csv").out, Not(HasSubstr(name + ",")));
  EXPECT_EQ(RunMerged("jobs --filter 'chip=z8'").code, 4);
  EXPECT_EQ(RunMerged("submit --workload resnet50 --template gemmini --priority 101").code, 4);
  EXPECT_EQ(Run("cancel " + name).code, 0);
  EXPECT_EQ(RunMerged("update " + name + " --priority 1").code, 1);
}

TEST_F(CliTest, ShipsWorkloadsAndTheTemplate) {
  const auto workloads = FromJson<v1::ListWorkloadsResponse>(Run("workloads --format json").out);
  std::set<std::string> names;
  for (const v1::Workload& workload : workloads.workloads()) names.insert(workload.name());
  for (const char* name : {"resnet50", "bert", "unet", "retinanet", "alexnet", "vgg16", "deepbench"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_EQ(FromJson<v1::Workload>(Run("workloads bert --format json").out).name(), "bert");
  EXPECT_EQ(FromJson<v1::Template>(Run("templates gemmini --format json").out).parameters_size(), 3);
  EXPECT_THAT(Run("templates gemmini").out, HasSubstr("scratchpad_kib"));
}

TEST_F(CliTest, RefusesJobsWithOneClearLine) {
  EXPECT_THAT(RefusedSubmit("--workload resnet51 --template gemmini", 4),
              AllOf(HasSubstr("--workload"), HasSubstr("did you mean 'resnet50'?")));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemini", 4),
              AllOf(HasSubstr("--template"), HasSubstr("did you mean 'gemmini'?")));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --starts 0", 4), StartsWith("oneloop: --starts: "));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --starts 1000000000", 4),
              AllOf(StartsWith("oneloop: --starts: "), HasSubstr("10000")));
  for (const char* gap : {"0", "-1", "200%"}) {
    EXPECT_THAT(RefusedSubmit(absl::StrCat("--workload bert --template gemmini --stop_gap ", gap), 4),
                AllOf(StartsWith("oneloop: --stop_gap: "), HasSubstr("valid: above 0, at most 1")));
  }
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --stop_gap nan", 2), HasSubstr("--stop_gap nan"));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --fix pe_din=16", 4),
              AllOf(StartsWith("oneloop: --fix pe_din: "), HasSubstr("pe_dim")));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --fix pe_dim=100000", 4),
              StartsWith("oneloop: --fix pe_dim: "));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --limit 'area_mm2<=-1'", 4),
              StartsWith("oneloop: --limit area_mm2<=-1: "));
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --limit 'pe_dim<=1'", 4),
              StartsWith("oneloop: --limit pe_dim<=1: "));
}

TEST_F(CliTest, RefusesFilesAtTheirLine) {
  const auto refused = [](const std::string& from, const std::string& to) {
    std::string text = kWorkload;
    text.replace(text.find(from), from.size(), to);
    std::ofstream(Path("bad.yaml")) << text;
    std::string error = RefusedSubmit("--workload " + Path("bad.yaml") + " --template gemmini", 4);
    EXPECT_THAT(error, StartsWith("oneloop: " + Path("bad.yaml") + ":"));
    error.erase(0, std::string("oneloop: " + Path("bad.yaml") + ":").size());
    return error;
  };
  EXPECT_THAT(refused("layers", "layrs"), AllOf(StartsWith("2:"), HasSubstr("layers")));
  EXPECT_THAT(refused("K: 32", "K: many"), AllOf(StartsWith("5:"), HasSubstr("K")));
  EXPECT_THAT(refused("K: 32, ", ""), AllOf(StartsWith("5:"), HasSubstr("K")));
  EXPECT_THAT(refused("C: 64", "C: 0"), AllOf(StartsWith("7:"), HasSubstr("C")));
  EXPECT_THAT(refused("C: 64", "C: 6.5"), AllOf(StartsWith("7:"), HasSubstr("C")));
  EXPECT_THAT(refused("C: 64", "C: 3000000000"), AllOf(StartsWith("7:"), HasSubstr("C")));
}

TEST_F(CliTest, RefusesMappingsAtTheirRow) {
  const std::string header = "R,S,P,Q,C,K,N,Wstride,Hstride,pe_dim,scratchpad_kib,accumulator_kib,mapping\n";
  const std::string good = "1,1,4,1,4,4,1,1,1,16,64,16,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1\n";
  const auto refused = [&](const std::string& row) {
    std::ofstream(Path("rows.csv")) << header << good << row << "\n";
    const ProcessResult result = RunMerged("evaluate " + Path("rows.csv") + " --template gemmini");
    EXPECT_EQ(result.code, 4);
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1) << result.out;
    EXPECT_THAT(result.out, StartsWith("oneloop: " + Path("rows.csv") + ":3: "));
    return result.out;
  };
  EXPECT_THAT(refused("1,1,5,1,4,4,1,1,1,16,64,16,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1"),
              HasSubstr("column mapping"));
  EXPECT_THAT(refused("1,1,4,1,4,4,1,1,1,2,64,16,L3[WIO] P4 C4 - L2[WI] K4X - L1[O] N1 - L0[W] N1"),
              HasSubstr("mapping"));
  EXPECT_THAT(refused("1,1,4,1,4,4,1,1,1,16,64,16,nonsense"), HasSubstr("column mapping"));
  EXPECT_THAT(refused("0,1,4,1,4,4,1,1,1,16,64,16,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1"),
              HasSubstr("column R"));
  EXPECT_THAT(refused("1,1,4,1,4,4,1,1,1,1000,64,16,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1"),
              HasSubstr("column pe_dim"));
}

// As Timeloop writes them, in cells of their own quotes.
TEST_F(CliTest, EvaluateTakesMappingsThatSayTheirLastRuns) {
  std::ofstream(Path("last_runs.csv"))
      << "R,S,P,Q,C,K,N,Wstride,Hstride,pe_dim,scratchpad_kib,accumulator_kib,mapping\n"
      << "1,1,4,1,4,13,1,1,1,16,64,16,L3[WIO] P4 C4 K2 - L2[WI] K8X - L1[O] N1 - L0[W] N1\n"
      << "1,1,4,1,4,13,1,1,1,16,64,16,\"L3[WIO] P4 C4 K2 - L2[WI] K8,5X - L1[O] N1 - L0[W] N1\"\n";
  const Csv scored(Run("evaluate " + Path("last_runs.csv") + " --template gemmini").out);
  ASSERT_EQ(scored.size(), 2u);
  EXPECT_EQ(scored.Number(1, "energy_uj"), scored.Number(0, "energy_uj"));
  EXPECT_EQ(scored.Number(1, "latency_cycles"), scored.Number(0, "latency_cycles"));
  std::ofstream(Path("last_runs.csv"))
      << "R,S,P,Q,C,K,N,Wstride,Hstride,pe_dim,scratchpad_kib,accumulator_kib,mapping\n"
      << "1,1,4,1,4,13,1,1,1,16,64,16,\"L3[WIO] P4 C4 K2 - L2[WI] K8,3X - L1[O] N1 - L0[W] N1\"\n";
  const ProcessResult refused = RunMerged("evaluate " + Path("last_runs.csv") + " --template gemmini");
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.out, AllOf(StartsWith("oneloop: " + Path("last_runs.csv") + ":2: column mapping: "),
                                 HasSubstr("has 3 iterations; with the layer's bound of 13"), HasSubstr("it has 5")));
}

// 13 output channels on columns of 8, of which no divisor but 1 fits.
TEST_F(CliTest, FactorsAreTheJobsChoice) {
  std::ofstream(Path("prime.yaml")) << "name: prime\nlayers:\n  - {name: conv, bounds: [1, 1, 16, 1, 8, 13, 1]}\n";
  const std::string submit = absl::StrCat("submit --workload ", Path("prime.yaml"),
                                          " --template gemmini --fix pe_dim=8 --starts 1 --steps 200 --wait ");
  const ProcessResult perfect = RunMerged(submit + "--factors perfect");
  ASSERT_EQ(perfect.code, 0) << perfect.out;
  EXPECT_THAT(perfect.out,
              AllOf(HasSubstr("oneloop: warning: layer 'conv' has K = 13, a prime: its largest divisor for axis X of "
                              "level scratchpad, of 8 at most, is 1; padded to 14 it would be 7\n"),
                    HasSubstr("oneloop: warning: factors IMPERFECT takes all bounds as they are\n")));
  const auto job = FromJson<v1::Job>(Run(submit + "--factors perfect --format json").out);
  EXPECT_EQ(job.spec().factors(), v1::PERFECT);
  EXPECT_THAT(Run("get " + job.name()).out,
              AllOf(HasSubstr(", perfect factors, "), HasSubstr("with pe_dim 8, perfect factors")));
  const auto design = FromJson<v1::Design>(Run("design " + job.name() + " --format json").out);
  EXPECT_GE(design.idle_share(), 7.0 / 8) << "one column of eight, or 13 rows of it";
  EXPECT_EQ(design.padding_share(), 0);
  EXPECT_THAT(Run("design " + job.name()).out, HasSubstr("idle  "));
  const std::string imperfect = Run(submit + "--factors imperfect --format json").out;
  EXPECT_EQ(FromJson<v1::Job>(imperfect).spec().factors(), v1::IMPERFECT);
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --factors some", 2), HasSubstr("--factors"));
}

// Hardware without edge handling: what its templates show, and which mappings it does not take.
TEST_F(CliTest, TemplatesSayWhereFactorsMustDivide) {
  auto chip = FromJson<v1::Template>(Run("templates gemmini --format json").out);
  v1::SpatialAxis* const axis = chip.mutable_levels(2)->mutable_spatial(0);
  const auto write = [&chip] {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string text;
    EXPECT_TRUE(google::protobuf::util::MessageToJsonString(chip, &text, options).ok());
    std::ofstream(Path("edges.json")) << text;
  };
  axis->add_perfect_dims("K");
  write();
  std::ofstream(Path("edges.csv"))
      << "R,S,P,Q,C,K,N,Wstride,Hstride,pe_dim,scratchpad_kib,accumulator_kib,mapping\n"
      << "1,1,4,1,4,13,1,1,1,16,64,16,L3[WIO] P4 C4 - L2[WI] K13X - L1[O] N1 - L0[W] N1\n"
      << "1,1,4,1,4,13,1,1,1,16,64,16,L3[WIO] P4 C4 K2 - L2[WI] K8X - L1[O] N1 - L0[W] N1\n";
  const ProcessResult refused = RunMerged("evaluate " + Path("edges.csv") + " --template " + Path("edges.json"));
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.out, AllOf(HasSubstr(Path("edges.csv") + ":3: column mapping: "), HasSubstr("perfect_dims")));
  axis->set_perfect_dims(0, "C");
  write();
  EXPECT_THAT(RefusedSubmit("--workload bert --template " + Path("edges.json"), 4),
              AllOf(StartsWith("oneloop: " + Path("edges.json") + ":"),
                    HasSubstr("levels[2].spatial[0].perfect_dims: has C, which dims does not")));
}

TEST_F(CliTest, ACalibrationIsTrainedUsedAndDeleted) {
  // Cycles of a device that is three times as slow as the model says, and starts up.
  std::string csv = "R,S,P,Q,C,K,N,Wstride,Hstride,pe_dim,scratchpad_kib,accumulator_kib,mapping\n";
  for (const int outer : {1, 2, 4, 8}) {
    for (const int k : {1, 2, 4, 8, 16}) {
      for (const int p : {1, 2, 4, 8}) {
        absl::StrAppend(&csv, "1,1,64,1,64,64,1,1,1,16,64,64,L3[WIO] C", outer, " K", 64 / k, " P", 64 / p,
                        " - L2[WI] N1 K", k, "X - L1[O] C", 64 / outer, " - L0[W] P", p, "\n");
      }
    }
  }
  std::ofstream(Path("mappings.csv")) << csv;
  const std::string scored = Run("evaluate " + Path("mappings.csv") + " --template gemmini").out;
  std::ofstream(Path("measured.csv")) << scored;
  const std::string calibrate =
      "calibrate " + Path("measured.csv") + " --template gemmini --fix pe_dim=16 --cycles latency_cycles --name ";
  const ProcessResult trained = RunMerged(calibrate + "chip");
  ASSERT_EQ(trained.code, 0) << trained.out;
  EXPECT_THAT(trained.out, AllOf(HasSubstr("ready"), HasSubstr("combined")));
  EXPECT_THAT(Run("calibrations").out, AllOf(HasSubstr("chip"), HasSubstr("gemmini_rtl")));
  // It belongs to its project, and the shipped one to all.
  EXPECT_THAT(Run("calibrations --project other").out,
              AllOf(testing::Not(HasSubstr("chip")), HasSubstr("gemmini_rtl")));
  EXPECT_EQ(Run("calibrations chip --project other").code, 3);
  EXPECT_EQ(Run("calibrations chip --cancel").code, 1) << "it is trained";

  const Csv predicted(
      Run("evaluate " + Path("measured.csv") + " --template gemmini --calibration chip --predictor combined").out);
  ASSERT_EQ(predicted.size(), 80u);
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    EXPECT_GT(predicted.Number(i, "latency_sigma"), 0);
    EXPECT_LT(predicted.Number(i, "latency_cycles"), 3 * predicted.Number(i, "given_latency_cycles"));
  }
  const v1::Job job = SubmitAndWait("--starts 1 --steps 100 --fix pe_dim=16 --calibration chip");
  EXPECT_EQ(job.spec().predictor(), v1::COMBINED);
  ASSERT_EQ(Run("calibrations chip --delete").code, 0);
  EXPECT_THAT(RefusedSubmit("--workload bert --template gemmini --fix pe_dim=16 --calibration chip", 4),
              HasSubstr("--calibration: there is no calibration 'chip'"));
  const v1::Design design = FromJson<v1::Design>(Run("design " + job.name() + " --format json").out);
  EXPECT_EQ(design.latency_cycles(), job.best().latency_cycles());
  EXPECT_EQ(design.calibration(), "chip");
  EXPECT_TRUE(design.layers(0).has_latency_sigma());
}

TEST_F(CliTest, WrongRowsAreToldTogetherAndCanBeLeftOut) {
  const std::string mapping = "L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1";
  std::ofstream(Path("some_bad.csv"))
      << "R;S;P;Q;C;K;N;Wstride;Hstride;pe_dim;scratchpad_kib;accumulator_kib;mapping;rtl_cycles\n"
      << "1;1;4;1;4;4;1;1;1;16;64;16;" << mapping << ";100\n"
      << "1;1;5;1;4;4;1;1;1;16;64;16;" << mapping << ";100\n"
      << "1;1;4;1;4;x;1;1;1;16;64;16;" << mapping << ";100\n"
      << "1;1\n";
  const ProcessResult refused = RunMerged("evaluate " + Path("some_bad.csv") + " --template gemmini");
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.out, AllOf(HasSubstr("some_bad.csv:3: column mapping: "), HasSubstr("some_bad.csv:4: column K: "),
                                 HasSubstr("some_bad.csv:5: the row has 2 cells"), HasSubstr("3 rows are wrong\n")));
  const ProcessResult skipped = Run("evaluate " + Path("some_bad.csv") + " --template gemmini --skip_bad");
  EXPECT_EQ(skipped.code, 0);
  EXPECT_EQ(Csv(skipped.out).size(), 1u);
  EXPECT_THAT(skipped.out, HasSubstr(";100;"));
  const ProcessResult calibrated =
      RunMerged("calibrate " + Path("some_bad.csv") + " --template gemmini --fix pe_dim=16 --name bad");
  EXPECT_EQ(calibrated.code, 4);
  EXPECT_THAT(calibrated.out, AllOf(HasSubstr("some_bad.csv:3: column mapping: "),
                                    HasSubstr("some_bad.csv:4: column K: "), HasSubstr("3 rows are wrong\n")));
}

TEST_F(CliTest, RefusesMeasurementsAtTheirRow) {
  const std::string header = "R,S,P,Q,C,K,N,Wstride,Hstride,mapping,rtl_cycles\n";
  const std::string good = "1,1,4,1,4,4,1,1,1,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1,100\n";
  const auto refused = [&](const std::string& text, const std::string& flags = "--fix pe_dim=16") {
    std::ofstream(Path("bad.csv")) << text;
    const ProcessResult result = RunMerged("calibrate " + Path("bad.csv") + " --template gemmini --name bad " + flags);
    EXPECT_EQ(result.code, 4) << result.out;
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1) << result.out;
    EXPECT_EQ(Run("calibrations bad").code, 3);
    return result.out;
  };
  EXPECT_THAT(refused(header + good), HasSubstr("bad.csv: has 1 different measurements; at least 50"));
  EXPECT_THAT(refused(header + "1,1,4,1,4,4,1,1,1,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1,-5\n"),
              HasSubstr("bad.csv:2: column rtl_cycles"));
  EXPECT_THAT(refused(header + "1,1,4,1,4,4,1,1,1,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1,\n"),
              HasSubstr("bad.csv:2: column rtl_cycles: is empty"));
  EXPECT_THAT(refused(header + "1,1,5,1,4,4,1,1,1,L3[WIO] P4 C4 K4 - L2[WI] N1 - L1[O] N1 - L0[W] N1,9\n"),
              HasSubstr("bad.csv:2"));
  EXPECT_THAT(refused("R,S,P,Q,C,K,N,Wstride,Hstride,mapping\n"), HasSubstr("no column 'cycles'"));
  EXPECT_THAT(refused("R,S,P,Q,C,K,N,Wstride,Hstride,rtl_cycles\n"), HasSubstr("no column 'mapping'"));
  EXPECT_THAT(refused(header + good, ""), HasSubstr("--fix pe_dim: is missing"));
}

TEST_F(CliTest, BenchComparesJobsOfTheDaemonAndWritesFiles) {
  const std::string flags = absl::StrCat("bench --workload ", Path("pair.yaml"),
                                         " --template gemmini --seeds 2 --starts 2 --steps 60 -o ", Path("bench"));
  const ProcessResult first = Run(flags + " --format csv");
  ASSERT_EQ(first.code, 0);
  const Csv rows(first.out);
  ASSERT_EQ(rows.size(), 6u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows.Text(i, "workload"), "pair");
    const v1::Job job = FromJson<v1::Job>(Run("get " + rows.Text(i, "job") + " --format json").out);
    EXPECT_EQ(job.state(), v1::SUCCEEDED);
    EXPECT_EQ(rows.Number(i, "best_edp"), job.best().edp());
    EXPECT_EQ(rows.Number(i, "samples"), 120);
    EXPECT_GE(rows.Number(i, "best_edp"), rows.Number(i, "lower_bound"));
  }
  EXPECT_EQ(ReadFile(Path("bench/bench.csv")).value(), first.out);
  const std::string svg = ReadFile(Path("bench/pair.svg")).value();
  EXPECT_THAT(svg, AllOf(HasSubstr("<polyline"), HasSubstr("pair on gemmini"), HasSubstr("bayesian")));
  EXPECT_EQ(Run(flags).code, 0) << "it replaces its own files";
  EXPECT_EQ(ReadFile(Path("bench/pair.svg")).value(), svg) << "the same jobs give the same plot";
  const ProcessResult unknown = RunMerged("bench --workload resnet51");
  EXPECT_EQ(unknown.code, 4);
  EXPECT_EQ(unknown.out, "oneloop: --workload resnet51: there is no workload 'resnet51' (did you mean 'resnet50'?)\n");
}

TEST_F(CliTest, UnknownThingsAreNotFound) {
  for (const char* command : {"get 999999", "watch 999999", "cancel 999999", "points 999999", "pareto 999999",
                              "design 999999", "delete 999999"}) {
    const ProcessResult result = RunMerged(command);
    EXPECT_EQ(result.code, 3) << command;
    EXPECT_THAT(result.out, AllOf(StartsWith("oneloop: "), HasSubstr("999999"))) << command;
  }
  EXPECT_EQ(RunMerged("workloads resnet51").code, 3);
  EXPECT_EQ(RunMerged("templates gemini").code, 3);
}

TEST_F(CliTest, AgreesWithTimeloopOnTheDataAtHand) {
  const std::string data = std::string(std::getenv("ONELOOP_SOURCE_DIR")) + "/../shared/data/timeloop_gemmini.csv.gz";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << data << " is not there";
  const ProcessResult result = RunShell("gzip -dc '" + data + "' | $ONELOOP evaluate - --template gemmini");
  ASSERT_EQ(result.code, 0);
  const Csv rows(result.out);
  ASSERT_EQ(rows.size(), 20000u);
  double energy_error = 0;
  double latency_error = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    energy_error += std::abs(rows.Number(i, "energy_uj") / rows.Number(i, "given_energy_uj") - 1);
    latency_error += std::abs(rows.Number(i, "latency_cycles") / rows.Number(i, "cycles") - 1);
  }
  EXPECT_LE(energy_error / static_cast<double>(rows.size()), 0.0004);
  EXPECT_LE(latency_error / static_cast<double>(rows.size()), 0.00008);
}

}  // namespace
}  // namespace oneloop
