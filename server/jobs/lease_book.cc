#include "server/jobs/lease_book.h"

#include <utility>

namespace oneloop {

std::optional<LeaseBook::Taken> LeaseBook::Take(std::string_view holder, SteadyTime expiry, SteadyTime now) {
  const std::optional<Lease> lease = queue_.Take(now);
  if (!lease) return std::nullopt;
  Grant grant{std::string(holder), ++last_epoch_, now, expiry, std::make_shared<WorkSignals>()};
  ++held_[grant.holder];
  out_[*lease] = grant;
  return Taken{*lease, std::move(grant)};
}

const LeaseBook::Grant* LeaseBook::Find(const Lease& lease, std::uint64_t epoch) const {
  const auto grant = out_.find(lease);
  return grant == out_.end() || grant->second.epoch != epoch ? nullptr : &grant->second;
}

bool LeaseBook::Renew(const Lease& lease, std::uint64_t epoch, SteadyTime expiry) {
  const auto grant = out_.find(lease);
  if (grant == out_.end() || grant->second.epoch != epoch) return false;
  if (!grant->second.signals->stopped()) grant->second.expiry = expiry;
  return true;
}

std::int64_t LeaseBook::Note(const Lease& lease, std::uint64_t epoch, std::int64_t samples, bool start_done) {
  const auto grant = out_.find(lease);
  if (grant == out_.end() || grant->second.epoch != epoch) return 0;
  if (start_done) grant->second.start_done = true;
  if (samples <= grant->second.samples) return 0;
  return samples - std::exchange(grant->second.samples, samples);
}

int LeaseBook::NumHeld(std::string_view holder) const {
  const auto held = held_.find(holder);
  return held == held_.end() ? 0 : held->second;
}

bool LeaseBook::Release(const Lease& lease, std::uint64_t epoch, SteadyTime now, bool ran_to_end) {
  const Grant* const grant = Find(lease, epoch);
  if (grant == nullptr) return false;
  if (const auto held = held_.find(grant->holder); --held->second == 0) held_.erase(held);
  // Before the lease goes back: its next holder registers under the same key.
  out_.erase(lease);
  queue_.Vacate(lease, now, ran_to_end);
  return true;
}

template <class Predicate>
std::vector<LeaseBook::Taken> LeaseBook::TakeIf(const Predicate& predicate, SteadyTime now) {
  std::vector<Taken> taken;
  for (const auto& [lease, grant] : out_) {
    if (predicate(grant)) taken.push_back({lease, grant});
  }
  for (const Taken& one : taken) {
    one.grant.signals->Stop();
    Release(one.lease, one.grant.epoch, now, false);
    queue_.GiveBack(one.lease);
  }
  return taken;
}

std::vector<LeaseBook::Taken> LeaseBook::TakeExpired(SteadyTime now) {
  return TakeIf([now](const Grant& grant) { return grant.expiry <= now; }, now);
}

std::vector<LeaseBook::Taken> LeaseBook::TakeFrom(std::string_view holder, SteadyTime now) {
  return TakeIf([holder](const Grant& grant) { return grant.holder == holder; }, now);
}

void LeaseBook::Stop(std::int64_t job_id) {
  for (auto grant = out_.lower_bound(Lease{job_id, kFirstUnit}); grant != out_.end() && grant->first.job_id == job_id;
       ++grant) {
    grant->second.signals->Stop();
  }
}

void LeaseBook::StopAll() {
  for (const auto& [lease, grant] : out_) grant.signals->Stop();
}

}  // namespace oneloop
