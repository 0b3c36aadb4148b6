#include "server/jobs/watch_hub.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

std::string ResumeText(std::int64_t revision) {
  if (revision == 0) return "watch again";
  return absl::StrCat("watch again with start_revision ", revision);
}

bool HasNews(const JobChanges& changes, std::int64_t cursor) { return changes.job.revision > cursor; }

}  // namespace

WatchHub::WatchHub(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<WatchHub>> WatchHub::Create(Options options) {
  if (options.store == nullptr || options.num_pumps < 1 || options.changes_per_update < 1) {
    return absl::InvalidArgumentError("a watch hub needs a store, a pump and room for a change");
  }
  std::unique_ptr<WatchHub> hub(new WatchHub(std::move(options)));
  hub->options_.store->SetCommitListener(
      [raw = hub.get()](std::int64_t, const std::vector<std::int64_t>& job_ids) { raw->OnCommit(job_ids); });
  for (int i = 0; i < hub->options_.num_pumps; ++i) {
    hub->pumps_.emplace_back([raw = hub.get()] { raw->PumpLoop(); });
  }
  return hub;
}

WatchHub::~WatchHub() {
  options_.store->SetCommitListener(nullptr);
  if (!pumps_.empty()) Drain();
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  for (std::thread& pump : pumps_) pump.join();
}

WatchHub::WatchId WatchHub::Add(std::int64_t job_id, std::int64_t start_revision, std::shared_ptr<WatchSink> sink) {
  MutexLock lock(&mutex_);
  const WatchId id = next_id_++;
  Watch& watch = watches_[id];
  watch.job_id = job_id;
  watch.sink = std::move(sink);
  watch.cursor = start_revision;
  watch.received = start_revision;
  by_job_[job_id].insert(id);
  Schedule(id, watch);
  return id;
}

void WatchHub::Ready(WatchId id) {
  MutexLock lock(&mutex_);
  const auto watch = watches_.find(id);
  if (watch == watches_.end()) return;
  watch->second.ready = true;
  Schedule(id, watch->second);
}

void WatchHub::Remove(WatchId id) {
  MutexLock lock(&mutex_);
  Erase(id);
}

void WatchHub::Drain() {
  MutexLock lock(&mutex_);
  draining_ = true;
  for (auto& [id, watch] : watches_) Schedule(id, watch);
  while (!watches_.empty()) drained_.Wait(mutex_);
}

void WatchHub::Poke() {
  // Under the lock, or a pump between its look at the clock and its sleep would miss it.
  MutexLock lock(&mutex_);
  wake_.SignalAll();
}

void WatchHub::OnCommit(const std::vector<std::int64_t>& job_ids) {
  const SteadyTime now = options_.clock();
  MutexLock lock(&mutex_);
  for (const std::int64_t job_id : job_ids) {
    const auto ids = by_job_.find(job_id);
    if (ids == by_job_.end()) continue;
    for (const WatchId id : ids->second) {
      Watch& watch = watches_.at(id);
      watch.due = true;
      if (!watch.news_since) watch.news_since = now;
      Schedule(id, watch);
    }
  }
}

void WatchHub::PumpLoop() {
  while (const std::optional<Turn> turn = AwaitTurn()) Conclude(*turn, Serve(*turn));
}

std::optional<WatchHub::Turn> WatchHub::AwaitTurn() {
  MutexLock lock(&mutex_);
  while (!stopping_) {
    if (schedule_.empty()) {
      wake_.Wait(mutex_);
      continue;
    }
    const auto [when, id] = *schedule_.begin();
    const SteadyTime now = options_.clock();
    if (when > now) {
      wake_.WaitFor(mutex_, when - now);
      continue;
    }
    Watch& watch = watches_.at(id);
    Unschedule(id, watch);
    watch.serving = true;
    Reason reason = watch.due ? Reason::kNews : Reason::kIdle;
    if (!watch.ready) reason = Reason::kStuck;
    if (draining_) reason = Reason::kDrain;
    // Before the store is read, so that a commit during the read makes the watch due again.
    watch.due = false;
    watch.ready = false;
    return Turn{id,
                reason,
                now,
                watch.job_id,
                watch.sink,
                watch.cursor,
                watch.received,
                watch.first,
                std::exchange(watch.news_since, std::nullopt)};
  }
  return std::nullopt;
}

WatchHub::Outcome WatchHub::Serve(const Turn& turn) {
  Outcome outcome;
  auto end = [&](const absl::Status& status) {
    turn.sink->OnEnd(status);
    outcome.ended = true;
    return outcome;
  };
  if (turn.reason == Reason::kDrain) {
    return end(absl::UnavailableError("the daemon is stopping; once it is back, " + ResumeText(turn.received)));
  }
  if (turn.reason == Reason::kStuck) {
    return end(absl::UnavailableError(absl::StrCat("the watcher took no message for ",
                                                   absl::FormatDuration(options_.stuck_after), "; ",
                                                   ResumeText(turn.received))));
  }
  const absl::StatusOr<WatchUpdate> update = Read(turn);
  if (!update.ok()) return end(update.status());
  const JobChanges& changes = update->changes;
  outcome.cursor = changes.resume_revision;
  outcome.more = changes.resume_revision < changes.job.revision;
  if (turn.first || turn.reason == Reason::kIdle || HasNews(changes, turn.cursor)) {
    turn.sink->OnUpdate(*update);
    if (options_.metrics != nullptr && turn.news_since) {
      options_.metrics->watch_lag.Observe(options_.clock() - *turn.news_since);
    }
    outcome.sent = true;
  }
  if (IsFinal(changes.job.state) && !outcome.more) return end(absl::OkStatus());
  return outcome;
}

absl::StatusOr<WatchUpdate> WatchHub::Read(const Turn& turn) {
  WatchUpdate update;
  if (turn.first && turn.cursor == 0) {
    ASSIGN_OR_RETURN(JobSnapshot snapshot, options_.store->Snapshot(turn.job_id));
    update.snapshot = true;
    update.changes.resume_revision = snapshot.revision;
    update.changes.states = {{snapshot.job.state, snapshot.job.revision, snapshot.job.message}};
    update.changes.entered = std::move(snapshot.front);
    update.changes.job = std::move(snapshot.job);
  } else {
    absl::StatusOr<JobChanges> changes =
        options_.store->ReadChanges(turn.job_id, turn.cursor, options_.changes_per_update);
    if (absl::IsInvalidArgument(changes.status())) return FieldError("start_revision", Message(changes.status()));
    if (!changes.ok()) return changes.status();
    update.changes = *std::move(changes);
  }
  if (const std::optional<std::int64_t> best = update.changes.job.best_point) {
    ASSIGN_OR_RETURN(update.best, options_.store->GetPoint(turn.job_id, *best));
  }
  return update;
}

void WatchHub::Conclude(const Turn& turn, const Outcome& outcome) {
  MutexLock lock(&mutex_);
  const auto found = watches_.find(turn.id);
  if (found == watches_.end()) return;
  if (outcome.ended) {
    Erase(turn.id);
    return;
  }
  Watch& watch = found->second;
  watch.serving = false;
  watch.cursor = outcome.cursor;
  watch.due = watch.due || outcome.more;
  if (outcome.sent) {
    watch.first = false;
    // The time before the message went out: its receiver may be done with it by now.
    watch.last_sent = turn.begin;
  } else {
    watch.ready = true;
  }
  Schedule(turn.id, watch);
}

SteadyTime WatchHub::NextTurn(const Watch& watch) const {
  if (draining_ || watch.first) return SteadyTime::InfinitePast();
  if (!watch.ready) return watch.last_sent + options_.stuck_after;
  return watch.last_sent + (watch.due ? options_.min_interval : options_.idle_interval);
}

void WatchHub::Schedule(WatchId id, Watch& watch) {
  if (watch.ready) watch.received = watch.cursor;
  if (watch.serving) return;
  const SteadyTime when = NextTurn(watch);
  if (watch.scheduled == when) return;
  Unschedule(id, watch);
  const bool earliest = schedule_.empty() || when < schedule_.begin()->first;
  schedule_.emplace(when, id);
  watch.scheduled = when;
  // A pump sleeps until the earliest turn.
  if (earliest) wake_.Signal();
}

void WatchHub::Unschedule(WatchId id, Watch& watch) {
  if (watch.scheduled.has_value()) schedule_.erase({*watch.scheduled, id});
  watch.scheduled.reset();
}

void WatchHub::Erase(WatchId id) {
  const auto watch = watches_.find(id);
  if (watch == watches_.end()) return;
  Unschedule(id, watch->second);
  const auto ids = by_job_.find(watch->second.job_id);
  ids->second.erase(id);
  if (ids->second.empty()) by_job_.erase(ids);
  watches_.erase(watch);
  drained_.SignalAll();
}

}  // namespace oneloop
