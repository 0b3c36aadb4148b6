// The part of SearchHandlers that reads lists and overviews, again and again for who polls them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/handlers/deterministic_bytes.h"
#include "server/handlers/job_filter_parser.h"
#include "server/handlers/list_page.h"
#include "server/handlers/page_token.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/search_handlers.h"

namespace oneloop {
namespace {

// Beyond so many changes of a front its whole is sent.
constexpr int kMostFrontChanges = 1000;

// Marks that a plot can show.
constexpr int kFewestMarks = 16;
constexpr int kMostMarks = 2000;
static_assert(kFewestMarks >= kLeastSample);

absl::StatusOr<int> MarksOf(std::string_view field, int asked) {
  if (asked == 0) return kMostMarks;
  if (asked >= kFewestMarks && asked <= kMostMarks) return asked;
  return FieldError(field, absl::StrCat("is ", asked, "; valid: 0 or ", kFewestMarks, " to ", kMostMarks));
}

// What a page token is bound to: the request without the page, and which of the request's lists it is.
template <class Request>
std::uint64_t HashOfQuery(Request request, std::string_view list = "") {
  request.clear_page_size();
  request.clear_page_token();
  return QueryHash(absl::StrCat(Request::descriptor()->full_name(), ToAbsl(list), "\n", DeterministicBytes(request)));
}

std::uint64_t HashOfSnapshot(const v1::ListJobsRequest& request) { return HashOfQuery(request, " snapshot"); }

absl::Status CheckReached(std::string_view field, std::int64_t asked, std::int64_t revision) {
  if (asked >= 0 && asked <= revision) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", asked, ", and the store is at revision ", revision,
                                        "; valid: 0, or the revision of an earlier reply of this store"));
}

absl::StatusOr<JobQuery> JobQueryOf(const v1::ListJobsRequest& request) {
  JobQuery query;
  ASSIGN_OR_RETURN(query.project, ParseProjectName("parent", request.parent()));
  if (query.project == "-") query.project.clear();
  for (int i = 0; i < request.states_size(); ++i) {
    const absl::StatusOr<JobState> state = JobStateFromProto(request.states(i));
    if (!state.ok()) return PrefixField(absl::StrCat("states[", i, "]"), state.status());
    query.states.push_back(*state);
  }
  ASSIGN_OR_RETURN(query.limit, EffectivePageSize(request.page_size(), 50, 1000));
  if (!request.filter().empty()) {
    ASSIGN_OR_RETURN(query.filter, ParseJobFilter(request.filter()));
  }
  ASSIGN_OR_RETURN(const JobOrdering ordering, ParseJobOrder(request.order_by()));
  query.order = ordering.order;
  query.ascending = ordering.ascending;
  query.show_deleted = request.show_deleted();
  return query;
}

absl::StatusOr<PointQuery> PointQueryOf(const v1::ListPointsRequest& request, const JobRecord& job,
                                        std::int64_t revision) {
  PointQuery query;
  query.job_id = job.id;
  query.front_only = request.pareto_only();
  query.ever_on_front = request.ever_pareto();
  query.exact_only = request.exact_only();
  if (request.has_start()) {
    if (request.start() < 0 || request.start() >= job.job.num_starts) {
      return FieldError("start", absl::StrCat("is ", request.start(), "; valid: 0 to ", job.job.num_starts - 1));
    }
    query.start = request.start();
  }
  RETURN_IF_ERROR(CheckReached("after_revision", request.after_revision(), revision));
  query.after_revision = request.after_revision();
  query.last_revision = revision;
  ASSIGN_OR_RETURN(query.limit, EffectivePageSize(request.page_size(), 1000, 10000));
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(const PageKey key, DecodePageKey(request.page_token(), HashOfQuery(request)));
    query.after_number = key.first;
    query.last_revision = key.revision;
  }
  return query;
}

// What came and stayed, and what went and had been there before.
void FillFrontChanges(const JobChanges& changes, v1::GetFrontResponse* response) {
  response->set_revision(changes.resume_revision);
  std::set<std::int64_t> passed;
  std::map<std::int64_t, const PointRecord*> entered;
  for (const PointRecord& point : changes.entered) {
    if (point.on_front()) entered.emplace(point.number, &point);
    if (!point.on_front()) passed.insert(point.number);
  }
  for (const auto& [number, point] : entered) *response->add_entered() = PointToProto(*point, changes.job);
  std::set<std::int64_t> left(changes.left.begin(), changes.left.end());
  for (const std::int64_t number : left) {
    if (!passed.contains(number)) response->add_left(number);
  }
}

}  // namespace

absl::Status SearchHandlers::ListJobs(const v1::ListJobsRequest& request, v1::ListJobsResponse* response) const {
  const std::int64_t revision = options_.store->revision();
  const std::int64_t since = request.after_revision();
  ASSIGN_OR_RETURN(JobQuery query, JobQueryOf(request));
  RETURN_IF_ERROR(CheckReached("after_revision", since, revision));
  const std::string& token = request.page_token();
  if (since == 0) return ListAllJobs(request, HashOfQuery(request), query, response);
  if (token.empty() && since == revision) {
    response->set_revision(revision);
    return absl::OkStatus();
  }
  JobCursor after{since, std::numeric_limits<std::int64_t>::max()};
  if (!token.empty()) {
    if (DecodePageKey(token, HashOfSnapshot(request)).ok()) {
      return ListAllJobs(request, HashOfSnapshot(request), query, response);
    }
    ASSIGN_OR_RETURN(const PageKey key, DecodePageKey(token, HashOfQuery(request)));
    after = {key.first, key.second};
  }
  return ListChangedJobs(request, query, after, response);
}

absl::Status SearchHandlers::ListAllJobs(const v1::ListJobsRequest& request, std::uint64_t hash, JobQuery query,
                                         v1::ListJobsResponse* response) const {
  // Before the list is read: what changes meanwhile is told again.
  std::int64_t revision = options_.store->revision();
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(const PageKey key, DecodePageKey(request.page_token(), hash));
    query.after = JobCursor{key.first, key.second};
    revision = key.revision;
  }
  response->set_revision(revision);
  const auto page_size = static_cast<std::size_t>(query.limit);
  // One more than the page tells whether there is another.
  ++query.limit;
  ASSIGN_OR_RETURN(const std::vector<JobRecord> records, options_.store->ListJobs(query));
  std::size_t bytes = 0;
  std::size_t listed = 0;
  for (; listed < records.size() && listed < page_size && bytes < kPageBytes; ++listed) {
    RETURN_IF_ERROR(AddJob(records[listed], &bytes, response));
  }
  if (listed < records.size()) {
    const JobRecord& last = records[listed - 1];
    response->set_next_page_token(EncodePageToken(PageKey{OrderKey(query.order, last), last.id, revision}, hash));
  }
  return absl::OkStatus();
}

absl::Status SearchHandlers::ListChangedJobs(const v1::ListJobsRequest& request, const JobQuery& query,
                                             const JobCursor& after, v1::ListJobsResponse* response) const {
  const std::int64_t since = request.after_revision();
  ASSIGN_OR_RETURN(const ChangedJobs changed, options_.store->ListChangedJobs(query, since, after));
  if (changed.purged) {
    response->set_snapshot(true);
    v1::ListJobsRequest first_page = request;
    first_page.clear_page_token();
    return ListAllJobs(first_page, HashOfSnapshot(request), query, response);
  }
  std::size_t bytes = 0;
  std::size_t listed = 0;
  for (; listed < changed.jobs.size() && bytes < kPageBytes; ++listed) {
    const auto& [record, wanted] = changed.jobs[listed];
    if (wanted) {
      RETURN_IF_ERROR(AddJob(record, &bytes, response));
    } else {
      response->add_removed(FormatJobName(record.job.project, record.id));
    }
  }
  response->set_revision(changed.revision);
  if (changed.more || listed < changed.jobs.size()) {
    const JobRecord& last = changed.jobs[listed - 1].record;
    // Others of the same commit may be on the next page.
    response->set_revision(std::max(since, last.revision - 1));
    response->set_next_page_token(EncodePageToken(PageKey{last.revision, last.id, 0}, HashOfQuery(request)));
  }
  return absl::OkStatus();
}

absl::Status SearchHandlers::AddJob(const JobRecord& record, std::size_t* bytes, v1::ListJobsResponse* response) const {
  v1::Job* const job = response->add_jobs();
  const absl::Status filled = FillJob(record, job);
  // Purged since it was listed.
  if (absl::IsNotFound(filled)) {
    response->mutable_jobs()->RemoveLast();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(filled);
  FillPlace(record, job);
  *bytes += job->ByteSizeLong();
  return absl::OkStatus();
}

absl::Status SearchHandlers::ListPoints(const v1::ListPointsRequest& request, v1::ListPointsResponse* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("parent", request.parent()));
  ASSIGN_OR_RETURN(const JobRecord job, FindJob(name, SpecDetail::kSummary));
  ASSIGN_OR_RETURN(PointQuery query, PointQueryOf(request, job, options_.store->revision()));
  response->set_revision(query.last_revision);
  const auto page_size = static_cast<std::size_t>(query.limit);
  ++query.limit;
  ASSIGN_OR_RETURN(const std::vector<PointRecord> points, options_.store->ListPoints(query));
  std::size_t bytes = 0;
  std::size_t listed = 0;
  for (; listed < points.size() && listed < page_size && bytes < kPageBytes; ++listed) {
    v1::EvaluatedPoint* point = response->add_points();
    *point = PointToProto(points[listed], job);
    bytes += point->ByteSizeLong();
  }
  if (listed < points.size()) {
    response->set_next_page_token(
        EncodePageToken(PageKey{points[listed - 1].number, 0, query.last_revision}, HashOfQuery(request)));
  }
  return absl::OkStatus();
}

absl::Status SearchHandlers::GetFront(const v1::GetFrontRequest& request, v1::GetFrontResponse* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("parent", request.parent()));
  const std::int64_t revision = options_.store->revision();
  RETURN_IF_ERROR(CheckReached("after_revision", request.after_revision(), revision));
  RETURN_IF_ERROR(CheckReached("at_revision", request.at_revision(), revision));
  if (request.after_revision() != 0 && request.at_revision() != 0) {
    return FieldError("at_revision", "is not for a request with after_revision; leave one of them out");
  }
  ASSIGN_OR_RETURN(const JobRecord job, FindJob(name, SpecDetail::kSummary));
  const auto fill_whole = [&](const std::vector<PointRecord>& front, std::int64_t at) {
    for (const PointRecord& point : front) *response->add_entered() = PointToProto(point, job);
    response->set_revision(at);
    response->set_snapshot(true);
  };
  if (request.at_revision() != 0) {
    ASSIGN_OR_RETURN(const std::vector<PointRecord> front, options_.store->FrontAt(job.id, request.at_revision()));
    fill_whole(front, request.at_revision());
    return absl::OkStatus();
  }
  if (request.after_revision() != 0) {
    ASSIGN_OR_RETURN(const JobChanges changes,
                     options_.store->ReadChanges(job.id, request.after_revision(), kMostFrontChanges));
    if (changes.resume_revision >= revision) {
      FillFrontChanges(changes, response);
      return absl::OkStatus();
    }
  }
  ASSIGN_OR_RETURN(const JobSnapshot snapshot, options_.store->Snapshot(job.id));
  fill_whole(snapshot.front, snapshot.revision);
  return absl::OkStatus();
}

absl::Status SearchHandlers::SamplePoints(const v1::SamplePointsRequest& request,
                                          v1::SamplePointsResponse* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("parent", request.parent()));
  ASSIGN_OR_RETURN(const int most, MarksOf("max_points", request.max_points()));
  ASSIGN_OR_RETURN(const JobRecord job, FindJob(name, SpecDetail::kSummary));
  ASSIGN_OR_RETURN(const PointSample sample, options_.store->SamplePoints(job.id, most));
  for (const PointRecord& point : sample.points) *response->add_points() = PointToProto(point, job);
  response->set_revision(sample.revision);
  response->set_total(sample.total);
  return absl::OkStatus();
}

absl::Status SearchHandlers::GetHistory(const v1::GetHistoryRequest& request, v1::SearchHistory* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("parent", request.parent()));
  ASSIGN_OR_RETURN(const int most, MarksOf("max_improvements", request.max_improvements()));
  ASSIGN_OR_RETURN(const JobRecord job, FindJob(name, SpecDetail::kSummary));
  ASSIGN_OR_RETURN(const JobHistory history, options_.store->ReadHistory(job.id, most));
  response->set_revision(history.revision);
  for (const StartHistory& start : history.starts) {
    v1::StartHistory* const message = response->add_starts();
    message->set_start(start.start.start);
    message->set_samples_done(start.start.samples_done);
    message->set_done(start.start.done);
    for (const Improvement& improvement : start.improvements) {
      v1::Improvement* const entry = message->add_improvements();
      entry->set_sample(improvement.sample);
      entry->set_number(improvement.number);
      entry->set_score(improvement.score);
      entry->set_energy_uj(improvement.energy_uj);
      entry->set_latency_cycles(improvement.latency_cycles);
      entry->set_area_mm2(improvement.area_mm2);
      entry->set_edp(improvement.energy_uj * improvement.latency_cycles);
    }
  }
  return absl::OkStatus();
}

}  // namespace oneloop
