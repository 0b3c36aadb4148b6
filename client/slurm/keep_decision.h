#ifndef ONELOOP_CLIENT_SLURM_KEEP_DECISION_H_
#define ONELOOP_CLIENT_SLURM_KEEP_DECISION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/slurm/pilot.h"
#include "common/base/clock.h"

namespace oneloop {

// How many pilots there are to be, and how quickly that changes.
struct KeepRules {
  int min = 0;
  int max = 1;                                 // >= min
  int cpus = 1;                                // leases that a pilot takes at a time
  absl::Duration every = absl::Seconds(30);    // from one look to the next
  absl::Duration patience = absl::Minutes(5);  // pilots are let go once there were too many of them for so long
};

// What is seen at one look.
struct KeepView {
  SteadyTime now;
  std::int64_t work = 0;      // leases that could be taken or are: starts that wait or run
  std::vector<Pilot> pilots;  // of the daemon and the name in question, also those that ended
  std::set<std::string>
      idle;  // by Pilot::id, running ones that are known to hold no lease; empty when nothing is known
};

// What is remembered from one look to the next.
struct KeepMemory {
  bool has_looked = false;
  std::optional<SteadyTime> surplus_since;
  std::set<std::string> failed;  // pilots that are known to have failed
  int failures = 0;              // looks that found new failures, since a pilot last ran for a while
  SteadyTime start_after = SteadyTime::InfinitePast();
};

struct KeepDecision {
  int wanted = 0;
  int start = 0;                    // so many pilots more
  std::vector<std::string> stop;    // by Pilot::id
  std::vector<Pilot> new_failures;  // since the last look
  absl::Duration pause;             // until pilots are started again, when that waits because of failures; else zero
};

// A pilot that ran for so long is a sound one.
inline constexpr absl::Duration kSoundRunTime = absl::Minutes(1);
inline constexpr absl::Duration kLongestStartPause = absl::Minutes(30);

// One step of `workers keep`, a pure function of what is given; `memory` becomes that of the next step. Wanted are as
// many pilots as the work could keep busy, within min and max. What is missing is started at once; after looks that
// found failures, only once a pause has passed that doubles each time. What is too much is let go after the rules'
// patience: first pilots that wait, then those that are known to be idle or, when there is no work at all, any, those
// with the least time left first. One that may be busy is never stopped.
KeepDecision DecideKeep(const KeepRules& rules, const KeepView& view, KeepMemory* memory);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_KEEP_DECISION_H_
