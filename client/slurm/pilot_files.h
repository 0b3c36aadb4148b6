#ifndef ONELOOP_CLIENT_SLURM_PILOT_FILES_H_
#define ONELOOP_CLIENT_SLURM_PILOT_FILES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/environment.h"

namespace oneloop {

// Where pilots' files are kept unless the user says so: "$XDG_STATE_HOME/oneloop/workers", or in ~/.local/state. Homes
// are shared by the nodes of most clusters. "" when the environment names neither.
std::string DefaultPilotFolder(const Environment& env);

// The files that pilots of one cluster read and write, in a folder for their user alone (mode 0700). Not thread-safe.
class PilotFiles {
 public:
  // Makes DIR/CLUSTER and in it `logs`. A usage error when DIR is not absolute or cannot be made, or when the folder is
  // another user's or open to others.
  static absl::StatusOr<PilotFiles> Open(const std::string& folder, const std::string& cluster);

  // Each gives a path: of a token's copy, mode 0600, and of certificates. The same content has the same path, and what
  // is there already is replaced in one step. INTERNAL when the disk refuses.
  absl::StatusOr<std::string> KeepToken(const std::string& token) const;
  absl::StatusOr<std::string> KeepCertificates(const std::string& pem) const;
  std::string log_folder() const { return folder_ + "/logs"; }

 private:
  explicit PilotFiles(std::string folder) : folder_(std::move(folder)) {}
  absl::StatusOr<std::string> Keep(const std::string& name, const std::string& text) const;

  std::string folder_;
};

// Removes all copies of tokens in DIR/CLUSTER, which need not be there.
absl::Status RemovePilotTokens(const std::string& folder, const std::string& cluster);

// The public part of a token, "0123456789ab" of "olt_0123456789ab_SECRET"; "" when it is none.
std::string TokenId(std::string_view token);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_PILOT_FILES_H_
