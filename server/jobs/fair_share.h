#ifndef ONELOOP_SERVER_JOBS_FAIR_SHARE_H_
#define ONELOOP_SERVER_JOBS_FAIR_SHARE_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace oneloop {

// Decides which job's turn it is when a worker becomes free.
//
// Between users: deficit round robin (Shreedhar and Varghese, 1995) in worker seconds, one start at a time. What a
// start costs is known only at its end, so it is charged beforehand by an estimate, while it runs beyond that as time
// goes by, and set right at its end. A user's debt is what they had more than the user of those with work who had the
// least; in each round all debts fall by the quantum that frees the user with the smallest. So two users who have work
// all the time have had worker time that differs by at most about one start, and whoever comes anew owes nothing and is
// next. Nobody saves up turns: a debt does not fall below zero.
//
// Within a user: the job of the highest priority, which rises by one for each `ageing` that a job has waited since its
// last turn, so that every job gets its turns; among equals the one that waited longest.
//
// A pure function of the calls. Copies are independent. Not thread-safe.
class FairShare {
 public:
  struct Options {
    int max_running_per_user = 0;  // workers at a time; 0: no limit
    absl::Duration ageing = absl::Seconds(30);
  };
  // Of a worker that is busy.
  using Ticket = std::int64_t;

  explicit FairShare(const Options& options) : options_(options) {}

  // A new job is not ready. Precondition: it is not there.
  void Add(std::int64_t job_id, const std::string& owner, int priority, SteadyTime now);
  // Its tickets stay out, and are still charged to its owner.
  void Remove(std::int64_t job_id);
  void SetPriority(std::int64_t job_id, int priority);
  // Whether the job has something to run.
  void SetReady(std::int64_t job_id, bool ready);

  // The ready job whose turn it is; none when there is none, or only of users at their limit.
  std::optional<std::int64_t> Next(SteadyTime now);
  // A worker begins with something of the job, which probably takes `cost_s` seconds.
  Ticket Begin(std::int64_t job_id, double cost_s, SteadyTime now);
  // Returns how many seconds it took.
  double End(Ticket ticket, SteadyTime now);

  // The worker seconds by which the user is ahead; for tests.
  double debt_s(const std::string& owner) const;

 private:
  // Smaller is sooner.
  struct Turn {
    double rank = 0;  // waiting since, in units of `ageing`, minus the priority: it does not change by waiting
    std::int64_t last_turn = 0;
    std::int64_t job_id = 0;
    auto operator<=>(const Turn&) const = default;
  };
  struct Job {
    std::string owner;
    int priority = 0;
    SteadyTime waiting_since;
    bool ready = false;
    Turn turn;  // in its owner's `ready`, if it is
  };
  struct User {
    double debt_s = 0;
    int running = 0;
    int jobs = 0;
    std::int64_t last_turn = 0;
    std::set<Turn> ready;
  };
  struct Running {
    std::string owner;
    SteadyTime begin;
    double charged_s = 0;
  };

  void Queue(std::int64_t job_id, Job& job);
  void Unqueue(Job& job);
  bool MayRun(const User& user) const;
  void ChargeRunning(SteadyTime now);
  void PassRounds();

  Options options_;
  std::map<std::int64_t, Job> jobs_;
  std::map<std::string, User> users_;  // with jobs, workers or debt
  std::map<Ticket, Running> running_;
  std::int64_t turns_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_FAIR_SHARE_H_
