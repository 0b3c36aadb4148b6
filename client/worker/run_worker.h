#ifndef ONELOOP_CLIENT_WORKER_RUN_WORKER_H_
#define ONELOOP_CLIENT_WORKER_RUN_WORKER_H_

#include <functional>
#include <string>
#include <vector>

#include "client/environment.h"
#include "client/exit_code.h"

namespace oneloop {

// The program oneloop-worker: runs parts of a daemon's jobs until it is told to stop, or has nothing to do for as long
// as its flags say. `args` without the program's name. `await_stop` returns when a signal asks for the end, or once
// `ended` does; called on a thread of its own. kOk after a signal or idleness, with every lease given back.
ExitCode RunWorker(const std::vector<std::string>& args, Environment& env,
                   const std::function<void(const std::function<bool()>& ended)>& await_stop);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_WORKER_RUN_WORKER_H_
