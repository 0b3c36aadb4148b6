#include "server/daemon/token_command.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/flush_output.h"
#include "common/base/status.h"
#include "server/access/audit_log.h"
#include "server/access/token_file.h"

namespace oneloop {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr absl::Duration kDefaultLife = absl::Hours(24 * 90);
// Ten years; whoever wants longer means never.
constexpr std::int64_t kMostDays = 3660;

constexpr char kHelp[] =
    "oneloopd token: who may call the daemon over TCP. A running daemon sees every change at once.\n"
    "\n"
    "  oneloopd token create --user NAME [--scope SCOPE] [--project NAME]... [--expires 30d]\n"
    "  oneloopd token list\n"
    "  oneloopd token revoke ID\n"
    "\n"
    "  --data_dir DIR    the daemon's (default: $XDG_DATA_HOME/oneloop, or ~/.local/share/oneloop)\n"
    "  --config FILE     the daemon's, which names its directory\n"
    "  --user NAME       whose it is; their jobs have this owner\n"
    "  --scope SCOPE     viewer (changes nothing), user (changes their own jobs; the default), admin (all jobs)\n"
    "                    or worker (runs parts of all jobs, and nothing else)\n"
    "  --project NAME    may be given several times; '*' for all projects (default: default; of a worker '*')\n"
    "  --expires TIME    12h, 30d or never (default: 90d)\n"
    "\n"
    "create prints the token, once: only its hash is kept. Hand it over in a file that only its owner may read.\n"
    "\n"
    "Exit codes: 0 when done, 1 for a failure, 2 for a wrong command line.\n";

struct TokenFlags {
  std::string data_dir;  // "" unless given
  std::string config;    // the same
  std::string id;
  TokenRequest request;
};

const std::vector<std::string>& FlagNames() {
  static const auto* const names =
      new std::vector<std::string>{"--data_dir", "--config", "--user", "--scope", "--project", "--expires", "--help"};
  return *names;
}

absl::StatusOr<absl::Time> ParseExpiry(const std::string& text, absl::Time now) {
  if (text == "never") return absl::InfiniteFuture();
  std::int64_t count = 0;
  const char unit = text.empty() ? '\0' : text.back();
  const std::int64_t hours = unit == 'd' ? 24 : 1;
  const bool is_number = !text.empty() && absl::SimpleAtoi(text.substr(0, text.size() - 1), &count);
  if (!is_number || (unit != 'd' && unit != 'h') || count < 1 || count > kMostDays * 24 / hours) {
    return absl::InvalidArgumentError(
        absl::StrCat("--expires ", text, ": valid: 12h, 30d, at most ", kMostDays, "d, or never"));
  }
  return now + absl::Hours(count * hours);
}

absl::Status SetFlag(const std::string& name, const std::string& value, absl::Time now, TokenFlags* flags) {
  if (name == "--data_dir") {
    if (value.empty()) return absl::InvalidArgumentError("--data_dir is empty; valid: a directory");
    flags->data_dir = value;
  } else if (name == "--config") {
    if (value.empty()) return absl::InvalidArgumentError("--config is empty; valid: a path");
    flags->config = value;
  } else if (name == "--user") {
    flags->request.user = value;
  } else if (name == "--project") {
    flags->request.projects.push_back(value);
  } else if (name == "--scope") {
    const absl::StatusOr<Scope> scope = ParseScope(value);
    if (!scope.ok()) return PrefixField("--scope", scope.status());
    flags->request.scope = *scope;
  } else {
    ASSIGN_OR_RETURN(flags->request.expires, ParseExpiry(value, now));
  }
  return absl::OkStatus();
}

bool IsFlagOf(const std::string& action, const std::string& name) {
  return name == "--data_dir" || name == "--config" || action == "create";
}

// The directory of a daemon that is started with the same of the two flags.
absl::StatusOr<std::string> DataDirOf(const TokenFlags& flags, const DaemonEnvironment& environment) {
  std::vector<std::string> args;
  if (!flags.data_dir.empty()) args.insert(args.end(), {"--data_dir", flags.data_dir});
  if (!flags.config.empty()) args.insert(args.end(), {"--config", flags.config});
  ASSIGN_OR_RETURN(DaemonFlags daemon, ParseDaemonFlags(args, environment));
  return std::move(daemon.data_dir);
}

absl::StatusOr<TokenFlags> ParseTokenFlags(const std::vector<std::string>& args, absl::Time now) {
  TokenFlags flags;
  flags.request.scope = Scope::kUser;
  flags.request.expires = now + kDefaultLife;
  const std::string& action = args[0];
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (!args[i].starts_with("-")) {
      if (action != "revoke" || !flags.id.empty()) return absl::InvalidArgumentError("stray argument " + args[i]);
      flags.id = args[i];
      continue;
    }
    const std::size_t equals = args[i].find('=');
    const std::string name = args[i].substr(0, equals);
    if (NearestName(name, FlagNames()) != name) {
      return absl::InvalidArgumentError(absl::StrCat("unknown flag ", name, SuggestName(name, FlagNames())));
    }
    if (!IsFlagOf(action, name)) return absl::InvalidArgumentError(absl::StrCat("token ", action, " takes no ", name));
    if (equals == std::string::npos && i + 1 == args.size()) return absl::InvalidArgumentError(name + " needs a value");
    RETURN_IF_ERROR(SetFlag(name, equals == std::string::npos ? args[++i] : args[i].substr(equals + 1), now, &flags));
  }
  if (action == "create" && flags.request.user.empty()) return absl::InvalidArgumentError("token create needs --user");
  if (action == "revoke" && flags.id.empty()) return absl::InvalidArgumentError("token revoke needs the token's ID");
  // Workers take what is next, of whatever project.
  const bool is_worker = flags.request.scope == Scope::kWorker;
  if (flags.request.projects.empty()) flags.request.projects = {is_worker ? kAllProjects : "default"};
  const std::vector<std::string>& projects = flags.request.projects;
  if (is_worker && std::find(projects.begin(), projects.end(), kAllProjects) == projects.end()) {
    return absl::InvalidArgumentError(
        "workers take parts of all projects' jobs: a token of scope worker has no --project "
        "but '*'");
  }
  return flags;
}

// Whoever runs this may write to the data directory, which is the daemon's owner or root.
absl::Status Audit(const TokenFlags& flags, const std::string& call, const TokenRecord& token, absl::Time now) {
  AuditLog::Options options;
  options.data_dir = flags.data_dir;
  // The daemon rotates, so that two processes do not do it at once.
  options.max_bytes = std::numeric_limits<std::int64_t>::max();
  AuditEntry entry;
  entry.time = now;
  entry.user = "local";
  entry.peer = "oneloopd token";
  entry.call = call;
  entry.resource = absl::StrCat("tokens/", token.id, " of ", token.user);
  entry.result = "OK";
  return AuditLog(options).Append(entry);
}

std::string FormatExpiry(absl::Time expires) {
  return expires == absl::InfiniteFuture() ? "never" : absl::FormatTime("%Y-%m-%d %H:%M", expires, absl::UTCTimeZone());
}

// A token that nobody has seen is of no use, but would stay valid.
absl::Status TakeBack(const TokenFlags& flags, const TokenRecord& token, const absl::Status& why, absl::Time now) {
  if (const absl::Status revoked = RevokeToken(flags.data_dir, token.id).status(); !revoked.ok()) {
    return absl::Status(why.code(), absl::StrCat(Message(why), "; nobody has seen token ", token.id,
                                                 ", and it could not be revoked: ", Message(revoked)));
  }
  RETURN_IF_ERROR(Audit(flags, "token revoke", token, now));
  return absl::Status(why.code(), absl::StrCat(Message(why), "; the token was revoked, make another"));
}

absl::Status Create(const TokenFlags& flags, absl::Time now, std::ostream& out) {
  ASSIGN_OR_RETURN(const NewToken token, CreateToken(flags.data_dir, flags.request, now));
  out << token.text << '\n';
  const absl::Status written = FlushOutput(out);
  RETURN_IF_ERROR(Audit(flags, "token create", token.record, now));
  return written.ok() ? absl::OkStatus() : TakeBack(flags, token.record, written, now);
}

absl::Status List(const TokenFlags& flags, absl::Time now, std::ostream& out) {
  ASSIGN_OR_RETURN(const std::vector<TokenRecord> tokens, ListTokens(flags.data_dir));
  out << "id\tuser\tscope\tprojects\texpires (UTC)\n";
  for (const TokenRecord& token : tokens) {
    out << token.id << '\t' << token.user << '\t' << ScopeName(token.scope) << '\t'
        << absl::StrJoin(token.projects, ",") << '\t' << FormatExpiry(token.expires)
        << (token.expires <= now ? " (expired)" : "") << '\n';
  }
  return FlushOutput(out);
}

absl::Status Revoke(const TokenFlags& flags, absl::Time now, std::ostream& out) {
  ASSIGN_OR_RETURN(const TokenRecord token, RevokeToken(flags.data_dir, flags.id));
  RETURN_IF_ERROR(Audit(flags, "token revoke", token, now));
  out << "revoked token " << token.id << " of " << token.user << '\n';
  return FlushOutput(out);
}

int Fail(const absl::Status& status, int exit_code, std::ostream& err) {
  err << "oneloopd: " << Message(status) << std::endl;
  return exit_code;
}

}  // namespace

int RunTokenCommand(const std::vector<std::string>& args, const DaemonEnvironment& environment, absl::Time now,
                    std::ostream& out, std::ostream& err) {
  for (const std::string& arg : args) {
    if (arg != "--help") continue;
    out << kHelp;
    const absl::Status written = FlushOutput(out);
    return written.ok() ? 0 : Fail(written, kExitFailure, err);
  }
  if (args.empty() || (args[0] != "create" && args[0] != "list" && args[0] != "revoke")) {
    return Fail(absl::InvalidArgumentError("token: valid: create, list, revoke; see oneloopd token --help"), kExitUsage,
                err);
  }
  absl::StatusOr<TokenFlags> flags = ParseTokenFlags(args, now);
  if (!flags.ok()) return Fail(flags.status(), kExitUsage, err);
  const absl::StatusOr<std::string> data_dir = DataDirOf(*flags, environment);
  if (!data_dir.ok()) return Fail(data_dir.status(), kExitUsage, err);
  flags->data_dir = *data_dir;
  absl::Status done;
  if (args[0] == "create") done = Create(*flags, now, out);
  if (args[0] == "list") done = List(*flags, now, out);
  if (args[0] == "revoke") done = Revoke(*flags, now, out);
  if (done.ok()) return 0;
  return Fail(done, absl::IsInvalidArgument(done) ? kExitUsage : kExitFailure, err);
}

}  // namespace oneloop
