#ifndef ONELOOP_CLIENT_SLURM_PILOT_REQUEST_H_
#define ONELOOP_CLIENT_SLURM_PILOT_REQUEST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/flag_set.h"

namespace oneloop {

// What a pilot is to be: what Slurm is asked for, and what it runs.
struct PilotRequest {
  std::string name;  // of the user's; "" for none
  int cpus = 1;      // of each pilot, all on one node; the worker has as many threads
  int grace_s = 60;  // from SIGTERM to the time limit
  // What sbatch calls so; left to the cluster when absent.
  std::optional<std::string> partition;
  std::optional<std::string> time;
  std::optional<std::string> mem;
  std::optional<std::string> account;
  std::optional<std::string> qos;
  std::optional<std::string> constraint;
  std::optional<std::string> nodelist;
  std::optional<std::string> exclude;
  std::vector<std::string> sbatch_arguments;  // more of them; they go last, and the last of two holds

  // As the nodes see them.
  std::string server;      // "HOST:PORT"
  std::string program;     // absolute paths from here on
  std::string token_file;  // mode 0600
  std::string tls_ca;      // "" for none
  std::string log_folder;
};

// The flags of a request that Slurm is to hear of.
class PilotFlags {
 public:
  void Declare(FlagSet* flags);
  // With `sbatch_arguments`, checked; the part about the worker is left empty. Usage errors name the flag.
  absl::StatusOr<PilotRequest> Request(std::vector<std::string> sbatch_arguments) const;

 private:
  PilotRequest request_;
  std::optional<std::int32_t> cpus_;
  std::optional<std::int32_t> grace_s_;
};

// A usage error unless it is "" or 1 to 40 letters, digits, '_', '-' and '.'.
absl::Status CheckPilotName(const std::string& name);

// What sbatch is called with for an array of `count` pilots; the script comes on its standard input. No secret is among
// it. Its environment is exported to the job.
std::vector<std::string> SbatchArguments(const PilotRequest& request, int count);

// The script of each of them: looks whether the node sees the files, then becomes the worker, so that signals to the
// script are signals to the worker.
std::string BatchScript(const PilotRequest& request);

// The sizes of the arrays for `count` pilots, each at most `most`. Precondition: both are positive.
std::vector<int> SplitArrays(int count, int most);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_PILOT_REQUEST_H_
