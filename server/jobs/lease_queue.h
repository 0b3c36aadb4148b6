#ifndef ONELOOP_SERVER_JOBS_LEASE_QUEUE_H_
#define ONELOOP_SERVER_JOBS_LEASE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "server/jobs/fair_share.h"
#include "server/jobs/queue_forecast.h"
#include "server/work/lease.h"

namespace oneloop {

struct QueuedJob {
  std::int64_t id = 0;
  std::string owner;
  int priority = 0;
  double start_work = 1;  // samples times layers of one start, from which its time is estimated
  bool begun = false;     // a worker has had something of it
};

// Decides which start runs next, and knows nothing of who runs it: threads here, or workers elsewhere. Whose job is
// next, FairShare says; within a job the bound goes first, then the smallest start. What a start takes is estimated as
// the mean of its job's starts before, or from its work and what that took in other jobs. Pure: time is passed in. Not
// thread-safe: its owner locks.
class LeaseQueue {
 public:
  explicit LeaseQueue(const FairShare::Options& options = {}) : share_(options) {}

  // Queues starts of a job, other units among them. What is queued or leased already stays as it is.
  void Add(const QueuedJob& job, const std::vector<int>& starts, SteadyTime now);
  // Queues one more unit of a job that is known.
  void AddUnit(std::int64_t job_id, int unit);
  // Forgets a job. Leases that are still out become void: Complete and GiveBack ignore them.
  void Remove(std::int64_t job_id);
  void SetPriority(std::int64_t job_id, int priority) { share_.SetPriority(job_id, priority); }

  // A held job gets no lease until it is released.
  void Hold(std::int64_t job_id);
  void Release(std::int64_t job_id);

  // Of the job's starts, only those below `end` are leased from now on; at first all are.
  void LimitStarts(std::int64_t job_id, int end);
  // Forgets the job's waiting starts from `begin` on.
  void DropStarts(std::int64_t job_id, int begin);

  std::optional<Lease> Take(SteadyTime now);
  // The lease's worker is free again, whatever came of it: its time is charged to the job's owner. Comes once for each
  // lease, before Complete or GiveBack, and also when the job was removed in the meantime.
  void Vacate(const Lease& lease, SteadyTime now, bool ran_to_end);
  void Complete(const Lease& lease);
  // The start has to run again.
  void GiveBack(const Lease& lease);

  bool Has(std::int64_t job_id) const { return jobs_.contains(job_id); }
  // No start of the job is waiting or out. Precondition: Has(job_id).
  bool IsFinished(std::int64_t job_id) const;
  std::size_t num_jobs() const { return jobs_.size(); }
  // Of all jobs, what somebody could take now if nobody had a limit. Looks at each job.
  std::int64_t num_waiting() const;

  // What ForecastStarts plays forward. A start that takes longer than expected is expected to end now.
  QueuePlan Plan() const;

 private:
  struct Job {
    std::set<int> waiting;
    std::set<int> leased;
    bool held = false;
    bool begun = false;
    int end = std::numeric_limits<int>::max();
    double start_work = 1;
    double measured_s = 0;  // of `measured` starts together
    int measured = 0;
  };
  struct Out {
    FairShare::Ticket ticket = 0;
    SteadyTime expected_end;
  };

  // Tells FairShare whether the job has something to lease.
  void Refresh(std::int64_t job_id, const Job& job);
  double ExpectedSeconds(const Job& job, int start) const;
  void Measure(const Lease& lease, double seconds);

  FairShare share_;
  std::map<std::int64_t, Job> jobs_;
  std::map<Lease, Out> out_;
  // Of all jobs, recent ones counting more. Before the first: what a core of today takes.
  double seconds_per_work_ = 1e-5;
  double seconds_per_bound_ = 0.1;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_LEASE_QUEUE_H_
