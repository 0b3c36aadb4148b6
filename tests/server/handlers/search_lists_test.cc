// What pollers of jobs, points and fronts are told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/search_handlers.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Jobs that only the tests change.
class SearchListsTest : public testing::Test {
 protected:
  static JobManager::Options IdleOptions(RunStore* store) {
    JobManager::Options options;
    options.store = store;
    options.decode_spec = DecodeSearch;
    options.num_threads = 1;
    return options;
  }

  static WriteQueue::Options Undelayed() {
    WriteQueue::Options options;
    options.max_delay = std::chrono::milliseconds(0);
    return options;
  }

  std::int64_t AddJob(const std::string& project = "p", int starts = 2) {
    v1::JobSpec spec;
    spec.set_workload_name("alexnet");
    spec.set_template_name("gemmini");
    spec.set_starts(starts);
    NewJob job = PrepareJob(spec, catalog_, calibrations_)->job;
    job.project = project;
    job.owner = "ada";
    return store_.CreateJob(job)->record.id;
  }
  void Move(std::int64_t id, JobState to) {
    ASSERT_TRUE(store_.SetJobState(id, {JobState::kPending, JobState::kRunning}, to, "", {}).ok());
  }
  void AppendExact(std::int64_t id, int start, std::int64_t sequence, double energy, double latency, double area = 1) {
    PointBatch batch{id, start, {ExactPoint(sequence, energy, latency, area)}, sequence + 1, false};
    batch.points[0].parameters.assign(store_.GetJob(id)->job.parameter_names.size(), 16);
    ASSERT_EQ(Append(store_, batch), absl::OkStatus());
  }

  static std::string Name(std::int64_t id) { return absl::StrCat("projects/p/jobs/", id); }
  static v1::ListJobsRequest JobsRequest() {
    v1::ListJobsRequest request;
    request.set_parent("projects/p");
    return request;
  }
  v1::ListJobsResponse ListJobs(const v1::ListJobsRequest& request) {
    v1::ListJobsResponse response;
    const absl::Status status = handlers_.ListJobs(request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  v1::ListPointsResponse ListPoints(const v1::ListPointsRequest& request) {
    v1::ListPointsResponse response;
    const absl::Status status = handlers_.ListPoints(request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  v1::GetFrontResponse GetFront(std::int64_t id, std::int64_t after, std::int64_t at = 0) {
    v1::GetFrontRequest request;
    request.set_parent(Name(id));
    request.set_after_revision(after);
    request.set_at_revision(at);
    v1::GetFrontResponse response;
    const absl::Status status = handlers_.GetFront(request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }

  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_{WallNow, Undelayed()};
  const std::unique_ptr<CalibrationManager> calibration_manager_ =
      CalibrationManager::Create(&store_, TrainCalibration).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, calibration_manager_.get()};
  // Nobody tells it of the jobs.
  const std::unique_ptr<JobManager> jobs_ = JobManager::Create(IdleOptions(&store_)).value();
  const SearchHandlers handlers_{{&store_, jobs_.get(), &catalog_, &calibrations_, {}}};
};

std::vector<std::string> NamesOf(const v1::ListJobsResponse& response) {
  std::vector<std::string> names;
  for (const v1::Job& job : response.jobs()) names.push_back(job.name());
  return names;
}

std::vector<std::int64_t> NumbersOf(const google::protobuf::RepeatedPtrField<v1::EvaluatedPoint>& points) {
  std::vector<std::int64_t> numbers;
  for (const v1::EvaluatedPoint& point : points) numbers.push_back(point.number());
  return numbers;
}

// A list as a page keeps it, polled by the rules of the proto file.
class PolledList {
 public:
  explicit PolledList(const v1::ListJobsRequest& request) : request_(request) {}

  template <class List>
  void Poll(const List& list) {
    request_.clear_page_token();
    request_.set_after_revision(revision_);
    for (;;) {
      const v1::ListJobsResponse page = list(request_);
      if (page.snapshot()) jobs.clear();
      for (const v1::Job& job : page.jobs()) jobs[job.name()] = job.revision();
      for (const std::string& name : page.removed()) jobs.erase(name);
      revision_ = page.revision();
      if (page.next_page_token().empty()) return;
      request_.set_page_token(page.next_page_token());
    }
  }

  std::map<std::string, std::int64_t> jobs;  // revisions by name

 private:
  v1::ListJobsRequest request_;
  std::int64_t revision_ = 0;
};

TEST_F(SearchListsTest, PollTellsOnlyWhatChanged) {
  const std::int64_t a = AddJob();
  const std::int64_t b = AddJob();
  v1::ListJobsRequest request = JobsRequest();
  const v1::ListJobsResponse whole = ListJobs(request);
  EXPECT_THAT(NamesOf(whole), ElementsAre(Name(b), Name(a)));
  EXPECT_EQ(whole.revision(), store_.revision());
  request.set_after_revision(whole.revision());
  const v1::ListJobsResponse nothing = ListJobs(request);
  EXPECT_THAT(NamesOf(nothing), IsEmpty());
  EXPECT_EQ(nothing.revision(), whole.revision());
  AppendExact(a, 0, 0, 3, 4);
  const v1::ListJobsResponse news = ListJobs(request);
  EXPECT_THAT(NamesOf(news), ElementsAre(Name(a)));
  EXPECT_EQ(news.jobs(0).best().edp(), 12);
  EXPECT_EQ(news.revision(), store_.revision());
  EXPECT_FALSE(news.snapshot());
  EXPECT_THAT(news.removed(), IsEmpty());
}

TEST_F(SearchListsTest, PollNamesJobsThatLeftTheQuery) {
  const std::int64_t a = AddJob();
  const std::int64_t b = AddJob();
  AddJob("q");
  v1::ListJobsRequest request = JobsRequest();
  request.add_states(v1::PENDING);
  request.set_after_revision(ListJobs(request).revision());
  Move(a, JobState::kCancelled);
  v1::ListJobsResponse news = ListJobs(request);
  EXPECT_THAT(news.removed(), ElementsAre(Name(a)));
  request.clear_states();
  JobChange deletion;
  deletion.purge_time = absl::InfiniteFuture();
  Move(b, JobState::kCancelled);
  ASSERT_TRUE(store_.ChangeJob(b, deletion, {}).ok());
  news = ListJobs(request);
  EXPECT_THAT(NamesOf(news), ElementsAre(Name(a)));
  EXPECT_THAT(news.removed(), ElementsAre(Name(b)));
}

TEST_F(SearchListsTest, PurgeOfAJobOfTheProjectMakesTheNextPollASnapshot) {
  const std::int64_t a = AddJob();
  const std::int64_t b = AddJob();
  const std::int64_t c = AddJob();
  const std::int64_t other = AddJob("q");
  v1::ListJobsRequest request = JobsRequest();
  request.set_page_size(1);
  request.set_after_revision(store_.revision());
  Move(other, JobState::kCancelled);
  ASSERT_TRUE(store_.DeleteJob(other, {}).ok());
  EXPECT_FALSE(ListJobs(request).snapshot());
  Move(b, JobState::kCancelled);
  ASSERT_TRUE(store_.DeleteJob(b, {}).ok());
  const v1::ListJobsResponse first = ListJobs(request);
  EXPECT_TRUE(first.snapshot());
  EXPECT_THAT(NamesOf(first), ElementsAre(Name(c)));
  request.set_page_token(first.next_page_token());
  AppendExact(c, 0, 0, 3, 4);
  const v1::ListJobsResponse second = ListJobs(request);
  EXPECT_THAT(NamesOf(second), ElementsAre(Name(a)));
  EXPECT_FALSE(second.snapshot());
  EXPECT_EQ(second.revision(), first.revision()) << "what changed between the pages is still to come";
  EXPECT_EQ(second.next_page_token(), "");
  request.clear_page_token();
  request.set_after_revision(second.revision());
  EXPECT_THAT(NamesOf(ListJobs(request)), ElementsAre(Name(c)));
}

// Everything that may happen to jobs, polled by pages of two while it happens.
TEST_F(SearchListsTest, PolledListIsTheListAgainWhateverHappened) {
  v1::ListJobsRequest request = JobsRequest();
  request.set_page_size(2);
  request.set_filter("NOT state=PAUSED");
  PolledList polled(request);
  std::vector<std::int64_t> ids;
  int step = 0;
  const auto happen = [&] {
    const int turn = step++;
    if (turn % 3 == 0) ids.push_back(AddJob());
    const std::int64_t id = ids[static_cast<std::size_t>(turn * 7) % ids.size()];
    const auto job = store_.GetJob(id);
    if (!job.ok() || job->delete_time) return;
    JobChange deletion;
    deletion.purge_time = absl::InfiniteFuture();
    if (IsFinal(job->state)) {
      ASSERT_TRUE(turn % 2 == 0 ? store_.ChangeJob(id, deletion, {}).ok() : store_.DeleteJob(id, {}).ok());
    } else if (turn % 5 == 1) {
      ASSERT_TRUE(store_.SetJobState(id, {job->state}, JobState::kCancelled, "", {}).ok());
    } else if (turn % 5 == 3) {
      const JobState to = job->state == JobState::kPaused ? JobState::kPending : JobState::kPaused;
      ASSERT_TRUE(store_.SetJobState(id, {job->state}, to, "", {}).ok());
    } else {
      AppendExact(id, 0, job->points, 5, 5);
    }
  };
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i <= round % 9; ++i) happen();
    polled.Poll([&](const v1::ListJobsRequest& page) {
      v1::ListJobsResponse response = ListJobs(page);
      if (round % 2 == 0) happen();
      return response;
    });
    // What happened after the last page is told by a poll more.
    polled.Poll([&](const v1::ListJobsRequest& page) { return ListJobs(page); });
    std::map<std::string, std::int64_t> expected;
    v1::ListJobsRequest all = JobsRequest();
    all.set_filter(request.filter());
    all.set_page_size(1000);
    const v1::ListJobsResponse listed = ListJobs(all);
    for (const v1::Job& job : listed.jobs()) expected[job.name()] = job.revision();
    ASSERT_EQ(polled.jobs, expected) << "round " << round;
  }
}

// Whoever looks at first pages only hears of everything, too, if later.
TEST_F(SearchListsTest, PollThatFollowsNoPagesMissesNothing) {
  std::vector<std::int64_t> ids(7);
  for (std::int64_t& id : ids) id = AddJob();
  v1::ListJobsRequest request = JobsRequest();
  request.set_page_size(2);
  request.set_after_revision(1);
  std::map<std::string, std::int64_t> seen;
  for (int poll = 0; request.after_revision() < store_.revision(); ++poll) {
    ASSERT_LT(poll, 50) << "at revision " << request.after_revision();
    const v1::ListJobsResponse page = ListJobs(request);
    for (const v1::Job& job : page.jobs()) seen[job.name()] = job.revision();
    request.set_after_revision(page.revision());
    if (poll < 5) AppendExact(ids[static_cast<std::size_t>(poll)], 0, 0, 5, 5);
  }
  for (const std::int64_t id : ids) EXPECT_EQ(seen[Name(id)], store_.GetJob(id)->revision) << id;
}

TEST_F(SearchListsTest, RevisionsThatAreNotThereAreRefused) {
  const std::int64_t id = AddJob();
  for (const std::int64_t revision : {store_.revision() + 1, std::int64_t{-1}}) {
    v1::ListJobsRequest jobs = JobsRequest();
    jobs.set_after_revision(revision);
    v1::ListJobsResponse job_list;
    EXPECT_EQ(FieldOf(handlers_.ListJobs(jobs, &job_list)), "after_revision");
    v1::ListPointsRequest points;
    points.set_parent(Name(id));
    points.set_after_revision(revision);
    v1::ListPointsResponse point_list;
    EXPECT_EQ(FieldOf(handlers_.ListPoints(points, &point_list)), "after_revision");
    v1::GetFrontRequest front;
    front.set_parent(Name(id));
    front.set_after_revision(revision);
    v1::GetFrontResponse changes;
    const absl::Status status = handlers_.GetFront(front, &changes);
    EXPECT_EQ(FieldOf(status), "after_revision");
    EXPECT_THAT(Message(status), HasSubstr("the store is at revision"));
    front.set_after_revision(0);
    front.set_at_revision(revision);
    EXPECT_EQ(FieldOf(handlers_.GetFront(front, &changes)), "at_revision");
  }
  v1::GetFrontRequest both;
  both.set_parent(Name(id));
  both.set_after_revision(1);
  both.set_at_revision(1);
  v1::GetFrontResponse response;
  EXPECT_EQ(FieldOf(handlers_.GetFront(both, &response)), "at_revision");
}

TEST_F(SearchListsTest, PageTokenOfTheWholeListIsRefusedInAPoll) {
  AddJob();
  AddJob();
  v1::ListJobsRequest request = JobsRequest();
  request.set_page_size(1);
  request.set_page_token(ListJobs(request).next_page_token());
  request.set_after_revision(1);
  v1::ListJobsResponse response;
  EXPECT_EQ(FieldOf(handlers_.ListJobs(request, &response)), "page_token");
}

TEST_F(SearchListsTest, PagesOfPointsAreOfTheFirstOnesRevision) {
  const std::int64_t id = AddJob();
  for (std::int64_t i = 0; i < 3; ++i) AppendExact(id, 0, i, 10, 10);
  v1::ListPointsRequest request;
  request.set_parent(Name(id));
  request.set_page_size(2);
  const v1::ListPointsResponse first = ListPoints(request);
  EXPECT_EQ(first.revision(), store_.revision());
  AppendExact(id, 1, 0, 10, 10);
  AppendExact(id, 0, 3, 10, 10);
  request.set_page_token(first.next_page_token());
  const v1::ListPointsResponse second = ListPoints(request);
  EXPECT_THAT(NumbersOf(second.points()), ElementsAre(4));
  EXPECT_EQ(second.revision(), first.revision());
  request.clear_page_token();
  request.set_after_revision(second.revision());
  const v1::ListPointsResponse news = ListPoints(request);
  EXPECT_THAT(NumbersOf(news.points()), ElementsAre(1, 6));
  EXPECT_EQ(news.revision(), store_.revision());
  request.set_after_revision(news.revision());
  EXPECT_EQ(ListPoints(request).points_size(), 0);
}

TEST_F(SearchListsTest, PointsThatWereOnTheFrontAreListedWithThoseThatAre) {
  const std::int64_t id = AddJob();
  AppendExact(id, 0, 0, 10, 10);
  AppendExact(id, 0, 1, 20, 20);
  AppendExact(id, 0, 2, 5, 5);
  v1::ListPointsRequest request;
  request.set_parent(Name(id));
  request.set_ever_pareto(true);
  EXPECT_THAT(NumbersOf(ListPoints(request).points()), ElementsAre(0, 4));
  request.set_pareto_only(true);
  EXPECT_THAT(NumbersOf(ListPoints(request).points()), ElementsAre(4));
}

TEST_F(SearchListsTest, FrontIsToldWholeThenByWhatChangedAndAsItWas) {
  const std::int64_t id = AddJob();
  AppendExact(id, 0, 0, 10, 10);
  AppendExact(id, 0, 1, 20, 5);
  const v1::GetFrontResponse whole = GetFront(id, 0);
  EXPECT_TRUE(whole.snapshot());
  EXPECT_THAT(NumbersOf(whole.entered()), ElementsAre(0, 2));
  EXPECT_EQ(whole.revision(), store_.revision());
  const v1::GetFrontResponse nothing = GetFront(id, whole.revision());
  EXPECT_FALSE(nothing.snapshot());
  EXPECT_THAT(nothing.entered(), IsEmpty());
  EXPECT_THAT(nothing.left(), IsEmpty());
  // One that enters and is beaten by the next is no news.
  AppendExact(id, 1, 0, 9, 9);
  AppendExact(id, 0, 2, 8, 8);
  const v1::GetFrontResponse news = GetFront(id, whole.revision());
  EXPECT_FALSE(news.snapshot());
  EXPECT_THAT(NumbersOf(news.entered()), ElementsAre(4));
  EXPECT_THAT(news.left(), ElementsAre(0));
  EXPECT_EQ(news.revision(), store_.revision());
  const v1::GetFrontResponse was = GetFront(id, 0, whole.revision());
  EXPECT_TRUE(was.snapshot());
  EXPECT_EQ(was.revision(), whole.revision());
  EXPECT_THAT(NumbersOf(was.entered()), ElementsAre(0, 2));
  EXPECT_TRUE(was.entered(0).pareto());
}

TEST_F(SearchListsTest, FrontThatChangedMuchIsToldWhole) {
  const std::int64_t id = AddJob();
  AppendExact(id, 0, 0, 3000, 3000);
  const std::int64_t seen = store_.revision();
  for (int i = 0; i < 1005; ++i) AppendExact(id, 1, i, 2000 - i, 1000 + i);
  const v1::GetFrontResponse news = GetFront(id, seen);
  EXPECT_TRUE(news.snapshot());
  EXPECT_THAT(news.entered(), SizeIs(1005));
  EXPECT_THAT(news.left(), IsEmpty());
  EXPECT_EQ(news.revision(), store_.revision());
  EXPECT_FALSE(GetFront(id, store_.revision() - 10).snapshot());
}

TEST_F(SearchListsTest, HistoryTellsTheBestOfEachStartSoFar) {
  const std::int64_t id = AddJob();
  AppendExact(id, 0, 0, 10, 10, 3);
  AppendExact(id, 0, 1, 20, 20);
  AppendExact(id, 0, 2, 5, 6);
  AppendExact(id, 1, 0, 7, 7);
  v1::GetHistoryRequest request;
  request.set_parent(Name(id));
  v1::SearchHistory history;
  ASSERT_EQ(handlers_.GetHistory(request, &history), absl::OkStatus());
  EXPECT_EQ(history.revision(), store_.revision());
  ASSERT_EQ(history.starts_size(), 2);
  EXPECT_EQ(history.starts(0).samples_done(), 3);
  EXPECT_FALSE(history.starts(0).done());
  ASSERT_EQ(history.starts(0).improvements_size(), 2);
  const v1::Improvement& first = history.starts(0).improvements(0);
  EXPECT_EQ(first.sample(), 1);
  EXPECT_EQ(first.number(), 0);
  EXPECT_EQ(first.edp(), 100);
  EXPECT_EQ(first.area_mm2(), 3);
  const v1::Improvement& second = history.starts(0).improvements(1);
  EXPECT_EQ(second.sample(), 3);
  EXPECT_EQ(second.number(), 4);
  EXPECT_EQ(second.score(), 30);
  EXPECT_EQ(second.energy_uj(), 5);
  EXPECT_EQ(second.latency_cycles(), 6);
  EXPECT_EQ(history.starts(1).start(), 1);
}

TEST_F(SearchListsTest, SampleTellsHowManyPointsItIsOf) {
  const std::int64_t id = AddJob();
  for (int i = 0; i < 40; ++i) AppendExact(id, i % 2, i / 2, 10 + i, 10 + i);
  v1::SamplePointsRequest request;
  request.set_parent(Name(id));
  v1::SamplePointsResponse sample;
  ASSERT_EQ(handlers_.SamplePoints(request, &sample), absl::OkStatus());
  EXPECT_EQ(sample.points_size(), 40);
  EXPECT_EQ(sample.total(), 40);
  EXPECT_EQ(sample.revision(), store_.revision());
  EXPECT_EQ(sample.points(1).name(), Name(id) + "/points/1");
  request.set_max_points(16);
  sample.Clear();
  ASSERT_EQ(handlers_.SamplePoints(request, &sample), absl::OkStatus());
  EXPECT_EQ(sample.points_size(), 16);
  EXPECT_EQ(sample.total(), 40);
  EXPECT_TRUE(sample.points(0).pareto());
  EXPECT_EQ(sample.points(15).number(), 39) << "the greatest";
}

TEST_F(SearchListsTest, NumbersOfMarksOutOfRangeAreRefused) {
  const std::int64_t id = AddJob();
  for (const int most : {-1, 1, 15, 2001}) {
    v1::SamplePointsRequest sample;
    sample.set_parent(Name(id));
    sample.set_max_points(most);
    v1::SamplePointsResponse points;
    EXPECT_EQ(FieldOf(handlers_.SamplePoints(sample, &points)), "max_points");
    v1::GetHistoryRequest history;
    history.set_parent(Name(id));
    history.set_max_improvements(most);
    v1::SearchHistory starts;
    const absl::Status status = handlers_.GetHistory(history, &starts);
    EXPECT_EQ(FieldOf(status), "max_improvements");
    EXPECT_THAT(Message(status), HasSubstr("valid: 0 or 16 to 2000"));
  }
}

}  // namespace
}  // namespace oneloop
