#include "client/worker/remote_leases.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/retry.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/proto_time.h"
#include "server/wire/search_build.h"
#include "server/wire/work_convert.h"

namespace oneloop {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackoff = absl::Seconds(15);
// Searches that are kept ready; a worker has few jobs at a time.
constexpr std::size_t kMostSearches = 32;
// A renewal may be lost twice before the lease is.
constexpr int kRenewalsPerLease = 3;

// The daemon is away, starts or has too much to do.
bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status) ||
         absl::IsCancelled(status);
}

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

RemoteLeases::RemoteLeases(Options options)
    : options_(std::move(options)), busy_until_(SteadyNow()), renewer_([this] { RenewLoop(); }) {}

RemoteLeases::~RemoteLeases() {
  Stop();
  renewer_.join();
  std::string session;
  {
    MutexLock lock(&mutex_);
    session = session_;
  }
  if (session.empty()) return;
  v1::EndSessionRequest request;
  request.set_session(session);
  const absl::Status ended = options_.client->EndSession(request);
  if (!ended.ok()) Log(LogLevel::kWarning, "the session could not be ended: " + Message(ended));
}

template <class Call>
auto RemoteLeases::Insist(const Call& call) {
  absl::Duration backoff = kFirstBackoff;
  for (;;) {
    auto result = call();
    const absl::Status& status = StatusOf(result);
    if (status.ok() || !IsTransient(status)) return result;
    const absl::Duration asked = RetryAfterOf(status).value_or(absl::ZeroDuration());
    // What many workers do at the same time, they do not do again at the same time.
    if (stop_.WaitFor(std::min(asked, kLongestBackoff) + options_.client->Draw() * backoff)) return result;
    if (backoff == kFirstBackoff) Log(LogLevel::kWarning, "the daemon does not take this now: " + Message(status));
    backoff = std::min(2 * backoff, kLongestBackoff);
  }
}

void RemoteLeases::EndWith(absl::Status status) {
  {
    MutexLock lock(&mutex_);
    if (end_.ok()) end_ = std::move(status);
  }
  Stop();
}

void RemoteLeases::Stop() {
  stop_.Stop();
  MutexLock lock(&mutex_);
  for (const auto& [named, held] : held_) held.signals->Stop();
  changed_.SignalAll();
}

absl::Status RemoteLeases::AwaitEnd() {
  stop_.WaitFor(absl::InfiniteDuration());
  MutexLock lock(&mutex_);
  return end_;
}

absl::StatusOr<std::string> RemoteLeases::Session() {
  {
    MutexLock lock(&mutex_);
    if (!session_.empty()) return session_;
  }
  const absl::StatusOr<v1::StartSessionResponse> started =
      Insist([this] { return options_.client->StartSession(options_.worker); });
  RETURN_IF_ERROR(started.status());
  Log(LogLevel::kInfo, absl::StrCat("works for ", options_.client->address(), " as ", started->worker()));
  MutexLock lock(&mutex_);
  session_ = started->session();
  lease_time_ = DurationOf(started->lease_time());
  return session_;
}

void RemoteLeases::DropSession(const std::string& session) {
  MutexLock lock(&mutex_);
  if (session_ != session) return;
  Log(LogLevel::kWarning, "the daemon does not know this worker any more, probably since it began anew");
  session_.clear();
  granted_.clear();
  searches_.clear();
  for (const auto& [named, held] : held_) held.signals->Stop();
}

std::optional<HeldLease> RemoteLeases::Take() {
  for (;;) {
    std::optional<v1::GrantedLease> granted;
    {
      MutexLock lock(&mutex_);
      ++idle_;
      while (!stop_.stopped() && granted_.empty() && asking_) changed_.Wait(mutex_);
      --idle_;
      if (stop_.stopped()) return std::nullopt;
      if (!granted_.empty()) {
        granted = std::move(granted_.front());
        granted_.pop_front();
      } else {
        asking_ = true;
      }
    }
    if (!granted) {
      Ask();
    } else if (std::optional<HeldLease> held = Prepare(*granted)) {
      return held;
    }
  }
}

void RemoteLeases::Ask() {
  int wanted = 1;
  {
    MutexLock lock(&mutex_);
    wanted += idle_;
  }
  absl::StatusOr<v1::TakeLeasesResponse> taken = absl::UnknownError("");
  const absl::StatusOr<std::string> session = Session();
  if (session.ok()) {
    v1::TakeLeasesRequest request;
    request.set_session(*session);
    request.set_count(wanted);
    taken = Insist([&] { return options_.client->TakeLeases(request); });
    if (absl::IsNotFound(taken.status())) DropSession(*session);
  }
  const absl::Status& status = session.ok() ? taken.status() : session.status();
  const SteadyTime now = SteadyNow();
  absl::Duration pause = taken.ok() && taken->leases().empty() ? DurationOf(taken->poll_after()) : absl::ZeroDuration();
  bool is_idle = false;
  {
    MutexLock lock(&mutex_);
    if (taken.ok()) {
      for (v1::GrantedLease& lease : *taken->mutable_leases()) granted_.push_back(std::move(lease));
      if (!granted_.empty() || !held_.empty()) busy_until_ = now;
    }
    is_idle = now - busy_until_ > options_.idle_exit;
  }
  if (!status.ok() && !absl::IsNotFound(status) && !IsTransient(status)) {
    EndWith(status);
  } else if (is_idle) {
    Log(LogLevel::kInfo, absl::StrCat("there was nothing to do for ", absl::FormatDuration(options_.idle_exit)));
    EndWith(absl::OkStatus());
  }
  stop_.WaitFor(pause);
  MutexLock lock(&mutex_);
  asking_ = false;
  changed_.SignalAll();
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> RemoteLeases::SearchOf(const std::string& session,
                                                                         const v1::GrantedLease& granted) {
  const std::int64_t job_id = granted.lease().job_id();
  {
    MutexLock lock(&mutex_);
    if (const auto known = searches_.find(job_id); known != searches_.end()) {
      return SearchOfGrant(known->second, granted);
    }
  }
  v1::GetLeasedJobRequest request;
  request.set_session(session);
  *request.mutable_lease() = granted.lease();
  ASSIGN_OR_RETURN(v1::LeasedJob job, Insist([&] { return options_.client->GetLeasedJob(request); }));
  const absl::StatusOr<std::shared_ptr<const SearchSpec>> search =
      ReadSearch({std::move(*job.mutable_spec()), std::move(*job.mutable_resolved()), {}});
  if (!search.ok()) return absl::DataLossError(absl::StrCat("cannot be decoded: ", search.status().message()));
  MutexLock lock(&mutex_);
  if (searches_.size() >= kMostSearches) searches_.erase(searches_.begin());
  searches_[job_id] = *search;
  return SearchOfGrant(*search, granted);
}

std::optional<HeldLease> RemoteLeases::Prepare(const v1::GrantedLease& granted) {
  const NamedLease named = FromProto(granted.lease());
  HeldLease held;
  held.lease = named.lease;
  held.epoch = named.epoch;
  held.signals = std::make_shared<WorkSignals>();
  std::string session;
  {
    MutexLock lock(&mutex_);
    session = session_;
    // Granted by a session that has ended since.
    if (session.empty()) return std::nullopt;
    Held& entry = held_[named];
    entry.session = session;
    entry.signals = held.signals;
    entry.points =
        std::make_unique<ReportedPoints>([this, named, session, signals = held.signals](const PointBatch& batch) {
          return Report(named, session, signals, batch);
        });
    held.points = entry.points.get();
  }
  absl::StatusOr<std::shared_ptr<const SearchSpec>> search = SearchOf(session, granted);
  if (search.ok()) {
    held.spec = *std::move(search);
    return held;
  }
  if (absl::IsNotFound(search.status())) DropSession(session);
  // What it could not get, another may; what it cannot read, nobody can.
  const bool is_unreadable = absl::IsDataLoss(search.status());
  End(held, is_unreadable ? absl::StatusOr<Outcome>(search.status()) : absl::StatusOr<Outcome>(Outcome{}));
  return std::nullopt;
}

absl::Status RemoteLeases::Report(const NamedLease& named, const std::string& session,
                                  const std::shared_ptr<WorkSignals>& signals, const PointBatch& batch) {
  v1::ReportPointsRequest request;
  request.set_session(session);
  *request.mutable_lease() = ToProto(named);
  BatchToProto(batch, &request);
  const absl::StatusOr<v1::ReportPointsResponse> reported =
      Insist([&] { return options_.client->ReportPoints(request); });
  if (absl::IsNotFound(reported.status())) DropSession(session);
  RETURN_IF_ERROR(reported.status());
  if (reported->stop()) signals->Stop();
  return absl::OkStatus();
}

void RemoteLeases::End(const HeldLease& held, const absl::StatusOr<Outcome>& outcome) {
  const NamedLease named{held.lease, held.epoch};
  std::string session;
  std::unique_ptr<ReportedPoints> points;
  {
    MutexLock lock(&mutex_);
    const auto entry = held_.find(named);
    if (entry == held_.end()) return;
    session = entry->second.session;
    points = std::move(entry->second.points);
  }
  points.reset();
  v1::EndLeaseRequest request;
  request.set_session(session);
  *request.mutable_lease() = ToProto(named);
  // What it found could not be reported: the daemon knows why, or the lease is lost. Only what went wrong in the search
  // itself is the job's.
  const bool is_jobs = outcome.ok() || absl::IsInternal(outcome.status()) || absl::IsDataLoss(outcome.status()) ||
                       absl::IsInvalidArgument(outcome.status());
  OutcomeToProto(is_jobs ? outcome : absl::StatusOr<Outcome>(Outcome{}), &request);
  const absl::Status ended = Insist([&] { return options_.client->EndLease(request); });
  if (absl::IsNotFound(ended)) DropSession(session);
  if (!ended.ok()) {
    Log(LogLevel::kWarning, absl::StrCat("job ", named.lease.job_id, ", unit ", named.lease.start,
                                         ": the lease could not be given back: ", Message(ended)));
  }
  MutexLock lock(&mutex_);
  held_.erase(named);
  busy_until_ = SteadyNow();
}

absl::Duration RemoteLeases::Renew() {
  v1::RenewLeasesRequest request;
  absl::Duration lease_time;
  {
    MutexLock lock(&mutex_);
    lease_time = lease_time_;
    request.set_session(session_);
    for (const auto& [named, held] : held_) {
      if (held.session == session_) *request.add_leases() = ToProto(named);
    }
  }
  const absl::Duration period = lease_time / kRenewalsPerLease;
  if (request.session().empty()) return period;
  const absl::StatusOr<v1::RenewLeasesResponse> renewed = options_.client->RenewLeases(request);
  if (absl::IsNotFound(renewed.status())) DropSession(request.session());
  if (!renewed.ok()) return std::min(period, absl::Seconds(1));
  MutexLock lock(&mutex_);
  for (const v1::WorkLease& stopped : renewed->stopped()) {
    if (const auto held = held_.find(FromProto(stopped)); held != held_.end()) held->second.signals->Stop();
  }
  return period;
}

void RemoteLeases::RenewLoop() {
  absl::Duration pause = absl::Seconds(1);
  while (!stop_.WaitFor(pause)) pause = Renew();
}

}  // namespace oneloop
