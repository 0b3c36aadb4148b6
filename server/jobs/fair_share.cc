#include "server/jobs/fair_share.h"

#include <algorithm>
#include <limits>

namespace oneloop {

void FairShare::Add(std::int64_t job_id, const std::string& owner, int priority, SteadyTime now) {
  Job& job = jobs_[job_id];
  job.owner = owner;
  job.priority = priority;
  job.waiting_since = now;
  ++users_[owner].jobs;
}

void FairShare::Remove(std::int64_t job_id) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  Unqueue(job->second);
  --users_[job->second.owner].jobs;
  jobs_.erase(job);
}

void FairShare::SetPriority(std::int64_t job_id, int priority) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  const bool ready = job->second.ready;
  Unqueue(job->second);
  job->second.priority = priority;
  if (ready) Queue(job_id, job->second);
}

void FairShare::SetReady(std::int64_t job_id, bool ready) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end() || job->second.ready == ready) return;
  if (ready) {
    Queue(job_id, job->second);
  } else {
    Unqueue(job->second);
  }
}

void FairShare::Queue(std::int64_t job_id, Job& job) {
  job.ready = true;
  job.turn.rank = absl::FDivDuration(job.waiting_since - SteadyTime(), options_.ageing) - job.priority;
  job.turn.job_id = job_id;
  users_[job.owner].ready.insert(job.turn);
}

void FairShare::Unqueue(Job& job) {
  if (job.ready) users_[job.owner].ready.erase(job.turn);
  job.ready = false;
}

bool FairShare::MayRun(const User& user) const {
  return !user.ready.empty() && (options_.max_running_per_user == 0 || user.running < options_.max_running_per_user);
}

void FairShare::ChargeRunning(SteadyTime now) {
  for (auto& [ticket, running] : running_) {
    const double elapsed_s = absl::ToDoubleSeconds(now - running.begin);
    if (elapsed_s <= running.charged_s) continue;
    users_[running.owner].debt_s += elapsed_s - running.charged_s;
    running.charged_s = elapsed_s;
  }
}

void FairShare::PassRounds() {
  double quantum_s = std::numeric_limits<double>::infinity();
  for (const auto& [name, user] : users_) {
    if (MayRun(user)) quantum_s = std::min(quantum_s, user.debt_s);
  }
  for (auto user = users_.begin(); user != users_.end();) {
    user->second.debt_s = std::max(0.0, user->second.debt_s - quantum_s);
    const bool gone = user->second.jobs == 0 && user->second.running == 0 && user->second.debt_s == 0;
    user = gone ? users_.erase(user) : std::next(user);
  }
}

std::optional<std::int64_t> FairShare::Next(SteadyTime now) {
  if (std::none_of(users_.begin(), users_.end(), [this](const auto& user) { return MayRun(user.second); })) {
    return std::nullopt;
  }
  ChargeRunning(now);
  PassRounds();
  const User* next = nullptr;
  for (const auto& [name, user] : users_) {
    if (!MayRun(user) || user.debt_s > 0) continue;
    if (next == nullptr || user.last_turn < next->last_turn) next = &user;
  }
  if (next == nullptr) return std::nullopt;
  return next->ready.begin()->job_id;
}

FairShare::Ticket FairShare::Begin(std::int64_t job_id, double cost_s, SteadyTime now) {
  Job& job = jobs_.at(job_id);
  User& user = users_[job.owner];
  const Ticket ticket = ++turns_;
  user.last_turn = ticket;
  user.debt_s += cost_s;
  ++user.running;
  const bool ready = job.ready;
  Unqueue(job);
  job.waiting_since = now;
  job.turn.last_turn = ticket;
  if (ready) Queue(job_id, job);
  running_[ticket] = {job.owner, now, cost_s};
  return ticket;
}

double FairShare::End(Ticket ticket, SteadyTime now) {
  const auto running = running_.find(ticket);
  if (running == running_.end()) return 0;
  const double elapsed_s = std::max(0.0, absl::ToDoubleSeconds(now - running->second.begin));
  User& user = users_[running->second.owner];
  user.debt_s += elapsed_s - running->second.charged_s;
  --user.running;
  running_.erase(running);
  return elapsed_s;
}

double FairShare::debt_s(const std::string& owner) const {
  const auto user = users_.find(owner);
  return user == users_.end() ? 0 : user->second.debt_s;
}

}  // namespace oneloop
