#ifndef ONELOOP_CLIENT_SLURM_PILOT_H_
#define ONELOOP_CLIENT_SLURM_PILOT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace oneloop {

// A job of Slurm's that runs a worker of OneLoop's: one task of an array. What makes a job of the caller's a pilot are
// its name, kPilotName with or without "-" and a name of the user's, and its comment, kPilotName and the daemon's
// address.
inline constexpr char kPilotName[] = "oneloop-worker";

struct Pilot {
  std::string id;     // "12_3", or "12" of a job that is no array's
  std::string array;  // "12"
  std::string state;  // as squeue calls it, "RUNNING"
  std::string node;   // "" before it has one
  absl::Duration run_time;
  absl::Duration time_left = absl::InfiniteDuration();  // infinite also when it is not known
  int cpus = 0;
  std::string reason;  // why it waits or failed, in Slurm's words; "" for none
  std::string name;    // that the user gave, "" for none
  std::string server;  // the daemon that it works for

  // Waits for a place.
  bool is_pending() const { return state == "PENDING"; }
  // Has a place, or had it and will have it again.
  bool is_running() const;
  bool is_active() const { return is_pending() || is_running(); }
  // Ended otherwise than by its own, its time limit's or somebody's will, or is held since no node can start it.
  bool has_failed() const;
};

// The format that squeue is asked for, and what ParsePilots reads.
inline constexpr char kSqueueFormat[] = "%i|%F|%T|%N|%M|%L|%C|%r|%j|%k";

// The pilots among the lines that `squeue --noheader --array` printed; all other jobs are passed over. INTERNAL for a
// line that speaks of a pilot and cannot be read.
absl::StatusOr<std::vector<Pilot>> ParsePilots(std::string_view text);

// The comment and the name of a pilot's job.
std::string PilotComment(std::string_view server);
std::string PilotJobName(std::string_view name);
// What the worker of a pilot calls itself to the daemon; of "12_3" or, in a script, of variables that stand for that.
std::string PilotWorkerName(std::string_view id);

// "1 pilot", "8 pilots".
std::string PilotCount(std::size_t count);

// "1-02:03:04", "03:04", "4" (seconds); infinite for "UNLIMITED" and whatever is no time.
absl::Duration ParseSlurmTime(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_PILOT_H_
