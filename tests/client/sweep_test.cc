#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "common/base/limit_error.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A daemon that keeps the jobs it is given by their request ids. A job's best EDP is 1e9 divided by its first limit.
class SweepTest : public ::testing::Test {
 protected:
  SweepTest() : client_(daemon_.address()) {
    daemon_.create_job = [this](const v1::CreateJobRequest& request) { return Create(request); };
    daemon_.list_jobs = [this](const v1::ListJobsRequest& request) { return List(request); };
    daemon_.get_template = [](const v1::GetTemplateRequest&) {
      v1::Template hardware;
      hardware.add_parameters()->set_name("pe_dim");
      return hardware;
    };
    daemon_.cancel_job = [this](const v1::CancelJobRequest& request) -> absl::StatusOr<v1::Job> {
      for (auto& [id, job] : jobs_) {
        if (job.name() != request.name()) continue;
        if (job.state() != v1::RUNNING) return absl::FailedPreconditionError("is over");
        job.set_state(v1::CANCELLED);
        return job;
      }
      return absl::NotFoundError("no such job");
    };
    daemon_.watch = [this](const v1::WatchRequest& request, const FakeDaemon::Send& send) {
      watched_.push_back(request.name());
      v1::WatchResponse message;
      message.set_resume_revision(1);
      for (auto& [id, job] : jobs_) {
        if (job.name() != request.name()) continue;
        if (ends_) Finish(&job);
        *message.mutable_job() = job;
      }
      send(message);
      return absl::OkStatus();
    };
    daemon_.get_job = [this](const v1::GetJobRequest& request) -> absl::StatusOr<v1::Job> {
      for (auto& [id, job] : jobs_) {
        if (job.name() == request.name()) return job;
      }
      return absl::NotFoundError("no such job");
    };
  }

  absl::StatusOr<v1::Job> Create(const v1::CreateJobRequest& request) {
    for (int i = 0; i < request.spec().limits_size(); ++i) {
      const v1::Limit& limit = request.spec().limits(i);
      const std::string field = "spec.limits[" + std::to_string(i) + "]";
      if (limit.quantity() != "area_mm2" && limit.quantity() != "edp") {
        return FieldError(field + ".quantity", "is '" + limit.quantity() + "'" +
                                                   SuggestName(limit.quantity(), {"area_mm2", "edp", "pe_dim"}));
      }
      if (limit.max() <= 0) return FieldError(field + ".max", "is 0; valid: above 0");
    }
    if (const auto known = jobs_.find(request.request_id()); known != jobs_.end()) return known->second;
    v1::Job job = MakeJob(static_cast<int>(jobs_.size()) + 1, v1::RUNNING, 500);
    job.mutable_spec()->MergeFrom(request.spec());
    job.set_owner("ada");
    *job.mutable_labels() = request.labels();
    if (request.validate_only()) {
      ++checks_;
      return job;
    }
    if (refuse_after_.has_value() && jobs_.size() >= *refuse_after_) return refusal_;
    requests_.push_back(request);
    jobs_[request.request_id()] = job;
    return job;
  }

  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request) {
    v1::ListJobsResponse response;
    filters_.push_back(request.filter());
    for (const auto& [id, job] : jobs_) {
      const auto sweep = job.labels().find("sweep");
      const bool wanted = request.filter() == "label.sweep:*" ||
                          (sweep != job.labels().end() && request.filter() == "label.sweep=\"" + sweep->second + "\"");
      if (wanted && (request.show_deleted() || !job.has_delete_time())) *response.add_jobs() = job;
    }
    return response;
  }

  void Finish(v1::Job* job) const {
    job->set_state(job->spec().seed() == 7 ? v1::FAILED : v1::SUCCEEDED);
    job->mutable_progress()->set_samples_done(1000);
    const double max = job->spec().limits_size() > 0 ? job->spec().limits(0).max() : 1;
    *job->mutable_best() = MakePoint(3, 1e5 / max, 1e4);
    *job->mutable_certificate() = MakeCertificate(9e8 / max, 1.0 / 9);
  }

  ClientHarness::Result Sweep(const std::vector<std::string>& more) {
    std::vector<std::string> args = {"sweep", "--workload", "resnet50", "--template", "gemmini"};
    args.insert(args.end(), more.begin(), more.end());
    return client_.Run(args);
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  int checks_ = 0;
  bool ends_ = true;
  std::optional<std::size_t> refuse_after_;
  absl::Status refusal_ = absl::InternalError("the disk is full");
  std::map<std::string, v1::Job> jobs_;  // by request id
  std::vector<v1::CreateJobRequest> requests_;
  std::vector<std::string> filters_;
  std::vector<std::string> watched_;
};

TEST_F(SweepTest, MakesAJobForEveryCombination) {
  const auto result = Sweep({"chip", "--vary", "area_mm2=0.5:1:x2", "--vary", "pe_dim=8,16", "--vary",
                             "objective=edp,energy", "--fix", "other=3", "--label", "team=a", "--project", "p"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out, "chip\n");
  EXPECT_THAT(result.err, HasSubstr("stored 8 jobs\n"));
  EXPECT_EQ(checks_, 8);
  ASSERT_EQ(requests_.size(), 8u);
  EXPECT_EQ(requests_[3].parent(), "projects/p");
  EXPECT_EQ(requests_[3].request_id(), "sweep.chip.4");
  const v1::JobSpec& spec = requests_[3].spec();
  EXPECT_EQ(spec.workload_name(), "resnet50");
  EXPECT_EQ(spec.limits(0).quantity(), "area_mm2");
  EXPECT_EQ(spec.limits(0).max(), 0.5);
  EXPECT_EQ(spec.fixed_parameters().at("pe_dim"), 16);
  EXPECT_EQ(spec.fixed_parameters().at("other"), 3);
  EXPECT_EQ(spec.objective(), v1::ENERGY);
  const auto& labels = requests_[3].labels();
  EXPECT_EQ(labels.at("sweep"), "chip");
  EXPECT_EQ(labels.at("sweep_place"), "4");
  EXPECT_EQ(labels.at("sweep_size"), "8");
  EXPECT_EQ(labels.at("sweep_vary2"), "pe_dim");
  EXPECT_EQ(labels.at("team"), "a");
  EXPECT_EQ(requests_[7].spec().limits(0).max(), 1);
}

TEST_F(SweepTest, VariesTheFactors) {
  ASSERT_EQ(Sweep({"chip", "--vary", "factors=perfect,imperfect"}).code, ExitCode::kOk);
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[0].spec().factors(), v1::PERFECT);
  EXPECT_EQ(requests_[1].spec().factors(), v1::IMPERFECT);
  EXPECT_THAT(Sweep({"other", "--vary", "factors=prefect"}).err, HasSubstr("did you mean 'perfect'?"));
}

TEST_F(SweepTest, StoresNothingUnlessEveryJobIsValid) {
  const auto result = Sweep({"chip", "--vary", "area_mm2=4,2,0"});
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_EQ(result.err, "oneloop: job 3 of 3 (area_mm2 0): --limit area_mm2<=0: is 0; valid: above 0\n");
  EXPECT_EQ(checks_, 2);
  EXPECT_TRUE(requests_.empty());
  const auto wrong = Sweep({"--vary", "algorithm=random,gradent"});
  EXPECT_EQ(wrong.code, ExitCode::kUsage);
  EXPECT_THAT(wrong.err, HasSubstr("job 2 of 2 (algorithm gradent): --algorithm: there is no 'gradent' (did you mean "
                                   "'gradient'?); see `oneloop help sweep`"));
  EXPECT_THAT(Sweep({"--vary", "seed=1,x"}).err, HasSubstr("(seed x): --seed: 'x' is not a whole number"));
  EXPECT_THAT(Sweep({"--vary", "seed=1:1000000:+1"}).err, HasSubstr("makes 1.000e6 jobs; valid: at most 1000"));
  EXPECT_EQ(Sweep({"a/b", "--vary", "seed=1"}).code, ExitCode::kInvalidInput);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(SweepTest, NamesTheNearestOfLimitsParametersAndFlags) {
  EXPECT_EQ(Sweep({"--vary", "aera_mm2=1,2"}).err,
            "oneloop: --vary aera_mm2: is 'aera_mm2' (did you mean 'area_mm2'?)\n");
  EXPECT_EQ(Sweep({"--vary", "sed=1,2"}).err, "oneloop: --vary sed: is 'sed' (did you mean 'seed'?)\n");
  EXPECT_TRUE(requests_.empty());
}

TEST_F(SweepTest, RefusesWhatExcludesEachOther) {
  EXPECT_THAT(Sweep({"--vary", "seed=1,2", "--seed", "3"}).err, HasSubstr("--seed and --vary seed exclude each other"));
  EXPECT_THAT(Sweep({"--vary", "workload=a,b"}).err, HasSubstr("--workload and --vary workload exclude each other"));
  EXPECT_THAT(Sweep({"--vary", "area_mm2=1,2", "--limit", "area_mm2<=3"}).err,
              HasSubstr("--limit area_mm2 and --vary area_mm2 exclude each other"));
  EXPECT_THAT(Sweep({"--vary", "pe_dim=8,16", "--fix", "pe_dim=4"}).err, HasSubstr("pe_dim is fixed twice"));
  EXPECT_THAT(Sweep({"--vary", "seed=1,2", "--request_id", "x"}).err, HasSubstr("--request_id"));
  EXPECT_THAT(Sweep({"--vary", "seed=1,2", "--label", "sweep_place=2"}).err, HasSubstr("--label sweep_place=2"));
  EXPECT_THAT(Sweep({}).err, HasSubstr("--vary is missing"));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(SweepTest, VariesWorkloadsFromFilesAndReadsEachOnce) {
  for (const std::string name : {"one", "two"}) {
    std::ofstream(daemon_.folder() + "/" + name + ".yaml")
        << "name: " << name << "\nlayers: [{name: a, bounds: [1, 1, 4, 4, 8, 8, 1]}]\n";
  }
  const std::string files = daemon_.folder() + "/one.yaml," + daemon_.folder() + "/two.yaml";
  const auto result =
      client_.Run({"sweep", "nets", "--template", "gemmini", "--vary", "workload=" + files, "--vary", "seed=1,2"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  ASSERT_EQ(requests_.size(), 4u);
  EXPECT_EQ(requests_[1].spec().workload().name(), "one");
  EXPECT_EQ(requests_[2].spec().workload().name(), "two");
}

TEST_F(SweepTest, TheSameCommandGoesOnAfterAnInterruption) {
  const std::vector<std::string> flags = {"chip", "--vary", "area_mm2=1,2,4,8"};
  refuse_after_ = 2;
  const auto broken = Sweep(flags);
  EXPECT_EQ(broken.code, ExitCode::kError);
  EXPECT_THAT(broken.err, AllOf(HasSubstr("sweep 'chip': 2 of 4 jobs are stored, and the same command goes on with the "
                                          "others: job 3 of 4 (area_mm2 4): the disk is full")));
  EXPECT_THAT(client_.Run({"sweeps", "chip"}).out,
              HasSubstr("2 of 4 jobs are stored; the command that made the sweep goes on with the others"));
  refuse_after_.reset();
  const auto whole = Sweep(flags);
  EXPECT_EQ(whole.code, ExitCode::kOk) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("stored 2 jobs; 2 were there before"));
  EXPECT_EQ(requests_.size(), 4u);
  EXPECT_EQ(Sweep(flags).code, ExitCode::kOk);
  EXPECT_EQ(jobs_.size(), 4u);
}

TEST_F(SweepTest, WaitsForADaemonThatTakesNoMoreJobsForNow) {
  refuse_after_ = 2;
  refusal_ = LimitError("max_unfinished_jobs", "there are 2 unfinished jobs", absl::Seconds(5));
  client_.on_sleep = [this] {
    if (client_.slept > absl::Seconds(20)) refuse_after_.reset();
  };
  EXPECT_EQ(Sweep({"chip", "--vary", "area_mm2=1,2,4,8"}).code, ExitCode::kOk);
  EXPECT_EQ(jobs_.size(), 4u);
}

TEST_F(SweepTest, ANameStandsForOneSweep) {
  ASSERT_EQ(Sweep({"chip", "--vary", "area_mm2=1,2"}).code, ExitCode::kOk);
  for (const char* const other : {"area_mm2=1,2,4", "area_mm2=1,3", "edp=1,2"}) {
    const auto result = Sweep({"chip", "--vary", other});
    EXPECT_EQ(result.code, ExitCode::kError);
    EXPECT_THAT(result.err, HasSubstr("NAME: 'chip' is another sweep, of 2 jobs with other settings; choose another"));
  }
  EXPECT_EQ(jobs_.size(), 2u);
  jobs_.at("sweep.chip.2").mutable_delete_time()->set_seconds(1);
  EXPECT_THAT(Sweep({"chip", "--vary", "area_mm2=1,2"}).err, HasSubstr("job 2 of sweep 'chip' is deleted"));
  for (auto& [id, job] : jobs_) job.set_owner("bob");
  EXPECT_THAT(Sweep({"chip", "--vary", "area_mm2=1,2"}).err, HasSubstr("sweep 'chip' is bob's"));
  EXPECT_EQ(requests_.size(), 2u);
}

TEST_F(SweepTest, WithoutANameItIsNamedByItsJobs) {
  const auto first = Sweep({"--vary", "area_mm2=1,2"});
  EXPECT_THAT(first.out, StartsWith("sweep-"));
  EXPECT_EQ(Sweep({"--vary", "area_mm2=1,2"}).out, first.out);
  EXPECT_EQ(jobs_.size(), 2u);
  EXPECT_NE(Sweep({"--vary", "area_mm2=1,4"}).out, first.out);
  EXPECT_EQ(jobs_.size(), 4u);
}

TEST_F(SweepTest, ValidateOnlyStoresNothing) {
  EXPECT_EQ(Sweep({"--vary", "area_mm2=1,2", "--validate_only"}).out, "the 2 jobs are valid; nothing was submitted\n");
  EXPECT_TRUE(jobs_.empty());
}

TEST_F(SweepTest, WaitsForAllJobsAndPrintsOneTable) {
  const auto result = Sweep({"chip", "--vary", "area_mm2=1,2", "--wait"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out,
            "chip\n"
            "job  area_mm2<=  state       done      EDP  energy_uj  latency_cycles  area_mm2   gap\n"
            "  1           1  SUCCEEDED  100 %  1.000e9     100000           10000      3.25  12 %\n"
            "  2           2  SUCCEEDED  100 %  5.000e8      50000           10000      3.25  12 %\n");
  EXPECT_EQ(watched_.size(), 2u);
  const auto failed = Sweep({"seeds", "--vary", "seed=6,7,8", "--wait"});
  EXPECT_EQ(failed.code, ExitCode::kJobFailed);
  EXPECT_THAT(failed.err, HasSubstr("of the sweep's 3 jobs 1 failed"));
}

TEST_F(SweepTest, AnInterruptEndsTheWaitingAlone) {
  ends_ = false;
  client_.interrupted = [this] { return !watched_.empty(); };
  const auto result = Sweep({"chip", "--vary", "area_mm2=1,2", "--wait"});
  EXPECT_EQ(result.code, ExitCode::kInterrupted);
  EXPECT_THAT(result.err, HasSubstr("the sweep goes on; see it with `oneloop sweeps chip`"));
  EXPECT_EQ(jobs_.at("sweep.chip.1").state(), v1::RUNNING);
}

TEST_F(SweepTest, ShowsHowFarAllJobsAreOnATerminal) {
  client_.terminal = true;
  EXPECT_THAT(Sweep({"chip", "--vary", "area_mm2=1,2", "--wait"}).err, HasSubstr("sweep chip  1/2 jobs over  75 %"));
}

TEST_F(SweepTest, ShowsListsAndCancels) {
  ASSERT_EQ(Sweep({"chip", "--vary", "area_mm2=1,2,4"}).code, ExitCode::kOk);
  ASSERT_EQ(Sweep({"obj", "--vary", "objective=edp,energy"}).code, ExitCode::kOk);
  Finish(&jobs_.at("sweep.chip.1"));
  EXPECT_THAT(client_.Run({"sweeps"}).out, AllOf(HasSubstr("chip   ada       3       3     1          1"),
                                                 HasSubstr("obj    ada       2       2     0          0")));
  EXPECT_THAT(client_.Run({"sweeps", "obj"}).out, AllOf(HasSubstr("objective"), HasSubstr("energy  RUNNING  50 %")));
  EXPECT_THAT(client_.Run({"sweeps", "chip", "--format", "csv"}).out,
              StartsWith("place,job,varied_area_mm2,state,samples_done,samples_total,best_edp,best_energy_uj,"
                         "best_latency_cycles,best_area_mm2,lower_bound,gap,message\n"
                         "1,projects/default/jobs/1,1,SUCCEEDED,1000,1000,1000000000,100000,10000,3.25,900000000,0.1"));
  EXPECT_THAT(client_.Run({"sweeps", "chip", "--format", "json"}).out,
              AllOf(HasSubstr("\"sweep\": \"chip\""), HasSubstr("\"area_mm2\": 4"), HasSubstr("\"pe_dim\": 16")));
  const auto cancelled = client_.Run({"sweeps", "chip", "--cancel"});
  EXPECT_EQ(cancelled.code, ExitCode::kOk) << cancelled.err;
  EXPECT_THAT(cancelled.err, HasSubstr("cancelled 2 of 3 jobs; the others were over"));
  EXPECT_THAT(cancelled.out, HasSubstr("4  CANCELLED"));
  EXPECT_EQ(jobs_.at("sweep.obj.1").state(), v1::RUNNING);
  const auto none = client_.Run({"sweeps", "chop"});
  EXPECT_EQ(none.code, ExitCode::kNotFound);
  EXPECT_THAT(none.err, HasSubstr("there is no sweep 'chop' in projects/default; `oneloop sweeps` lists them"));
  EXPECT_EQ(client_.Run({"sweeps", "--cancel"}).code, ExitCode::kUsage);
  EXPECT_EQ(client_.Run({"sweeps", "x\" OR state=RUNNING"}).code, ExitCode::kInvalidInput);
}

TEST_F(SweepTest, DrawsALineForEachCombinationOfTheOtherAxes) {
  ASSERT_EQ(Sweep({"chip", "--vary", "area_mm2=1,2,4", "--vary", "seed=1,2", "--wait"}).code, ExitCode::kOk);
  const std::string path = daemon_.folder() + "/chip.svg";
  ASSERT_EQ(client_.Run({"sweeps", "chip", "--svg", path}).code, ExitCode::kOk);
  const std::string svg = ReadFile(path).value();
  for (const char* text : {">sweep chip<", ">limit on area_mm2<", ">seed 1<", ">seed 2<", "<circle"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_EQ(client_.Run({"sweeps", "chip", "--svg", path}).code, ExitCode::kOk) << "its own is replaced";
  std::ofstream(path) << "<svg/>";
  EXPECT_EQ(client_.Run({"sweeps", "chip", "--svg", path}).code, ExitCode::kInvalidInput);
  EXPECT_EQ(ReadFile(path).value(), "<svg/>");
  EXPECT_THAT(client_.Run({"sweeps", "chip", "--svg", daemon_.folder() + "/"}).err, HasSubstr("names no file"));
}

}  // namespace
}  // namespace oneloop
