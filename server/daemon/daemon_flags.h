#ifndef ONELOOP_SERVER_DAEMON_DAEMON_FLAGS_H_
#define ONELOOP_SERVER_DAEMON_DAEMON_FLAGS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/log.h"
#include "server/access/certificate.h"
#include "server/access/limits.h"
#include "server/access/socket_auth.h"
#include "server/net/listen_address.h"

namespace oneloop {

// The command line of oneloopd.
struct DaemonFlags {
  enum class Action { kRun, kHelp, kVersion, kPrintConfig, kFsck, kRestore };
  Action action = Action::kRun;
  std::string data_dir;         // absolute
  bool is_default_dir = false;  // its parents may have to be made
  std::vector<ListenAddress> listen;
  std::optional<int> threads;                     // none: as many as the machine runs at once
  absl::Duration lease_time = absl::Seconds(30);  // of workers of other machines
  TlsFiles tls;
  Limits limits;
  bool enable_admin = false;
  std::optional<ListenAddress> metrics_listen;
  std::optional<ListenAddress> http;
  std::vector<std::string> http_hosts;
  SocketAuth socket_auth = SocketAuth::kPeer;
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
  std::string backup_path;                        // of kRestore
  std::optional<absl::Duration> retention;        // of jobs that are over; none: for ever
  absl::Duration purge_after = absl::Hours(168);  // of deleted ones
  // Where each setting that is no default comes from: "--threads", or a place in the file. By name without dashes.
  std::map<std::string, std::string> sources;
};

// What the defaults depend on; "" when not set.
struct DaemonEnvironment {
  std::string xdg_data_home;
  std::string home;
};

inline constexpr int kMostThreads = 1024;

// `args` without the program's name. Reads the file of --config; what a flag says, the file does not. INVALID_ARGUMENT,
// with the nearest flag for an unknown one, or when nothing names a data directory, and NOT_FOUND; for what is wrong in
// the file with "FILE:LINE:COL: ".
absl::StatusOr<DaemonFlags> ParseDaemonFlags(const std::vector<std::string>& args,
                                             const DaemonEnvironment& environment);

// What a start checks of the settings before it listens: INVALID_ARGUMENT or FAILED_PRECONDITION for addresses that
// need TLS, files of TLS that are missing or do not fit, and metrics for other machines.
absl::Status CheckDaemonFlags(const DaemonFlags& flags);

// A setting as it is in effect.
struct EffectiveSetting {
  std::string name;                 // without dashes
  std::vector<std::string> values;  // several of a list; none when it is not set
  std::string source;               // as in DaemonFlags::sources, or "default"
};
// All of them, in the order of --help.
std::vector<EffectiveSetting> EffectiveSettings(const DaemonFlags& flags);
// As a file for --config, with the sources as comments.
std::string FormatSettings(const std::vector<EffectiveSetting>& settings);

// The text of --help.
std::string DaemonHelp();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_DAEMON_FLAGS_H_
