#include "server/handlers/worker_handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/wire/work_convert.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kDigest = 0x0123456789abcdef;
constexpr char kUser[] = "slurm";

// Takes batches, or refuses them as a full disk does.
class FullStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    if (!is_full) return ForwardingStore::AppendPoints(std::move(batch), std::move(done));
    done(absl::ResourceExhaustedError("the disk is full"));
  }
  bool is_full = false;
};

class WorkerHandlersTest : public testing::Test {
 protected:
  WorkerHandlersTest() {
    JobManager::Options job_options;
    job_options.store = &store_;
    job_options.decode_spec = [this](const JobRecord&) { return spec_; };
    job_options.num_threads = JobManager::kNoThreads;
    jobs_ = JobManager::Create(std::move(job_options)).value();
    WorkerDesk::Options desk_options;
    desk_options.jobs = jobs_.get();
    desk_options.make_secret = [this] { return absl::StrCat("secret", ++secrets_); };
    desk_ = std::make_unique<WorkerDesk>(std::move(desk_options));
    handlers_ = std::make_unique<WorkerHandlers>(WorkerHandlers::Options{
        desk_.get(), jobs_.get(), &store_, [] { return absl::StatusOr<std::uint64_t>(kDigest); }});
    NewJob job = JobOf(*spec_);
    job.spec = "the spec";
    job.resolved = "the sources";
    job_id_ = jobs_->Submit(job).value().record.id;
  }

  static v1::StartSessionRequest GoodStart() {
    v1::StartSessionRequest request;
    request.set_name("pilot");
    request.set_host("node1");
    request.set_threads(4);
    request.set_version("0.1.0");
    request.set_instruction_set("AVX2");
    request.set_digest(kDigest);
    return request;
  }
  std::string Begin() const {
    v1::StartSessionResponse response;
    EXPECT_TRUE(handlers_->StartSession(GoodStart(), kUser, &response).ok());
    return response.session();
  }
  v1::TakeLeasesResponse Take(const std::string& session, int count) const {
    v1::TakeLeasesRequest request;
    request.set_session(session);
    request.set_count(count);
    v1::TakeLeasesResponse response;
    EXPECT_TRUE(handlers_->TakeLeases(request, kUser, &response).ok());
    return response;
  }
  // One step of a descent.
  static v1::ReportPointsRequest ReportOf(const std::string& session, const v1::WorkLease& lease) {
    PointBatch batch;
    batch.samples_done = 1;
    NewPoint& point = batch.points.emplace_back();
    point.sample = 1;
    point.parameters = {7};
    v1::ReportPointsRequest request;
    BatchToProto(batch, &request);
    request.set_session(session);
    *request.mutable_lease() = lease;
    return request;
  }
  absl::Status Report(const v1::ReportPointsRequest& request, const std::string& user = kUser) const {
    v1::ReportPointsResponse response;
    return handlers_->ReportPoints(request, user, &response);
  }

  const std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
  MemoryRunStore memory_;
  FullStore store_{&memory_};
  int secrets_ = 0;
  std::unique_ptr<JobManager> jobs_;
  std::unique_ptr<WorkerDesk> desk_;
  std::unique_ptr<WorkerHandlers> handlers_;
  std::int64_t job_id_ = 0;
};

TEST_F(WorkerHandlersTest, AWorkerThatFindsOtherBitsIsRefusedWithBothDigests) {
  v1::StartSessionRequest request = GoodStart();
  request.set_digest(kDigest + 1);
  v1::StartSessionResponse response;
  const absl::Status status = handlers_->StartSession(request, kUser, &response);
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(Message(status), AllOf(HasSubstr("0123456789abcdef"), HasSubstr("0123456789abcdf0"),
                                     HasSubstr("oneloop-worker of the daemon's build")));
}

TEST_F(WorkerHandlersTest, WhatAWorkerSaysOfItselfIsChecked) {
  const auto refused = [this](void (*break_it)(v1::StartSessionRequest*), const char* field) {
    v1::StartSessionRequest request = GoodStart();
    break_it(&request);
    v1::StartSessionResponse response;
    const absl::Status status = handlers_->StartSession(request, kUser, &response);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << field;
    EXPECT_THAT(Message(status), HasSubstr(field));
  };
  refused([](v1::StartSessionRequest* r) { r->clear_name(); }, "name");
  refused([](v1::StartSessionRequest* r) { r->set_name("a\nb"); }, "name");
  refused([](v1::StartSessionRequest* r) { r->set_host(std::string(200, 'x')); }, "host");
  refused([](v1::StartSessionRequest* r) { r->set_threads(0); }, "threads");
  refused([](v1::StartSessionRequest* r) { r->set_threads(1 << 20); }, "threads");
  refused([](v1::StartSessionRequest* r) { r->clear_version(); }, "version");
}

TEST_F(WorkerHandlersTest, AJobIsReadWithALeaseOnItAlone) {
  const std::string session = Begin();
  const v1::TakeLeasesResponse taken = Take(session, 2);
  ASSERT_EQ(taken.leases_size(), 2);
  v1::GetLeasedJobRequest request;
  request.set_session(session);
  *request.mutable_lease() = taken.leases(1).lease();
  v1::LeasedJob job;
  ASSERT_TRUE(handlers_->GetLeasedJob(request, kUser, &job).ok());
  EXPECT_EQ(job.spec(), "the spec");
  EXPECT_EQ(job.resolved(), "the sources");
  request.mutable_lease()->set_epoch(taken.leases(1).lease().epoch() + 5);
  EXPECT_TRUE(absl::IsPermissionDenied(handlers_->GetLeasedJob(request, kUser, &job)));
  *request.mutable_lease() = taken.leases(1).lease();
  request.set_session(Begin());
  EXPECT_TRUE(absl::IsPermissionDenied(handlers_->GetLeasedJob(request, kUser, &job))) << "another worker's";
  request.set_session("guessed");
  EXPECT_TRUE(absl::IsNotFound(handlers_->GetLeasedJob(request, kUser, &job)));
}

TEST_F(WorkerHandlersTest, ForgedBatchesAreRefusedAndNothingOfThemIsKept) {
  const std::string session = Begin();
  const v1::WorkLease lease = Take(session, 2).leases(1).lease();
  EXPECT_EQ(Report(ReportOf(session, lease)), absl::OkStatus());
  const auto refused = [&](absl::StatusCode code, void (*break_it)(v1::ReportPointsRequest*)) {
    v1::ReportPointsRequest request = ReportOf(session, lease);
    break_it(&request);
    EXPECT_EQ(Report(request).code(), code) << request.ShortDebugString();
  };
  using Request = v1::ReportPointsRequest;
  refused(absl::StatusCode::kNotFound, [](Request* r) { r->set_session("guessed"); });
  refused(absl::StatusCode::kFailedPrecondition, [](Request* r) { r->mutable_lease()->set_job_id(99); });
  refused(absl::StatusCode::kFailedPrecondition, [](Request* r) { r->mutable_lease()->set_unit(4); });
  refused(absl::StatusCode::kFailedPrecondition, [](Request* r) { r->mutable_lease()->set_epoch(0); });
  refused(absl::StatusCode::kInvalidArgument, [](Request* r) { r->mutable_points()->set_energy_uj(0, -1); });
  refused(absl::StatusCode::kInvalidArgument, [](Request* r) { r->mutable_points()->add_samples(2); });
  refused(absl::StatusCode::kInvalidArgument, [](Request* r) { r->mutable_points()->set_parameters(0, 1e9); });
  refused(absl::StatusCode::kOutOfRange, [](Request* r) { r->mutable_points()->set_first_sequence(5); });
  refused(absl::StatusCode::kInvalidArgument, [](Request* r) { r->mutable_points()->set_first_sequence(50); });
  EXPECT_TRUE(absl::IsNotFound(Report(ReportOf(session, lease), "mallory")));
  EXPECT_EQ(memory_.GetJob(job_id_)->points, 1);
}

TEST_F(WorkerHandlersTest, AFullDiskPausesTheJobAndTheLeaseIsOver) {
  const std::string session = Begin();
  const v1::WorkLease lease = Take(session, 2).leases(1).lease();
  store_.is_full = true;
  EXPECT_TRUE(absl::IsResourceExhausted(Report(ReportOf(session, lease))));
  EXPECT_EQ(memory_.GetJob(job_id_)->state, JobState::kPaused);
  EXPECT_TRUE(absl::IsFailedPrecondition(Report(ReportOf(session, lease))));
}

TEST_F(WorkerHandlersTest, OutcomesOfAnotherKindAreRefused) {
  const std::string session = Begin();
  const v1::TakeLeasesResponse taken = Take(session, 2);
  v1::EndLeaseRequest request;
  request.set_session(session);
  *request.mutable_lease() = taken.leases(0).lease();
  google::protobuf::Empty empty;
  EXPECT_TRUE(absl::IsInvalidArgument(handlers_->EndLease(request, kUser, &empty))) << "says nothing";
  request.set_ending(v1::EndLeaseRequest::DONE);
  EXPECT_TRUE(absl::IsInvalidArgument(handlers_->EndLease(request, kUser, &empty))) << "a proof without a bound";
  request.mutable_bound()->set_objective(1);
  EXPECT_TRUE(handlers_->EndLease(request, kUser, &empty).ok());
  EXPECT_EQ(memory_.GetJob(job_id_)->bound->objective, 1);
  EXPECT_TRUE(handlers_->EndLease(request, kUser, &empty).ok()) << "sent twice";
}

TEST_F(WorkerHandlersTest, WhatAWorkerWritesSteersNoTerminal) {
  const std::string session = Begin();
  v1::EndLeaseRequest request;
  request.set_session(session);
  *request.mutable_lease() = Take(session, 1).leases(0).lease();
  request.mutable_error()->set_code(13);
  request.mutable_error()->set_message("\x1b[2Jbroken\r");
  google::protobuf::Empty empty;
  ASSERT_TRUE(handlers_->EndLease(request, kUser, &empty).ok());
  const std::string message = memory_.GetJob(job_id_)->message;
  EXPECT_THAT(message, HasSubstr("broken"));
  EXPECT_THAT(message, testing::Not(testing::AnyOf(HasSubstr("\x1b"), HasSubstr("\r"))));
}

TEST_F(WorkerHandlersTest, ListsWorkersByPages) {
  for (int i = 0; i < 5; ++i) Begin();
  v1::ListWorkersRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  for (int pages = 1;; ++pages) {
    v1::ListWorkersResponse response;
    ASSERT_TRUE(handlers_->ListWorkers(request, &response).ok());
    for (const v1::Worker& worker : response.workers()) names.push_back(worker.name());
    EXPECT_EQ(response.waiting_leases(), 6);
    request.set_page_token(response.next_page_token());
    if (request.page_token().empty()) {
      EXPECT_EQ(pages, 3);
      break;
    }
  }
  EXPECT_THAT(names, testing::ElementsAre("workers/1", "workers/2", "workers/3", "workers/4", "workers/5"));
  request.set_page_token("guessed");
  v1::ListWorkersResponse response;
  EXPECT_TRUE(absl::IsInvalidArgument(handlers_->ListWorkers(request, &response)));
}

TEST_F(WorkerHandlersTest, ListsWorkersAndWhatWaits) {
  const std::string session = Begin();
  Take(session, 2);
  v1::ListWorkersResponse response;
  ASSERT_TRUE(handlers_->ListWorkers({}, &response).ok());
  ASSERT_EQ(response.workers_size(), 1);
  EXPECT_EQ(response.workers(0).name(), "workers/1");
  EXPECT_EQ(response.workers(0).display_name(), "pilot");
  EXPECT_EQ(response.workers(0).lease_count(), 2);
  EXPECT_EQ(response.workers(0).leases(0).unit(), -1);
  EXPECT_EQ(response.local_threads(), 0);
  EXPECT_EQ(response.waiting_leases(), 4);
  EXPECT_THAT(response.DebugString(), testing::Not(HasSubstr("secret"))) << "a session's secret is nobody's to see";
}

}  // namespace
}  // namespace oneloop
