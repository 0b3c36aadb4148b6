#include "server/daemon/daemon_flags.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/duration_text.h"
#include "common/base/status.h"
#include "server/daemon/config_file.h"
#include "server/grpc/transport.h"
#include "server/http/http_server.h"
#include "server/http/metrics_server.h"

namespace oneloop {
namespace {

// A flag that sets one of the limits.
struct LimitFlag {
  const char* name;
  std::int64_t Limits::*limit;
  std::int64_t most;
  std::int64_t unit;  // the flag's, in the limit's
  std::int64_t least = 1;
};
constexpr std::int64_t kMebibyte = 1 << 20;
constexpr std::int64_t kManyJobs = 1000000;
constexpr std::int64_t kManyPoints = 1000000000000000;
constexpr std::array kLimitFlags = {
    // Messages are held in memory, and gRPC counts their bytes in an int.
    LimitFlag{"--max_message_mib", &Limits::max_message_bytes, 1024, kMebibyte},
    LimitFlag{"--max_unfinished_jobs", &Limits::max_unfinished_jobs, kManyJobs, 1},
    LimitFlag{"--max_unfinished_jobs_per_user", &Limits::max_unfinished_jobs_per_user, kManyJobs, 1},
    LimitFlag{"--max_running_per_user", &Limits::max_running_per_user, kMostThreads, 1, 0},
    LimitFlag{"--max_watches_per_user", &Limits::max_watches_per_user, kManyJobs, 1},
    LimitFlag{"--max_open_calls_per_user", &Limits::max_open_calls_per_user, kManyJobs, 1},
    LimitFlag{"--max_requests_mib", &Limits::max_request_bytes, 1 << 20, kMebibyte},
    LimitFlag{"--max_connections", &Limits::max_connections, kManyJobs, 1, 0},
    LimitFlag{"--max_search_mib", &Limits::max_search_bytes, 1 << 30, kMebibyte, 0},
    LimitFlag{"--max_points_per_project", &Limits::max_points_per_project, kManyPoints, 1},
    LimitFlag{"--max_bytes_per_project", &Limits::max_bytes_per_project, kManyPoints, 1},
    LimitFlag{"--max_samples_per_job", &Limits::max_samples_per_job, kManyPoints, 1},
    LimitFlag{"--max_workers", &Limits::max_workers, kManyJobs, 1},
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
constexpr std::array kSocketAuths = {Choice<SocketAuth>{"peer", SocketAuth::kPeer},
                                     Choice<SocketAuth>{"token", SocketAuth::kToken},
                                     Choice<SocketAuth>{"none", SocketAuth::kNone}};
constexpr std::array kLogLevels = {
    Choice<LogLevel>{"debug", LogLevel::kDebug}, Choice<LogLevel>{"info", LogLevel::kInfo},
    Choice<LogLevel>{"warning", LogLevel::kWarning}, Choice<LogLevel>{"error", LogLevel::kError}};

constexpr absl::Duration kShortestLease = absl::Seconds(1);
constexpr absl::Duration kLongestLease = absl::Hours(24);

constexpr std::string_view kDashes = "--";
constexpr char kConfigFlag[] = "--config";

// What a file may set, too: all but --config and those that are no settings.
std::vector<SettingKey> SettingKeys() {
  std::vector<SettingKey> keys = {{"data_dir", SettingType::kText},       {"listen", SettingType::kTexts},
                                  {"threads", SettingType::kNumber},      {"retention", SettingType::kText},
                                  {"purge_after", SettingType::kText},    {"enable_admin", SettingType::kBoolean},
                                  {"metrics_listen", SettingType::kText}, {"http", SettingType::kText},
                                  {"http_host", SettingType::kTexts},     {"log_format", SettingType::kText},
                                  {"log_level", SettingType::kText},      {"socket_auth", SettingType::kText},
                                  {"lease_time", SettingType::kText}};
  for (const FileFlag& flag : kFileFlags) keys.push_back({flag.name + kDashes.size(), SettingType::kText});
  for (const LimitFlag& flag : kLimitFlags) keys.push_back({flag.name + kDashes.size(), SettingType::kNumber});
  return keys;
}

std::vector<std::string> FlagNames() {
  std::vector<std::string> names = {kConfigFlag, "--print_config", "--help", "--version"};
  for (const SettingKey& key : SettingKeys()) names.push_back(std::string(kDashes) + key.name);
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
  int threads = 0;
  if (absl::SimpleAtoi(value, &threads) && threads >= 0 && threads <= kMostThreads) {
    flags->threads = threads;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("--threads ", value, ": valid: 0 to ", kMostThreads));
}

absl::Status SetLeaseTime(const std::string& value, DaemonFlags* flags) {
  const std::optional<absl::Duration> time = ParseDurationText(value);
  if (!time.has_value() || *time < kShortestLease || *time > kLongestLease) {
    return absl::InvalidArgumentError(absl::StrCat("--lease_time ", value, ": valid: 1s to 24h"));
  }
  flags->lease_time = *time;
  return absl::OkStatus();
}

absl::Status SetLimit(const LimitFlag& flag, const std::string& value, Limits* limits) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number < flag.least || number > flag.most) {
    return absl::InvalidArgumentError(absl::StrCat(flag.name, " ", value, ": valid: ", flag.least, " to ", flag.most));
  }
  limits->*flag.limit = number * flag.unit;
  return absl::OkStatus();
}

// Days of about a century, so that no sum of times overflows.
constexpr absl::Duration kLongestTime = absl::Hours(24 * 36500);

absl::StatusOr<absl::Duration> ParseTime(const std::string& name, const std::string& value) {
  if (value == "0") return absl::ZeroDuration();
  const std::optional<absl::Duration> time = ParseDurationText(value);
  if (time.has_value() && *time <= kLongestTime) return *time;
  return absl::InvalidArgumentError(absl::StrCat(name, " ", value, ": valid: 0, or for example 12h or 30d"));
}

absl::Status SetRetention(const std::string& value, DaemonFlags* flags) {
  ASSIGN_OR_RETURN(const absl::Duration retention, ParseTime("--retention", value));
  flags->retention = retention == absl::ZeroDuration() ? std::nullopt : std::optional<absl::Duration>(retention);
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

absl::Status SetHttp(const std::string& value, DaemonFlags* flags) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(value);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--http ", value, ": valid: 127.0.0.1:PORT, for example 127.0.0.1:8080, and unix:PATH"));
  }
  flags->http = *std::move(address);
  return absl::OkStatus();
}

// A host's name as a browser sends it, without a port.
absl::Status AddHttpHost(const std::string& value, DaemonFlags* flags) {
  const bool is_name = !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-';
  });
  if (!is_name) {
    return absl::InvalidArgumentError(
        absl::StrCat("--http_host ", value, ": valid: a host's name without a port, for example oneloop.example.org"));
  }
  flags->http_hosts.push_back(value);
  return absl::OkStatus();
}

absl::Status SetAdmin(const std::string& value, DaemonFlags* flags) {
  flags->enable_admin = value == "true";
  if (flags->enable_admin || value == "false") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--enable_admin ", value, ": valid: true, false"));
}

absl::Status SetFlag(const std::string& name, const std::string& value, DaemonFlags* flags) {
  if (name == "--threads") return SetThreads(value, flags);
  if (name == "--lease_time") return SetLeaseTime(value, flags);
  if (name == "--retention") return SetRetention(value, flags);
  if (name == "--purge_after") {
    ASSIGN_OR_RETURN(flags->purge_after, ParseTime(name, value));
    return absl::OkStatus();
  }
  if (name == "--listen") {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(value));
    flags->listen.push_back(std::move(address));
    return absl::OkStatus();
  }
  if (name == "--enable_admin") return SetAdmin(value, flags);
  if (name == "--metrics_listen") return SetMetricsListen(value, flags);
  if (name == "--http") return SetHttp(value, flags);
  if (name == "--http_host") return AddHttpHost(value, flags);
  if (name == "--socket_auth") return SetChoice(kSocketAuths, name, value, &flags->socket_auth);
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

absl::StatusOr<std::string> DefaultDataDir(const DaemonEnvironment& environment) {
  if (!environment.xdg_data_home.empty()) return environment.xdg_data_home + "/oneloop";
  if (!environment.home.empty()) return environment.home + "/.local/share/oneloop";
  return absl::InvalidArgumentError("--data_dir is needed: neither XDG_DATA_HOME nor HOME is set");
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

struct CommandLine {
  std::string config;  // "" for none
  std::vector<std::pair<std::string, std::string>> settings;
};

// The flag at args[*i] with its value, in either form; moves *i to the last argument that is part of it.
absl::Status ReadFlag(const std::vector<std::string>& args, std::size_t* i, CommandLine* line) {
  const std::size_t equals = args[*i].find('=');
  const std::string name = args[*i].substr(0, equals);
  if (!IsKnown(name)) {
    return absl::InvalidArgumentError(absl::StrCat("unknown flag ", name, SuggestName(name, FlagNames())));
  }
  std::string value;
  if (equals != std::string::npos) {
    value = args[*i].substr(equals + 1);
  } else if (name == "--enable_admin") {
    value = "true";
  } else if (*i + 1 < args.size()) {
    value = args[++*i];
  } else {
    return absl::InvalidArgumentError(absl::StrCat(name, " needs a value"));
  }
  if (name != kConfigFlag) {
    line->settings.emplace_back(name, value);
    return absl::OkStatus();
  }
  if (value.empty()) return absl::InvalidArgumentError("--config is empty; valid: a path");
  if (!line->config.empty()) return absl::InvalidArgumentError("--config is there twice; give one file");
  line->config = value;
  return absl::OkStatus();
}

// Sets the action, and what is no setting.
absl::Status ReadCommandLine(const std::vector<std::string>& args, DaemonFlags* flags, CommandLine* line) {
  std::size_t first = 0;
  if (!args.empty() && (args[0] == "fsck" || args[0] == "restore")) {
    flags->action = args[0] == "fsck" ? DaemonFlags::Action::kFsck : DaemonFlags::Action::kRestore;
    first = 1;
  }
  for (std::size_t i = first; i < args.size(); ++i) {
    if (flags->action == DaemonFlags::Action::kRestore && flags->backup_path.empty() && !args[i].starts_with("--")) {
      flags->backup_path = args[i];
      continue;
    }
    const std::string name = args[i].substr(0, args[i].find('='));
    if (name == "--help" || name == "--version") {
      flags->action = name == "--help" ? DaemonFlags::Action::kHelp : DaemonFlags::Action::kVersion;
      return absl::OkStatus();
    }
    if (args[i] == "--print_config" && first == 0) {
      flags->action = DaemonFlags::Action::kPrintConfig;
      continue;
    }
    if (name == "--print_config") return absl::InvalidArgumentError("--print_config stands alone, without a value");
    RETURN_IF_ERROR(ReadFlag(args, &i, line));
  }
  return absl::OkStatus();
}

// What the file says and no flag does.
absl::Status ApplyConfig(const CommandLine& line, DaemonFlags* flags) {
  ASSIGN_OR_RETURN(const std::vector<ConfigEntry> entries, ReadConfigFile(line.config, SettingKeys()));
  for (const ConfigEntry& entry : entries) {
    const std::string name = std::string(kDashes) + entry.key;
    const bool is_overridden = std::any_of(line.settings.begin(), line.settings.end(),
                                           [&](const auto& setting) { return setting.first == name; });
    // A value that is overridden must be right, too.
    DaemonFlags ignored;
    if (const absl::Status set = SetFlag(name, entry.value, is_overridden ? &ignored : flags); !set.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(entry.place, ": ", set.message()));
    }
    if (!is_overridden) flags->sources.emplace(entry.key, entry.place);
  }
  return absl::OkStatus();
}

template <class T, std::size_t kSize>
std::string NameOf(const std::array<Choice<T>, kSize>& choices, T value) {
  for (const Choice<T>& choice : choices) {
    if (choice.value == value) return choice.name;
  }
  return "";
}

// As ParseTime reads it.
std::string TimeText(absl::Duration time) {
  return time == absl::ZeroDuration() ? "0" : absl::StrCat(absl::ToInt64Seconds(time), "s");
}

// Those of a setting, as they would be written; none when it is not set.
std::vector<std::string> ValuesOf(const std::string& name, const DaemonFlags& flags) {
  std::vector<std::string> values;
  if (name == "data_dir") return {flags.data_dir};
  if (name == "enable_admin") return {flags.enable_admin ? "true" : "false"};
  if (name == "socket_auth") return {NameOf(kSocketAuths, flags.socket_auth)};
  if (name == "log_format") return {NameOf(kLogFormats, flags.log_format)};
  if (name == "log_level") return {NameOf(kLogLevels, flags.log_level)};
  if (name == "retention") return {flags.retention.has_value() ? TimeText(*flags.retention) : "0"};
  if (name == "purge_after") return {TimeText(flags.purge_after)};
  if (name == "lease_time") return {TimeText(flags.lease_time)};
  if (name == "threads" && flags.threads) return {absl::StrCat(*flags.threads)};
  if (name == "metrics_listen" && flags.metrics_listen) return {flags.metrics_listen->Uri()};
  if (name == "http" && flags.http) return {flags.http->Uri()};
  if (name == "http_host") return flags.http_hosts;
  if (name == "listen") {
    for (const ListenAddress& address : flags.listen) values.push_back(address.Uri());
  }
  for (const FileFlag& flag : kFileFlags) {
    const std::string& path = flags.tls.*flag.file;
    if (name == flag.name + kDashes.size() && !path.empty()) values.push_back(path);
  }
  for (const LimitFlag& flag : kLimitFlags) {
    if (name == flag.name + kDashes.size()) values.push_back(absl::StrCat(flags.limits.*flag.limit / flag.unit));
  }
  return values;
}

// In YAML's double quotes.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppend(&quoted, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      absl::StrAppend(&quoted, c == '"' || c == '\\' ? "\\" : "", std::string(1, c));
    }
  }
  return quoted + '"';
}

}  // namespace

absl::StatusOr<DaemonFlags> ParseDaemonFlags(const std::vector<std::string>& args,
                                             const DaemonEnvironment& environment) {
  DaemonFlags flags;
  CommandLine line;
  RETURN_IF_ERROR(ReadCommandLine(args, &flags, &line));
  if (flags.action == DaemonFlags::Action::kHelp || flags.action == DaemonFlags::Action::kVersion) return flags;
  if (flags.action == DaemonFlags::Action::kRestore && flags.backup_path.empty()) {
    return absl::InvalidArgumentError("restore needs the backup's file: oneloopd restore --data_dir DIR FILE");
  }
  if (!line.config.empty()) RETURN_IF_ERROR(ApplyConfig(line, &flags));
  for (const auto& [name, value] : line.settings) {
    RETURN_IF_ERROR(SetFlag(name, value, &flags));
    flags.sources[name.substr(kDashes.size())] = name;
  }
  RETURN_IF_ERROR(FillDefaults(environment, &flags));
  return flags;
}

absl::Status CheckDaemonFlags(const DaemonFlags& flags) {
  RETURN_IF_ERROR(CheckTransport(flags.listen, flags.tls));
  if (flags.metrics_listen) RETURN_IF_ERROR(MetricsServer::CheckHost(flags.metrics_listen->host));
  return flags.http.has_value() ? HttpServer::CheckAddress("--http", *flags.http) : absl::OkStatus();
}

std::vector<EffectiveSetting> EffectiveSettings(const DaemonFlags& flags) {
  std::vector<EffectiveSetting> settings;
  for (const SettingKey& key : SettingKeys()) {
    const auto source = flags.sources.find(key.name);
    settings.push_back(
        {key.name, ValuesOf(key.name, flags), source == flags.sources.end() ? "default" : source->second});
  }
  return settings;
}

std::string FormatSettings(const std::vector<EffectiveSetting>& settings) {
  std::map<std::string, SettingType> types;
  for (const SettingKey& key : SettingKeys()) types[key.name] = key.type;
  std::string text;
  for (const EffectiveSetting& setting : settings) {
    const SettingType type = types[setting.name];
    const bool plain = type == SettingType::kNumber || type == SettingType::kBoolean;
    // A line break in a file's name would end the comment.
    const std::string comment = absl::StrCat("  # ", absl::CHexEscape(setting.source), "\n");
    if (setting.values.empty()) {
      absl::StrAppend(&text, "# ", setting.name, ": not set", comment);
    } else if (type == SettingType::kTexts) {
      absl::StrAppend(&text, setting.name, ":", comment);
      for (const std::string& value : setting.values) absl::StrAppend(&text, "  - ", Quoted(value), "\n");
    } else {
      absl::StrAppend(&text, setting.name, ": ", plain ? setting.values[0] : Quoted(setting.values[0]), comment);
    }
  }
  return text;
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
         "  --socket_auth HOW      who a caller on a Unix socket is: peer, the account of its process, of which the\n"
         "                         daemon's own and root are admins and others users; token, as on TCP; none, an "
         "admin\n"
         "                         by whatever name it says (default peer)\n"
         "  --threads N            searches that run here at once; 0 leaves all to workers of other machines\n"
         "                         (default: as many as the machine runs at once)\n"
         "  --lease_time TIME      after which a worker of another machine that is not heard of loses its work to\n"
         "                         another: 10s, 5m (default 30s)\n"
         "  --enable_admin         serve AdminService: backups\n"
         "  --metrics_listen 127.0.0.1:PORT\n"
         "                         serve /metrics for Prometheus, to all programs of this machine (default: off)\n"
         "  --http ADDR            serve the web page and the API in JSON: 127.0.0.1:PORT or unix:PATH. Everybody "
         "needs "
         "a\n"
         "                         token; TLS comes from a proxy in front (default: off)\n"
         "  --http_host NAME       by which browsers reach that proxy; may be given several times\n"
         "  --log_format FORMAT    of standard error, text or json, one line for each event and call (default text)\n"
         "  --log_level LEVEL      debug, info, warning or error: the least that is logged (default info)\n"
         "\n"
         "  --retention TIME       deletes jobs that ended so long ago, but pinned ones: 30d (default 0: keeps all)\n"
         "  --purge_after TIME     deleted jobs can be undeleted for so long: 12h, 30d (default 7d)\n"
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
         "  --max_open_calls_per_user N       unary calls open at a time (default 1000)\n"
         "  --max_requests_mib N              of all requests that are read or worked on; of it a user has a quarter\n"
         "                                    (default 256)\n"
         "  --max_connections N               0: what the limit of open files leaves, 8000 at most; of it a user or\n"
         "                                    address has three quarters (default 0)\n"
         "  --max_search_mib N                of the searches that run at a time, as estimated; others wait (default "
         "0:\n"
         "                                    half of the machine's memory)\n"
         "  --max_points_per_project N        stored points with which new jobs are refused (default 10^9)\n"
         "  --max_bytes_per_project N         the same for bytes of specs and designs (default 100 GiB)\n"
         "  --max_samples_per_job N           starts times steps (default 10^9)\n"
         "  --max_workers N                   of other machines (default 10000)\n"
         "\n"
         "How workers are shared:\n"
         "  --max_running_per_user N          searches of one user that run at a time; the rest waits (default 0: "
         "any)\n"
         "\n"
         "Configuration:\n"
         "  --config FILE          in YAML, the flags above without dashes: `threads: 4`; several values as a list. A "
         "flag\n"
         "                         replaces what the file says\n"
         "  --print_config         print all settings, as such a file, with where they come from, and exit\n"
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
