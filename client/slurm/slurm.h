#ifndef ONELOOP_CLIENT_SLURM_SLURM_H_
#define ONELOOP_CLIENT_SLURM_SLURM_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/slurm/pilot.h"
#include "client/slurm/pilot_request.h"

namespace oneloop {

// What `scontrol show config` tells.
struct ClusterConfig {
  std::string name;          // fit for a file's name
  int most_array_tasks = 0;  // of one array; 0 when the cluster has none
};

// INTERNAL when one of them is missing.
absl::StatusOr<ClusterConfig> ParseClusterConfig(std::string_view text);

// The array of the answer of `sbatch --parsable`, "12" or "12;cluster"; INTERNAL for another.
absl::StatusOr<std::string> ParseSubmitted(std::string_view text);

// Why sbatch refused, in one line: RESOURCE_EXHAUSTED for a limit on jobs, with what to do; FAILED_PRECONDITION when
// Slurm itself is not well; else INVALID_ARGUMENT.
absl::Status SubmitRefusal(std::string_view errors);

// What Slurm's commands get of the environment: what they need to run and to find their cluster, and sbatch's own
// settings, which the cluster may record. Nothing of OneLoop's, hence no token.
std::vector<std::string> SlurmEnvironment(const std::vector<std::string>& variables);

// Slurm's own commands, run for the caller, with the caller's rights. Each answers within a minute, sbatch within
// three: it tries again by itself. Errors are FAILED_PRECONDITION, INTERNAL and those of SubmitRefusal. Thread-safe.
class Slurm {
 public:
  // FAILED_PRECONDITION when they are not on PATH.
  static absl::StatusOr<Slurm> Find(const Environment& env);

  absl::StatusOr<ClusterConfig> Config() const;
  // The caller's, in whatever state they are; those that ended a while ago are forgotten.
  absl::StatusOr<std::vector<Pilot>> Pilots() const;
  // Submits one array and returns its number.
  absl::StatusOr<std::string> Submit(const PilotRequest& request, int count) const;
  // Pilots or whole arrays by their numbers. What is over already is no error.
  absl::Status Cancel(const std::vector<std::string>& ids) const;

 private:
  Slurm() = default;
  absl::StatusOr<std::string> Run(const std::string& program, std::vector<std::string> arguments) const;

  std::string sbatch_;
  std::string squeue_;
  std::string scancel_;
  std::string scontrol_;
  std::vector<std::string> environment_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_SLURM_H_
