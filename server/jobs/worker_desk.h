#ifndef ONELOOP_SERVER_JOBS_WORKER_DESK_H_
#define ONELOOP_SERVER_JOBS_WORKER_DESK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/jobs/job_manager.h"
#include "server/metrics/instruments.h"
#include "server/results/point_batch.h"
#include "server/search/search_spec.h"
#include "server/work/lease.h"
#include "server/work/lease_source.h"
#include "server/work/outcome.h"

namespace oneloop {

// Where workers of other machines come for their leases. Each has a session, which its secret and its user open; it
// holds leases as long as it renews them. Only checks and passes on: what leases are and what follows from them is the
// job manager's. Thread-safe; waits for nobody.
class WorkerDesk {
 public:
  struct Options {
    JobManager* jobs = nullptr;  // outlives the desk
    absl::Duration lease_time = absl::Seconds(30);
    std::size_t max_workers = 10000;
    DaemonMetrics* metrics = nullptr;  // counts what they bring; may be null
    std::function<absl::StatusOr<std::string>()> make_secret;
    std::function<absl::Time()> clock = WallNow;           // for what people see
    std::function<SteadyTime()> steady_clock = SteadyNow;  // for leases
  };
  explicit WorkerDesk(Options options) : options_(std::move(options)) {}

  // What a worker says of itself.
  struct Worker {
    std::string display_name;
    std::string host;
    int threads = 1;
    std::string version;
    std::string instruction_set;
    std::string user;
  };
  struct Session {
    std::string secret;
    std::int64_t number = 0;
  };
  // RESOURCE_EXHAUSTED for too many workers.
  absl::StatusOr<Session> Start(const Worker& worker);

  // A call of a session. All others are NOT_FOUND for a session that is not, or another user's.
  struct Call {
    const std::string& secret;
    const std::string& user;
  };
  // At most so many, and no more than the worker has threads for.
  absl::StatusOr<std::vector<HeldLease>> Take(const Call& call, int count);
  absl::StatusOr<std::shared_ptr<const SearchSpec>> SearchOf(const Call& call, const Lease& lease, std::uint64_t epoch);
  // `done` as RunStore::AppendPoints, or in this call when the session is not.
  void AppendPoints(const Call& call, std::uint64_t epoch, PointBatch batch, std::function<void(absl::Status)> done);
  // As JobManager::EndLease.
  absl::Status End(const Call& call, const Lease& lease, std::uint64_t epoch, const absl::StatusOr<Outcome>& outcome);
  // Of each lease, what it is by now; in the same order.
  absl::StatusOr<std::vector<JobManager::LeaseState>> Renew(const Call& call, const std::vector<NamedLease>& leases);
  // Gives back what the session holds. OK also when it is not.
  absl::Status Leave(const Call& call);

  struct HeldPart {
    Lease lease;
    absl::Time since;
  };
  struct Status {
    Worker worker;
    std::int64_t number = 0;
    absl::Time start_time;
    absl::Time last_heard;
    std::vector<HeldPart> leases;
    std::int64_t points = 0;
    double points_per_second = 0;  // over the last minute or so
  };
  // By number; those that were not heard of for long are forgotten.
  std::vector<Status> List();

  // Of the workers that were heard of lately.
  struct Totals {
    int workers = 0;
    int threads = 0;
    int leases = 0;
    int starts = 0;  // of these leases
  };
  Totals Count();

  absl::Duration lease_time() const { return options_.lease_time; }
  // When a worker for which there is nothing should ask again: the more there are, the later, so that all together ask
  // no more than so often.
  absl::Duration PollAfter();

 private:
  struct Entry {
    Worker worker;
    std::int64_t number = 0;
    absl::Time start_time;
    absl::Time last_heard;
    SteadyTime last_heard_steady;
    std::int64_t points = 0;
    double recent_points = 0;  // fading
    SteadyTime counted_until;
  };

  static std::string HolderOf(std::int64_t number);
  // Whose call it is, heard of now.
  struct Heard {
    std::string holder;
    int threads = 1;
  };
  absl::StatusOr<Heard> Hear(const Call& call);
  Entry* Find(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountPoints(const Call& call, std::int64_t points);
  void Fade(Entry* entry, SteadyTime now) const;
  void ForgetSilent(absl::Duration least) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  Mutex mutex_;
  std::map<std::string, Entry> sessions_ ABSL_GUARDED_BY(mutex_);  // by secret
  std::int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_WORKER_DESK_H_
