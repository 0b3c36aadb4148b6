#include "client/server_options.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "common/base/fnv.h"
#include "common/base/read_file.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// As the daemon's default data directory: see the XDG base directory specification. "" when there is none.
std::string DefaultDataDir(const Environment& env) {
  const std::optional<std::string> data_home = env.variable("XDG_DATA_HOME");
  if (data_home.has_value() && data_home->starts_with('/')) return *data_home + "/oneloop";
  const std::optional<std::string> home = env.variable("HOME");
  return home.has_value() && !home->empty() ? *home + "/.local/share/oneloop" : "";
}

// Of a token, certificate or key.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, std::string_view flag) {
  absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
  if (!text.ok()) return UsageError("", absl::StrCat(ToAbsl(flag), ": ", text.status().message()));
  if (text->empty()) return UsageError("", absl::StrCat(ToAbsl(flag), ": ", path, " is empty"));
  return text;
}

std::string FlagOrVariable(const std::string& flag, const Environment& env, const std::string& variable) {
  return flag.empty() ? env.variable(variable).value_or("") : flag;
}

// What the daemon of this machine has left for its own user; "" when there is none, or it is another user's.
std::string LocalToken(const Environment& env) {
  std::ifstream file(DefaultDataDir(env) + "/local.token");
  std::string token;
  file >> token;
  return token;
}

// Metadata are ASCII without control characters; anything else would end the connection without a word.
bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

// What the daemon would take.
constexpr std::size_t kLongestTraceId = 64;

// The name that the daemon would take.
std::string UserName(const Environment& env) {
  const std::string user = FlagOrVariable(env.variable("USER").value_or(""), env, "LOGNAME");
  const bool valid = user.size() <= 64 && std::all_of(user.begin(), user.end(), [](char c) {
                       return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                              std::string_view("._@+-").find(c) != std::string_view::npos;
                     });
  return valid ? user : "";
}

}  // namespace

absl::StatusOr<std::string> ReadTokenFile(std::string_view flag, const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 0077u) != 0) {
    return UsageError("",
                      absl::StrCat(ToAbsl(flag), ": ", path, " can be read by others; change that: chmod 600 ", path));
  }
  ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, flag));
  absl::StripAsciiWhitespace(&text);
  return text;
}

bool IsLoopback(std::string_view address) {
  const std::string_view host = address.substr(0, address.rfind(':'));
  return host == "127.0.0.1" || host == "[::1]" || host == "localhost";
}

void ServerOptions::Declare(FlagSet* flags) {
  flags->Add("server", "ADDRESS", "the daemon, unix:PATH or HOST:PORT; default $ONELOOP_SERVER, else your own",
             &server_);
  flags->Add("token_file", "FILE", "holds your token for HOST:PORT; default $ONELOOP_TOKEN, the token itself",
             &token_file_);
  flags->Add("tls_ca", "FILE", "certificates to trust; turns TLS on; default $ONELOOP_TLS_CA", &tls_ca_);
  flags->Add("tls_cert", "FILE", "your own certificate, if the daemon wants one; default $ONELOOP_TLS_CERT",
             &tls_cert_);
  flags->Add("tls_key", "FILE", "its private key; default $ONELOOP_TLS_KEY", &tls_key_);
  flags->Add("trace_id", "ID", "marks the calls in the daemon's log; default $ONELOOP_TRACE_ID, else random",
             &trace_id_);
}

absl::StatusOr<std::string> ServerOptions::Address(const Environment& env, std::string* source) const {
  *source = "--server";
  if (!server_.empty()) return server_;
  *source = "ONELOOP_SERVER";
  if (const std::string address = env.variable("ONELOOP_SERVER").value_or(""); !address.empty()) return address;
  *source = "the default address";
  const std::string data_dir = DefaultDataDir(env);
  if (!data_dir.empty()) return absl::StrCat("unix:", data_dir, "/oneloop.sock");
  return UsageError("", "no daemon is named and HOME is not set: pass --server unix:PATH or --server HOST:PORT");
}

absl::StatusOr<std::string> ServerOptions::Token(const Environment& env, const std::string& address,
                                                 std::string* source) const {
  *source = "--token_file";
  if (!token_file_.empty()) return ReadTokenFile("--token_file", token_file_);
  *source = "ONELOOP_TOKEN";
  if (std::string token = env.variable("ONELOOP_TOKEN").value_or(""); !token.empty()) return token;
  // Another machine must not learn this one's token.
  if (!IsLoopback(address)) return "";
  *source = DefaultDataDir(env) + "/local.token";
  return LocalToken(env);
}

absl::StatusOr<std::string> ServerOptions::ReadTlsCa(const Environment& env) const {
  const std::string ca = FlagOrVariable(tls_ca_, env, "ONELOOP_TLS_CA");
  return ca.empty() ? ca : ReadSmallFile(ca, "--tls_ca");
}

absl::Status ServerOptions::ReadTls(const Environment& env, ServiceClient::Options* options) const {
  ASSIGN_OR_RETURN(options->tls_ca, ReadTlsCa(env));
  const std::string cert = FlagOrVariable(tls_cert_, env, "ONELOOP_TLS_CERT");
  const std::string key = FlagOrVariable(tls_key_, env, "ONELOOP_TLS_KEY");
  if (cert.empty() != key.empty()) return UsageError("", "--tls_cert and --tls_key: give both or none");
  if (!cert.empty() && options->tls_ca.empty()) return UsageError("", "--tls_cert needs --tls_ca");
  for (const auto& [flag, path, text] :
       {std::tuple("--tls_cert", &cert, &options->tls_cert), std::tuple("--tls_key", &key, &options->tls_key)}) {
    if (path->empty()) continue;
    ASSIGN_OR_RETURN(*text, ReadSmallFile(*path, flag));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ServerOptions::TraceId(const Environment& env) const {
  const std::string id = FlagOrVariable(trace_id_, env, "ONELOOP_TRACE_ID");
  if (id.empty()) return env.random_id();
  if (id.size() <= kLongestTraceId && IsPrintable(id)) return id;
  return UsageError(
      "", absl::StrCat(trace_id_.empty() ? "ONELOOP_TRACE_ID" : "--trace_id", ": has another form; valid: 1 to ",
                       kLongestTraceId, " printable ASCII characters, no spaces"));
}

absl::StatusOr<ServiceClient::Options> ServerOptions::Resolve(const Environment& env, Sources* sources) const {
  ServiceClient::Options options;
  ASSIGN_OR_RETURN(options.address, Address(env, &sources->address));
  if (const absl::Status valid = CheckAddress(options.address); !valid.ok()) {
    return UsageError("", absl::StrCat(sources->address, ": ", valid.message()));
  }
  ASSIGN_OR_RETURN(options.trace_id, TraceId(env));
  // Of its own: many processes may share a trace id, and begin in the same nanosecond.
  options.retry.seed = Fnv1a64(env.random_id());
  options.retry.now = env.steady_now;
  options.retry.sleep = env.sleep;
  if (options.address.starts_with("unix:")) {
    options.user = UserName(env);
    return options;
  }
  RETURN_IF_ERROR(ReadTls(env, &options));
  ASSIGN_OR_RETURN(options.token, Token(env, options.address, &sources->token));
  if (!IsPrintable(options.token)) return UsageError("", sources->token + ": is no token; one begins with olt_");
  if (!options.token.empty() && options.tls_ca.empty() && !IsLoopback(options.address)) {
    return UsageError("", absl::StrCat("a token goes to another machine only with TLS: pass --tls_ca FILE, or tunnel ",
                                       "through ssh to a port of 127.0.0.1"));
  }
  return options;
}

}  // namespace oneloop
