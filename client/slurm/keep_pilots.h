#ifndef ONELOOP_CLIENT_SLURM_KEEP_PILOTS_H_
#define ONELOOP_CLIENT_SLURM_KEEP_PILOTS_H_

#include "absl/status/statusor.h"
#include "client/common_flags.h"
#include "client/environment.h"
#include "client/exit_code.h"
#include "client/slurm/keep_decision.h"
#include "client/slurm/slurm.h"
#include "client/slurm/work_source.h"

namespace oneloop {

// What to keep, borrowed.
struct KeepTask {
  const Slurm& slurm;
  const ClusterConfig& cluster;
  const PilotRequest& request;
  const KeepRules& rules;
  OutputFormat format;
};

// Follows the work: looks at it and at the pilots of the request's daemon and name once every `rules.every`, and starts
// and stops pilots as DecideKeep says. Prints a line for each change; what fails on the way is told on standard error
// and tried again at the next look. Until interrupted, when the pilots go on. Errors are those of the first look, and
// FAILED_PRECONDITION when pilots that were submitted are not seen among the caller's jobs, so that they cannot be kept
// count of.
absl::StatusOr<ExitCode> KeepPilots(const KeepTask& task, WorkSource& work, Environment& env);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_KEEP_PILOTS_H_
