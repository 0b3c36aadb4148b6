#include "server/daemon_flags.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// A flag that sets one of the limits.
struct LimitFlag {
  const char* name;
  std::int64_t Limits::*limit;
  std::int64_t most;
  std::int64_t unit;  // the flag's, in the limit's
};
constexpr std::int64_t kMebibyte = 1 << 20;
constexpr std::int64_t kManyJobs = 1000000;
constexpr std::int64_t kManyPoints = 1000000000000000;
constexpr std::array kLimitFlags = {
    // Messages are held in memory, and gRPC counts their bytes in an int.
    LimitFlag{"--max_message_mib", &Limits::max_message_bytes, 1024, kMebibyte},
    LimitFlag{"--max_unfinished_jobs", &Limits::max_unfinished_jobs, kManyJobs, 1},
    LimitFlag{"--max_unfinished_jobs_per_user", &Limits::max_unfinished_jobs_per_user, kManyJobs, 1},
    LimitFlag{"--max_watches_per_user", &Limits::max_watches_per_user, kManyJobs, 1},
    LimitFlag{"--max_points_per_project", &Limits::max_points_per_project, kManyPoints, 1},
    LimitFlag{"--max_samples_per_job", &Limits::max_samples_per_job, kManyPoints, 1},
};

struct FileFlag {
  const char* name;
  std::string TlsFiles::*file;
};
constexpr std::array kFileFlags = {
    FileFlag{"--tls_cert", &TlsFiles::cert},
    FileFlag{"--tls_key", &TlsFiles::key},
    FileFlag{"--tls_client_ca", &TlsFiles::client_ca},
};

template <class T>
struct Choice {
  const char* name;
  T value;
};
constexpr std::array kLogFormats = {Choice<LogFormat>{"text", LogFormat::kText},
                                    Choice<LogFormat>{"json", LogFormat::kJson}};
constexpr std::array kLogLevels = {
    Choice<LogLevel>{"debug", LogLevel::kDebug}, Choice<LogLevel>{"info", LogLevel::kInfo},
    Choice<LogLevel>{"warning", LogLevel::kWarning}, Choice<LogLevel>{"error", LogLevel::kError}};

std::vector<std::string> FlagNames() {
  std::vector<std::string> names = {"--data_dir",   "--listen",    "--threads", "--enable_admin", "--metrics_listen",
                                    "--log_format", "--log_level", "--help",    "--version"};
  for (const FileFlag& flag : kFileFlags) names.emplace_back(flag.name);
  for (const LimitFlag& flag : kLimitFlags) names.emplace_back(flag.name);
  return names;
}

absl::StatusOr<std::string> AbsolutePath(const std::string& flag, const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return absl::InvalidArgumentError(absl::StrCat(flag, " ", path, ": ", error.message()));
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.string();
}

absl::Status SetThreads(const std::string& value, DaemonFlags* flags) {
  if (absl::SimpleAtoi(value, &flags->threads) && flags->threads >= 1 && flags->threads <= kMostThreads) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("--threads ", value, ": valid: 1 to ", kMostThreads));
}

absl::Status SetLimit(const LimitFlag& flag, const std::string& value, Limits* limits) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number < 1 || number > flag.most) {
    return absl::InvalidArgumentError(absl::StrCat(flag.name, " ", value, ": valid: 1 to ", flag.most));
  }
  limits->*flag.limit = number * flag.unit;
  return absl::OkStatus();
}

template <class T, std::size_t kSize>
absl::Status SetChoice(const std::array<Choice<T>, kSize>& choices, const std::string& name, const std::string& value,
                       T* target) {
  std::string valid;
  for (const Choice<T>& choice : choices) {
    if (value == choice.name) {
      *target = choice.value;
      return absl::OkStatus();
    }
    absl::StrAppend(&valid, valid.empty() ? "" : ", ", choice.name);
  }
  return absl::InvalidArgumentError(absl::StrCat(name, " ", value, ": valid: ", valid));
}

absl::Status SetMetricsListen(const std::string& value, DaemonFlags* flags) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(value);
  if (!address.ok() || address->is_unix()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metrics_listen ", value, ": valid: 127.0.0.1:PORT, for example 127.0.0.1:9464"));
  }
  flags->metrics_listen = *std::move(address);
  return absl::OkStatus();
}

absl::Status SetFlag(const std::string& name, const std::string& value, DaemonFlags* flags) {
  if (name == "--threads") return SetThreads(value, flags);
  if (name == "--listen") {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(value));
    flags->listen.push_back(std::move(address));
    return absl::OkStatus();
  }
  if (name == "--metrics_listen") return SetMetricsListen(value, flags);
  if (name == "--log_format") return SetChoice(kLogFormats, name, value, &flags->log_format);
  if (name == "--log_level") return SetChoice(kLogLevels, name, value, &flags->log_level);
  for (const LimitFlag& flag : kLimitFlags) {
    if (name == flag.name) return SetLimit(flag, value, &flags->limits);
  }
  if (value.empty()) return absl::InvalidArgumentError(name + " is empty; valid: a path");
  for (const FileFlag& flag : kFileFlags) {
    if (name != flag.name) continue;
    ASSIGN_OR_RETURN(flags->tls.*flag.file, AbsolutePath(name, value));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(flags->data_dir, AbsolutePath(name, value));
  return absl::OkStatus();
}

absl::Status FillDefaults(const DaemonEnvironment& environment, DaemonFlags* flags) {
  if (flags->data_dir.empty()) {
    ASSIGN_OR_RETURN(const std::string data_dir, DefaultDataDir(environment));
    ASSIGN_OR_RETURN(flags->data_dir, AbsolutePath("--data_dir", data_dir));
    flags->is_default_dir = true;
  }
  if (flags->listen.empty()) {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress("unix:" + flags->data_dir + "/oneloop.sock"));
    flags->listen.push_back(std::move(address));
  }
  return absl::OkStatus();
}

bool IsKnown(const std::string& name) {
  const std::vector<std::string> names = FlagNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<std::string> DefaultDataDir(const DaemonEnvironment& environment) {
  if (!environment.xdg_data_home.empty()) return environment.xdg_data_home + "/oneloop";
  if (!environment.home.empty()) return environment.home + "/.local/share/oneloop";
  return absl::InvalidArgumentError("--data_dir is needed: neither XDG_DATA_HOME nor HOME is set");
}

absl::StatusOr<DaemonFlags> ParseDaemonFlags(const std::vector<std::string>& args,
                                             const DaemonEnvironment& environment) {
  DaemonFlags flags;
  std::size_t first = 0;
  if (!args.empty() && (args[0] == "fsck" || args[0] == "restore")) {
    flags.action = args[0] == "fsck" ? DaemonFlags::Action::kFsck : DaemonFlags::Action::kRestore;
    first = 1;
  }
  for (std::size_t i = first; i < args.size(); ++i) {
    if (flags.action == DaemonFlags::Action::kRestore && flags.backup_path.empty() && !args[i].starts_with("--")) {
      flags.backup_path = args[i];
      continue;
    }
    const std::size_t equals = args[i].find('=');
    const std::string name = args[i].substr(0, equals);
    if (name == "--help" || name == "--version") {
      flags.action = name == "--help" ? DaemonFlags::Action::kHelp : DaemonFlags::Action::kVersion;
      return flags;
    }
    if (args[i] == "--enable_admin") {
      flags.enable_admin = true;
      continue;
    }
    if (name == "--enable_admin") return absl::InvalidArgumentError("--enable_admin takes no value");
    if (!IsKnown(name)) {
      return absl::InvalidArgumentError(absl::StrCat("unknown flag ", name, SuggestName(name, FlagNames())));
    }
    std::optional<std::string> value;
    if (equals != std::string::npos) {
      value = args[i].substr(equals + 1);
    } else if (i + 1 < args.size()) {
      value = args[++i];
    }
    if (!value.has_value()) return absl::InvalidArgumentError(absl::StrCat(name, " needs a value"));
    RETURN_IF_ERROR(SetFlag(name, *value, &flags));
  }
  if (flags.action == DaemonFlags::Action::kRestore && flags.backup_path.empty()) {
    return absl::InvalidArgumentError("restore needs the backup's file: oneloopd restore --data_dir DIR FILE");
  }
  RETURN_IF_ERROR(FillDefaults(environment, &flags));
  return flags;
}

std::string DaemonHelp() {
  return "oneloopd: the OneLoop daemon. Runs search jobs and serves them over gRPC until SIGTERM or SIGINT.\n"
         "\n"
         "  --data_dir DIR         where jobs and points are kept; one daemon for each\n"
         "                         (default: $XDG_DATA_HOME/oneloop, or ~/.local/share/oneloop)\n"
         "  --listen ADDR          unix:PATH or HOST:PORT; may be given several times (default: "
         "unix:DIR/oneloop.sock).\n"
         "                         A TCP port needs a token from every caller; DIR/local.token holds one for this\n"
         "                         machine. Any host but 127.0.0.1 and [::1] needs TLS, too\n"
         "  --threads N            searches that run at once (default: as many as the machine runs at once)\n"
         "  --enable_admin         serve AdminService: backups\n"
         "  --metrics_listen 127.0.0.1:PORT\n"
         "                         serve /metrics for Prometheus, to all programs of this machine (default: off)\n"
         "  --log_format FORMAT    of standard error, text or json, one line for each event and call (default text)\n"
         "  --log_level LEVEL      debug, info, warning or error: the least that is logged (default info)\n"
         "\n"
         "TLS, for all TCP ports; files in PEM form, read again when they change:\n"
         "  --tls_cert FILE        the certificate, with those between it and its authority\n"
         "  --tls_key FILE         its private key\n"
         "  --tls_client_ca FILE   authorities; only clients with a certificate of theirs are let in, and need no\n"
         "                         token: the certificate's common name is the user, with the scope user\n"
         "\n"
         "Limits; what goes beyond is refused with RESOURCE_EXHAUSTED:\n"
         "  --max_message_mib N               of one request (default 16)\n"
         "  --max_unfinished_jobs N           pending, running and paused jobs (default 10000)\n"
         "  --max_unfinished_jobs_per_user N  (default 2000)\n"
         "  --max_watches_per_user N          open at a time (default 1000)\n"
         "  --max_points_per_project N        stored points with which new jobs are refused (default 10^9)\n"
         "  --max_samples_per_job N           starts times steps (default 10^9)\n"
         "\n"
         "  --help                 this text\n"
         "  --version              the version\n"
         "\n"
         "oneloopd token create|list|revoke manages the tokens: see oneloopd token --help.\n"
         "\n"
         "While no daemon runs on DIR:\n"
         "\n"
         "  oneloopd fsck --data_dir DIR          looks for damage in the store, prints each finding, changes nothing\n"
         "  oneloopd restore --data_dir DIR FILE  makes the store of an empty DIR out of a backup\n"
         "\n"
         "Exit codes: 0 after an orderly stop, a sound store or a restored one; 1 for a failure, also of a check that\n"
         "could not be made; 2 for a wrong command line; 3 for findings of fsck.\n";
}

}  // namespace oneloop
