#ifndef ONELOOP_SERVER_JOBS_SUSPECTS_H_
#define ONELOOP_SERVER_JOBS_SUSPECTS_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "server/store/job_crashes.h"

namespace oneloop {

// The jobs that ran when the daemon before this one died, any of which may be why. One at a time may run, so that the
// next death tells them apart, until it has shown that it is not. See docs/decisions/0009. Not thread-safe.
class Suspects {
 public:
  // Deaths in a row after which a job is not run again: while it was not heard of, and while it ran at all. The second
  // number is larger since whoever kills a daemon again and again soon after its start meets jobs that are innocent.
  static constexpr int kMostSilentCrashes = 2;
  static constexpr int kMostCrashes = 10;

  static bool IsConvicted(const JobCrashes& crashes);
  // What its owner is told then, and what to do.
  static std::string Verdict(const JobCrashes& crashes);

  // Precondition: it is not among them.
  void Add(std::int64_t job_id) { jobs_.push_back(job_id); }
  // The one that may run.
  std::optional<std::int64_t> current() const;
  // The rest, in the order of their turns.
  bool IsWaiting(std::int64_t job_id) const;

  // The job had a unit done, or runs no more. Returns the one whose turn it is now because of that.
  std::optional<std::int64_t> Clear(std::int64_t job_id);
  // The current one was heard of when somebody looked, as happens every quarter of a second. True when that was often
  // enough for it to be cleared.
  bool OnHeard() { return ++heard_ >= kHeardEnough; }

 private:
  static constexpr int kHeardEnough = 20;

  std::deque<std::int64_t> jobs_;  // the current one first
  int heard_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_SUSPECTS_H_
