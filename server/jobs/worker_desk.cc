#include "server/jobs/worker_desk.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/limit_error.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr absl::Duration kShortestPoll = absl::Milliseconds(100);
constexpr absl::Duration kLongestPoll = absl::Seconds(5);
// Of all workers together, while there is nothing to do.
constexpr double kPollsPerSecond = 1000;
// How long a worker that is not heard of is still listed, unless its place is wanted.
constexpr absl::Duration kForgetAfter = absl::Minutes(10);
// For how many times a lease's a worker may be silent and still come back.
constexpr int kMissedLeases = 3;
// Over which points are counted for the rate.
constexpr absl::Duration kRateTime = absl::Minutes(1);

absl::Status NoSession() {
  return absl::NotFoundError(
      "session: has ended, or is of a daemon before this one; drop its leases and begin another with StartSession");
}

}  // namespace

std::string WorkerDesk::HolderOf(std::int64_t number) { return absl::StrCat("workers/", number); }

absl::StatusOr<WorkerDesk::Session> WorkerDesk::Start(const Worker& worker) {
  ASSIGN_OR_RETURN(std::string secret, options_.make_secret());
  MutexLock lock(&mutex_);
  ForgetSilent(kForgetAfter);
  if (sessions_.size() >= options_.max_workers) ForgetSilent(absl::ZeroDuration());
  if (sessions_.size() >= options_.max_workers) {
    return LimitError("max_workers",
                      absl::StrCat("there are ", sessions_.size(), " workers, and at most ", options_.max_workers,
                                   " are allowed; end some, or wait until those that died are forgotten"),
                      kMissedLeases * options_.lease_time);
  }
  Entry& entry = sessions_[secret];
  entry.worker = worker;
  entry.number = ++last_number_;
  entry.start_time = entry.last_heard = options_.clock();
  entry.last_heard_steady = entry.counted_until = options_.steady_clock();
  Log(LogLevel::kInfo, absl::StrCat(HolderOf(entry.number), " begins: ", worker.display_name, " on ", worker.host, ", ",
                                    worker.threads, " threads, user ", worker.user));
  return Session{std::move(secret), entry.number};
}

WorkerDesk::Entry* WorkerDesk::Find(const Call& call) {
  const auto session = sessions_.find(call.secret);
  return session == sessions_.end() || session->second.worker.user != call.user ? nullptr : &session->second;
}

absl::StatusOr<WorkerDesk::Heard> WorkerDesk::Hear(const Call& call) {
  MutexLock lock(&mutex_);
  Entry* const entry = Find(call);
  if (entry == nullptr) return NoSession();
  entry->last_heard = options_.clock();
  entry->last_heard_steady = options_.steady_clock();
  return Heard{HolderOf(entry->number), entry->worker.threads};
}

absl::StatusOr<std::vector<HeldLease>> WorkerDesk::Take(const Call& call, int count) {
  ASSIGN_OR_RETURN(const Heard heard, Hear(call));
  std::vector<HeldLease> taken;
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<std::optional<HeldLease>> held =
        options_.jobs->TakeLease(heard.holder, heard.threads, options_.steady_clock() + options_.lease_time);
    if (!held.ok() && taken.empty()) return held.status();
    if (!held.ok() || !held->has_value()) break;
    taken.push_back(**std::move(held));
  }
  return taken;
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> WorkerDesk::SearchOf(const Call& call, const Lease& lease,
                                                                       std::uint64_t epoch) {
  ASSIGN_OR_RETURN(const Heard heard, Hear(call));
  return options_.jobs->SearchOf(heard.holder, lease, epoch);
}

void WorkerDesk::AppendPoints(const Call& call, std::uint64_t epoch, PointBatch batch,
                              std::function<void(absl::Status)> done) {
  const absl::StatusOr<Heard> heard = Hear(call);
  if (!heard.ok()) return done(heard.status());
  const std::int64_t points = std::ssize(batch.points);
  CountPoints(call, points);
  const std::int64_t new_samples = options_.jobs->AppendPoints(
      heard->holder, epoch, options_.steady_clock() + options_.lease_time, std::move(batch), std::move(done));
  if (options_.metrics == nullptr) return;
  options_.metrics->worker_points.Add(points);
  options_.metrics->samples.Add(new_samples);
}

absl::Status WorkerDesk::End(const Call& call, const Lease& lease, std::uint64_t epoch,
                             const absl::StatusOr<Outcome>& outcome) {
  ASSIGN_OR_RETURN(const Heard heard, Hear(call));
  return options_.jobs->EndLease(heard.holder, lease, epoch, outcome);
}

absl::StatusOr<std::vector<JobManager::LeaseState>> WorkerDesk::Renew(const Call& call,
                                                                      const std::vector<NamedLease>& leases) {
  ASSIGN_OR_RETURN(const Heard heard, Hear(call));
  const SteadyTime expiry = options_.steady_clock() + options_.lease_time;
  std::vector<JobManager::LeaseState> states;
  states.reserve(leases.size());
  for (const auto& [lease, epoch] : leases) {
    states.push_back(options_.jobs->RenewLease(heard.holder, lease, epoch, expiry));
  }
  return states;
}

absl::Status WorkerDesk::Leave(const Call& call) {
  std::string holder;
  {
    MutexLock lock(&mutex_);
    const Entry* const entry = Find(call);
    if (entry == nullptr) return absl::OkStatus();
    holder = HolderOf(entry->number);
    sessions_.erase(call.secret);
  }
  options_.jobs->TakeBack(holder);
  Log(LogLevel::kInfo, holder + " leaves");
  return absl::OkStatus();
}

void WorkerDesk::Fade(Entry* entry, SteadyTime now) const {
  entry->recent_points *= std::exp(-absl::FDivDuration(now - entry->counted_until, kRateTime));
  entry->counted_until = now;
}

void WorkerDesk::CountPoints(const Call& call, std::int64_t points) {
  MutexLock lock(&mutex_);
  Entry* const entry = Find(call);
  if (entry == nullptr) return;
  Fade(entry, options_.steady_clock());
  entry->points += points;
  entry->recent_points += static_cast<double>(points);
}

void WorkerDesk::ForgetSilent(absl::Duration least) {
  const SteadyTime now = options_.steady_clock();
  const absl::Duration most = std::max(least, kMissedLeases * options_.lease_time);
  std::erase_if(sessions_, [&](const auto& session) { return now - session.second.last_heard_steady > most; });
}

std::vector<WorkerDesk::Status> WorkerDesk::List() {
  std::map<std::string, std::vector<LeaseBook::Taken>> by_holder;
  for (LeaseBook::Taken& taken : options_.jobs->LeasesOut()) by_holder[taken.grant.holder].push_back(std::move(taken));
  std::vector<Status> list;
  MutexLock lock(&mutex_);
  ForgetSilent(kForgetAfter);
  const SteadyTime now = options_.steady_clock();
  for (auto& [secret, entry] : sessions_) {
    Fade(&entry, now);
    const absl::Duration counted = std::min(kRateTime, std::max(absl::Seconds(1), options_.clock() - entry.start_time));
    Status& status = list.emplace_back(Status{entry.worker,
                                              entry.number,
                                              entry.start_time,
                                              entry.last_heard,
                                              {},
                                              entry.points,
                                              entry.recent_points / absl::ToDoubleSeconds(counted)});
    for (const LeaseBook::Taken& taken : by_holder[HolderOf(entry.number)]) {
      status.leases.push_back({taken.lease, options_.clock() - (now - taken.grant.since)});
    }
  }
  std::sort(list.begin(), list.end(), [](const Status& a, const Status& b) { return a.number < b.number; });
  return list;
}

WorkerDesk::Totals WorkerDesk::Count() {
  Totals totals;
  for (const LeaseBook::Taken& taken : options_.jobs->LeasesOut()) {
    if (taken.grant.holder == kLocalHolder) continue;
    ++totals.leases;
    if (taken.lease.start >= 0) ++totals.starts;
  }
  MutexLock lock(&mutex_);
  const SteadyTime now = options_.steady_clock();
  for (const auto& [secret, entry] : sessions_) {
    if (now - entry.last_heard_steady > options_.lease_time) continue;
    ++totals.workers;
    totals.threads += entry.worker.threads;
  }
  return totals;
}

absl::Duration WorkerDesk::PollAfter() {
  MutexLock lock(&mutex_);
  const absl::Duration fair = absl::Seconds(static_cast<double>(sessions_.size()) / kPollsPerSecond);
  return std::clamp(fair, kShortestPoll, kLongestPoll);
}

}  // namespace oneloop
