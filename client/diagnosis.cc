#include "client/diagnosis.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "client/listener.h"
#include "client/network_probe.h"
#include "client/tls_probe.h"
#include "common/base/status.h"
#include "common/convert/proto_time.h"

namespace oneloop {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr absl::Duration kConnectTimeout = absl::Seconds(3);
// Beyond that a token or a certificate may be valid here and not there, and times of jobs mislead.
constexpr absl::Duration kMostClockSkew = absl::Seconds(5);
constexpr char kApi[] = "oneloop.v1";

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string SocketFix(absl::StatusCode code, const std::string& path) {
  if (code == absl::StatusCode::kResourceExhausted) {
    return "try again in a moment; if that does not help, the daemon hangs: look at its log, and restart it";
  }
  if (code == absl::StatusCode::kPermissionDenied) {
    return absl::StrCat("the socket is for its owner and group: have an admin add you to the group of ", path,
                        " (ls -l; usermod -aG GROUP ", "$USER), then log in again");
  }
  const bool is_default = path.ends_with("/oneloop.sock");
  return absl::StrCat("start the daemon: oneloopd ",
                      is_default ? "--data_dir " : "--listen unix:", is_default ? FolderOf(path) : path,
                      "; or pass --server if it listens elsewhere");
}

std::string TlsFix(const TlsProbe& probe, const TlsProbeOptions& options) {
  switch (probe.outcome) {
    case TlsProbe::Outcome::kGood:
      break;
    case TlsProbe::Outcome::kNoTls:
      return "the daemon speaks no TLS at this port: leave out --tls_ca and ONELOOP_TLS_CA, or name the port that does";
    case TlsProbe::Outcome::kUntrusted:
      return "pass as --tls_ca the certificate of the authority that signed the daemon's, or the daemon's own";
    case TlsProbe::Outcome::kExpired:
      return "have an admin renew the daemon's certificate; it is served without a restart. Check this clock, too";
    case TlsProbe::Outcome::kWrongName:
      return absl::StrCat("pass --server with a name that is in the certificate, or have an admin make one that has ",
                          options.host);
    case TlsProbe::Outcome::kWantsClient:
      return "the daemon lets in only clients with a certificate that it trusts: pass --tls_cert and --tls_key";
    case TlsProbe::Outcome::kOwnExpired:
      return "have an admin sign a new certificate for you (openssl x509 -req -days 365 ..., see docs/SECURITY.md; "
             "your "
             "key may stay) and pass it as --tls_cert. Check this clock, too";
    case TlsProbe::Outcome::kBadFiles:
      return "pass files in PEM form, the key being that of the certificate";
    case TlsProbe::Outcome::kOther:
      return "try again";
  }
  return "";
}

std::string TlsText(const TlsProbe& probe, const TlsProbeOptions& options) {
  switch (probe.outcome) {
    case TlsProbe::Outcome::kGood:
      return absl::StrCat("handshake done, ", probe.detail, ", the certificate is good for ", options.host);
    case TlsProbe::Outcome::kNoTls:
      return absl::StrCat("no handshake: ", probe.detail);
    case TlsProbe::Outcome::kWrongName:
      return absl::StrCat("the certificate is for ", probe.detail, ", not for ", options.host);
    case TlsProbe::Outcome::kWantsClient:
      return absl::StrCat("the daemon ends the handshake: ", probe.detail);
    case TlsProbe::Outcome::kOwnExpired:
      return absl::StrCat("your client certificate, --tls_cert, ", probe.detail);
    default:
      return absl::StrCat("the certificate is refused: ", probe.detail);
  }
}

// "0.1" of "0.1.0": what must agree.
std::string Series(const std::string& version) {
  const std::vector<std::string> parts = absl::StrSplit(version, '.');
  return parts.size() < 2 ? version : absl::StrCat(parts[0], ".", parts[1]);
}

class Doctor {
 public:
  Doctor(const ServiceClient::Options& options, const ServerOptions::Sources& sources, const Environment& env)
      : options_(options), sources_(sources), env_(env) {}

  Diagnosis Run(const std::string& client_version) {
    Pass("address", absl::StrCat(options_.address, ", from ", sources_.address));
    const bool connected = options_.address.starts_with(kUnix) ? CheckSocket() : CheckPort();
    if (connected) CheckAnswer(client_version);
    return std::move(diagnosis_);
  }

 private:
  void Pass(std::string check, const std::string& text) {
    diagnosis_.findings.push_back({std::move(check), OneLine(text), ""});
  }
  bool Fail(std::string check, const std::string& text, const std::string& fix) {
    diagnosis_.findings.push_back({std::move(check), OneLine(text), OneLine(fix)});
    return false;
  }

  bool CheckSocket() {
    const std::string path = options_.address.substr(kUnix.size());
    const absl::StatusOr<Connection> connection = ConnectToSocket(path);
    if (!connection.ok()) {
      return Fail("socket", Message(connection.status()), SocketFix(connection.status().code(), path));
    }
    const Listener listener = LookAt(options_.address, {});
    if (listener.kind == Listener::Kind::kStopped) {
      return Fail("socket", absl::StrCat(listener.Who(), " listens, but is stopped"),
                  absl::StrCat("let it go on: kill -CONT ", listener.pid));
    }
    Pass("socket", absl::StrCat(listener.Who(), " listens"));
    return true;
  }

  bool CheckPort() {
    const HostAndPort address = SplitAddress(options_.address);
    const absl::StatusOr<std::vector<std::string>> hosts = ResolveHost(address);
    if (!hosts.ok()) {
      return Fail("name", absl::StrCat(address.host, ": ", hosts.status().message()),
                  "check the spelling and this machine's name service, or pass the number: --server ADDRESS:PORT");
    }
    Pass("name", absl::StrCat(address.host, " is ", absl::StrJoin(*hosts, ", ")));
    const absl::StatusOr<Connection> connection = ConnectToPort(*hosts, address.port, kConnectTimeout);
    if (!connection.ok()) {
      return Fail(
          "port", Message(connection.status()),
          absl::IsDeadlineExceeded(connection.status())
              ? "a firewall drops the packets, or the machine is down: ask its admin to open the port"
              : absl::StrCat("nobody listens there: is the daemon running with --listen ...:", address.port, "?"));
    }
    Pass("port", absl::StrCat(address.port, " takes connections"));
    return CheckTls(*connection, address.host);
  }

  bool CheckTls(const Connection& connection, const std::string& host) {
    const TlsProbeOptions tls = {host,      options_.tls_ca, options_.tls_cert, options_.tls_key, kConnectTimeout,
                                 env_.now()};
    const TlsProbe probe = ProbeTls(connection, tls);
    if (options_.tls_ca.empty()) {
      if (probe.outcome != TlsProbe::Outcome::kNoTls) {
        return Fail(
            "tls", "the daemon speaks TLS, and this program was not told to",
            "pass --tls_ca FILE: the certificate of the authority that signed the daemon's, or the daemon's own");
      }
      Pass("tls", "none, on either side");
      return true;
    }
    const std::string fix = TlsFix(probe, tls);
    if (!fix.empty()) return Fail("tls", TlsText(probe, tls), fix);
    Pass("tls", TlsText(probe, tls));
    return true;
  }

  void CheckAnswer(const std::string& client_version) {
    ServiceClient::Options once = options_;
    once.retry.patience = absl::ZeroDuration();
    const absl::StatusOr<std::unique_ptr<ServiceClient>> client = ServiceClient::Create(once);
    if (!client.ok()) {
      Fail("answer", Message(client.status()), "pass another --server");
      return;
    }
    const absl::Time asked = env_.now();
    const absl::StatusOr<v1::ServerInfo> info = (*client)->GetServerInfo();
    const absl::Time answered = env_.now();
    if (!info.ok()) {
      ExplainRefusal(info.status());
      return;
    }
    diagnosis_.reached = true;
    CheckCaller(*info);
    CheckVersion(*info, client_version);
    CheckClock(*info, asked, answered);
  }

  void ExplainRefusal(const absl::Status& status) {
    diagnosis_.reached = !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status);
    if (absl::IsUnauthenticated(status)) {
      const std::string where = options_.token.empty() ? "none is sent" : absl::StrCat("from ", sources_.token);
      Fail("token", absl::StrCat(where, "; the daemon says: ", status.message()),
           "ask an admin for one (oneloopd token create --user NAME), put it into a file of mode 0600 and pass "
           "--token_file FILE");
    } else if (absl::IsUnimplemented(status)) {
      Fail("version", "the daemon does not know how to tell its version, so it is older than this program",
           "update the daemon, or use the program that came with it");
    } else {
      Fail("answer", Message(status),
           diagnosis_.reached ? "look at the daemon's log"
                              : "look at the daemon's log, and at what its process does (top, gdb); restart it if it "
                                "hangs");
    }
  }

  void CheckCaller(const v1::ServerInfo& info) {
    const std::string by = options_.token.empty() ? "" : absl::StrCat(", by the token from ", sources_.token);
    Pass("token", absl::StrCat("you are ", info.user(), ", scope ", info.scope(), ", projects ",
                               absl::StrJoin(info.projects(), ", "), by));
  }

  void CheckVersion(const v1::ServerInfo& info, const std::string& client_version) {
    const std::string both = absl::StrCat("daemon ", info.version(), " (", info.api(), "), oneloop ", client_version);
    if (info.api() == kApi && Series(info.version()) == Series(client_version)) {
      Pass("version", both);
    } else {
      Fail("version", both, "install the same version on both sides");
    }
  }

  void CheckClock(const v1::ServerInfo& info, absl::Time asked, absl::Time answered) {
    const absl::Time theirs = TimeOf(info.time());
    absl::Duration ahead = absl::ZeroDuration();
    if (theirs < asked) ahead = theirs - asked;
    if (theirs > answered) ahead = theirs - answered;
    const std::string by = absl::FormatDuration(absl::Trunc(absl::AbsDuration(ahead), absl::Milliseconds(1)));
    if (absl::AbsDuration(ahead) <= kMostClockSkew) {
      Pass("clock", absl::StrCat("the daemon's differs by ", by));
    } else {
      Fail("clock", absl::StrCat("the daemon's is ", by, ahead > absl::ZeroDuration() ? " ahead" : " behind"),
           "set the clock that is wrong: timedatectl set-ntp true");
    }
  }

  const ServiceClient::Options& options_;
  const ServerOptions::Sources& sources_;
  const Environment& env_;
  Diagnosis diagnosis_;
};

}  // namespace

bool Diagnosis::healthy() const {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.fix.empty(); });
}

Diagnosis Diagnose(const ServiceClient::Options& options, const ServerOptions::Sources& sources,
                   const std::string& client_version, const Environment& env) {
  return Doctor(options, sources, env).Run(client_version);
}

}  // namespace oneloop
