#include <filesystem>
#include <fstream>
#include <map>

#include "common/base/read_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A daemon with two jobs of two starts, 800 samples the one and 1000 the other, whose points come on pages of one.
class CompareTest : public ::testing::Test {
 protected:
  CompareTest() : client_(daemon_.address()) {
    Add(1, 800, {Point(1, 10, 4, 100, 2), Point(2, 200, 2, 100, 2), Point(3, 300, 8, 100, 1)});
    Add(2, 1000, {Point(1, 20, 3, 100, 3), Point(2, 400, 2, 100, 3), Point(3, 450, 1, 400, 1)});
    daemon_.get_job = [this](const v1::GetJobRequest& request) -> absl::StatusOr<v1::Job> {
      const auto job = jobs_.find(request.name());
      if (job == jobs_.end()) return absl::NotFoundError("there is no job " + request.name());
      return job->second;
    };
    daemon_.list_points = [this](const v1::ListPointsRequest& request) {
      EXPECT_TRUE(request.exact_only());
      const std::vector<v1::EvaluatedPoint>& points = points_.at(request.parent());
      const std::size_t next = request.page_token().empty() ? 0 : std::stoul(request.page_token());
      v1::ListPointsResponse response;
      *response.add_points() = points[next];
      if (next + 1 < points.size()) response.set_next_page_token(std::to_string(next + 1));
      return response;
    };
  }

  static v1::EvaluatedPoint Point(int number, int sample, double energy_uj, double latency_cycles, double area_mm2) {
    v1::EvaluatedPoint point = MakePoint(number, energy_uj, latency_cycles);
    point.set_sample(sample);
    point.set_area_mm2(area_mm2);
    point.set_score(point.edp());
    return point;
  }

  void Add(int id, int samples, const std::vector<v1::EvaluatedPoint>& points) {
    v1::Job job = MakeJob(id, v1::SUCCEEDED, samples);
    *job.mutable_best() = points[1];
    *job.mutable_certificate() = MakeCertificate(180, 1.0 / 9);
    jobs_[job.name()] = job;
    points_[job.name()] = points;
  }

  v1::Job& JobOf(int id) { return jobs_.at("projects/default/jobs/" + std::to_string(id)); }

  FakeDaemon daemon_;
  ClientHarness client_;
  std::map<std::string, v1::Job> jobs_;
  std::map<std::string, std::vector<v1::EvaluatedPoint>> points_;
};

TEST_F(CompareTest, ShowsBestsParametersEqualSamplesAndFronts) {
  const auto result = client_.Run({"compare", "1", "projects/default/jobs/2"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.err, "");
  // Job 1 has (2, 100, 2) and (8, 100, 1), job 2 (2, 100, 3), which the first of these dominates, and (1, 400, 1). From
  // (8.8, 440, 2.2) they have volumes of 734.4, 374.4 and together 1022.4.
  EXPECT_EQ(
      result.out,
      "job  workload  template  objective  algorithm  state      samples  EDP  energy_uj  latency_cycles  area_mm2   "
      "gap\n"
      "  1  resnet50  gemmini   edp        gradient   SUCCEEDED      800  200          2             100         2  12 "
      "%\n"
      "  2  resnet50  gemmini   edp        gradient   SUCCEEDED    1,000  200          2             100         3  12 "
      "%\n"
      "\n"
      "parameters of the best designs:\n"
      "job  accumulator_kib  pe_dim\n"
      "  1               32      16\n"
      "  2               32      16\n"
      "\n"
      "best EDP after so many samples, the starts of a job in turn:\n"
      "job   50  100  200  400  800\n"
      "  1  400  400  400  200  200\n"
      "  2  300  300  300  300  200\n"
      "\n"
      "fronts over energy, latency and area; hypervolumes are shares of that of all fronts together (3 points),\n"
      "measured from energy 8.8 uJ, latency 440 cycles, area 2.2 mm2:\n"
      "job  points  undominated  hypervolume  octaves^3  energy-latency  by 1  by 2\n"
      "  1       2            2      71.83 %     0.9222         98.30 %           0\n"
      "  2       2            1      36.62 %     0.4907        100.00 %     1\n"
      "octaves^3: the hypervolume in log2 of each figure\n"
      "'by N': how many points of this front a point of job N's dominates\n");
}

TEST_F(CompareTest, JobsThatMinimiseDifferentThingsAreComparedByEveryFigure) {
  JobOf(2).mutable_spec()->set_objective(v1::ENERGY);
  const auto result = client_.Run({"compare", "1", "2"});
  for (const char* const text :
       {"the jobs minimise different things: they are compared by EDP and by each figure, not by a score",
        "best EDP after", "best energy_uj after", "best latency_cycles after", "best area_mm2 after"}) {
    EXPECT_THAT(result.out, HasSubstr(text));
  }
}

// Scores have a curve of their own: it was read beyond the end of the others.
TEST_F(CompareTest, JobsForTheSameProductOrFrontAreComparedByTheirScore) {
  for (const int id : {1, 2}) {
    JobOf(id).mutable_spec()->set_objective(v1::FRONT);
    JobOf(id).mutable_spec()->set_objective_front("energy,latency");
  }
  const auto result = client_.Run({"compare", "1", "2"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("pareto:energy,latency"),
                                HasSubstr("best score after so many samples, the starts of a job in turn:\n"
                                          "job   50  100  200  400  800\n"
                                          "  1  400  400  400  200  200\n"
                                          "  2  300  300  300  300  200\n")));
  const std::string path = daemon_.folder() + "/front.svg";
  EXPECT_EQ(client_.Run({"compare", "1", "2", "--svg", path}).code, ExitCode::kOk);
  EXPECT_THAT(ReadFile(path).value(), HasSubstr(">best score so far<"));
}

// Points are listed also where they break a limit of their job, and have no score then.
TEST_F(CompareTest, LeavesOutDesignsThatBreakALimit) {
  for (v1::EvaluatedPoint& point : points_.at(JobOf(1).name())) point.clear_score();
  EXPECT_THAT(client_.Run({"compare", "1", "2"}).out, HasSubstr("  1    -    -    -    -    -\n"));
}

TEST_F(CompareTest, PrintsCsvAndJson) {
  const std::string csv = client_.Run({"compare", "1", "2", "--format", "csv"}).out;
  EXPECT_THAT(csv,
              AllOf(HasSubstr(",edp_after_50,edp_after_100,"), HasSubstr("front_points,on_joint_front,hypervolume"),
                    HasSubstr("\nprojects/default/jobs/2,resnet50,")));
  const std::string json = client_.Run({"compare", "1", "2", "--format", "json"}).out;
  for (const char* const text : {"\"same_objective\": true", "\"best_after\": [", "\"samples\": 800", "\"edp\": 300",
                                 "\"reference\": {", "\"projects/default/jobs/1\": 1", "\"joint_hypervolume\": "}) {
    EXPECT_THAT(json, HasSubstr(text));
  }
}

TEST_F(CompareTest, DrawsCurvesAndFronts) {
  const std::string path = daemon_.folder() + "/two.svg";
  ASSERT_EQ(client_.Run({"compare", "1", "2", "--svg", path}).code, ExitCode::kOk);
  const std::string svg = ReadFile(path).value();
  for (const char* const text :
       {">best EDP so far<", ">latency at most (cycles)<", ">area at most (mm²)<", ">job 2<"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
  std::ofstream(path) << "mine";
  EXPECT_EQ(client_.Run({"compare", "1", "2", "--svg", path}).code, ExitCode::kInvalidInput);
  EXPECT_EQ(ReadFile(path).value(), "mine");
}

TEST_F(CompareTest, SaysWhatMakesFiguresHardToCompare) {
  JobOf(1).set_state(v1::RUNNING);
  JobOf(2).set_workload_display_name("bert");
  EXPECT_THAT(client_.Run({"compare", "1", "2"}).err, AllOf(HasSubstr("job 1 is not over; it is compared as it is now"),
                                                            HasSubstr("the jobs have different workloads")));
}

TEST_F(CompareTest, TakesAJobWithoutDesigns) {
  JobOf(2).clear_best();
  JobOf(2).clear_certificate();
  JobOf(2).mutable_progress()->set_samples_done(0);
  points_.at(JobOf(2).name()) = {Point(1, 10, 1, 1, 1)};
  points_.at(JobOf(2).name())[0].set_edp(std::numeric_limits<double>::infinity());
  points_.at(JobOf(2).name())[0].set_pareto(false);
  for (const char* const format : {"table", "csv", "json"}) {
    const auto result = client_.Run({"compare", "1", "2", "--format", format, "--svg", daemon_.folder() + "/a.svg"});
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    EXPECT_THAT(result.out, AllOf(Not(HasSubstr("inf")), Not(HasSubstr("nan"))));
  }
}

TEST_F(CompareTest, RefusesOneJobManyAndTheSameTwice) {
  EXPECT_EQ(client_.Run({"compare"}).code, ExitCode::kUsage);
  EXPECT_THAT(client_.Run({"compare", "1"}).err, HasSubstr("JOB: 1 given; valid: 2 to 20"));
  std::vector<std::string> many = {"compare"};
  for (int i = 1; i <= 21; ++i) many.push_back(std::to_string(i));
  EXPECT_THAT(client_.Run(many).err, HasSubstr("JOB: 21 given; valid: 2 to 20"));
  EXPECT_THAT(client_.Run({"compare", "1", "projects/default/jobs/1"}).err, HasSubstr("is given twice"));
  EXPECT_THAT(client_.Run({"compare", "1", "x"}).err, HasSubstr("'x' is no job"));
  EXPECT_EQ(client_.Run({"compare", "1", "9"}).code, ExitCode::kNotFound);
}

}  // namespace
}  // namespace oneloop
