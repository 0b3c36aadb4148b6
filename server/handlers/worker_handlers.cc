#include "server/handlers/worker_handlers.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/list_page.h"
#include "server/handlers/timestamp.h"
#include "server/wire/work_convert.h"
#include "server/work/result_check.h"
#include "server/work/worker.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestText = 128;
constexpr int kMostRenewed = 4096;
constexpr int kMostPoints = 20000;  // in one batch
constexpr std::size_t kMostListedLeases = 64;

absl::Status CheckText(std::string_view field, const std::string& text) {
  const bool valid = !text.empty() && text.size() <= kLongestText && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
  if (valid) return absl::OkStatus();
  return FieldError(field, absl::StrCat("valid: 1 to ", kLongestText, " printable ASCII characters"));
}

absl::Status CheckCount(std::string_view field, int value, int most) {
  if (value >= 1 && value <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", value, "; valid: 1 to ", most));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* message) {
  message->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  message->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(duration)));
}

// Waits for a commit.
class Commit {
 public:
  void Done(const absl::Status& status) {
    MutexLock lock(&mutex_);
    // Shares nothing with the writer's thread.
    status_ = absl::Status(status.code(), status.message());
    done_ = true;
    committed_.Signal();
  }
  absl::Status Await() {
    MutexLock lock(&mutex_);
    while (!done_) committed_.Wait(mutex_);
    return status_;
  }

 private:
  Mutex mutex_;
  CondVar committed_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// Whether the batch was right and could not be kept, which is not the worker's fault.
bool IsStores(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsDataLoss(status) ||
         absl::IsInternal(status);
}

}  // namespace

absl::Status WorkerHandlers::StartSession(const v1::StartSessionRequest& request, const std::string& user,
                                          v1::StartSessionResponse* response) const {
  RETURN_IF_ERROR(CheckText("name", request.name()));
  RETURN_IF_ERROR(CheckText("host", request.host()));
  RETURN_IF_ERROR(CheckText("version", request.version()));
  RETURN_IF_ERROR(CheckText("instruction_set", request.instruction_set()));
  RETURN_IF_ERROR(CheckCount("threads", request.threads(), kMostWorkerThreads));
  ASSIGN_OR_RETURN(const std::uint64_t digest, options_.digest());
  if (request.digest() != digest) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "digest: is %016x, the daemon's is %016x: searches of this worker (version %s, %s) find other points than the "
        "daemon's; run an oneloop-worker of the daemon's build",
        request.digest(), digest, request.version(), request.instruction_set()));
  }
  ASSIGN_OR_RETURN(const WorkerDesk::Session session,
                   options_.desk->Start({request.name(), request.host(), request.threads(), request.version(),
                                         request.instruction_set(), user}));
  response->set_session(session.secret);
  response->set_worker(absl::StrCat("workers/", session.number));
  SetDuration(options_.desk->lease_time(), response->mutable_lease_time());
  return absl::OkStatus();
}

absl::Status WorkerHandlers::TakeLeases(const v1::TakeLeasesRequest& request, const std::string& user,
                                        v1::TakeLeasesResponse* response) const {
  RETURN_IF_ERROR(CheckCount("count", request.count(), kMostWorkerThreads));
  ASSIGN_OR_RETURN(const std::vector<HeldLease> taken, options_.desk->Take({request.session(), user}, request.count()));
  for (const HeldLease& held : taken) *response->add_leases() = GrantToProto(held);
  SetDuration(options_.desk->PollAfter(), response->mutable_poll_after());
  return absl::OkStatus();
}

absl::Status WorkerHandlers::GetLeasedJob(const v1::GetLeasedJobRequest& request, const std::string& user,
                                          v1::LeasedJob* response) const {
  const NamedLease named = FromProto(request.lease());
  const auto search = options_.desk->SearchOf({request.session(), user}, named.lease, named.epoch);
  if (absl::IsFailedPrecondition(search.status())) return absl::PermissionDeniedError(Message(search.status()));
  RETURN_IF_ERROR(search.status());
  ASSIGN_OR_RETURN(const JobRecord record, options_.store->GetJob(named.lease.job_id));
  EncodedSearch encoded = Encoded(record);
  response->set_spec(std::move(encoded.spec));
  response->set_resolved(std::move(encoded.resolved));
  return absl::OkStatus();
}

absl::Status WorkerHandlers::ReportPoints(const v1::ReportPointsRequest& request, const std::string& user,
                                          v1::ReportPointsResponse* response) const {
  const NamedLease named = FromProto(request.lease());
  const WorkerDesk::Call call{request.session(), user};
  if (request.points().samples_size() > kMostPoints) {
    return FieldError("points.samples",
                      absl::StrCat("has ", request.points().samples_size(), " points; valid: at most ", kMostPoints));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const SearchSpec> search,
                   options_.desk->SearchOf(call, named.lease, named.epoch));
  ASSIGN_OR_RETURN(PointBatch batch, BatchFromProto(request, search->hardware_range.size()));
  RETURN_IF_ERROR(CheckBatch(*search, batch));
  RETURN_IF_ERROR(CheckBest(*search, batch));
  // As the store's thread may still be in Done when Await returns.
  const auto commit = std::make_shared<Commit>();
  options_.desk->AppendPoints(call, named.epoch, std::move(batch),
                              [commit](const absl::Status& status) { commit->Done(status); });
  const absl::Status stored = commit->Await();
  if (IsStores(stored)) RETURN_IF_ERROR(options_.desk->End(call, named.lease, named.epoch, stored));
  RETURN_IF_ERROR(stored);
  ASSIGN_OR_RETURN(const std::vector<JobManager::LeaseState> states, options_.desk->Renew(call, {named}));
  response->set_stop(states.front() != JobManager::LeaseState::kHeld);
  return absl::OkStatus();
}

absl::Status WorkerHandlers::EndLease(const v1::EndLeaseRequest& request, const std::string& user,
                                      google::protobuf::Empty* /*response*/) const {
  const NamedLease named = FromProto(request.lease());
  const WorkerDesk::Call call{request.session(), user};
  const auto search = options_.desk->SearchOf(call, named.lease, named.epoch);
  // It is not this worker's any more, or its job is over.
  if (absl::IsFailedPrecondition(search.status())) {
    return options_.desk->End(call, named.lease, named.epoch, Outcome{});
  }
  RETURN_IF_ERROR(search.status());
  ASSIGN_OR_RETURN(const absl::StatusOr<Outcome> outcome, OutcomeFromProto(request));
  if (outcome.ok()) RETURN_IF_ERROR(CheckOutcome(**search, named.lease, *outcome));
  return options_.desk->End(call, named.lease, named.epoch, outcome);
}

absl::Status WorkerHandlers::RenewLeases(const v1::RenewLeasesRequest& request, const std::string& user,
                                         v1::RenewLeasesResponse* response) const {
  if (request.leases_size() > kMostRenewed) {
    return FieldError("leases", absl::StrCat("has ", request.leases_size(), "; valid: at most ", kMostRenewed));
  }
  std::vector<NamedLease> leases;
  for (const v1::WorkLease& message : request.leases()) leases.push_back(FromProto(message));
  ASSIGN_OR_RETURN(const std::vector<JobManager::LeaseState> states,
                   options_.desk->Renew({request.session(), user}, leases));
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i] != JobManager::LeaseState::kHeld) *response->add_stopped() = request.leases(static_cast<int>(i));
  }
  return absl::OkStatus();
}

absl::Status WorkerHandlers::EndSession(const v1::EndSessionRequest& request, const std::string& user,
                                        google::protobuf::Empty* /*response*/) const {
  return options_.desk->Leave({request.session(), user});
}

absl::Status WorkerHandlers::ListWorkers(const v1::ListWorkersRequest& request,
                                         v1::ListWorkersResponse* response) const {
  std::vector<v1::Worker> workers;
  for (const WorkerDesk::Status& status : options_.desk->List()) {
    v1::Worker& worker = workers.emplace_back();
    worker.set_name(absl::StrCat("workers/", status.number));
    worker.set_display_name(status.worker.display_name);
    worker.set_host(status.worker.host);
    worker.set_user(status.worker.user);
    worker.set_threads(status.worker.threads);
    worker.set_version(status.worker.version);
    worker.set_instruction_set(status.worker.instruction_set);
    SetTimestamp(status.start_time, worker.mutable_start_time());
    SetTimestamp(status.last_heard, worker.mutable_last_heard_time());
    for (std::size_t i = 0; i < std::min(status.leases.size(), kMostListedLeases); ++i) {
      v1::WorkerLease& lease = *worker.add_leases();
      lease.set_job_id(status.leases[i].lease.job_id);
      lease.set_unit(status.leases[i].lease.start);
      SetTimestamp(status.leases[i].since, lease.mutable_start_time());
    }
    worker.set_lease_count(static_cast<int>(status.leases.size()));
    worker.set_points(status.points);
    worker.set_points_per_second(status.points_per_second);
  }
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(), CopyPage(request, workers, response->mutable_workers()));
  response->set_local_threads(options_.jobs->num_threads());
  for (const LeaseBook::Taken& taken : options_.jobs->LeasesOut()) {
    if (taken.grant.holder == kLocalHolder) response->set_local_leases(response->local_leases() + 1);
  }
  response->set_waiting_leases(options_.jobs->num_waiting());
  return absl::OkStatus();
}

}  // namespace oneloop
