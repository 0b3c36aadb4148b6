#ifndef ONELOOP_CLIENT_WORKER_REMOTE_LEASES_H_
#define ONELOOP_CLIENT_WORKER_REMOTE_LEASES_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/service_client.h"
#include "client/worker/reported_points.h"
#include "client/worker/stop_switch.h"
#include "common/base/mutex.h"
#include "oneloop/v1/worker_service.pb.h"
#include "server/search/search_spec.h"
#include "server/work/lease_source.h"

namespace oneloop {

// A worker's leases from a daemon elsewhere: asks for them, renews them, reports what they yield and gives them back.
// While the daemon is away it goes on with what it has and tries again, later and later; a daemon that began anew knows
// nothing of the leases before, which are then dropped. Thread-safe.
class RemoteLeases final : public LeaseSource {
 public:
  struct Options {
    ServiceClient* client = nullptr;  // does not try again by itself; outlives this
    v1::StartSessionRequest worker;   // what it says of itself
    // After so long without a lease there are no more; infinite to wait for ever.
    absl::Duration idle_exit = absl::InfiniteDuration();
  };
  explicit RemoteLeases(Options options);
  // Ends the session. Precondition: every lease was given back.
  ~RemoteLeases() override;

  std::optional<HeldLease> Take() override;
  void End(const HeldLease& held, const absl::StatusOr<Outcome>& outcome) override;

  // Stops what runs at its next safe point, and hands out nothing more.
  void Stop();
  // Returns once there will be no more leases: after Stop, when it was idle for too long, or with the error of a daemon
  // that will not have this worker.
  absl::Status AwaitEnd();

 private:
  struct Held {
    std::string session;
    std::shared_ptr<WorkSignals> signals;
    std::unique_ptr<ReportedPoints> points;
  };

  // Calls until the answer is not that the daemon is away or busy, or everything stops.
  template <class Call>
  auto Insist(const Call& call);
  // The session, a new one when there is none.
  absl::StatusOr<std::string> Session();
  // Of a session that the daemon does not know any more.
  void DropSession(const std::string& session);
  // Fills granted_, or waits for a while.
  void Ask();
  std::optional<HeldLease> Prepare(const v1::GrantedLease& granted);
  absl::StatusOr<std::shared_ptr<const SearchSpec>> SearchOf(const std::string& session,
                                                             const v1::GrantedLease& granted);
  absl::Status Report(const NamedLease& named, const std::string& session, const std::shared_ptr<WorkSignals>& signals,
                      const PointBatch& batch);
  void RenewLoop();
  // When the next renewal is due.
  absl::Duration Renew();
  void EndWith(absl::Status status);

  const Options options_;
  StopSwitch stop_;
  Mutex mutex_;
  CondVar changed_;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  std::string session_ ABSL_GUARDED_BY(mutex_);  // "" for none
  absl::Duration lease_time_ ABSL_GUARDED_BY(mutex_) = absl::Seconds(30);
  std::deque<v1::GrantedLease> granted_ ABSL_GUARDED_BY(mutex_);  // of session_
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;                          // threads that wait for a lease
  bool asking_ ABSL_GUARDED_BY(mutex_) = false;
  SteadyTime busy_until_ ABSL_GUARDED_BY(mutex_);  // when a lease was last had
  std::map<NamedLease, Held> held_ ABSL_GUARDED_BY(mutex_);
  std::map<std::int64_t, std::shared_ptr<const SearchSpec>> searches_ ABSL_GUARDED_BY(mutex_);  // by job
  std::thread renewer_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_WORKER_REMOTE_LEASES_H_
