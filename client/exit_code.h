#ifndef ONELOOP_CLIENT_EXIT_CODE_H_
#define ONELOOP_CLIENT_EXIT_CODE_H_

#include <string_view>

#include "absl/status/status.h"

namespace oneloop {

// What `oneloop` returns to the shell. Scripts depend on the numbers: never change one.
enum class ExitCode {
  kOk = 0,            // also when the reader of a pipe went away
  kError = 1,         // the daemon refused for another reason than those below, or the output could not be written
  kUsage = 2,         // unknown command or flag, or a value of the wrong kind
  kNotFound = 3,      // no such job, point, sweep, workload, template, calibration or file
  kInvalidInput = 4,  // a file or a value was understood and is not valid
  kUnreachable = 5,   // no daemon there, or it does not answer in time
  kJobFailed = 6,     // the job that was waited for or watched failed or was cancelled
  kInterrupted = 130  // Ctrl-C while waiting; the job goes on, but one of bench is cancelled
};

// An INVALID_ARGUMENT that ends in ExitCode::kUsage. `command` is named in the hint; "" for the program as a whole.
absl::Status UsageError(std::string_view command, std::string_view description);

ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_EXIT_CODE_H_
