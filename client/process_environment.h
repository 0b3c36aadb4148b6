#ifndef ONELOOP_CLIENT_PROCESS_ENVIRONMENT_H_
#define ONELOOP_CLIENT_PROCESS_ENVIRONMENT_H_

#include <iosfwd>

#include "client/environment.h"

namespace oneloop {

// What this process is in: its standard streams, its variables and its clocks. Everything passed in is borrowed.
Environment ProcessEnvironment(std::ostream& out, InterruptSource& interrupts, std::function<int()> output_error);

// To be called first in a program that is a client: signals, and what its libraries print or check by themselves.
void PrepareProcess();

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_PROCESS_ENVIRONMENT_H_
