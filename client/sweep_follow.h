#ifndef ONELOOP_CLIENT_SWEEP_FOLLOW_H_
#define ONELOOP_CLIENT_SWEEP_FOLLOW_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/exit_code.h"
#include "client/service_client.h"
#include "client/sweep_jobs.h"

namespace oneloop {

// Waits until every job of the sweep is over, with one line of progress on a terminal, and reads the sweep anew. False
// when the user interrupts, who has been told how to go on. Errors are those of WatchJob and of the daemon's calls.
absl::StatusOr<bool> FollowSweep(ServiceClient& client, const std::string& parent, Sweep* sweep, Environment& env);

// kJobFailed, after telling how many, when jobs of a sweep that is over failed or were cancelled.
ExitCode SweepExitCode(const Sweep& sweep, Environment& env);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SWEEP_FOLLOW_H_
