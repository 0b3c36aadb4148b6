#ifndef ONELOOP_SERVER_WORK_LEASE_H_
#define ONELOOP_SERVER_WORK_LEASE_H_

#include <compare>
#include <cstdint>

namespace oneloop {

// In the place of a start: the proof of the job's lower bound, and why nothing was found; units of work like a start.
inline constexpr int kBoundUnit = -1;
inline constexpr int kDiagnosisUnit = -2;
inline constexpr int kFirstUnit = kDiagnosisUnit;

// The right to run one start of one job, or another unit. At most one is out for each.
struct Lease {
  std::int64_t job_id = 0;
  int start = 0;  // or one of the units
  auto operator<=>(const Lease&) const = default;
};

// A lease as one of its holders has it: each grant has another epoch.
struct NamedLease {
  Lease lease;
  std::uint64_t epoch = 0;
  auto operator<=>(const NamedLease&) const = default;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_LEASE_H_
