#include <string>

#include "client/slurm/pilot.h"
#include "client/slurm/slurm.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// What Slurm's commands print is read, or refused with a reason, and nothing of it can become more than a number, a
// folder's name or a line.
TEXT_FUZZER(input) {
  const auto pilots = ParsePilots(input);
  Check(pilots.ok() || !pilots.status().message().empty(), "an error says what is wrong");
  for (const Pilot& pilot : pilots.ok() ? *pilots : std::vector<Pilot>()) {
    Check(!pilot.id.empty() && !pilot.array.empty() && !pilot.state.empty(), "a pilot has a number and a state");
    Check(pilot.id.find_first_of("|\n") == std::string::npos, "fields end where they end");
    Check(pilot.run_time >= absl::ZeroDuration() && pilot.time_left >= absl::ZeroDuration(), "times are none below 0");
    Check(!(pilot.is_pending() && pilot.is_running()), "a pilot waits or runs");
  }
  const auto config = ParseClusterConfig(input);
  if (config.ok()) {
    Check(config->name.find('/') == std::string::npos && config->name[0] != '.', "a cluster's name is a folder's");
    Check(config->most_array_tasks >= 0, "a limit is none below 0");
  }
  const auto array = ParseSubmitted(input);
  if (array.ok()) Check(array->find_first_not_of("0123456789") == std::string::npos, "an array is a number");
  const absl::Status refusal = SubmitRefusal(input);
  Check(!refusal.ok() && refusal.message().size() < 1000, "a refusal is a line");
  Check(ParseSlurmTime(input) >= absl::ZeroDuration(), "a time is none below 0");
}

}  // namespace oneloop
