#ifndef ONELOOP_SERVER_JOBS_LEASE_BOOK_H_
#define ONELOOP_SERVER_JOBS_LEASE_BOOK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "server/jobs/fair_share.h"
#include "server/jobs/lease_queue.h"
#include "server/work/lease.h"
#include "server/work/work_signals.h"

namespace oneloop {

// The holder that lives and dies with this process: its leases do not expire.
inline constexpr std::string_view kLocalHolder;

// Which leases are out, with whom and until when. Each grant has an epoch of its own, larger than all before: who comes
// with another than the present one has lost the lease, and can do nothing with it any more. Pure: time is passed in.
// Not thread-safe: its owner locks.
class LeaseBook {
 public:
  struct Grant {
    std::string holder;
    std::uint64_t epoch = 0;
    SteadyTime since;
    SteadyTime expiry;  // unless it is renewed
    std::shared_ptr<WorkSignals> signals;
    std::int64_t samples = 0;  // that its holder told of
    bool start_done = false;   // its holder told that no more points will come
  };
  struct Taken {
    Lease lease;
    Grant grant;
  };

  explicit LeaseBook(const FairShare::Options& options) : queue_(options) {}

  // What waits for a holder, whose turn it is.
  LeaseQueue& queue() { return queue_; }
  const LeaseQueue& queue() const { return queue_; }

  std::optional<Taken> Take(std::string_view holder, SteadyTime expiry, SteadyTime now);
  // Null when the lease is not out in this epoch.
  const Grant* Find(const Lease& lease, std::uint64_t epoch) const;
  // One that was told to stop keeps its expiry: whoever does not come to an end loses it in time. False when the lease
  // is not out in this epoch.
  bool Renew(const Lease& lease, std::uint64_t epoch, SteadyTime expiry);
  // What the holder tells of a start. How many of the samples are new; 0 when the lease is not out in this epoch.
  std::int64_t Note(const Lease& lease, std::uint64_t epoch, std::int64_t samples, bool start_done);
  // The holder is done with it: its time is charged, and the queue is to be told what came of it. False when the lease
  // is not out in this epoch; then nothing happens.
  bool Release(const Lease& lease, std::uint64_t epoch, SteadyTime now, bool ran_to_end);

  // Takes away the leases that were not renewed in time, or those of one holder, and queues them again.
  std::vector<Taken> TakeExpired(SteadyTime now);
  std::vector<Taken> TakeFrom(std::string_view holder, SteadyTime now);

  // Tells the holders to stop: of a job, or all.
  void Stop(std::int64_t job_id);
  void StopAll();

  const std::map<Lease, Grant>& out() const { return out_; }
  int NumHeld(std::string_view holder) const;

 private:
  template <class Predicate>
  std::vector<Taken> TakeIf(const Predicate& predicate, SteadyTime now);

  LeaseQueue queue_;
  std::map<Lease, Grant> out_;
  std::map<std::string, int, std::less<>> held_;  // how many are out, by holder
  std::uint64_t last_epoch_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_LEASE_BOOK_H_
