#ifndef ONELOOP_CLIENT_SLURM_RUN_PROGRAM_H_
#define ONELOOP_CLIENT_SLURM_RUN_PROGRAM_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace oneloop {

// A program with all that it is given; no shell takes part.
struct Program {
  std::string path;  // absolute
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value", nothing else
  std::string input;                     // its standard input
};

struct ProgramLimits {
  absl::Duration timeout = absl::Minutes(1);
  std::size_t most_output_bytes = std::size_t{64} << 20;  // of standard output and of standard error, each
};

struct ProgramOutcome {
  int exit_code = -1;  // -1 when a signal ended it
  std::string out;
  std::string err;
};

// Runs it to its end, in a process group of its own, so that Ctrl-C does not cut it off. NOT_FOUND when it cannot be
// started; DEADLINE_EXCEEDED and RESOURCE_EXHAUSTED beyond the limits, when the whole group has been killed. What
// outlives it is left alone. Thread-safe.
absl::StatusOr<ProgramOutcome> RunProgram(const Program& program, const ProgramLimits& limits = {});

// The first executable file of this name in the absolute folders of `path`, as $PATH has them.
std::optional<std::string> FindProgram(std::string_view name, std::string_view path);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_RUN_PROGRAM_H_
