#ifndef ONELOOP_CLIENT_RUN_CLIENT_H_
#define ONELOOP_CLIENT_RUN_CLIENT_H_

#include <string>
#include <vector>

#include "client/environment.h"
#include "client/exit_code.h"

namespace oneloop {

// Runs `oneloop ARGS`: finds the command, parses its flags, runs it, prints what went wrong.
ExitCode RunClient(const std::vector<std::string>& args, Environment& env);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_RUN_CLIENT_H_
