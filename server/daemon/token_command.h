#ifndef ONELOOP_SERVER_DAEMON_TOKEN_COMMAND_H_
#define ONELOOP_SERVER_DAEMON_TOKEN_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/daemon/daemon_flags.h"

namespace oneloop {

// `oneloopd token create|list|revoke`, beside a daemon that runs or without one. `args`: what follows "token". Returns
// the exit code: 0, 1 for a failure, 2 for a wrong command line. What is changed leaves a line in the audit log. Output
// that cannot be written is a failure, and a token that could not be shown is revoked.
int RunTokenCommand(const std::vector<std::string>& args, const DaemonEnvironment& environment, absl::Time now,
                    std::ostream& out, std::ostream& err);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_TOKEN_COMMAND_H_
