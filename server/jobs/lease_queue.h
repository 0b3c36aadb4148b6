#ifndef ONELOOP_SERVER_JOBS_LEASE_QUEUE_H_
#define ONELOOP_SERVER_JOBS_LEASE_QUEUE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace oneloop {

// In the place of a start: the proof of the job's lower bound, a unit of work like a start.
inline constexpr int kBoundUnit = -1;

// The right to run one start of one job, or the proof of its bound. At most one is out for each.
struct Lease {
  std::int64_t job_id = 0;
  int start = 0;  // or kBoundUnit
  auto operator<=>(const Lease&) const = default;
};

// Decides which start runs next, and knows nothing of who runs it: threads here, or workers elsewhere. Turns go round
// the jobs from the oldest (the smallest id) to the youngest, one start each, so that every job progresses; within a
// job the bound goes first, then the smallest start. Not thread-safe: its owner locks.
class LeaseQueue {
 public:
  // Queues starts of a job, kBoundUnit among them. What is queued or leased already stays as it is.
  void Add(std::int64_t job_id, const std::vector<int>& starts);
  // Forgets a job. Leases that are still out become void: Complete and GiveBack ignore them.
  void Remove(std::int64_t job_id);

  // A held job gets no lease until it is released.
  void Hold(std::int64_t job_id);
  void Release(std::int64_t job_id);
  bool IsHeld(std::int64_t job_id) const;

  // Of the job's starts, only those below `end` are leased from now on; at first all are.
  void LimitStarts(std::int64_t job_id, int end);
  // Forgets the job's waiting starts from `begin` on.
  void DropStarts(std::int64_t job_id, int begin);

  std::optional<Lease> Take();
  void Complete(const Lease& lease);
  // The start has to run again.
  void GiveBack(const Lease& lease);

  bool Has(std::int64_t job_id) const { return jobs_.contains(job_id); }
  // No start of the job is waiting or out. Precondition: Has(job_id).
  bool IsFinished(std::int64_t job_id) const;
  std::size_t num_jobs() const { return jobs_.size(); }

 private:
  struct Job {
    std::set<int> waiting;
    std::set<int> leased;
    bool held = false;
    int end = std::numeric_limits<int>::max();
  };

  std::map<std::int64_t, Job> jobs_;
  std::int64_t last_served_ = 0;  // job of the last lease: the next turn is its successor's
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_LEASE_QUEUE_H_
