#ifndef ONELOOP_CLIENT_SLURM_SUBMIT_PILOTS_H_
#define ONELOOP_CLIENT_SLURM_SUBMIT_PILOTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/flag_set.h"
#include "client/server_options.h"
#include "client/slurm/pilot_request.h"
#include "client/slurm/slurm.h"

namespace oneloop {

inline constexpr int kMostPilots = 10000;

// The flags by which `workers start` and `workers keep` say what to submit.
class SubmitFlags {
 public:
  void Declare(FlagSet* flags);

  // All that a pilot needs, with the copies of token and certificates made, for a daemon that this command itself
  // reaches by `server`. Usage errors for an address that nodes cannot reach, a token that is missing, open to others
  // or would travel unencrypted, a program that is missing, and those of PilotFlags.
  absl::StatusOr<PilotRequest> Prepare(const Environment& env, const ServerOptions& server,
                                       const ClusterConfig& cluster, const std::string& name,
                                       std::vector<std::string> sbatch_arguments) const;
  // Where the copies are: --dir or its default; a usage error when there is neither.
  absl::StatusOr<std::string> Folder(const Environment& env) const;
  // The daemon's address as nodes see it.
  absl::StatusOr<std::string> Address(const Environment& env, const ServerOptions& server) const;

 private:
  absl::StatusOr<std::string> Token(const Environment& env) const;
  absl::StatusOr<std::string> WorkerProgram(const Environment& env) const;

  PilotFlags pilots_;
  std::string server_;
  std::string token_file_;
  std::string program_;
  std::string folder_;
};

struct SubmittedArray {
  std::string id;
  int pilots = 0;
};

// Submits `count` pilots in as many arrays as the cluster needs for them, and appends each to `*arrays` at once. An
// error tells how many came before it.
absl::Status SubmitPilots(const Slurm& slurm, const ClusterConfig& cluster, const PilotRequest& request, int count,
                          std::vector<SubmittedArray>* arrays);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_SUBMIT_PILOTS_H_
