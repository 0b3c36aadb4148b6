#ifndef ONELOOP_SERVER_DAEMON_FLAGS_H_
#define ONELOOP_SERVER_DAEMON_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/log.h"
#include "server/access/certificate.h"
#include "server/access/limits.h"
#include "server/rpc/listen_address.h"

namespace oneloop {

// The command line of oneloopd.
struct DaemonFlags {
  enum class Action { kRun, kHelp, kVersion, kFsck, kRestore };
  Action action = Action::kRun;
  std::string data_dir;         // absolute
  bool is_default_dir = false;  // its parents may have to be made
  std::vector<ListenAddress> listen;
  int threads = 0;  // 0: as many as the machine runs at once
  TlsFiles tls;
  Limits limits;
  bool enable_admin = false;
  std::optional<ListenAddress> metrics_listen;
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
  std::string backup_path;  // of kRestore
};

// What the defaults depend on; "" when not set.
struct DaemonEnvironment {
  std::string xdg_data_home;
  std::string home;
};

inline constexpr int kMostThreads = 1024;

// `args` without the program's name. INVALID_ARGUMENT, with the nearest flag for an unknown one.
absl::StatusOr<DaemonFlags> ParseDaemonFlags(const std::vector<std::string>& args,
                                             const DaemonEnvironment& environment);

// The data directory when no flag names one. INVALID_ARGUMENT when the environment has no home.
absl::StatusOr<std::string> DefaultDataDir(const DaemonEnvironment& environment);

// The text of --help.
std::string DaemonHelp();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_FLAGS_H_
