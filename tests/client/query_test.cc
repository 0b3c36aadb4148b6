// The commands that ask one thing and print it: jobs, get, cancel, pause, resume, delete, points, pareto, design,
// workloads, templates.

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_split.h"
#include "client/command.h"
#include "client/common_flags.h"
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

class QueryTest : public ::testing::Test {
 protected:
  QueryTest() : client_(daemon_.address()) {}

  // Serves `total` points in pages of `page_size`, with tokens.
  void ServePoints(int total, int page_size) {
    daemon_.list_points = [=, this](const v1::ListPointsRequest& request) -> absl::StatusOr<v1::ListPointsResponse> {
      points_requests_.push_back(request);
      const int begin = request.page_token().empty() ? 0 : std::stoi(request.page_token());
      v1::ListPointsResponse response;
      for (int i = begin; i < std::min(total, begin + page_size); ++i) {
        *response.add_points() = MakePoint(i, 1000 - i, 0.1 + 2e6);
      }
      if (begin + page_size < total) response.set_next_page_token(std::to_string(begin + page_size));
      return response;
    };
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  std::vector<v1::ListPointsRequest> points_requests_;
};

TEST_F(QueryTest, GetTakesANumberOrAName) {
  std::vector<std::string> names;
  daemon_.get_job = [&](const v1::GetJobRequest& request) -> absl::StatusOr<v1::Job> {
    names.push_back(request.name());
    v1::Job job = MakeJob(12, v1::RUNNING, 250);
    *job.mutable_best() = MakePoint(3, 1e5, 7.1e5);
    return job;
  };
  const auto result = client_.Run({"get", "12"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("state     RUNNING\n"), HasSubstr("250 of 1,000 samples (25 %)"),
                                HasSubstr("hardware  accumulator_kib 32, pe_dim 16\n"),
                                HasSubstr("EDP       7.100e10 uJ*cycles\n")));
  client_.Run({"get", "projects/other/jobs/7"});
  client_.Run({"get", "7", "--project", "chips"});
  EXPECT_THAT(names,
              ::testing::ElementsAre("projects/default/jobs/12", "projects/other/jobs/7", "projects/chips/jobs/7"));
}

// What `get` says of a job with this certificate, from its first line about it on.
class CertificateOutputTest : public QueryTest {
 protected:
  std::string Get(const v1::Job& job) {
    daemon_.get_job = [&](const v1::GetJobRequest&) { return job; };
    const auto result = client_.Run({"get", "12"});
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    const std::size_t begin = result.out.find("proven ");
    return begin == std::string::npos ? "" : result.out.substr(begin);
  }

  static v1::Job Proven(double lower_bound, double gap) {
    v1::Job job = MakeJob(12, v1::RUNNING, 250);
    *job.mutable_best() = MakePoint(3, 1e5, 7.1e5);
    *job.mutable_certificate() = MakeCertificate(lower_bound, gap);
    return job;
  }
};

TEST_F(CertificateOutputTest, ClaimsNoMoreThanIsProven) {
  EXPECT_EQ(Get(Proven(6.9799e10, 0.01701)),
            "proven    EDP 7.099e10, at most 1.8 % above any design of this template\n"
            "bounds    EDP 6.979e10 uJ*cycles, energy 99999 uJ, latency 700000 cycles\n");
}

TEST_F(CertificateOutputTest, SaysWhichDesignsItSpeaksOf) {
  v1::Job job = Proven(6.98e10, 0.0172);
  (*job.mutable_spec()->mutable_fixed_parameters())["pe_dim"] = 16;
  for (const auto& [quantity, max] : {std::pair("area_mm2", 4.0), std::pair("scratchpad_kib", 128.0)}) {
    v1::Limit* const limit = job.mutable_spec()->add_limits();
    limit->set_quantity(quantity);
    limit->set_max(max);
  }
  v1::Limit* const throughput = job.mutable_spec()->add_limits();
  throughput->set_quantity("throughput_per_s");
  throughput->set_min(10);
  EXPECT_THAT(Get(job), HasSubstr("above any design of this template with pe_dim 16, area_mm2 <= 4, "
                                  "scratchpad_kib <= 128, throughput_per_s >= 10\n"));
}

TEST_F(CertificateOutputTest, SpeaksOfPerfectFactorsAloneWhereTheJobHadNoOthers) {
  v1::Job job = Proven(6.98e10, 0.0172);
  job.mutable_spec()->set_factors(v1::IMPERFECT);
  EXPECT_THAT(Get(job), HasSubstr("above any design of this template\n"));
  EXPECT_THAT(client_.Run({"get", "12"}).out, HasSubstr(", imperfect factors, "));
  job.mutable_spec()->set_factors(v1::PERFECT);
  EXPECT_THAT(Get(job), HasSubstr("above any design of this template with perfect factors\n"));
}

TEST_F(CertificateOutputTest, SpeaksOfTheObjective) {
  v1::Job job = Proven(99999.9, 0.0000011);
  job.mutable_certificate()->set_objective(v1::ENERGY);
  EXPECT_EQ(Get(job),
            "proven    energy 100000 uJ, at most 0.01 % above any design of this template\n"
            "bounds    energy 99999 uJ, latency 700000 cycles\n");
  job.mutable_certificate()->set_objective(v1::LATENCY);
  job.mutable_certificate()->set_lower_bound(705000);
  EXPECT_EQ(Get(job),
            "proven    latency 705001 cycles, at most 0.01 % above any design of this template\n"
            "bounds    energy 99999 uJ, latency 705000 cycles\n");
}

TEST_F(CertificateOutputTest, IsLeftOutUntilItIsComputedAndNeedsNoDesign) {
  v1::Job job = Proven(6.98e10, 0.0172);
  job.clear_best();
  job.mutable_certificate()->clear_gap();
  EXPECT_THAT(Get(job), StartsWith("proven    no design of this template is below these bounds\nbounds    EDP 6.98"));
  job.clear_certificate();
  EXPECT_EQ(Get(job), "");
}

TEST_F(QueryTest, GetShowsTheStopGap) {
  daemon_.get_job = [](const v1::GetJobRequest&) {
    v1::Job job = MakeJob(12, v1::SUCCEEDED, 250);
    job.mutable_spec()->set_stop_gap(0.015);
    job.set_message("ended early: start 2 found a design");
    return job;
  };
  EXPECT_THAT(client_.Run({"get", "12"}).out, AllOf(HasSubstr("seed 0, stop gap 1.5 %\n"),
                                                    HasSubstr("message   ended early: start 2 found a design\n")));
}

TEST_F(QueryTest, GetPrintsTheMessageAsJson) {
  daemon_.get_job = [](const v1::GetJobRequest&) { return MakeJob(12, v1::RUNNING, 250); };
  const auto result = client_.Run({"get", "12", "--format", "json"});
  EXPECT_THAT(result.out, AllOf(StartsWith("{\n \"name\": \"projects/default/jobs/12\",\n"),
                                HasSubstr("\"samples_done\": \"250\""), HasSubstr("\"state\": \"RUNNING\"")));
}

TEST_F(QueryTest, GetRefusesWhatIsNoJob) {
  for (const char* job : {"twelve", "jobs/12", "projects/default/jobs/", "projects/default/jobs/x", "-1", ""}) {
    const auto result = client_.Run({"get", "--", job});
    EXPECT_EQ(result.code, ExitCode::kUsage) << job;
    EXPECT_THAT(result.err, HasSubstr("is no job: give its number")) << job;
  }
}

TEST_F(QueryTest, GetOfAnUnknownJobIsNotFound) {
  daemon_.get_job = [](const v1::GetJobRequest& request) -> absl::StatusOr<v1::Job> {
    return absl::NotFoundError("there is no job " + request.name());
  };
  const auto result = client_.Run({"get", "99"});
  EXPECT_EQ(result.code, ExitCode::kNotFound);
  EXPECT_EQ(result.err, "oneloop: there is no job projects/default/jobs/99\n");
  EXPECT_EQ(result.out, "");
}

TEST_F(QueryTest, JobsGoesThroughAllPages) {
  std::vector<v1::ListJobsRequest> requests;
  daemon_.list_jobs = [&](const v1::ListJobsRequest& request) -> absl::StatusOr<v1::ListJobsResponse> {
    requests.push_back(request);
    v1::ListJobsResponse response;
    v1::Job* const job = response.add_jobs();
    *job = MakeJob(request.page_token().empty() ? 2 : 1, v1::SUCCEEDED, 1000);
    if (!request.page_token().empty()) return response;
    *job->mutable_best() = MakePoint(3, 1e5, 7.1e5);
    *job->mutable_certificate() = MakeCertificate(6.98e10, 0.0172);
    response.set_next_page_token("next");
    return response;
  };
  const auto table = client_.Run({"jobs", "--state", "succeeded", "--state", "FAILED"});
  ASSERT_EQ(table.code, ExitCode::kOk) << table.err;
  EXPECT_EQ(table.out,
            "job  state      owner  queue  workload  template   done  points  front  best EDP    gap  created (UTC)\n"
            "  2  SUCCEEDED  -          -  resnet50  gemmini   100 %       0      0  7.100e10  1.8 %\n"
            "  1  SUCCEEDED  -          -  resnet50  gemmini   100 %       0      0         -      -\n");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].parent(), "projects/default");
  EXPECT_THAT(requests[1].states(), ::testing::ElementsAre(v1::SUCCEEDED, v1::FAILED));

  const auto json = client_.Run({"jobs", "--format", "json"});
  EXPECT_THAT(json.out, StartsWith("{\"jobs\": [\n {\"name\":\"projects/default/jobs/2\","));
  EXPECT_THAT(json.out, ::testing::EndsWith("}\n], \"next_page_token\": \"\"}\n"));
  const auto csv = client_.Run({"jobs", "--format", "csv"});
  EXPECT_THAT(
      csv.out,
      HasSubstr("\nprojects/default/jobs/1,SUCCEEDED,resnet50,gemmini,0,2,1000,1000,0,0,,,,,,,,,,,,,0,,,false,,,,\n"));
  EXPECT_THAT(csv.out, HasSubstr(",71000000000,100000,710000,3.25,69800000000,0.0172,"));
}

TEST_F(QueryTest, JobsOffersTheNearestState) {
  const auto result = client_.Run({"jobs", "--state", "runing"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("--state: there is no 'runing' (did you mean 'running'?)"));
}

TEST_F(QueryTest, CancelPauseAndResumePrintTheNewState) {
  daemon_.cancel_job = [](const v1::CancelJobRequest&) { return MakeJob(12, v1::CANCELLED, 250); };
  daemon_.pause_job = [](const v1::PauseJobRequest&) { return MakeJob(12, v1::PAUSED, 250); };
  daemon_.resume_job = [](const v1::ResumeJobRequest&) -> absl::StatusOr<v1::Job> {
    return absl::FailedPreconditionError("the job is RUNNING, not PAUSED");
  };
  EXPECT_EQ(client_.Run({"cancel", "12"}).out, "projects/default/jobs/12 CANCELLED\n");
  EXPECT_EQ(client_.Run({"pause", "12"}).out, "projects/default/jobs/12 PAUSED\n");
  const auto refused = client_.Run({"resume", "12"});
  EXPECT_EQ(refused.code, ExitCode::kError);
  EXPECT_EQ(refused.err, "oneloop: the job is RUNNING, not PAUSED\n");
}

TEST_F(QueryTest, DeleteSaysWhatItDeleted) {
  v1::DeleteJobRequest last;
  daemon_.delete_job = [&](const v1::DeleteJobRequest& request) {
    last = request;
    v1::Job job = MakeJob(12, v1::CANCELLED, 250);
    job.mutable_purge_time()->set_seconds(1800000000);
    return job;
  };
  EXPECT_EQ(client_.Run({"delete", "12"}).out,
            "projects/default/jobs/12 deleted; it can be undeleted until 2027-01-15 08:00:00 UTC\n");
  EXPECT_EQ(last.name(), "projects/default/jobs/12");
  EXPECT_FALSE(last.purge());
  EXPECT_EQ(client_.Run({"delete", "12", "--purge"}).out, "projects/default/jobs/12 purged\n");
  EXPECT_TRUE(last.purge());
  daemon_.undelete_job = [](const v1::UndeleteJobRequest&) { return MakeJob(12, v1::CANCELLED, 250); };
  EXPECT_EQ(client_.Run({"undelete", "12"}).out, "projects/default/jobs/12 CANCELLED\n");
}

TEST_F(QueryTest, UpdateSendsOnlyWhatIsGiven) {
  v1::UpdateJobRequest last;
  daemon_.update_job = [&](const v1::UpdateJobRequest& request) {
    last = request;
    return MakeJob(12, v1::PENDING, 0);
  };
  const auto update = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"update", "12"});
    const auto result = client_.Run(flags);
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    return last;
  };
  EXPECT_EQ(update({"--priority", "-7"}).job().priority(), -7);
  EXPECT_EQ(last.job().name(), "projects/default/jobs/12");
  EXPECT_THAT(last.update_mask().paths(), ElementsAre("priority"));
  EXPECT_EQ(update({"--label", "chip=a1", "--label", "run=", "--pin", "--etag", "r7"}).job().labels().at("chip"), "a1");
  EXPECT_THAT(last.update_mask().paths(), ElementsAre("labels", "pinned"));
  EXPECT_TRUE(last.job().pinned());
  EXPECT_EQ(last.job().etag(), "r7");
  EXPECT_EQ(update({"--deadline", "2h"}).deadline_after().seconds(), 7200);
  EXPECT_EQ(last.update_mask().paths_size(), 0);
  EXPECT_EQ(update({"--deadline", "2027-01-15T08:00:00Z"}).job().deadline().seconds(), 1800000000);
  EXPECT_FALSE(update({"--deadline", "none"}).job().has_deadline());
  EXPECT_THAT(last.update_mask().paths(), ElementsAre("deadline"));
  update({"--no_labels", "--unpin"});
  EXPECT_THAT(last.update_mask().paths(), ElementsAre("labels", "pinned"));
}

TEST_F(QueryTest, UpdateRefusesWhatMakesNoSense) {
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{},
                                             {"--label", "chip"},
                                             {"--label", "=x"},
                                             {"--label", "a=1", "--label", "a=2"},
                                             {"--deadline", "soon"},
                                             {"--deadline", "2027-01-15"},
                                             {"--pin", "--unpin"},
                                             {"--label", "a=1", "--no_labels"}}) {
    std::vector<std::string> args = {"update", "12"};
    args.insert(args.end(), flags.begin(), flags.end());
    EXPECT_EQ(client_.Run(args).code, ExitCode::kUsage) << client_.Run(args).err;
  }
  daemon_.update_job = [](const v1::UpdateJobRequest&) -> absl::StatusOr<v1::Job> {
    return FieldError("job.labels.chip", "is 'a b'; valid: letters");
  };
  EXPECT_THAT(client_.Run({"update", "12", "--label", "chip=a b"}).err, StartsWith("oneloop: --label chip: is 'a b'"));
}

TEST_F(QueryTest, JobsSendsFilterAndOrderAndShowsThePlaceInTheQueue) {
  v1::ListJobsRequest last;
  daemon_.list_jobs = [&](const v1::ListJobsRequest& request) {
    last = request;
    v1::ListJobsResponse response;
    v1::Job* const job = response.add_jobs();
    *job = MakeJob(12, v1::PENDING, 0);
    job->set_owner("ada");
    job->set_queue_position(3);
    job->mutable_delete_time()->set_seconds(1);
    return response;
  };
  const auto result =
      client_.Run({"jobs", "--filter", "label.chip=a1", "--order_by", "priority desc", "--show_deleted"});
  EXPECT_EQ(last.filter(), "label.chip=a1");
  EXPECT_EQ(last.order_by(), "priority desc");
  EXPECT_TRUE(last.show_deleted());
  EXPECT_THAT(result.out, ::testing::ContainsRegex("12  PENDING \\(deleted\\) +ada +3 "));
  daemon_.list_jobs = [](const v1::ListJobsRequest&) -> absl::StatusOr<v1::ListJobsResponse> {
    return FieldError("filter", "at character 1: there is no field 'x'");
  };
  EXPECT_EQ(client_.Run({"jobs", "--filter", "x=1"}).err, "oneloop: --filter: at character 1: there is no field 'x'\n");
}

TEST_F(QueryTest, GetShowsSettingsAndThePlaceInTheQueue) {
  daemon_.get_job = [](const v1::GetJobRequest&) {
    v1::Job job = MakeJob(12, v1::PENDING, 0);
    job.set_priority(5);
    (*job.mutable_labels())["run"] = "x";
    (*job.mutable_labels())["chip"] = "a1";
    job.mutable_deadline()->set_seconds(1800000000);
    job.set_pinned(true);
    job.set_queue_position(2);
    job.mutable_expected_start_time()->set_seconds(1700000000);
    return job;
  };
  EXPECT_THAT(client_.Run({"get", "12"}).out, HasSubstr("queue     place 2, begins at about 2023-11-14 22:13:20 UTC\n"
                                                        "priority  5\n"
                                                        "labels    chip=a1, run=x\n"
                                                        "deadline  2027-01-15 08:00:00\n"
                                                        "pinned    yes\n"));
}

TEST_F(QueryTest, PointsGoesThroughAllPagesWithTheSameQuery) {
  ServePoints(5, 2);
  const auto result = client_.Run({"points", "12", "--exact", "--pareto", "--start", "0", "--format", "csv"});
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("number,start,sample,origin,pareto,energy_uj,latency_cycles,area_mm2,edp,accumulator_kib,"
                         "pe_dim,entered_front_revision,left_front_revision,revision\n"
                         "0,0,1,ROUNDED,true,1000,2000000.1,3.25,2000000100,32,16,0,0,0\n"));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 6);
  ASSERT_EQ(points_requests_.size(), 3u);
  EXPECT_EQ(points_requests_[2].page_token(), "4");
  for (const v1::ListPointsRequest& request : points_requests_) {
    EXPECT_TRUE(request.exact_only() && request.pareto_only() && request.has_start());
    EXPECT_EQ(request.parent(), "projects/default/jobs/12");
  }
}

TEST_F(QueryTest, PointsPrintsOneJsonListOverAllPages) {
  ServePoints(3, 2);
  const auto result = client_.Run({"points", "12", "--format", "json"});
  EXPECT_THAT(result.out, AllOf(StartsWith("{\"points\": [\n {\"name\":\"projects/default/jobs/12/points/0\","),
                                HasSubstr("},\n {\"name\":\"projects/default/jobs/12/points/2\""),
                                ::testing::EndsWith("}\n], \"next_page_token\": \"\"}\n")));
  EXPECT_FALSE(points_requests_[0].has_start());
}

TEST_F(QueryTest, PointsOfAJobWithoutAnyAreAnEmptyList) {
  ServePoints(0, 2);
  EXPECT_EQ(client_.Run({"points", "12"}).out, "no points yet\n");
  EXPECT_EQ(client_.Run({"points", "12", "--format", "json"}).out, "{\"points\": [], \"next_page_token\": \"\"}\n");
  EXPECT_THAT(client_.Run({"points", "12", "--format", "csv"}).out, StartsWith("number,start,"));
}

TEST_F(QueryTest, PointsOfAnUnknownJobPrintNothing) {
  daemon_.list_points = [](const v1::ListPointsRequest&) -> absl::StatusOr<v1::ListPointsResponse> {
    return absl::NotFoundError("there is no job 12");
  };
  for (const char* format : {"table", "json", "csv"}) {
    const auto result = client_.Run({"points", "12", "--format", format});
    EXPECT_EQ(result.code, ExitCode::kNotFound);
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(QueryTest, ErrorsNameTheFlag) {
  daemon_.list_points = [](const v1::ListPointsRequest&) -> absl::StatusOr<v1::ListPointsResponse> {
    return FieldError("start", "is 9; valid: 0 to 6");
  };
  const auto result = client_.Run({"points", "12", "--start", "9"});
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_EQ(result.err, "oneloop: --start: is 9; valid: 0 to 6\n");
}

TEST_F(QueryTest, ParetoTableHasTheBestFirst) {
  ServePoints(3, 2);
  daemon_.get_job = [](const v1::GetJobRequest&) { return MakeJob(12, v1::SUCCEEDED, 1000); };
  const auto result = client_.Run({"pareto", "12"});
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::vector<std::string> lines = absl::StrSplit(result.out, '\n');
  EXPECT_THAT(lines[0], StartsWith("point  start  sample  origin   front"));
  EXPECT_THAT(lines[1], StartsWith("    2      0       2  rounded  yes    1.996e9"));
  EXPECT_THAT(lines[3], StartsWith("    0"));
  EXPECT_TRUE(points_requests_[0].pareto_only());
}

// A job for the front over energy and area that has found two designs of it, and one that only its latency speaks for.
class FrontOutputTest : public QueryTest {
 protected:
  FrontOutputTest() {
    daemon_.get_job = [](const v1::GetJobRequest&) {
      v1::Job job = MakeJob(12, v1::SUCCEEDED, 1000);
      job.mutable_spec()->set_objective(v1::FRONT);
      job.mutable_spec()->set_objective_front("energy,area");
      *job.mutable_best() = MakePoint(3, 4, 100);
      v1::Certificate& certificate = *job.mutable_certificate();
      certificate = MakeCertificate(12, 1.0 / 3);
      certificate.set_objective(v1::FRONT);
      certificate.set_objective_front("energy,area");
      certificate.set_energy_uj_bound(3);
      certificate.set_area_mm2_bound(0.5);
      v1::FrontFigures& front = *job.mutable_front();
      front.set_points(2);
      front.set_hypervolume(1.5);
      front.set_ideal_hypervolume(3);
      front.set_reference_energy_uj(8.8);
      front.set_reference_area_mm2(4.4);
      return job;
    };
    daemon_.list_points = [](const v1::ListPointsRequest& request) {
      EXPECT_TRUE(request.exact_only());
      v1::ListPointsResponse response;
      const auto add = [&response](int number, std::int64_t sample, double energy_uj, double latency, double area) {
        v1::EvaluatedPoint point = MakePoint(number, energy_uj, latency);
        point.set_sample(sample);
        point.set_area_mm2(area);
        point.set_score(energy_uj * area);
        *response.add_points() = point;
      };
      add(3, 40, 4, 100, 4);
      add(4, 60, 8, 300, 1);
      add(5, 70, 8, 200, 2);
      return response;
    };
  }
};

TEST_F(FrontOutputTest, GetTellsIdealPointAndHypervolume) {
  EXPECT_THAT(client_.Run({"get", "12"}).out,
              AllOf(HasSubstr("gradient search for pareto:energy,area"),
                    HasSubstr("proven    energy*area 16, at most 34 % above any design of this template\n"
                              "ideal     energy 3 uJ, area 0.5 mm2; no design is below any of them\n"
                              "front     2 designs over energy, area; hypervolume 1.5 octaves^2, 50.0 % of the ideal "
                              "point's\n"
                              "measured  from energy 8.8 uJ, area 4.4 mm2\n")));
}

TEST_F(FrontOutputTest, ParetoIsOfTheJobsMetricsByArea) {
  const auto result = client_.Run({"pareto", "12"});
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, StartsWith("front     2 designs over energy, area"));
  const std::size_t small = result.out.find("\n    4      0      60");
  const std::size_t large = result.out.find("\n    3      1      40");
  ASSERT_NE(small, std::string::npos) << result.out;
  ASSERT_NE(large, std::string::npos) << result.out;
  EXPECT_LT(small, large);
  EXPECT_THAT(result.out, Not(HasSubstr("\n    5      1")));
  EXPECT_THAT(result.out, HasSubstr("\nsamples  designs  hypervolume\n    100        1      "));
  EXPECT_THAT(result.out, HasSubstr("\n  1,000        2      "));
}

TEST_F(FrontOutputTest, ParetoAndItsHistoryAreForProgramsToo) {
  const std::string csv = client_.Run({"pareto", "12", "--format", "csv"}).out;
  EXPECT_THAT(csv, AllOf(StartsWith("number,start,"), HasSubstr("\n4,0,60,"), Not(HasSubstr("\n5,"))));
  const std::string json = client_.Run({"pareto", "12", "--format", "json"}).out;
  EXPECT_THAT(json,
              AllOf(HasSubstr("\n], \"front\": {\"points\":2,\"hypervolume\":1.5"), HasSubstr("\"area_mm2_bound\":0.5"),
                    HasSubstr("\"history\": [{"), HasSubstr("\"next_page_token\": \"\"}\n")));
  const std::string history = client_.Run({"pareto", "12", "--history", "--format", "csv"}).out;
  EXPECT_THAT(history, StartsWith("samples,points,hypervolume\n100,1,"));
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 11);
  EXPECT_THAT(client_.Run({"pareto", "12", "--history"}).out, StartsWith("samples  designs  hypervolume\n"));
  EXPECT_THAT(client_.Run({"pareto", "12", "--history", "--format", "json"}).out, HasSubstr("\"samples\": 1000"));
}

v1::Design MakeDesign() {
  v1::Design design;
  design.set_name("projects/default/jobs/12/designs/7");
  design.set_workload("resnet50");
  design.set_template_("gemmini");
  (*design.mutable_parameters())["pe_dim"] = 16;
  design.set_energy_uj(0.1);
  design.set_latency_cycles(2e7);
  design.set_area_mm2(3.5);
  design.set_edp(2e6);
  v1::LayerDesign* const layer = design.add_layers();
  layer->set_name("conv1");
  layer->set_count(2);
  layer->mutable_bounds()->set_r(7);
  layer->mutable_bounds()->set_p(112);
  layer->mutable_bounds()->set_wstride(2);
  layer->set_mapping("L3[WIO] P112 - L0[W] N1");
  layer->set_energy_uj(0.05);
  layer->set_latency_cycles(1e7);
  return design;
}

TEST_F(QueryTest, DesignAsksForTheBestOrForAPoint) {
  std::vector<std::string> names;
  daemon_.get_design = [&](const v1::GetDesignRequest& request) {
    names.push_back(request.name());
    return MakeDesign();
  };
  const auto table = client_.Run({"design", "12"});
  ASSERT_EQ(table.code, ExitCode::kOk) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("hardware  pe_dim 16\n"), HasSubstr("latency   2.000e7 cycles\n"),
                               HasSubstr("R7 S1 P112 Q1 C1 K1 N1 Wstride 2"), HasSubstr("L3[WIO] P112 - L0[W] N1\n")));
  EXPECT_THAT(table.out, Not(HasSubstr("proven")));
  client_.Run({"design", "12", "--point", "7"});
  EXPECT_THAT(names,
              ::testing::ElementsAre("projects/default/jobs/12/designs/best", "projects/default/jobs/12/designs/7"));
}

TEST_F(QueryTest, DesignSaysHowGoodItIs) {
  daemon_.get_design = [](const v1::GetDesignRequest&) {
    v1::Design design = MakeDesign();
    *design.mutable_certificate() = MakeCertificate(1.9e6, 0.0527);
    return design;
  };
  EXPECT_THAT(client_.Run({"design", "12"}).out,
              HasSubstr("proven    EDP 2.000e6, at most 5.3 % above any design of this template that its job could "
                        "find\nbounds    EDP 1.900e6 uJ*cycles, "));
  EXPECT_THAT(client_.Run({"design", "12", "--format", "json"}).out, HasSubstr("\"gap\": 0.0527"));
}

TEST_F(QueryTest, DesignJsonHasTheDocumentedShape) {
  daemon_.get_design = [](const v1::GetDesignRequest&) { return MakeDesign(); };
  const std::string out = client_.Run({"design", "12", "--format", "json"}).out;
  EXPECT_THAT(out, AllOf(HasSubstr("\"parameters\": {\n  \"pe_dim\": 16\n }"), HasSubstr("\"energy_uj\": 0.1,"),
                         HasSubstr("\"latency_cycles\": 20000000,"), HasSubstr("\"area_mm2\": 3.5,"),
                         HasSubstr("\"edp\": 2000000,")));
  EXPECT_THAT(out, AllOf(HasSubstr("\"layers\": [\n"), HasSubstr("\"name\": \"conv1\","), HasSubstr("\"count\": 2,"),
                         HasSubstr("\"R\": 7,"), HasSubstr("\"Wstride\": 2"),
                         HasSubstr("\"mapping\": \"L3[WIO] P112 - L0[W] N1\"")));
}

TEST_F(QueryTest, DesignCsvHasTheColumnsThatEvaluateReads) {
  daemon_.get_design = [](const v1::GetDesignRequest&) { return MakeDesign(); };
  EXPECT_EQ(client_.Run({"design", "12", "--format", "csv"}).out,
            "layer,count,R,S,P,Q,C,K,N,G,Wstride,Hstride,Wdilation,Hdilation,pe_dim,mapping,energy_uj,latency_cycles,"
            "area_mm2,idle_share,padding_share\n"
            "conv1,2,7,1,112,1,1,1,1,1,2,1,1,1,16,L3[WIO] P112 - L0[W] N1,0.05,10000000,3.5,0,0\n");
}

// K in 13 times 16, where 16 units are: eleven idle in the last of the 13 steps.
TEST_F(QueryTest, DesignTellsIdleUnitsAndWhatPerfectFactorsWouldHaveNeeded) {
  v1::Design design = MakeDesign();
  daemon_.get_design = [&](const v1::GetDesignRequest&) { return design; };
  const std::string perfect = client_.Run({"design", "12"}).out;
  EXPECT_THAT(perfect, AllOf(HasSubstr("idle      0.0 % of the multiply-accumulate units, by step\n"),
                             Not(HasSubstr("padding"))));
  design.set_idle_share(0.25);
  design.set_padding_share(0.0625);
  v1::LayerDesign& layer = *design.mutable_layers(0);
  layer.set_idle_share(0.0528846);
  layer.set_padding_share(0.0558376);
  v1::Padding* const padding = layer.add_padding();
  padding->set_dim("K");
  padding->set_bound(197);
  padding->set_padded(208);
  EXPECT_THAT(client_.Run({"design", "12"}).out,
              AllOf(HasSubstr("idle      25.0 % of the multiply-accumulate units, by step\n"),
                    HasSubstr("padding   +6.2 % multiply-accumulates if all factors had to divide\n"),
                    HasSubstr("5.3 %  K 197->208 (+5.6 %)  L3[WIO]")));
  EXPECT_THAT(client_.Run({"design", "12", "--format", "csv"}).out, HasSubstr(",3.5,0.0528846,0.0558376\n"));
  EXPECT_THAT(client_.Run({"design", "12", "--format", "json"}).out, HasSubstr("\"padded\": "));
}

v1::Workload MakeWorkload() {
  v1::Workload workload;
  workload.set_name("tiny");
  workload.set_description("two layers, by hand");
  v1::Layer* const layer = workload.add_layers();
  layer->set_name("conv1");
  layer->set_count(3);
  layer->mutable_bounds()->set_k(1000);
  layer->mutable_bounds()->set_c(2000);
  return workload;
}

TEST_F(QueryTest, WorkloadsListsAllOrShowsOne) {
  daemon_.list_workloads = [](const v1::ListWorkloadsRequest& request) {
    v1::ListWorkloadsResponse response;
    *response.add_workloads() = MakeWorkload();
    if (request.page_token().empty()) response.set_next_page_token("2");
    return response;
  };
  EXPECT_EQ(client_.Run({"workloads"}).out,
            "workload  layers  MACs  about\n"
            "tiny           1    6M  two layers, by hand\n"
            "tiny           1    6M  two layers, by hand\n");
  EXPECT_THAT(client_.Run({"workloads", "--format", "csv"}).out, HasSubstr("tiny,1,6000000,\"two layers, by hand\"\n"));
  daemon_.get_workload = [](const v1::GetWorkloadRequest& request) -> absl::StatusOr<v1::Workload> {
    if (request.name() == "workloads/tiny") return MakeWorkload();
    return absl::NotFoundError("there is no workload 'tinny' (did you mean 'tiny'?)");
  };
  EXPECT_THAT(client_.Run({"workloads", "tiny"}).out,
              AllOf(HasSubstr("MACs      6M\n"), HasSubstr("conv1      3  R1 S1 P1 Q1 C2000 K1000 N1\n")));
  EXPECT_THAT(client_.Run({"workloads", "tiny", "--format", "json"}).out, HasSubstr("\"K\": 1000"));
  const auto unknown = client_.Run({"workloads", "tinny"});
  EXPECT_EQ(unknown.code, ExitCode::kNotFound);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'tiny'?"));
}

TEST_F(QueryTest, TemplatesListsAllOrShowsOne) {
  v1::Template gemmini;
  gemmini.set_name("gemmini");
  v1::Parameter* const parameter = gemmini.add_parameters();
  parameter->set_name("pe_dim");
  parameter->set_min(2);
  parameter->set_max(128);
  v1::Level* const level = gemmini.add_levels();
  level->set_name("registers");
  level->add_keeps("W");
  level->add_temporal("P");
  daemon_.list_templates = [&](const v1::ListTemplatesRequest&) {
    v1::ListTemplatesResponse response;
    *response.add_templates() = gemmini;
    return response;
  };
  daemon_.get_template = [&](const v1::GetTemplateRequest&) { return gemmini; };
  EXPECT_EQ(client_.Run({"templates"}).out, "template  levels  parameters  about\ngemmini        1  pe_dim\n");
  EXPECT_THAT(client_.Run({"templates", "--format", "json"}).out,
              StartsWith("{\"templates\": [\n {\"name\":\"gemmini\""));
  EXPECT_THAT(client_.Run({"templates", "gemmini"}).out,
              AllOf(HasSubstr("pe_dim       2  128     1"), HasSubstr("registers  W      P")));
}

TEST_F(QueryTest, TemplatesShowsEachPortAndLink) {
  v1::Template array;
  array.set_name("array");
  array.set_dialect(std::string("2025"));
  v1::Level& fan = *array.add_levels();
  fan.set_name("fan");
  v1::Level& buffer = *array.add_levels();
  buffer.set_name("buffer");
  for (const std::string tensor : {"I", "O"}) buffer.add_keeps(tensor);
  buffer.add_temporal(std::string("none"));
  buffer.set_capacity_bytes(std::string("4096"));
  buffer.set_leak_pj(std::string("0.5"));
  v1::Partition& partition = *buffer.add_partitions();
  partition.add_tensors(std::string("O"));
  partition.set_capacity_words(std::string("64"));
  partition.set_multiple_buffering(2);
  v1::Port& port = *buffer.add_ports();
  for (const std::string flow : {"fill", "update"}) port.add_flows(flow);
  port.set_access_pj(std::string("1.5"));
  port.set_block_words(std::string("4"));
  port.set_cluster(std::string("8"));
  buffer.add_ports()->set_words_per_cycle(std::string("16"));
  buffer.mutable_link()->set_hop_pj(std::string("0.25"));
  buffer.mutable_link()->add_unshared(std::string("W"));
  daemon_.get_template = [&](const v1::GetTemplateRequest&) { return array; };
  const std::string shown = client_.Run({"templates", "array"}).out;
  EXPECT_THAT(shown, HasSubstr("Timeloop of 2025\n"));
  EXPECT_THAT(shown, HasSubstr("level   keeps    loops  spatial  capacity                             "));
  EXPECT_THAT(shown, HasSubstr("fan     nothing  all"));
  EXPECT_THAT(shown, HasSubstr("buffer  I O      none            4096 B; O: 64 words for 2 tiles of each"));
  EXPECT_THAT(shown, HasSubstr("\n\nport of  flows        tensors  pJ per access  words per access  "
                               "instances per access  words per cycle  weight\n"
                               "buffer   fill update  I O      1.5            4                 8\n"
                               "buffer   all          I O                                                             "
                               "16\n"));
  EXPECT_THAT(shown, HasSubstr("\n\nlink of  pJ per hop  pJ per router  hops by  not shared  not handed on\n"
                               "buffer   0.25                       spread   W\n"));
}

TEST_F(QueryTest, TemplatesShowsWhatComponentsCost) {
  v1::Template array;
  array.set_name("array");
  array.set_node_nm(45);
  array.mutable_compute()->mutable_mac()->set_bits(std::string("8"));
  v1::Level& dram = *array.add_levels();
  dram.set_name("dram");
  dram.add_keeps("W");
  dram.mutable_dram()->set_type(std::string("lpddr4"));
  daemon_.get_template = [&](const v1::GetTemplateRequest&) { return array; };
  const std::string shown = client_.Run({"templates", "array"}).out;
  EXPECT_THAT(shown, HasSubstr("node      45 nm\n"));
  EXPECT_THAT(shown, HasSubstr("MAC       0.277899 pJ\n"));
  EXPECT_THAT(shown, HasSubstr("dram     read   W        512            8"));
  EXPECT_THAT(client_.Run({"templates", "array", "--format", "json"}).out, HasSubstr("\"dram\": {"));
}

TEST_F(QueryTest, TemplatesShowsWhereFactorsMustDivide) {
  v1::Template array;
  array.set_name("array");
  v1::Level& buffer = *array.add_levels();
  buffer.set_name("buffer");
  for (const char* axis : {"X", "Y"}) buffer.add_spatial()->set_name(axis);
  array.add_levels()->set_name("dram");
  daemon_.get_template = [&](const v1::GetTemplateRequest&) { return array; };
  EXPECT_THAT(client_.Run({"templates", "array"}).out, Not(HasSubstr("perfect")));
  for (const char* dim : {"N", "G"}) array.add_perfect_dims(dim);
  buffer.add_perfect_dims("P");
  for (const char* dim : {"C", "K"}) buffer.mutable_spatial(1)->add_perfect_dims(dim);
  const std::string shown = client_.Run({"templates", "array"}).out;
  EXPECT_THAT(shown, ::testing::ContainsRegex("perfect   factors of N G\n"));
  EXPECT_THAT(shown, ::testing::ContainsRegex("pJ per access  perfect\nbuffer .* P; Y: C K\ndram"));
}

TEST(ConnectionTest, SaysHowToStartTheDaemon) {
  ClientHarness client("unix:/tmp/no_such_folder_of_oneloop/oneloop.sock");
  const auto result = client.Run({"jobs"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_EQ(result.err,
            "oneloop: cannot reach the daemon at unix:/tmp/no_such_folder_of_oneloop/oneloop.sock: start it with "
            "`oneloopd --data_dir /tmp/no_such_folder_of_oneloop` or pass --server; `oneloop doctor` finds what is "
            "wrong\n");
}

TEST(ConnectionTest, AStoppedProcessIsToldFromNobodyWithinSeconds) {
  char pattern[] = "/tmp/oneloop_stopped_XXXXXX";
  const std::string folder = mkdtemp(pattern);
  const std::string path = folder + "/oneloop.sock";
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) _exit(1);
    listen(listener, 10);
    raise(SIGSTOP);
    _exit(0);
  }
  int state = 0;
  ASSERT_EQ(waitpid(pid, &state, WUNTRACED), pid);
  ASSERT_TRUE(WIFSTOPPED(state));
  ClientHarness client("unix:" + path);
  const auto result = client.Run({"jobs"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, AllOf(HasSubstr("process " + std::to_string(pid) + " listens at unix:" + path),
                                HasSubstr("kill -CONT"), Not(HasSubstr("start it"))));
  EXPECT_LT(client.slept, absl::Seconds(1)) << "more tries help nothing";
  EXPECT_THAT(client.Run({"doctor"}).out, HasSubstr("kill -CONT " + std::to_string(pid)));
  kill(pid, SIGKILL);
  waitpid(pid, &state, 0);
  std::filesystem::remove_all(folder);
}

TEST(ConnectionTest, LooksInTheUsersDataDirectory) {
  ClientHarness client;
  client.variables["HOME"] = "/tmp/no_such_home_of_oneloop";
  EXPECT_THAT(client.Run({"jobs"}).err,
              HasSubstr("unix:/tmp/no_such_home_of_oneloop/.local/share/oneloop/oneloop.sock:"));
  client.variables["XDG_DATA_HOME"] = "/tmp/no_such_data_of_oneloop";
  EXPECT_THAT(client.Run({"jobs"}).err, HasSubstr("unix:/tmp/no_such_data_of_oneloop/oneloop/oneloop.sock:"));
}

TEST(ConnectionTest, PrefersTheFlag) {
  ClientHarness client("unix:/tmp/no_such_folder_of_oneloop/oneloop.sock");
  EXPECT_THAT(client.Run({"jobs", "--server", "unix:/tmp/no_such_socket_of_oneloop"}).err,
              HasSubstr("cannot reach the daemon at unix:/tmp/no_such_socket_of_oneloop: start it with `oneloopd "
                        "--data_dir DIR`"));
}

TEST(ConnectionTest, RefusesMalformedAddresses) {
  const std::vector<std::string> malformed = {
      "unix:", "localhost", "localhost:", "localhost:99999", ":1", "http://x:80", "unix:/" + std::string(200, 'x')};
  for (const std::string& address : malformed) {
    ClientHarness client(address);
    const auto result = client.Run({"jobs"});
    EXPECT_EQ(result.code, ExitCode::kUsage) << address;
    EXPECT_THAT(result.err, StartsWith("oneloop: ONELOOP_SERVER: '" + address + "'"));
  }
  EXPECT_EQ(ClientHarness().Run({"jobs"}).code, ExitCode::kUsage);
}

TEST(DispatchTest, OffersTheNearestCommand) {
  ClientHarness client;
  const auto result = client.Run({"sumbit"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_EQ(result.err, "oneloop: unknown command 'sumbit' (did you mean 'submit'?); see `oneloop help`\n");
  EXPECT_EQ(client.Run({}).code, ExitCode::kUsage);
}

TEST(DispatchTest, RefusesArgumentsThatAreNotText) {
  const auto result = ClientHarness("unix:/tmp/none").Run({"workloads", "\xFF"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("argument 2 is not UTF-8"));
}

TEST(DispatchTest, HelpDescribesEveryCommand) {
  ClientHarness client;
  const std::string overview = client.Run({"help"}).out;
  for (const auto& command : AllCommands()) {
    EXPECT_THAT(overview, HasSubstr("  " + command->Name() + " "));
    const auto help = client.Run({"help", command->Name()});
    EXPECT_EQ(help.code, ExitCode::kOk);
    EXPECT_THAT(help.out, HasSubstr("usage: oneloop " + command->Name()));
    EXPECT_EQ(client.Run({command->Name(), "--help"}).out, help.out);
  }
  EXPECT_EQ(client.Run({"--help"}).out, overview);
  EXPECT_THAT(client.Run({"help", "pints"}).err, HasSubstr("did you mean 'points'?"));
  EXPECT_THAT(client.Run({"version"}).out, StartsWith("oneloop 0."));
}

// U+009B begins a control sequence by itself, U+202E turns what follows.
TEST_F(QueryTest, NamesSteerNoTerminalButReachProgramsAsTheyAre) {
  const std::string evil =
      "net\xc2\x9b"
      "2J\xe2\x80\xae"
      "txt";
  const std::string shown = "net\\u009b2J\\u202etxt";
  v1::Job job = MakeJob(12, v1::RUNNING, 250);
  job.set_workload_display_name(evil);
  job.set_owner(evil);
  job.set_message(evil);
  (*job.mutable_labels())["team"] = evil;
  *job.mutable_best() = MakePoint(3, 1e5, 7.1e5);
  (*job.mutable_best()->mutable_parameters())[evil] = 4;
  daemon_.get_job = [&](const v1::GetJobRequest&) { return job; };
  daemon_.cancel_job = [&](const v1::CancelJobRequest&) {
    v1::Job cancelled = job;
    cancelled.set_name("projects/" + evil + "/jobs/12");
    return cancelled;
  };
  daemon_.list_jobs = [&](const v1::ListJobsRequest&) {
    v1::ListJobsResponse response;
    *response.add_jobs() = job;
    return response;
  };
  daemon_.list_points = [&](const v1::ListPointsRequest&) {
    v1::ListPointsResponse response;
    *response.add_points() = job.best();
    return response;
  };
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"get", "12"}, {"jobs"}, {"cancel", "12"}, {"points", "12"}, {"pareto", "12"}}) {
    const auto result = client_.Run(command);
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr(shown), Not(HasSubstr("\xc2\x9b")), Not(HasSubstr("\xe2\x80\xae"))))
        << command[0];
  }
  EXPECT_THAT(client_.Run({"get", "12", "--format", "csv"}).out, HasSubstr(evil));
  daemon_.get_job = [&](const v1::GetJobRequest&) -> absl::StatusOr<v1::Job> { return absl::InternalError(evil); };
  EXPECT_EQ(client_.Run({"get", "12"}).err, "oneloop: " + shown + "\n");
}

TEST_F(QueryTest, ErrorsAreOneLine) {
  daemon_.get_job = [](const v1::GetJobRequest&) -> absl::StatusOr<v1::Job> {
    return absl::InternalError("first\nsecond\x1b[31m");
  };
  EXPECT_EQ(client_.Run({"get", "12"}).err, "oneloop: first; second\\u001b[31m\n");
}

}  // namespace
}  // namespace oneloop
