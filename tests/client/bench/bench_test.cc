#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "common/base/read_file.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A daemon whose jobs succeed at once. The best EDP of a job is 1e9, times 2 for algorithms other than gradient, plus
// 1e8 for each seed; its points come on two pages.
class BenchTest : public ::testing::Test {
 protected:
  BenchTest() : client_(daemon_.address()) {
    daemon_.create_job = [this](const v1::CreateJobRequest& request) { return Create(request); };
    daemon_.get_job = [this](const v1::GetJobRequest& request) -> absl::StatusOr<v1::Job> {
      return jobs_.at(request.name());
    };
    daemon_.watch = [this](const v1::WatchRequest& request, const FakeDaemon::Send& send) {
      v1::WatchResponse message;
      message.set_resume_revision(1);
      *message.mutable_job() = jobs_.at(request.name());
      send(message);
      return absl::OkStatus();
    };
    daemon_.list_points = [this](const v1::ListPointsRequest& request) { return ListPoints(request); };
    daemon_.cancel_job = [this](const v1::CancelJobRequest& request) -> absl::StatusOr<v1::Job> {
      cancelled_.push_back(request.name());
      return jobs_.at(request.name());
    };
    daemon_.list_workloads = [](const v1::ListWorkloadsRequest& request) {
      v1::ListWorkloadsResponse response;
      const bool first = request.page_token().empty();
      response.add_workloads()->set_name(first ? "marked" : "late");
      response.mutable_workloads(0)->set_benchmark(true);
      response.add_workloads()->set_name("unmarked");
      if (first) response.set_next_page_token("more");
      return response;
    };
    daemon_.list_templates = [](const v1::ListTemplatesRequest&) {
      v1::ListTemplatesResponse response;
      response.add_templates()->set_name("other");
      response.add_templates()->set_name("usual");
      response.mutable_templates(1)->set_benchmark(true);
      return response;
    };
  }

  absl::StatusOr<v1::Job> Create(const v1::CreateJobRequest& request) {
    v1::Job job = MakeJob(static_cast<int>(jobs_.size()) + 1, v1::SUCCEEDED, 1000);
    job.mutable_spec()->MergeFrom(request.spec());
    job.set_workload_display_name(request.spec().has_workload() ? request.spec().workload().name()
                                                                : request.spec().workload_name());
    if (request.validate_only()) {
      ++checks_;
      return job;
    }
    requests_.push_back(request);
    const double edp =
        (request.spec().algorithm() == v1::GRADIENT ? 1e9 : 2e9) + 1e8 * static_cast<double>(request.spec().seed());
    *job.mutable_best() = MakePoint(3, edp / 1e4, 1e4);
    job.mutable_certificate()->set_lower_bound(9e8);
    job.mutable_certificate()->set_gap(edp / 9e8 - 1);
    job.mutable_start_time()->set_seconds(100);
    job.mutable_end_time()->set_seconds(102);
    if (end_state_ != v1::SUCCEEDED) job.set_state(end_state_);
    jobs_[job.name()] = job;
    return job;
  }

  v1::ListPointsResponse ListPoints(const v1::ListPointsRequest& request) {
    EXPECT_TRUE(request.exact_only());
    v1::ListPointsResponse response;
    const double edp = jobs_.at(request.parent()).best().edp();
    v1::EvaluatedPoint& point = *response.add_points();
    point = MakePoint(request.page_token().empty() ? 1 : 3, 1, request.page_token().empty() ? 3 * edp : edp);
    point.set_sample(request.page_token().empty() ? 10 : 400);
    if (request.page_token().empty()) response.set_next_page_token("second");
    return response;
  }

  ClientHarness::Result Bench(const std::vector<std::string>& more) {
    std::vector<std::string> args = {"bench"};
    args.insert(args.end(), more.begin(), more.end());
    return client_.Run(args);
  }

  std::string Folder() const { return daemon_.folder() + "/out"; }
  std::string Read(const std::string& name) const { return ReadFile(Folder() + "/" + name).value(); }
  bool NothingWritten() const { return !std::filesystem::exists(Folder()) || std::filesystem::is_empty(Folder()); }

  FakeDaemon daemon_;
  ClientHarness client_;
  v1::JobState end_state_ = v1::SUCCEEDED;
  int checks_ = 0;
  std::vector<v1::CreateJobRequest> requests_;
  std::map<std::string, v1::Job> jobs_;
  std::vector<std::string> cancelled_;
};

TEST_F(BenchTest, ComparesWhatIsMarkedByEveryAlgorithm) {
  const auto result = Bench({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out,
            "workload  variant   seeds  mean EDP   median    worst  samples/s  above bound\n"
            "marked    gradient      5   1.200e9  1.200e9  1.400e9        500         34 %\n"
            "marked    random        5   2.200e9  2.200e9  2.400e9        500        145 %\n"
            "marked    bayesian      5   2.200e9  2.200e9  2.400e9        500        145 %\n"
            "late      gradient      5   1.200e9  1.200e9  1.400e9        500         34 %\n"
            "late      random        5   2.200e9  2.200e9  2.400e9        500        145 %\n"
            "late      bayesian      5   2.200e9  2.200e9  2.400e9        500        145 %\n"
            "\n"
            "mean EDP as a multiple of that of 'gradient', geometric mean over the workloads:\n"
            "variant   ratio\n"
            "gradient      1\n"
            "random    1.833\n"
            "bayesian  1.833\n");
  EXPECT_EQ(checks_, 6) << "every kind of job is checked before the first";
  ASSERT_EQ(requests_.size(), 30u);
  EXPECT_EQ(requests_[0].spec().template_name(), "usual");
  EXPECT_EQ(requests_[7].spec().algorithm(), v1::RANDOM);
  EXPECT_EQ(requests_[7].spec().seed(), 2u);
  EXPECT_EQ(requests_[7].request_id(), "id-3-7");
  EXPECT_FALSE(requests_[7].spec().has_starts());
}

TEST_F(BenchTest, SendsEveryFlag) {
  const auto result =
      Bench({"--workload", "a", "--workload", "b", "--template", "t", "--algorithm", "bayesian", "--seeds", "1",
             "--starts", "3", "--steps", "20", "--factors", "imperfect", "--project", "chips"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("multiple"))) << "nothing to compare with";
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[1].ShortDebugString(),
            R"(parent: "projects/chips" spec { workload_name: "b" template_name: "t" algorithm: BAYESIAN starts: 3 )"
            R"(steps: 20 factors: IMPERFECT } request_id: "id-3-1")");
}

TEST_F(BenchTest, AblationsTakeOnePartOutAtATime) {
  const auto result = Bench({"--ablations", "--workload", "a", "--seeds", "1", "--starts", "3", "--steps", "20"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("a         as it is"), HasSubstr("multiple of that of 'as it is'")));
  std::set<std::string> changes;
  for (const v1::CreateJobRequest& request : requests_) {
    EXPECT_EQ(request.spec().samples(), 60) << "the same for all";
    EXPECT_FALSE(request.spec().has_steps());
    EXPECT_EQ(request.spec().algorithm(), v1::GRADIENT);
    EXPECT_TRUE(changes.insert(request.spec().ShortDebugString()).second) << "each is another search";
  }
  EXPECT_EQ(requests_[0].spec().starts(), 3);
  EXPECT_THAT(Bench({"--ablations", "--algorithm", "random"}).err,
              HasSubstr("--ablations and --algorithm exclude each other"));
}

TEST_F(BenchTest, WritesACsvAndAPlotPerWorkload) {
  const auto result = Bench({"--workload", "a", "--workload", "b", "--seeds", "2", "-o", Folder()});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::string csv = Read("bench.csv");
  EXPECT_THAT(csv, StartsWith("workload,template,variant,algorithm,seed,starts,samples,job,points,best_edp,"
                              "best_energy_uj,best_latency_cycles,best_area_mm2,lower_bound,gap,samples_per_second\n"
                              "a,gemmini,gradient,gradient,0,2,1000,projects/default/jobs/1,0,1000000000,100000,10000,"
                              "3.25,900000000,"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 2 * 3 * 2);
  const std::string svg = Read("b.svg");
  for (const char* text : {"<svg", ">b on gemmini<", ">gradient<", ">random<", ">bayesian<", "<polygon"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(Folder()), {}), 3);
  EXPECT_EQ(Bench({"--workload", "a", "--seeds", "1", "-o", Folder()}).code, ExitCode::kOk) << "its own are replaced";
}

TEST_F(BenchTest, PrintsCsvAndJson) {
  EXPECT_THAT(Bench({"--workload", "a", "--seeds", "1", "--format", "csv"}).out, StartsWith("workload,template,"));
  const std::string json = Bench({"--workload", "a", "--seeds", "1", "--format", "json"}).out;
  EXPECT_THAT(json, AllOf(HasSubstr("\"jobs\": ["), HasSubstr("\"table\": ["), HasSubstr("\"ratios\": ["),
                          HasSubstr("\"mean_edp\": 1000000000")));
}

TEST_F(BenchTest, RefusesBadInputBeforeAnyJob) {
  EXPECT_THAT(Bench({"--algorithm", "gradeint"}).err,
              HasSubstr("--algorithm: there is no 'gradeint' (did you mean 'gradient'?)"));
  EXPECT_THAT(Bench({"--algorithm", "random", "--algorithm", "random"}).err, HasSubstr("given twice"));
  for (const char* seeds : {"0", "-3", "1001"}) {
    const auto result = Bench({"--seeds", seeds});
    EXPECT_EQ(result.code, ExitCode::kInvalidInput);
    EXPECT_EQ(result.err, std::string("oneloop: --seeds: is ") + seeds + "; valid: 1 to 1000\n");
  }
  EXPECT_THAT(Bench({"--workload", "a", "--workload", "a"}).err, HasSubstr("workload 'a' is given twice"));
  EXPECT_EQ(Bench({"--workload", "./none.yaml"}).code, ExitCode::kNotFound);
  daemon_.create_job = [](const v1::CreateJobRequest& request) -> absl::StatusOr<v1::Job> {
    if (request.spec().workload_name() != "resnet51") return MakeJob(1, v1::PENDING, 0);
    return FieldError("spec.workload_name", "there is no workload 'resnet51' (did you mean 'resnet50'?)");
  };
  const auto unknown = Bench({"--workload", "a", "--workload", "resnet51"});
  EXPECT_EQ(unknown.code, ExitCode::kInvalidInput);
  EXPECT_EQ(unknown.err, "oneloop: --workload resnet51: there is no workload 'resnet51' (did you mean 'resnet50'?)\n");
  EXPECT_TRUE(requests_.empty());
}

TEST_F(BenchTest, NamesTheFlagThatTheDaemonRefuses) {
  daemon_.create_job = [](const v1::CreateJobRequest&) -> absl::StatusOr<v1::Job> {
    return FieldError("spec.steps", "is 0; valid: 1 to 10000000");
  };
  EXPECT_EQ(Bench({"--steps", "0"}).err, "oneloop: --steps: is 0; valid: 1 to 10000000\n");
}

TEST_F(BenchTest, ReplacesNoFileOfOthers) {
  std::filesystem::create_directory(Folder());
  std::ofstream(Folder() + "/a.svg") << "<svg/>";
  const auto result = Bench({"--workload", "a", "-o", Folder()});
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_THAT(result.err, HasSubstr("a.svg: exists and was not written by this command"));
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(Read("a.svg"), "<svg/>");
  EXPECT_FALSE(std::filesystem::exists(Folder() + "/bench.csv"));
}

TEST_F(BenchTest, RefusesAFolderThatIsAFile) {
  std::ofstream(daemon_.folder() + "/file") << "text";
  const auto result = Bench({"-o", daemon_.folder() + "/file"});
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(BenchTest, AnInterruptCancelsTheJobUnderWay) {
  // The second job runs on; Ctrl-C comes while it is watched.
  const auto play = daemon_.watch;
  bool waiting = false;
  daemon_.watch = [&](const v1::WatchRequest& request, const FakeDaemon::Send& send) {
    if (requests_.size() < 2) return play(request, send);
    v1::WatchResponse message;
    *message.mutable_job() = MakeJob(2, v1::RUNNING, 10);
    send(message);
    waiting = true;
    return absl::OkStatus();
  };
  daemon_.get_job = [&](const v1::GetJobRequest& request) -> absl::StatusOr<v1::Job> {
    return waiting ? MakeJob(2, v1::RUNNING, 10) : jobs_.at(request.name());
  };
  const auto create = daemon_.create_job;
  daemon_.create_job = [&](const v1::CreateJobRequest& request) {
    auto job = create(request);
    if (!request.validate_only() && requests_.size() == 2) job->set_state(v1::PENDING);
    return job;
  };
  client_.interrupted = [&] { return waiting; };
  const auto result = Bench({"--workload", "a", "-o", Folder()});
  EXPECT_EQ(result.code, ExitCode::kInterrupted);
  EXPECT_THAT(cancelled_, ElementsAre("projects/default/jobs/2"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("cancelled projects/default/jobs/2"), HasSubstr("nothing was written")));
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(requests_.size(), 2u);
  EXPECT_TRUE(NothingWritten());
}

TEST_F(BenchTest, EndsWithAJobThatFails) {
  end_state_ = v1::FAILED;
  const auto result = Bench({"--workload", "a", "-o", Folder()});
  EXPECT_EQ(result.code, ExitCode::kJobFailed);
  EXPECT_THAT(result.err, HasSubstr("projects/default/jobs/1 ended failed; nothing was written"));
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_THAT(cancelled_, ElementsAre());
  EXPECT_TRUE(NothingWritten());
}

TEST_F(BenchTest, AnErrorCancelsTheJobUnderWay) {
  const auto create = daemon_.create_job;
  daemon_.create_job = [&](const v1::CreateJobRequest& request) {
    auto job = create(request);
    if (!request.validate_only()) job->set_state(v1::PENDING);
    return job;
  };
  daemon_.watch = [](const v1::WatchRequest&, const FakeDaemon::Send&) { return absl::InternalError("broken"); };
  const auto result = Bench({"--workload", "a"});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_THAT(result.err, HasSubstr("broken"));
  EXPECT_THAT(cancelled_, ElementsAre("projects/default/jobs/1"));
}

TEST_F(BenchTest, ShowsItsPlaceOnATerminal) {
  client_.terminal = true;
  EXPECT_THAT(Bench({"--workload", "a", "--seeds", "1"}).err, HasSubstr("[2/3] random  job 2 succeeded"));
}

}  // namespace
}  // namespace oneloop
