#include "server/handlers/record_convert.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/job_settings.h"
#include "server/handlers/resource_names.h"
#include "server/handlers/timestamp.h"
#include "server/search/search_bound.h"

namespace oneloop {
namespace {

// A fault of the model that its users should hear of, rather than a certificate that is none.
constexpr char kBoundDoesNotHold[] =
    "no bound is told: the best design is below the one that was computed, so that one of the two is wrong; please "
    "report "
    "this job's workload and template";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr bool Same(JobState ours, v1::JobState theirs) { return static_cast<int>(ours) == static_cast<int>(theirs); }
static_assert(Same(JobState::kPending, v1::PENDING) && Same(JobState::kRunning, v1::RUNNING) &&
              Same(JobState::kPaused, v1::PAUSED) && Same(JobState::kCancelled, v1::CANCELLED) &&
              Same(JobState::kSucceeded, v1::SUCCEEDED) && Same(JobState::kFailed, v1::FAILED));

constexpr bool Same(PointOrigin ours, v1::PointOrigin theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(Same(PointOrigin::kDescent, v1::DESCENT) && Same(PointOrigin::kRounded, v1::ROUNDED) &&
              Same(PointOrigin::kPolish, v1::POLISH) && Same(PointOrigin::kRandom, v1::RANDOM_DRAW) &&
              Same(PointOrigin::kBayesian, v1::BAYESIAN_PROPOSAL) && Same(PointOrigin::kHeuristic, v1::HEURISTIC));

}  // namespace

v1::JobState JobStateToProto(JobState state) { return static_cast<v1::JobState>(state); }

absl::StatusOr<JobState> JobStateFromProto(int state) {
  if (state > v1::JOB_STATE_UNSPECIFIED && v1::JobState_IsValid(state)) return static_cast<JobState>(state);
  return FieldError("", absl::StrCat("is ", state, "; valid: PENDING, RUNNING, PAUSED, CANCELLED, SUCCEEDED, FAILED"));
}

std::string FormatEtag(std::int64_t revision) { return absl::StrCat("r", revision); }

absl::StatusOr<std::optional<std::int64_t>> ParseEtag(const std::string& etag) {
  if (etag.empty()) return std::optional<std::int64_t>();
  std::int64_t revision = 0;
  if (etag.front() != 'r' || !absl::SimpleAtoi(etag.substr(1), &revision) || FormatEtag(revision) != etag) {
    return absl::AbortedError(
        absl::StrCat("etag: '", etag, "' is not one that this service gave out; get the job again"));
  }
  return std::optional<std::int64_t>(revision);
}

v1::EvaluatedPoint PointToProto(const PointRecord& record, const JobRecord& job) {
  v1::EvaluatedPoint point;
  point.set_name(FormatPointName(job.job.project, job.id, record.number));
  point.set_number(record.number);
  point.set_start(record.start);
  point.set_sample(record.point.sample);
  point.set_origin(static_cast<v1::PointOrigin>(record.point.origin));
  point.set_energy_uj(record.point.energy_uj);
  point.set_latency_cycles(record.point.latency_cycles);
  point.set_area_mm2(record.point.area_mm2);
  point.set_edp(record.point.energy_uj * record.point.latency_cycles);
  if (std::isfinite(record.point.score)) point.set_score(record.point.score);
  const std::size_t count = std::min(job.job.parameter_names.size(), record.point.parameters.size());
  for (std::size_t i = 0; i < count; ++i) {
    (*point.mutable_parameters())[job.job.parameter_names[i]] = record.point.parameters[i];
  }
  point.set_pareto(record.on_front());
  point.set_entered_front_revision(record.entered_front_revision);
  point.set_left_front_revision(record.left_front_revision);
  point.set_revision(record.revision);
  return point;
}

v1::Certificate CertificateToProto(const JobBound& bound, const v1::JobSpec& spec, double score) {
  v1::Certificate certificate;
  certificate.set_objective(spec.objective());
  certificate.set_objective_product(spec.objective_product());
  certificate.set_combination(spec.combination());
  certificate.set_objective_front(spec.objective_front());
  certificate.set_lower_bound(bound.objective);
  certificate.set_energy_uj_bound(bound.energy_uj);
  certificate.set_latency_cycles_bound(bound.latency_cycles);
  certificate.set_area_mm2_bound(bound.area_mm2);
  certificate.set_boxes(bound.boxes);
  certificate.set_exhausted(bound.exhausted);
  if (const std::optional<double> gap = GapOf(score, bound.objective)) certificate.set_gap(*gap);
  return certificate;
}

absl::StatusOr<v1::Job> JobToProto(const JobRecord& record, const std::optional<PointRecord>& best, SpecDetail detail) {
  v1::Job job;
  job.set_name(FormatJobName(record.job.project, record.id));
  job.set_state(JobStateToProto(record.state));
  ASSIGN_OR_RETURN(*job.mutable_spec(), DecodeSpec(record));
  if (detail == SpecDetail::kSummary) Summarize(job.mutable_spec());
  v1::JobProgress* progress = job.mutable_progress();
  progress->set_starts_done(record.starts_done);
  progress->set_starts_total(record.job.num_starts);
  progress->set_samples_done(record.samples_done);
  progress->set_samples_total(record.job.samples_total);
  progress->set_points(record.points);
  progress->set_front_size(record.front_size);
  progress->set_bytes(record.bytes);
  if (best.has_value()) *job.mutable_best() = PointToProto(*best, record);
  job.set_message(record.message);
  if (record.bound.has_value()) {
    const double score = best ? best->point.score : kInfinity;
    if (Contradicts(score, record.bound->objective)) {
      job.set_message(absl::StrCat(record.message, record.message.empty() ? "" : "; ", kBoundDoesNotHold));
    } else {
      *job.mutable_certificate() = CertificateToProto(*record.bound, job.spec(), score);
    }
  }
  job.set_etag(FormatEtag(record.revision));
  job.set_revision(record.revision);
  job.set_request_id(record.job.request_id);
  job.set_owner(record.job.owner);
  SetTimestamp(record.create_time, job.mutable_create_time());
  if (record.start_time.has_value()) SetTimestamp(*record.start_time, job.mutable_start_time());
  if (record.end_time.has_value()) SetTimestamp(*record.end_time, job.mutable_end_time());
  SetSettings(record.job.settings, &job);
  if (record.delete_time.has_value()) SetTimestamp(*record.delete_time, job.mutable_delete_time());
  if (record.purge_time.has_value()) SetTimestamp(*record.purge_time, job.mutable_purge_time());
  job.set_workload_display_name(record.job.workload_name);
  job.set_template_display_name(record.job.template_name);
  return job;
}

absl::StatusOr<v1::WatchResponse> WatchUpdateToProto(const WatchUpdate& update) {
  const JobChanges& changes = update.changes;
  v1::WatchResponse response;
  response.set_resume_revision(changes.resume_revision);
  for (const StateChangeRecord& change : changes.states) {
    v1::StateChange* message = response.add_state_changes();
    message->set_state(JobStateToProto(change.state));
    message->set_revision(change.revision);
    message->set_message(change.message);
  }
  for (const PointRecord& point : changes.entered) *response.add_front_entered() = PointToProto(point, changes.job);
  for (const std::int64_t number : changes.left) response.add_front_left(number);
  response.set_new_points(changes.new_points);
  ASSIGN_OR_RETURN(*response.mutable_job(), JobToProto(changes.job, update.best, SpecDetail::kSummary));
  response.set_snapshot(update.snapshot);
  return response;
}

}  // namespace oneloop
