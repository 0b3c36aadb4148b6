// Labels, priorities, deadlines, deletion and lists, through the handlers.

#include "server/handlers/job_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "server/handlers/catalog.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/search_handlers.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobSettingsTest : public testing::Test {
 protected:
  // One worker, and every start waits at the gate.
  JobSettingsTest() {
    JobManager::Options options;
    options.store = &store_;
    options.decode_spec = DecodeSearch;
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    options.num_threads = 1;
    options.clock = [this] { return clock_.Now(); };
    jobs_ = JobManager::Create(std::move(options)).value();
    SearchHandlers::Options handler_options;
    handler_options.store = &store_;
    handler_options.jobs = jobs_.get();
    handler_options.catalog = &catalog_;
    handler_options.calibrations = &calibrations_;
    handler_options.clock = [this] { return clock_.Now(); };
    handlers_ = std::make_unique<SearchHandlers>(handler_options);
  }

  static v1::CreateJobRequest Request() {
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    return request;
  }
  v1::Job Create(const v1::CreateJobRequest& request, const std::string& owner = "ada") {
    v1::Job job;
    const absl::Status status = handlers_->CreateJob(request, owner, &job);
    EXPECT_TRUE(status.ok()) << status;
    return job;
  }
  v1::Job CreateLabelled(const std::string& chip, int priority = 0, const std::string& owner = "ada") {
    v1::CreateJobRequest request = Request();
    (*request.mutable_labels())["chip"] = chip;
    request.set_priority(priority);
    return Create(request, owner);
  }
  v1::Job Get(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    v1::Job job;
    EXPECT_TRUE(handlers_->GetJob(request, &job).ok());
    return job;
  }
  v1::Job Cancelled(const v1::Job& job) {
    v1::CancelJobRequest request;
    request.set_name(job.name());
    v1::Job cancelled;
    EXPECT_TRUE(handlers_->CancelJob(request, &cancelled).ok());
    return cancelled;
  }
  absl::StatusOr<v1::Job> Update(const v1::UpdateJobRequest& request) {
    v1::Job job;
    const absl::Status status = handlers_->UpdateJob(request, &job);
    if (!status.ok()) return status;
    return job;
  }
  static v1::UpdateJobRequest UpdateOf(const v1::Job& job, const std::vector<std::string>& paths) {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name(job.name());
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    return request;
  }
  absl::StatusOr<v1::Job> Delete(const v1::Job& job, bool purge = false) {
    v1::DeleteJobRequest request;
    request.set_name(job.name());
    request.set_purge(purge);
    v1::Job deleted;
    const absl::Status status = handlers_->DeleteJob(request, &deleted);
    if (!status.ok()) return status;
    return deleted;
  }
  absl::StatusOr<v1::ListJobsResponse> List(const std::function<void(v1::ListJobsRequest&)>& fill) {
    v1::ListJobsRequest request;
    request.set_parent("projects/p");
    fill(request);
    v1::ListJobsResponse response;
    const absl::Status status = handlers_->ListJobs(request, &response);
    if (!status.ok()) return status;
    return response;
  }
  std::vector<std::string> Names(const std::function<void(v1::ListJobsRequest&)>& fill) {
    std::vector<std::string> names;
    const absl::StatusOr<v1::ListJobsResponse> response = List(fill);
    EXPECT_TRUE(response.ok()) << response.status();
    for (const v1::Job& job : response->jobs()) names.push_back(job.name());
    return names;
  }
  // The field of a CreateJob that is refused as invalid.
  std::string RefusedField(const v1::CreateJobRequest& request) {
    v1::Job job;
    const absl::Status status = handlers_->CreateJob(request, "ada", &job);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return FieldOf(status);
  }
  std::string RefusedField(const v1::UpdateJobRequest& request) {
    const absl::Status status = Update(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return FieldOf(status);
  }

  FakeClock clock_;
  GatedRunner runner_{0};
  Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_{[this] { return clock_.Now(); }};
  const CalibrationCatalog calibrations_{&catalog_, &store_, nullptr};
  std::unique_ptr<JobManager> jobs_;
  std::unique_ptr<SearchHandlers> handlers_;
};

TEST_F(JobSettingsTest, JobHasTheSettingsItWasCreatedWith) {
  v1::CreateJobRequest request = Request();
  (*request.mutable_labels())["chip"] = "A1.b_c-d";
  request.set_priority(-100);
  request.mutable_deadline_after()->set_seconds(7200);
  const v1::Job job = Create(request);
  EXPECT_EQ(job.labels().at("chip"), "A1.b_c-d");
  EXPECT_EQ(job.priority(), -100);
  EXPECT_EQ(job.deadline().seconds(), absl::ToUnixSeconds(clock_.Now()) + 7200);
  EXPECT_FALSE(job.pinned());
  request.mutable_deadline()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 5);
  request.set_validate_only(true);
  EXPECT_EQ(Create(request).deadline().seconds(), request.deadline().seconds());
}

TEST_F(JobSettingsTest, InvalidSettingsAreRefused) {
  v1::CreateJobRequest request = Request();
  for (const int priority : {-101, 101, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    request.set_priority(priority);
    EXPECT_EQ(RefusedField(request), "priority");
  }
  for (const std::string& name : {std::string(""), std::string("Chip"), std::string("1a"), std::string("a b"),
                                  std::string("a.b"), std::string(64, 'a'), std::string("\xff")}) {
    request = Request();
    (*request.mutable_labels())[name] = "x";
    EXPECT_EQ(RefusedField(request), "labels") << name;
  }
  for (const std::string& value :
       {std::string("a b"), std::string(64, 'a'), std::string("a\"b"), std::string("a\nb")}) {
    request = Request();
    (*request.mutable_labels())["chip"] = value;
    EXPECT_EQ(RefusedField(request), "labels.chip") << value;
  }
  request = Request();
  for (int i = 0; i < 65; ++i) (*request.mutable_labels())[absl::StrCat("l", i)] = "";
  EXPECT_EQ(RefusedField(request), "labels");
  request = Request();
  for (const std::int64_t seconds :
       {absl::ToUnixSeconds(clock_.Now()), std::int64_t{0}, std::int64_t{253402300800},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    request.mutable_deadline()->set_seconds(seconds);
    EXPECT_EQ(RefusedField(request), "deadline") << seconds;
  }
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
                                     std::numeric_limits<std::int64_t>::min()}) {
    request.mutable_deadline_after()->set_seconds(seconds);
    EXPECT_EQ(RefusedField(request), "deadline_after") << seconds;
  }
}

TEST_F(JobSettingsTest, RetryFindsItsJobAlsoAfterTheDeadline) {
  v1::CreateJobRequest request = Request();
  request.set_request_id("nightly");
  request.mutable_deadline()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 60);
  const v1::Job job = Create(request);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Create(request).name(), job.name());
}

TEST_F(JobSettingsTest, UpdateChangesWhatTheMaskNames) {
  const v1::Job job = CreateLabelled("a1", 3);
  v1::UpdateJobRequest request = UpdateOf(job, {"priority"});
  request.mutable_job()->set_priority(7);
  (*request.mutable_job()->mutable_labels())["chip"] = "ignored";
  v1::Job updated = Update(request).value();
  EXPECT_EQ(updated.priority(), 7);
  EXPECT_EQ(updated.labels().at("chip"), "a1");
  EXPECT_NE(updated.etag(), job.etag());
  updated = Update(UpdateOf(job, {"labels"})).value();
  EXPECT_TRUE(updated.labels().empty());
  EXPECT_EQ(updated.priority(), 7);
  request = UpdateOf(job, {});
  request.mutable_job()->set_pinned(true);
  request.mutable_deadline_after()->set_seconds(60);
  updated = Update(request).value();
  EXPECT_TRUE(updated.pinned());
  EXPECT_EQ(updated.priority(), 7) << "without a mask, what is not set stays";
  EXPECT_EQ(updated.deadline().seconds(), absl::ToUnixSeconds(clock_.Now()) + 60);
  updated = Update(UpdateOf(job, {"*"})).value();
  EXPECT_FALSE(updated.pinned());
  EXPECT_EQ(updated.priority(), 0);
  EXPECT_FALSE(updated.has_deadline());
}

TEST_F(JobSettingsTest, InvalidUpdatesAreRefused) {
  const v1::Job job = CreateLabelled("a1");
  EXPECT_EQ(RefusedField(v1::UpdateJobRequest()), "job");
  EXPECT_EQ(RefusedField(UpdateOf(job, {})), "update_mask");
  for (const char* path : {"state", "spec", "priorty", "labels.chip", ""}) {
    EXPECT_EQ(RefusedField(UpdateOf(job, {path})), "update_mask") << path;
  }
  v1::UpdateJobRequest request = UpdateOf(job, {"priority"});
  request.mutable_job()->set_priority(1000);
  EXPECT_EQ(RefusedField(request), "job.priority");
  request = UpdateOf(job, {"labels"});
  (*request.mutable_job()->mutable_labels())["A"] = "";
  EXPECT_EQ(RefusedField(request), "job.labels");
  request = UpdateOf(job, {"deadline"});
  request.mutable_job()->mutable_deadline()->set_seconds(5);
  EXPECT_EQ(RefusedField(request), "job.deadline");
  request.mutable_deadline_after()->set_seconds(5);
  EXPECT_EQ(RefusedField(request), "deadline_after");
  request = UpdateOf(job, {"pinned"});
  request.mutable_job()->set_name("jobs/1");
  EXPECT_EQ(RefusedField(request), "job.name");
  request.mutable_job()->set_name("projects/q/jobs/1");
  EXPECT_EQ(Update(request).status().code(), absl::StatusCode::kNotFound);
  request = UpdateOf(job, {"pinned"});
  request.mutable_job()->set_etag("r999");
  EXPECT_EQ(Update(request).status().code(), absl::StatusCode::kAborted);
  Cancelled(job);
  EXPECT_EQ(Update(UpdateOf(job, {"priority"})).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Update(UpdateOf(job, {"pinned", "labels"})).ok());
}

TEST_F(JobSettingsTest, DeletedJobIsHiddenAndCanBeUndeleted) {
  const v1::Job job = CreateLabelled("a1");
  EXPECT_EQ(Delete(job).status().code(), absl::StatusCode::kFailedPrecondition);
  Cancelled(job);
  const v1::Job deleted = Delete(job).value();
  EXPECT_EQ(deleted.state(), v1::CANCELLED);
  EXPECT_EQ(deleted.purge_time().seconds(),
            deleted.delete_time().seconds() + absl::ToInt64Seconds(absl::Hours(7 * 24)));
  EXPECT_THAT(Names([](v1::ListJobsRequest&) {}), IsEmpty());
  EXPECT_THAT(Names([](v1::ListJobsRequest& request) { request.set_show_deleted(true); }), ElementsAre(job.name()));
  EXPECT_TRUE(Get(job.name()).has_delete_time());
  v1::UndeleteJobRequest undelete;
  undelete.set_name(job.name());
  v1::Job back;
  ASSERT_TRUE(handlers_->UndeleteJob(undelete, &back).ok());
  EXPECT_FALSE(back.has_delete_time() || back.has_purge_time());
  EXPECT_EQ(handlers_->UndeleteJob(undelete, &back).code(), absl::StatusCode::kFailedPrecondition);
  undelete.set_etag("r1");
  EXPECT_EQ(handlers_->UndeleteJob(undelete, &back).code(), absl::StatusCode::kAborted);
  undelete.set_name("projects/p/jobs/77");
  EXPECT_EQ(handlers_->UndeleteJob(undelete, &back).code(), absl::StatusCode::kNotFound);
  undelete.set_name("x");
  EXPECT_EQ(FieldOf(handlers_->UndeleteJob(undelete, &back)), "name");
  ASSERT_TRUE(Delete(job).ok());
  EXPECT_EQ(Delete(job, /*purge=*/true)->name(), job.name());
  EXPECT_EQ(Delete(job).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(JobSettingsTest, ListIsFilteredAndOrderedAndItsTokensBelongToTheQuery) {
  const std::string a = CreateLabelled("a1", 5).name();
  const std::string b = CreateLabelled("b2", 1, "bob").name();
  const std::string c = CreateLabelled("a1", 9, "bob").name();
  const auto filtered = [](const std::string& filter, const std::string& order_by = "") {
    return [=](v1::ListJobsRequest& request) {
      request.set_filter(filter);
      request.set_order_by(order_by);
    };
  };
  EXPECT_THAT(Names(filtered("label.chip=a1")), ElementsAre(c, a));
  EXPECT_THAT(Names(filtered("owner=bob AND NOT label.chip=a1")), ElementsAre(b));
  EXPECT_THAT(Names(filtered("", "priority")), ElementsAre(b, a, c));
  EXPECT_THAT(Names(filtered("priority>1", "priority desc")), ElementsAre(c, a));
  EXPECT_EQ(FieldOf(List(filtered("chip=a1")).status()), "filter");
  EXPECT_EQ(FieldOf(List(filtered("", "owner")).status()), "order_by");
  const auto page = [&](const std::string& filter, const std::string& token) {
    return List([&](v1::ListJobsRequest& request) {
      request.set_filter(filter);
      request.set_order_by("priority");
      request.set_page_size(1);
      request.set_page_token(token);
    });
  };
  const v1::ListJobsResponse first = page("label.chip=a1", "").value();
  EXPECT_EQ(first.jobs(0).name(), a);
  const v1::ListJobsResponse second = page("label.chip=a1", first.next_page_token()).value();
  EXPECT_EQ(second.jobs(0).name(), c);
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_EQ(FieldOf(page("label.chip=b2", first.next_page_token()).status()), "page_token");
}

TEST_F(JobSettingsTest, WaitingJobShowsItsPlaceInTheQueue) {
  const v1::Job running = CreateLabelled("a1");
  runner_.AwaitHeld(1);
  const v1::Job waiting = CreateLabelled("a1");
  const v1::Job of_bob = CreateLabelled("a1", 0, "bob");
  EXPECT_EQ(Get(of_bob.name()).queue_position(), 1);
  EXPECT_EQ(Get(waiting.name()).queue_position(), 2);
  EXPECT_GT(Get(waiting.name()).expected_start_time().seconds(), 0);
  EXPECT_FALSE(Get(running.name()).has_queue_position());
  const v1::ListJobsResponse all = List([](v1::ListJobsRequest&) {}).value();
  EXPECT_EQ(all.jobs(0).queue_position(), 1);
  EXPECT_FALSE(all.jobs(2).has_expected_start_time());
}

}  // namespace
}  // namespace oneloop
