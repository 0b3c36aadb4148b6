// Sweeps and comparisons as a user meets them: oneloopd on a data directory of its own, oneloop over its socket.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/csv_reader.h"
#include "common/base/read_file.h"
#include "common/front/front.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"
#include "oneloop/v1/search_service.pb.h"
#include "tests/integration/served_client_test.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Json = google::protobuf::Struct;

class ServedSweepTest : public ServedClientTest {
 protected:
  static void SetUpTestSuite() {
    ServedClientTest::SetUpTestSuite();
    std::ofstream(Path("small.yaml"))
        << "name: small\nlayers:\n"
           "  - {name: conv, bounds: {R: 3, S: 3, P: 14, Q: 14, C: 32, K: 32, N: 1}}\n"
           "  - {name: matmul, bounds: {R: 1, S: 1, P: 128, Q: 1, C: 64, K: 256, N: 1}}\n";
  }

  // `flags` after what every sweep here has.
  static std::string Sweep(const std::string& flags) {
    return absl::StrCat("sweep --workload ", Path("small.yaml"), " --template gemmini --starts 2 --steps 100 ", flags);
  }

  static std::vector<v1::Job> JobsOf(const std::string& sweep) {
    const auto list = FromJson<v1::ListJobsResponse>(
        Run(absl::StrCat("jobs --filter label.sweep=", sweep, " --order_by create_time --format json")).out);
    return {list.jobs().begin(), list.jobs().end()};
  }

  static std::vector<std::string> Column(const std::string& csv, const std::string& column) {
    const absl::StatusOr<CsvTable> table = ParseCsv(csv, "output");
    EXPECT_TRUE(table.ok()) << table.status();
    std::vector<std::string> cells;
    if (!table.ok()) return cells;
    const auto& header = table->header.cells;
    const auto place = std::find(header.begin(), header.end(), column) - header.begin();
    for (const CsvRow& row : table->rows) cells.push_back(row.cells.at(static_cast<std::size_t>(place)));
    return cells;
  }
};

TEST_F(ServedSweepTest, RunsEveryJobAndShowsThemTogether) {
  const std::string command = Sweep("four --vary area_mm2=2:4:x2 --vary pe_dim=8,16 --wait --format csv");
  const ProcessResult first = Run(command);
  EXPECT_EQ(first.code, 0) << first.out;
  const std::string csv = first.out.substr(first.out.find("place,"));
  EXPECT_THAT(Column(csv, "varied_area_mm2"), ElementsAre("2", "2", "4", "4"));
  EXPECT_THAT(Column(csv, "varied_pe_dim"), ElementsAre("8", "16", "8", "16"));
  EXPECT_THAT(Column(csv, "state"), ElementsAre("SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"));
  const std::vector<v1::Job> jobs = JobsOf("four");
  ASSERT_EQ(jobs.size(), 4u);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(jobs[i].best().parameters().at("pe_dim"), i % 2 == 0 ? 8 : 16);
    EXPECT_LE(jobs[i].best().area_mm2(), i < 2 ? 2 : 4);
    EXPECT_EQ(Column(csv, "job")[i], jobs[i].name());
  }

  EXPECT_EQ(Run(command).out, first.out) << "the same command shows the same jobs";
  EXPECT_EQ(JobsOf("four").size(), 4u);

  const ProcessResult shown = Run("sweeps four --svg " + Path("four.svg"));
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, AllOf(HasSubstr("area_mm2<=  pe_dim  state"), HasSubstr("SUCCEEDED  100 %")));
  EXPECT_THAT(ReadFile(Path("four.svg")).value(), AllOf(HasSubstr(">sweep four<"), HasSubstr(">pe_dim 16<")));
  const auto json = FromJson<Json>(Run("sweeps four --format json").out);
  EXPECT_EQ(json.fields().at("jobs").list_value().values_size(), 4);
  EXPECT_THAT(Run("sweeps").out, HasSubstr("four"));
}

TEST_F(ServedSweepTest, GoesOnWhereItWasInterrupted) {
  const std::string command = Sweep("broken --vary seed=1:4:+1 --wait");
  ASSERT_EQ(Run(command).code, 0);
  const std::vector<v1::Job> whole = JobsOf("broken");
  ASSERT_EQ(whole.size(), 4u);
  // As if it had been interrupted after two jobs.
  for (std::size_t i = 2; i < whole.size(); ++i) ASSERT_EQ(Run("delete --purge " + whole[i].name()).code, 0);
  EXPECT_THAT(Run("sweeps broken").out, HasSubstr("2 of 4 jobs are stored"));
  EXPECT_THAT(RunMerged(command).out, HasSubstr("stored 2 jobs; 2 were there before"));
  const std::vector<v1::Job> again = JobsOf("broken");
  ASSERT_EQ(again.size(), 4u);
  EXPECT_EQ(again[0].name(), whole[0].name());
  EXPECT_EQ(again[1].name(), whole[1].name());
  EXPECT_NE(again[2].name(), whole[2].name());
  EXPECT_EQ(again[3].best().edp(), whole[3].best().edp());
}

TEST_F(ServedSweepTest, RefusesAnotherSweepOfTheSameNameAndWrongJobsBeforeStoringAny) {
  ASSERT_EQ(Run(Sweep("taken --vary seed=1,2")).code, 0);
  const std::string before = Run("jobs --format csv --filter 'label.sweep:*'").out;
  const auto refused = [&](const std::string& flags, int code) {
    const ProcessResult result = RunMerged(Sweep(flags));
    EXPECT_EQ(result.code, code) << result.out;
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1) << result.out;
    return result.out;
  };
  EXPECT_THAT(refused("taken --vary seed=1,2,3", 1), HasSubstr("'taken' is another sweep, of 2 jobs"));
  EXPECT_THAT(refused("--vary aera_mm2=1,2", 4),
              HasSubstr("--vary aera_mm2: is 'aera_mm2' (did you mean 'area_mm2'?)"));
  EXPECT_THAT(refused("--vary sed=1,2", 4), HasSubstr("--vary sed: is 'sed' (did you mean 'seed'?)"));
  EXPECT_THAT(refused("--vary pe_dim=8,1000", 4), HasSubstr("job 2 of 2 (pe_dim 1000): --fix pe_dim: is 1000"));
  EXPECT_THAT(refused("--vary algorithm=random,gradeint", 2), HasSubstr("did you mean 'gradient'?"));
  EXPECT_THAT(refused("--vary seed=1:1000000:+1", 4), HasSubstr("--vary seed=1:1000000:+1: makes 1.000e6 jobs"));
  EXPECT_THAT(refused("--vary seed=1,2 --label sweep=x", 2), HasSubstr("--label sweep=x"));
  EXPECT_THAT(refused("--vary template=gemmini,gemini", 2), HasSubstr("--template and --vary template exclude"));
  EXPECT_EQ(Column(Run("jobs --format csv --filter 'label.sweep:*'").out, "name"), Column(before, "name"));
}

TEST_F(ServedSweepTest, IsCancelledAsOne) {
  const std::string job = " --workload resnet50 --template gemmini --starts 50 --steps 100000 ";
  ASSERT_EQ(Run("sweep long" + job + "--vary objective=edp,energy,latency").code, 0);
  const ProcessResult cancelled = RunMerged("sweeps long --cancel");
  EXPECT_EQ(cancelled.code, 0);
  EXPECT_THAT(cancelled.out, HasSubstr("cancelled 3 of 3 jobs"));
  for (const v1::Job& ended : JobsOf("long")) EXPECT_EQ(ended.state(), v1::CANCELLED);
  EXPECT_EQ(RunMerged("sweeps long --wait").code, 6);
  EXPECT_THAT(RunMerged("sweeps long --cancel").out, HasSubstr("cancelled 0 of 3 jobs"));
  EXPECT_EQ(Run("sweeps nowhere").code, 3);
}

TEST_F(ServedSweepTest, ComparesJobs) {
  ASSERT_EQ(Run(Sweep("pair --vary algorithm=gradient,random --limit 'area_mm2<=0.5' --wait")).code, 0);
  const std::vector<v1::Job> jobs = JobsOf("pair");
  ASSERT_EQ(jobs.size(), 2u);
  const std::string compare = absl::StrCat("compare ", jobs[0].name(), " ", jobs[1].name());
  EXPECT_THAT(Run(compare).out, AllOf(HasSubstr("best EDP after so many samples"), HasSubstr("gradient"),
                                      HasSubstr("random"), HasSubstr("fronts over energy, latency and area")));
  const std::string csv = Run(compare + " --format csv").out;
  const auto json = FromJson<Json>(Run(compare + " --format json --svg " + Path("pair.svg")).out);
  EXPECT_THAT(ReadFile(Path("pair.svg")).value(), HasSubstr(">best EDP so far<"));
  const auto& reference = json.fields().at("reference").struct_value().fields();
  const FrontPoint corner = {reference.at("energy_uj").number_value(), reference.at("latency_cycles").number_value(),
                             reference.at("area_mm2").number_value()};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto& fields = json.fields().at("jobs").list_value().values(static_cast<int>(i)).struct_value().fields();
    const auto list =
        FromJson<v1::ListPointsResponse>(Run(absl::StrCat("pareto ", jobs[i].name(), " --format json")).out);
    std::vector<FrontPoint> front;
    for (const v1::EvaluatedPoint& point : list.points()) {
      front.push_back({point.energy_uj(), point.latency_cycles(), point.area_mm2()});
    }
    EXPECT_EQ(fields.at("front").struct_value().fields().at("hypervolume").number_value(),
              Front(front).Hypervolume(corner));
    EXPECT_GT(Front(front).Hypervolume(corner), 0);
    const auto& after = fields.at("best_after").list_value();
    const auto& last = after.values(after.values_size() - 1).struct_value().fields();
    EXPECT_EQ(last.at("samples").number_value(), 200);
    EXPECT_EQ(last.at("edp").number_value(), jobs[i].best().edp());
    EXPECT_EQ(Column(csv, "edp_after_200")[i], Column(csv, "best_edp")[i]);
  }
  EXPECT_EQ(Run("compare 1 99999").code, 3);
  EXPECT_EQ(Run("compare " + jobs[0].name()).code, 2);
}

}  // namespace
}  // namespace oneloop
