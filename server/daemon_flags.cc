#include "server/daemon_flags.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

const std::vector<std::string>& FlagNames() {
  static const auto* const names =
      new std::vector<std::string>{"--data_dir", "--listen", "--threads", "--enable_admin", "--help", "--version"};
  return *names;
}

absl::StatusOr<std::string> DefaultDataDir(const DaemonEnvironment& environment) {
  if (!environment.xdg_data_home.empty()) return environment.xdg_data_home + "/oneloop";
  if (!environment.home.empty()) return environment.home + "/.local/share/oneloop";
  return absl::InvalidArgumentError("--data_dir is needed: neither XDG_DATA_HOME nor HOME is set");
}

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return absl::InvalidArgumentError(absl::StrCat("--data_dir ", path, ": ", error.message()));
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.string();
}

absl::Status SetThreads(const std::string& value, DaemonFlags* flags) {
  if (absl::SimpleAtoi(value, &flags->threads) && flags->threads >= 1 && flags->threads <= kMostThreads) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("--threads ", value, ": valid: 1 to ", kMostThreads));
}

absl::Status SetFlag(const std::string& name, const std::string& value, DaemonFlags* flags) {
  if (name == "--threads") return SetThreads(value, flags);
  if (name == "--listen") {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(value));
    flags->listen.push_back(std::move(address));
    return absl::OkStatus();
  }
  if (value.empty()) return absl::InvalidArgumentError("--data_dir is empty; valid: a directory");
  ASSIGN_OR_RETURN(flags->data_dir, AbsolutePath(value));
  return absl::OkStatus();
}

absl::Status FillDefaults(const DaemonEnvironment& environment, DaemonFlags* flags) {
  if (flags->data_dir.empty()) {
    ASSIGN_OR_RETURN(const std::string data_dir, DefaultDataDir(environment));
    ASSIGN_OR_RETURN(flags->data_dir, AbsolutePath(data_dir));
    flags->is_default_dir = true;
  }
  if (flags->listen.empty()) {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress("unix:" + flags->data_dir + "/oneloop.sock"));
    flags->listen.push_back(std::move(address));
  }
  return absl::OkStatus();
}

}  // namespace

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
    if (name != "--data_dir" && name != "--listen" && name != "--threads") {
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
         "  --data_dir DIR   where jobs and points are kept; one daemon for each\n"
         "                   (default: $XDG_DATA_HOME/oneloop, or ~/.local/share/oneloop)\n"
         "  --listen ADDR    unix:PATH or 127.0.0.1:PORT; may be given several times\n"
         "                   (default: unix:DIR/oneloop.sock)\n"
         "  --threads N      searches that run at once (default: as many as the machine runs at once)\n"
         "  --enable_admin   serve AdminService: backups\n"
         "  --help           this text\n"
         "  --version        the version\n"
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
