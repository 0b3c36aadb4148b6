#include "server/handlers/search_handlers.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "common/front/front_space.h"
#include "server/handlers/design_builder.h"
#include "server/handlers/explanation_builder.h"
#include "server/handlers/front_figures.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/job_settings.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/timestamp.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestRequestId = 64;
// When one of the user's jobs is likely to have ended.
constexpr absl::Duration kRetryAfter = absl::Minutes(1);

constexpr int kFrontPage = 10000;

absl::Status CheckSameSpec(const JobRecord& existing, const NewJob& wanted) {
  if (existing.job.spec == wanted.spec) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("request_id '", wanted.request_id, "' belongs to ",
                                               FormatJobName(existing.job.project, existing.id),
                                               ", which has another spec; use a new request_id"));
}

absl::Status CheckSamples(std::int64_t samples, std::int64_t most) {
  if (samples <= most) return absl::OkStatus();
  return LimitError("max_samples_per_job",
                    absl::StrCat("the job has ", samples, " samples (starts times steps), and at most ", most,
                                 " are allowed; split it or ask for fewer"),
                    absl::InfiniteDuration());
}

// What CreateJob would answer, for a job that is not stored.
void FillPreview(const PreparedJob& prepared, v1::Job* response) {
  response->set_state(v1::PENDING);
  *response->mutable_spec() = prepared.spec;
  response->mutable_progress()->set_starts_total(prepared.job.num_starts);
  response->mutable_progress()->set_samples_total(prepared.job.samples_total);
  response->set_request_id(prepared.job.request_id);
  response->set_owner(prepared.job.owner);
  SetSettings(prepared.job.settings, response);
  response->set_workload_display_name(prepared.job.workload_name);
  response->set_template_display_name(prepared.job.template_name);
}

}  // namespace

absl::Status SearchHandlers::CreateJob(const v1::CreateJobRequest& request, const std::string& owner,
                                       v1::Job* response) const {
  ASSIGN_OR_RETURN(const std::string project, ParseProjectName("parent", request.parent()));
  if (project == "-") return FieldError("parent", "is 'projects/-'; a job needs a project of its own");
  if (request.request_id().size() > kLongestRequestId) {
    return FieldError("request_id", absl::StrCat("has ", request.request_id().size(), " characters; valid: at most ",
                                                 kLongestRequestId));
  }
  if (!request.has_spec()) return FieldError("spec", "is missing");
  absl::StatusOr<PreparedJob> prepared = PrepareJob(request.spec(), *options_.catalog, *options_.calibrations, project);
  if (!prepared.ok()) return PrefixField("spec", prepared.status());
  prepared->job.project = project;
  prepared->job.request_id = request.request_id();
  prepared->job.owner = owner;
  RETURN_IF_ERROR(CheckSamples(prepared->job.samples_total, options_.limits.max_samples_per_job));
  absl::StatusOr<JobSettings> settings = SettingsOf(request, options_.clock());
  if (request.validate_only()) {
    ASSIGN_OR_RETURN(prepared->job.settings, std::move(settings));
    FillPreview(*prepared, response);
    response->mutable_warnings()->Assign(prepared->warnings.begin(), prepared->warnings.end());
    return absl::OkStatus();
  }
  // A retry gets its job whatever the limits say by now, and also once its deadline has passed.
  ASSIGN_OR_RETURN(const std::optional<JobRecord> known, FindRetried(prepared->job));
  if (known.has_value()) return FillJob(*known, response);
  ASSIGN_OR_RETURN(prepared->job.settings, std::move(settings));
  RETURN_IF_ERROR(CheckLimits(prepared->job));
  const absl::StatusOr<RunStore::CreateResult> result = options_.jobs->Submit(prepared->job);
  if (absl::IsInvalidArgument(result.status())) return PrefixField("spec", result.status());
  if (!result.ok()) return result.status();
  if (!result->created) RETURN_IF_ERROR(CheckSameSpec(result->record, prepared->job));
  RETURN_IF_ERROR(FillJob(result->record, response));
  response->mutable_warnings()->Assign(prepared->warnings.begin(), prepared->warnings.end());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<JobRecord>> SearchHandlers::FindRetried(const NewJob& job) const {
  if (job.request_id.empty()) return std::optional<JobRecord>();
  absl::StatusOr<JobRecord> known = options_.store->FindRequest(job.project, job.owner, job.request_id);
  if (absl::IsNotFound(known.status())) return std::optional<JobRecord>();
  RETURN_IF_ERROR(known.status());
  RETURN_IF_ERROR(CheckSameSpec(*known, job));
  return std::optional<JobRecord>(*std::move(known));
}

absl::Status SearchHandlers::CheckLimits(const NewJob& job) const {
  const Limits& limits = options_.limits;
  ASSIGN_OR_RETURN(const StoreUsage usage, options_.store->ReadUsage(job.owner, job.project));
  if (usage.unfinished_jobs_of_owner >= limits.max_unfinished_jobs_per_user) {
    return LimitError(
        "max_unfinished_jobs_per_user",
        absl::StrCat("user ", job.owner, " has ", usage.unfinished_jobs_of_owner, " unfinished jobs, and at most ",
                     limits.max_unfinished_jobs_per_user, " are allowed; wait for some to end or cancel them"),
        kRetryAfter);
  }
  if (usage.points_of_project >= limits.max_points_per_project) {
    return LimitError("max_points_per_project",
                      absl::StrCat("project ", job.project, " has ", usage.points_of_project,
                                   " points, and new jobs are taken below ", limits.max_points_per_project,
                                   "; purge jobs of it (delete them with purge)"),
                      absl::InfiniteDuration());
  }
  if (usage.bytes_of_project >= limits.max_bytes_per_project) {
    return LimitError("max_bytes_per_project",
                      absl::StrCat("the specs and designs of project ", job.project, " take ", usage.bytes_of_project,
                                   " bytes, and new jobs are taken below ", limits.max_bytes_per_project,
                                   "; purge jobs of it (delete them with purge)"),
                      absl::InfiniteDuration());
  }
  return absl::OkStatus();
}

absl::Status SearchHandlers::GetJob(const v1::GetJobRequest& request, v1::Job* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", request.name()));
  ASSIGN_OR_RETURN(const JobRecord record, FindJob(name));
  RETURN_IF_ERROR(FillJob(record, response, SpecDetail::kWhole));
  FillPlace(record, response);
  return FillFront(record, response);
}

absl::Status SearchHandlers::CancelJob(const v1::CancelJobRequest& request, v1::Job* response) const {
  return ChangeJob(request.name(), request.etag(), &JobManager::Cancel, response);
}

absl::Status SearchHandlers::PauseJob(const v1::PauseJobRequest& request, v1::Job* response) const {
  return ChangeJob(request.name(), request.etag(), &JobManager::Pause, response);
}

absl::Status SearchHandlers::ResumeJob(const v1::ResumeJobRequest& request, v1::Job* response) const {
  return ChangeJob(request.name(), request.etag(), &JobManager::Resume, response);
}

absl::Status SearchHandlers::ChangeJob(const std::string& name, const std::string& etag, Change change,
                                       v1::Job* response) const {
  ASSIGN_OR_RETURN(const JobName job_name, ParseJobName("name", name));
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> revision, ParseEtag(etag));
  ASSIGN_OR_RETURN(const JobRecord found, FindJob(job_name));
  ASSIGN_OR_RETURN(const JobRecord changed, (options_.jobs->*change)(found.id, revision));
  return FillJob(changed, response);
}

absl::Status SearchHandlers::UpdateJob(const v1::UpdateJobRequest& request, v1::Job* response) const {
  if (!request.has_job()) return FieldError("job", "is missing");
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("job.name", request.job().name()));
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> revision, ParseEtag(request.job().etag()));
  ASSIGN_OR_RETURN(const JobChange change, ChangeOf(request, options_.clock()));
  ASSIGN_OR_RETURN(const JobRecord found, FindJob(name));
  ASSIGN_OR_RETURN(const JobRecord changed, options_.jobs->Update(found.id, change, revision));
  return FillJob(changed, response);
}

absl::Status SearchHandlers::DeleteJob(const v1::DeleteJobRequest& request, v1::Job* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", request.name()));
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> revision, ParseEtag(request.etag()));
  ASSIGN_OR_RETURN(const JobRecord record, FindJob(name));
  if (request.purge()) {
    RETURN_IF_ERROR(FillJob(record, response));
    return options_.store->DeleteJob(record.id, revision);
  }
  JobChange change;
  change.purge_time = options_.clock() + options_.jobs->purge_after();
  ASSIGN_OR_RETURN(const JobRecord deleted, options_.store->ChangeJob(record.id, change, revision));
  return FillJob(deleted, response);
}

absl::Status SearchHandlers::UndeleteJob(const v1::UndeleteJobRequest& request, v1::Job* response) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", request.name()));
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> revision, ParseEtag(request.etag()));
  ASSIGN_OR_RETURN(const JobRecord record, FindJob(name));
  JobChange change;
  change.purge_time.emplace();
  ASSIGN_OR_RETURN(const JobRecord undeleted, options_.store->ChangeJob(record.id, change, revision));
  return FillJob(undeleted, response);
}

absl::Status SearchHandlers::GetPoint(const v1::GetPointRequest& request, v1::EvaluatedPoint* response) const {
  ASSIGN_OR_RETURN(const PointName name, ParsePointName("name", request.name()));
  ASSIGN_OR_RETURN(const JobRecord job, FindJob(name.job));
  ASSIGN_OR_RETURN(const PointRecord point, options_.store->GetPoint(job.id, name.number));
  *response = PointToProto(point, job);
  return absl::OkStatus();
}

absl::StatusOr<SearchHandlers::StoredDesign> SearchHandlers::FindDesign(const std::string& design) const {
  ASSIGN_OR_RETURN(const DesignName name, ParseDesignName("name", design));
  ASSIGN_OR_RETURN(JobRecord job, FindJob(name.job));
  const std::optional<std::int64_t> number = name.number.has_value() ? name.number : job.best_point;
  if (!number.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat(FormatJobName(job.job.project, job.id), " has no exact, feasible point",
                     IsFinal(job.state) ? ", so there is no best design" : " yet: wait for its first rounding"));
  }
  ASSIGN_OR_RETURN(PointRecord point, options_.store->GetPoint(job.id, *number));
  if (point.point.origin == PointOrigin::kDescent) {
    return absl::FailedPreconditionError(
        absl::StrCat("point ", *number,
                     " is a step of the descent, with real-valued factors, and has no design; "
                     "exact points have one: list them with exact_only"));
  }
  ASSIGN_OR_RETURN(std::string text, options_.store->GetDesign(job.id, *number));
  return StoredDesign{std::move(job), std::move(point), std::move(text)};
}

absl::Status SearchHandlers::GetDesign(const v1::GetDesignRequest& request, v1::Design* response) const {
  ASSIGN_OR_RETURN(const StoredDesign stored, FindDesign(request.name()));
  return BuildDesign(stored.job, stored.point, stored.text, response);
}

absl::Status SearchHandlers::ExplainDesign(const v1::ExplainDesignRequest& request, const CallContext& call,
                                           v1::DesignExplanation* response) const {
  SensitivityOptions sensitivity;
  if (request.has_samples()) sensitivity.samples = request.samples();
  ASSIGN_OR_RETURN(const StoredDesign stored, FindDesign(request.name()));
  ASSIGN_OR_RETURN(const DecodedDesign design, DecodeDesign(stored.job, stored.point, stored.text));
  RETURN_IF_ERROR(CheckSensitivitySamples(sensitivity.samples, design));
  BuildExplanation(stored.job, stored.point, design, response);
  if (request.no_sensitivities()) return absl::OkStatus();
  absl::Status interrupted;
  const auto stopped = [&] {
    if (interrupted.ok()) interrupted = call.interrupted();
    return !interrupted.ok();
  };
  RETURN_IF_ERROR(options_.jobs->RunWithinMemory(EstimateSensitivityBytes(*design.search), stopped,
                                                 [&] { AddSensitivities(design, sensitivity, stopped, response); }));
  return interrupted;
}

absl::StatusOr<std::string> SearchHandlers::OwnerOf(const std::string& resource) const {
  ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", resource));
  ASSIGN_OR_RETURN(const JobRecord record, FindJob(name));
  return record.job.owner;
}

absl::StatusOr<JobRecord> SearchHandlers::FindJob(const JobName& name, SpecDetail detail) const {
  RunStore& store = *options_.store;
  absl::StatusOr<JobRecord> record =
      detail == SpecDetail::kWhole ? store.GetJob(name.id) : store.GetJobSummary(name.id);
  if (absl::IsNotFound(record.status()) ||
      (record.ok() && name.project != "-" && record->job.project != name.project)) {
    return absl::NotFoundError(absl::StrCat("there is no job ", FormatJobName(name.project, name.id)));
  }
  return record;
}

absl::Status SearchHandlers::FillJob(const JobRecord& record, v1::Job* response, SpecDetail detail) const {
  std::optional<PointRecord> best;
  if (record.best_point.has_value()) {
    ASSIGN_OR_RETURN(best, options_.store->GetPoint(record.id, *record.best_point));
  }
  ASSIGN_OR_RETURN(*response, JobToProto(record, best, detail));
  // On a full disk the store may not even have taken the pause.
  if (const auto stall = options_.jobs->StorageStall(record.id); stall && !IsFinal(record.state)) {
    response->set_state(v1::PAUSED);
    response->set_message(*stall);
  }
  return absl::OkStatus();
}

absl::Status SearchHandlers::FillFront(const JobRecord& record, v1::Job* response) const {
  if (response->spec().objective() != v1::FRONT) return absl::OkStatus();
  ASSIGN_OR_RETURN(const FrontSpace space, FrontSpace::Parse(response->spec().objective_front()));
  PointQuery query;
  query.job_id = record.id;
  query.front_only = true;
  query.limit = kFrontPage;
  std::vector<FrontPoint> designs;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(const std::vector<PointRecord> points, options_.store->ListPoints(query));
    for (const PointRecord& point : points) {
      designs.push_back({point.point.energy_uj, point.point.latency_cycles, point.point.area_mm2});
    }
    more = points.size() == static_cast<std::size_t>(query.limit);
    if (more) query.after_number = points.back().number;
  }
  if (designs.empty()) return absl::OkStatus();
  *response->mutable_front() = FrontFiguresOf(space, std::move(designs), response->certificate());
  return absl::OkStatus();
}

void SearchHandlers::FillPlace(const JobRecord& record, v1::Job* response) const {
  if (record.state != JobState::kPending) return;
  const std::optional<ExpectedStart> expected = options_.jobs->ExpectedStartOf(record.id);
  if (!expected) return;
  response->set_queue_position(expected->position);
  SetTimestamp(expected->time, response->mutable_expected_start_time());
}

}  // namespace oneloop
