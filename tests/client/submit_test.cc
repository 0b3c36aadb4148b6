#include <filesystem>
#include <fstream>

#include "common/base/clock.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SubmitTest : public ::testing::Test {
 protected:
  SubmitTest() : client_(daemon_.address()) {
    daemon_.create_job = [this](const v1::CreateJobRequest& request) {
      requests_.push_back(request);
      return MakeJob(12, v1::PENDING, 0);
    };
  }

  // Runs submit with the two flags that it needs, and `more`.
  ClientHarness::Result Submit(const std::vector<std::string>& more) {
    std::vector<std::string> args = {"submit", "--workload", "resnet50", "--template", "gemmini"};
    args.insert(args.end(), more.begin(), more.end());
    return client_.Run(args);
  }

  void Refuse(const absl::Status& status) {
    daemon_.create_job = [status](const v1::CreateJobRequest&) -> absl::StatusOr<v1::Job> { return status; };
  }

  // The time between gRPC's own connections is real, unlike the pauses between the client's calls.
  static void LetGrpcReconnect() { SteadySleepFor(absl::Milliseconds(50)); }

  // Plays a job that ends in `state`.
  void PlayJob(v1::JobState state) {
    v1::Job job = MakeJob(12, state, 1000);
    if (state == v1::SUCCEEDED) *job.mutable_best() = MakePoint(3, 1e5, 7.1e5);
    if (state == v1::FAILED) job.set_message("the disk is full");
    daemon_.get_job = [job](const v1::GetJobRequest&) { return job; };
    daemon_.watch = [job](const v1::WatchRequest&, const FakeDaemon::Send& send) {
      v1::WatchResponse message;
      message.set_resume_revision(20);
      *message.mutable_job() = MakeJob(12, v1::RUNNING, 500);
      send(message);
      message.set_resume_revision(30);
      *message.mutable_job() = job;
      send(message);
      return absl::OkStatus();
    };
    daemon_.list_points = [](const v1::ListPointsRequest& request) {
      EXPECT_TRUE(request.pareto_only());
      v1::ListPointsResponse response;
      *response.add_points() = MakePoint(1, 2e5, 7e5);
      *response.add_points() = MakePoint(3, 1e5, 7.1e5);
      return response;
    };
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    std::string path = daemon_.folder() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  std::vector<v1::CreateJobRequest> requests_;
};

TEST_F(SubmitTest, PrintsTheJobsName) {
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out, "projects/default/jobs/12\n");
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(
      requests_[0].ShortDebugString(),
      R"(parent: "projects/default" spec { workload_name: "resnet50" template_name: "gemmini" } request_id: "id-1")");
}

TEST_F(SubmitTest, FrontsAreObjectives) {
  Submit({"--objective", "pareto:energy,area"});
  Submit({"--objective", "pareto"});
  Submit({"--objective", "pareto:"});
  ASSERT_EQ(requests_.size(), 3u);
  EXPECT_EQ(requests_[0].spec().objective(), v1::FRONT);
  EXPECT_EQ(requests_[0].spec().objective_front(), "energy,area");
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(requests_[i].spec().objective(), v1::FRONT);
    EXPECT_EQ(requests_[i].spec().objective_front(), "") << "which the daemon refuses";
  }
  daemon_.create_job = [](const v1::CreateJobRequest&) -> absl::StatusOr<v1::Job> {
    return FieldError("spec.objective_front", "has energy alone");
  };
  const auto refused = Submit({"--objective", "pareto:energy"});
  EXPECT_EQ(refused.code, ExitCode::kInvalidInput);
  EXPECT_EQ(refused.err, "oneloop: --objective: has energy alone\n");
}

TEST_F(SubmitTest, SendsEveryFlag) {
  const auto result = Submit({"--objective",
                              "latency",
                              "--algorithm",
                              "gradient",
                              "--order_strategy",
                              "softmax",
                              "--starts",
                              "3",
                              "--samples",
                              "300",
                              "--seed",
                              "9",
                              "--fix",
                              "pe_dim=16",
                              "--fix",
                              "scratchpad_kib = 128",
                              "--limit",
                              "area_mm2<=4",
                              "--limit",
                              "energy_uj <= 1e6",
                              "--round_period",
                              "100",
                              "--learning_rate",
                              "0.1",
                              "--stop_gap",
                              "1.5%",
                              "--descent_share",
                              "0.5",
                              "--parametrization",
                              "raw",
                              "--factors",
                              "imperfect",
                              "--request_id",
                              "mine",
                              "--project",
                              "chips",
                              "--format",
                              "json"});
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, StartsWith("{\n \"name\": \"projects/default/jobs/12\""));
  const v1::CreateJobRequest& request = requests_.at(0);
  EXPECT_EQ(request.parent(), "projects/chips");
  EXPECT_EQ(request.request_id(), "mine");
  const v1::JobSpec& spec = request.spec();
  EXPECT_EQ(spec.objective(), v1::LATENCY);
  EXPECT_EQ(spec.algorithm(), v1::GRADIENT);
  EXPECT_EQ(spec.order_strategy(), v1::SOFTMAX);
  EXPECT_EQ(spec.starts(), 3);
  EXPECT_FALSE(spec.has_steps());
  EXPECT_EQ(spec.samples(), 300);
  EXPECT_EQ(spec.seed(), 9u);
  EXPECT_EQ(spec.fixed_parameters().at("pe_dim"), 16);
  EXPECT_EQ(spec.fixed_parameters().at("scratchpad_kib"), 128);
  EXPECT_EQ(spec.limits(0).quantity(), "area_mm2");
  EXPECT_EQ(spec.limits(1).max(), 1e6);
  EXPECT_EQ(spec.round_period(), 100);
  EXPECT_EQ(spec.learning_rate(), 0.1);
  EXPECT_EQ(spec.descent_share(), 0.5);
  EXPECT_EQ(spec.parametrization(), v1::RAW);
  EXPECT_EQ(spec.factors(), v1::IMPERFECT);
  EXPECT_EQ(spec.stop_gap(), 0.015);
}

TEST_F(SubmitTest, SeveralWorkloadsAreNetworksWithWeights) {
  const auto result = Submit({"--workload", "bert:0.5", "--combination", "worst_ratio", "--reference", "bert=1.5e9",
                              "--limit", "bert:latency_ms<=5", "--limit", "area_mm2<=4"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  ASSERT_EQ(requests_.size(), 1u);
  const v1::JobSpec& spec = requests_[0].spec();
  EXPECT_EQ(spec.workload_source_case(), v1::JobSpec::WORKLOAD_SOURCE_NOT_SET);
  ASSERT_EQ(spec.networks_size(), 2);
  EXPECT_EQ(spec.networks(0).workload_name(), "resnet50");
  EXPECT_FALSE(spec.networks(0).has_weight());
  EXPECT_EQ(spec.networks(1).workload_name(), "bert");
  EXPECT_EQ(spec.networks(1).weight(), 0.5);
  EXPECT_EQ(spec.networks(1).reference(), 1.5e9);
  EXPECT_EQ(spec.combination(), v1::WORST_RATIO);
  EXPECT_EQ(spec.limits(0).network(), "bert");
  EXPECT_EQ(spec.limits(0).quantity(), "latency_ms");
  EXPECT_EQ(spec.limits(1).network(), "");
}

TEST_F(SubmitTest, StopGapIsAShareOrAPercentage) {
  for (const char* text : {"1%", "1 %", "0.01", " 1.0% "}) Submit({"--stop_gap", text});
  ASSERT_EQ(requests_.size(), 4u);
  for (const v1::CreateJobRequest& request : requests_) EXPECT_EQ(request.spec().stop_gap(), 0.01);
  requests_.clear();
  for (const char* text : {"little", "nan", "nan%", "inf", "", "%", "1%%", "1e", "1% more"}) {
    const auto result = Submit({std::string("--stop_gap=") + text});
    EXPECT_EQ(result.code, ExitCode::kUsage) << text;
    EXPECT_THAT(result.err, HasSubstr("expected a share, for example 1% or 0.01")) << text;
  }
  EXPECT_TRUE(requests_.empty());
}

TEST_F(SubmitTest, NamesTheFlagThatIsWrong) {
  EXPECT_THAT(Submit({"--fix", "pe_dim"}).err, HasSubstr("--fix pe_dim: expected NAME=NUMBER, for example pe_dim=16"));
  EXPECT_THAT(Submit({"--fix", "pe_dim=big"}).err, HasSubstr("--fix pe_dim=big: 'big' is not a finite number"));
  EXPECT_THAT(Submit({"--fix", "a=1", "--fix", "a=2"}).err, HasSubstr("--fix a=2: a is fixed twice"));
  EXPECT_THAT(Submit({"--limit", "area_mm2<4"}).err, HasSubstr("--limit area_mm2<4: expected NAME<=NUMBER"));
  EXPECT_THAT(Submit({"--limit", "area_mm2<=inf"}).err, HasSubstr("'inf' is not a finite number"));
  EXPECT_THAT(Submit({"--steps", "10", "--samples", "100"}).err, HasSubstr("--steps and --samples exclude each other"));
  EXPECT_THAT(Submit({"--algorithm", "gradeint"}).err, HasSubstr("--algorithm: there is no 'gradeint' (did you mean "
                                                                 "'gradient'?)"));
  EXPECT_EQ(client_.Run({"submit", "--workload", "resnet50"}).code, ExitCode::kUsage);
  EXPECT_EQ(client_.Run({"submit", "--template", "gemmini"}).code, ExitCode::kUsage);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(SubmitTest, SaysWhichFlagTheDaemonRefuses) {
  Refuse(FieldError("spec.workload_name", "there is no workload 'resnet51' (did you mean 'resnet50'?)"));
  const auto unknown = Submit({});
  EXPECT_EQ(unknown.code, ExitCode::kInvalidInput);
  EXPECT_EQ(unknown.err, "oneloop: --workload: there is no workload 'resnet51' (did you mean 'resnet50'?)\n");
  Refuse(FieldError("spec.starts", "must be 1 to 10000"));
  EXPECT_EQ(Submit({"--starts", "0"}).err, "oneloop: --starts: must be 1 to 10000\n");
  Refuse(FieldError("spec.descent_share", "is 2; valid: 0 to 1"));
  EXPECT_EQ(Submit({"--descent_share", "2"}).err, "oneloop: --descent_share: is 2; valid: 0 to 1\n");
  Refuse(FieldError("spec.limits[1].max", "must be above 0"));
  EXPECT_EQ(Submit({"--limit", "edp<=3", "--limit", "area_mm2<=-4"}).err,
            "oneloop: --limit area_mm2<=-4: must be above 0\n");
  Refuse(FieldError("spec.fixed_parameters.pe_din", "no such parameter (did you mean 'pe_dim'?)"));
  EXPECT_EQ(Submit({"--fix", "pe_din=4"}).err, "oneloop: --fix pe_din: no such parameter (did you mean 'pe_dim'?)\n");
}

TEST_F(SubmitTest, TriesAgainWithTheSameRequestIdWhileTheDaemonIsAway) {
  daemon_.create_job = [this](const v1::CreateJobRequest& request) -> absl::StatusOr<v1::Job> {
    requests_.push_back(request);
    if (requests_.size() < 3) return absl::UnavailableError("starting up");
    return MakeJob(12, v1::PENDING, 0);
  };
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  ASSERT_EQ(requests_.size(), 3u);
  EXPECT_EQ(requests_[0].request_id(), requests_[2].request_id());
  // Pauses of up to 200 and 400 ms.
  EXPECT_GT(client_.slept, absl::ZeroDuration());
  EXPECT_LE(client_.slept, absl::Milliseconds(600));
}

TEST_F(SubmitTest, GivesUpOnADaemonThatStaysAway) {
  Refuse(absl::UnavailableError("draining"));
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, HasSubstr("is not available: draining"));
  EXPECT_EQ(result.out, "");
}

TEST_F(SubmitTest, ComesAgainWhenABusyDaemonAsksForIt) {
  daemon_.create_job = [this](const v1::CreateJobRequest& request) -> absl::StatusOr<v1::Job> {
    requests_.push_back(request);
    if (requests_.size() < 4) return LimitError("calls", "too many at once", absl::Seconds(2));
    return MakeJob(12, v1::PENDING, 0);
  };
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  ASSERT_EQ(requests_.size(), 4u);
  EXPECT_EQ(requests_[0].request_id(), requests_[3].request_id());
  EXPECT_GE(client_.slept, absl::Seconds(6)) << "never before it was asked to";
  EXPECT_LT(client_.slept, absl::Seconds(8));
}

TEST_F(SubmitTest, DoesNotPressALimitThatSaysNoTime) {
  int calls = 0;
  daemon_.create_job = [&](const v1::CreateJobRequest&) -> absl::StatusOr<v1::Job> {
    ++calls;
    return LimitError("jobs_per_user", "you have 100", absl::InfiniteDuration());
  };
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_THAT(result.err, HasSubstr("jobs_per_user"));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(client_.slept, absl::ZeroDuration());
}

TEST_F(SubmitTest, DoesNotWaitLongerThanAMinuteForABusyDaemon) {
  Refuse(LimitError("calls", "too many at once", absl::Seconds(10)));
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_THAT(result.err, HasSubstr("too many at once"));
  EXPECT_GT(client_.slept, absl::Seconds(40));
  EXPECT_LE(client_.slept, absl::Seconds(65));
  const absl::Duration before = client_.slept;
  Refuse(LimitError("jobs", "10,000 are unfinished", absl::Minutes(1)));
  EXPECT_EQ(Submit({}).code, ExitCode::kError);
  EXPECT_EQ(client_.slept, before) << "what is further away is told at once";
}

TEST_F(SubmitTest, GetsThroughADoorThatClosesConnections) {
  daemon_.create_job = [this](const v1::CreateJobRequest& request) -> absl::StatusOr<v1::Job> {
    requests_.push_back(request);
    return MakeJob(12, v1::PENDING, 0);
  };
  client_.on_sleep = LetGrpcReconnect;
  client_.variables["ONELOOP_SERVER"] = daemon_.OpenNarrowDoor(/*connections_to_close=*/4);
  const auto result = Submit({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(requests_.size(), 1u);
}

TEST_F(SubmitTest, ChangesAreRepeatedOnlyWhenTheyWereRefused) {
  int calls = 0;
  absl::Status first = LimitError("calls", "too many at once", absl::Seconds(1));
  daemon_.cancel_job = [&](const v1::CancelJobRequest&) -> absl::StatusOr<v1::Job> {
    if (++calls == 1) return first;
    return MakeJob(12, v1::CANCELLED, 0);
  };
  EXPECT_EQ(client_.Run({"cancel", "12"}).code, ExitCode::kOk);
  EXPECT_EQ(calls, 2);
  calls = 0;
  first = absl::UnavailableError("the disk fails");
  EXPECT_EQ(client_.Run({"cancel", "12"}).code, ExitCode::kUnreachable) << "it may have been done";
  EXPECT_EQ(calls, 1);
  client_.on_sleep = LetGrpcReconnect;
  client_.variables["ONELOOP_SERVER"] = daemon_.OpenNarrowDoor(/*connections_to_close=*/2);
  EXPECT_EQ(client_.Run({"cancel", "12"}).code, ExitCode::kOk) << "it was never sent";
  EXPECT_EQ(calls, 2);
}

TEST_F(SubmitTest, DoesNotTryAgainAfterAnotherError) {
  int calls = 0;
  daemon_.create_job = [&](const v1::CreateJobRequest&) -> absl::StatusOr<v1::Job> {
    ++calls;
    return absl::InternalError("the store is broken");
  };
  EXPECT_EQ(Submit({}).code, ExitCode::kError);
  EXPECT_EQ(calls, 1);
}

TEST_F(SubmitTest, ValidateOnlyStoresNothing) {
  const auto result = Submit({"--validate_only"});
  EXPECT_EQ(result.out, "the job is valid; nothing was submitted\n");
  EXPECT_TRUE(requests_.at(0).validate_only());
}

constexpr char kWorkload[] =
    "name: mine\n"
    "layers:\n"
    "  - name: conv1\n"
    "    bounds: {R: 3, S: 3, P: 8, Q: 8, C: 4, K: 4, N: 1}\n"
    "  - name: conv2\n"
    "    bounds:\n"
    "      R: 3\n"
    "      S: 0\n";

TEST_F(SubmitTest, SendsWhatAFileSays) {
  const std::string path = WriteFile("mine.yaml", kWorkload);
  const auto result = client_.Run({"submit", "--workload", path, "--template", "gemmini"});
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(requests_.at(0).spec().workload().layers(1).bounds().r(), 3);
  EXPECT_EQ(requests_.at(0).spec().workload().name(), "mine");
}

TEST_F(SubmitTest, NamesTheLineOfAFileThatTheDaemonRefuses) {
  const std::string path = WriteFile("mine.yaml", kWorkload);
  Refuse(FieldError("spec.workload.layers[1].bounds.S", "must be 1 to 2147483647"));
  const auto result = client_.Run({"submit", "--workload", path, "--template", "gemmini"});
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_THAT(result.err, AllOf(StartsWith("oneloop: " + path + ":8:"), EndsWith("must be 1 to 2147483647\n")));
  EXPECT_THAT(result.err, HasSubstr("layers[1].bounds.S"));
}

TEST_F(SubmitTest, NamesTheLineOfAFileThatCannotBeRead) {
  const std::string path = WriteFile("mine.yaml", "name: mine\nlayrs: []\n");
  const auto result = client_.Run({"submit", "--workload", path, "--template", "gemmini"});
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_THAT(result.err, AllOf(StartsWith("oneloop: " + path + ":2:"), HasSubstr("'layers'")));
  EXPECT_TRUE(requests_.empty());
  const auto missing = client_.Run({"submit", "--workload", "resnet50", "--template", "./no_such.yaml"});
  EXPECT_EQ(missing.code, ExitCode::kNotFound);
  EXPECT_THAT(missing.err, HasSubstr("./no_such.yaml"));
}

TEST_F(SubmitTest, WaitEndsWithTheBestDesignAndTheFront) {
  PlayJob(v1::SUCCEEDED);
  const auto result = Submit({"--wait"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out,
            "projects/default/jobs/12\n"
            "\n"
            "best      point 3, found by start 1 at its sample 2\n"
            "hardware  accumulator_kib 32, pe_dim 16\n"
            "EDP       7.100e10 uJ*cycles\n"
            "energy    100000 uJ\n"
            "latency   710000 cycles\n"
            "area      3.25 mm2\n"
            "\n"
            "Pareto front over energy, latency and area:\n"
            "point  start  sample  origin   front       EDP  energy_uj  latency_cycles  area_mm2  accumulator_kib  "
            "pe_dim\n"
            "    3      1       2  rounded  yes    7.100e10     100000          710000      3.25               32      "
            "16\n"
            "    1      1       1  rounded  yes    1.400e11     200000          700000      3.25               32      "
            "16\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(SubmitTest, WaitEndsWithWhatIsProvenAndWhyTheJobEnded) {
  PlayJob(v1::SUCCEEDED);
  v1::Job job = MakeJob(12, v1::SUCCEEDED, 300);
  *job.mutable_best() = MakePoint(3, 1e5, 7.1e5);
  *job.mutable_certificate() = MakeCertificate(7.05e10, 0.00703);
  job.set_message("ended early: start 1 found a design at most 1 % above the proven lower bound");
  daemon_.get_job = [job](const v1::GetJobRequest&) { return job; };
  const auto result = Submit({"--wait", "--stop_gap", "1%"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("area      3.25 mm2\n"
                                    "proven    EDP 7.100e10, at most 0.71 % above any design of this template\n"
                                    "bounds    EDP 7.050e10 uJ*cycles, energy 99999 uJ, latency 700000 cycles\n"
                                    "message   ended early: start 1 found a design at most 1 % above the proven lower "
                                    "bound\n"
                                    "\nPareto front"));
  const auto json = Submit({"--wait", "--format", "json"});
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"certificate\": {\n"), HasSubstr("\"lower_bound\": 70500000000,"),
                              HasSubstr("\"gap\": 0.00703\n"), HasSubstr("\"exhausted\": true")));
}

TEST_F(SubmitTest, WaitShowsABarOnATerminal) {
  PlayJob(v1::SUCCEEDED);
  client_.terminal = true;
  EXPECT_THAT(Submit({"--wait"}).err, AllOf(StartsWith("\rjob 12 running  [############------------]  50 %"),
                                            HasSubstr("\rjob 12 succeeded"), EndsWith("\n")));
}

TEST_F(SubmitTest, WaitInJsonPrintsOnlyTheJob) {
  PlayJob(v1::SUCCEEDED);
  const auto result = Submit({"--wait", "--format", "json"});
  EXPECT_THAT(result.out, AllOf(StartsWith("{\n \"name\": \"projects/default/jobs/12\",\n \"state\": \"SUCCEEDED\""),
                                HasSubstr("\"best\": {\n"), HasSubstr("\"edp\": 71000000000,"), EndsWith("}\n")));
}

TEST_F(SubmitTest, WaitFailsWithTheJob) {
  PlayJob(v1::FAILED);
  const auto failed = Submit({"--wait", "--format", "json"});
  EXPECT_EQ(failed.code, ExitCode::kJobFailed);
  EXPECT_EQ(failed.err, "oneloop: projects/default/jobs/12 failed: the disk is full\n");
  EXPECT_THAT(failed.out, HasSubstr("\"state\": \"FAILED\""));
  PlayJob(v1::CANCELLED);
  const auto cancelled = Submit({"--wait"});
  EXPECT_EQ(cancelled.code, ExitCode::kJobFailed);
  EXPECT_THAT(cancelled.out, HasSubstr("no feasible design was found"));
}

TEST_F(SubmitTest, WaitOutlivesALostConnection) {
  PlayJob(v1::SUCCEEDED);
  const auto play = daemon_.watch;
  std::vector<std::int64_t> start_revisions;
  daemon_.watch = [&](const v1::WatchRequest& request, const FakeDaemon::Send& send) -> absl::Status {
    start_revisions.push_back(request.start_revision());
    if (start_revisions.size() < 3) return absl::UnavailableError("restarting");
    return play(request, send);
  };
  EXPECT_EQ(Submit({"--wait"}).code, ExitCode::kOk);
  EXPECT_THAT(start_revisions, ::testing::ElementsAre(0, 0, 0));
}

TEST_F(SubmitTest, SettingsAreSentAlong) {
  ASSERT_EQ(Submit({"--priority", "7", "--label", "chip=a1", "--label", "run=x=y", "--deadline", "90m"}).code,
            ExitCode::kOk);
  EXPECT_EQ(requests_[0].priority(), 7);
  EXPECT_EQ(requests_[0].labels().at("chip"), "a1");
  EXPECT_EQ(requests_[0].labels().at("run"), "x=y");
  EXPECT_EQ(requests_[0].deadline_after().seconds(), 5400);
  ASSERT_EQ(Submit({"--deadline", "2027-01-15T08:00:00Z"}).code, ExitCode::kOk);
  EXPECT_EQ(requests_[1].deadline().seconds(), 1800000000);
  EXPECT_EQ(Submit({"--deadline", "tomorrow"}).code, ExitCode::kUsage);
  EXPECT_EQ(Submit({"--label", "chip"}).code, ExitCode::kUsage);
  Refuse(FieldError("labels.chip", "is 'a b'"));
  EXPECT_THAT(Submit({"--label", "chip=a b"}).err, StartsWith("oneloop: --label chip: is 'a b'"));
  Refuse(FieldError("deadline_after", "is out of range"));
  EXPECT_THAT(Submit({"--deadline", "0s"}).err, StartsWith("oneloop: --deadline: is out of range"));
}

}  // namespace
}  // namespace oneloop
