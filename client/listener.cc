#include "client/listener.h"

#include <sys/socket.h>

#include <fstream>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/network_probe.h"

namespace oneloop {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr absl::Duration kTimeout = absl::Seconds(1);

// False also for a process that cannot be looked at.
bool IsStopped(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  std::getline(file, line);
  // "PID (NAME) STATE ...", where a name may contain anything; see proc(5).
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos || end_of_name + 2 >= line.size()) return false;
  const char state = line[end_of_name + 2];
  return state == 'T' || state == 't';
}

Listener LookAtSocket(const std::string& path) {
  const absl::StatusOr<Connection> connection = ConnectToSocket(path);
  if (absl::IsResourceExhausted(connection.status())) return {Listener::Kind::kListens, 0, ""};
  if (!connection.ok()) return {};
  const int pid = PeerProcess(*connection);
  return {IsStopped(pid) ? Listener::Kind::kStopped : Listener::Kind::kListens, pid, ""};
}

// What no patience helps against.
bool IsUnfit(const TlsProbe& probe, bool wants_tls) {
  switch (probe.outcome) {
    case TlsProbe::Outcome::kGood:
    case TlsProbe::Outcome::kWantsClient:
      return !wants_tls || probe.outcome == TlsProbe::Outcome::kWantsClient;
    case TlsProbe::Outcome::kUntrusted:
    case TlsProbe::Outcome::kExpired:
    case TlsProbe::Outcome::kOwnExpired:
    case TlsProbe::Outcome::kWrongName:
    case TlsProbe::Outcome::kBadFiles:
      return true;
    // Also when a busy daemon closed the connection.
    case TlsProbe::Outcome::kNoTls:
    case TlsProbe::Outcome::kOther:
      return false;
  }
  return false;
}

Listener LookAtPort(const std::string& address, TlsProbeOptions tls) {
  const HostAndPort place = SplitAddress(address);
  const absl::StatusOr<std::vector<std::string>> hosts = ResolveHost(place);
  if (!hosts.ok()) return {};
  const absl::StatusOr<Connection> connection = ConnectToPort(*hosts, place.port, kTimeout);
  if (absl::IsDeadlineExceeded(connection.status())) return {Listener::Kind::kMute, 0, ""};
  if (!connection.ok()) return {};
  tls.host = place.host;
  tls.timeout = kTimeout;
  const TlsProbe probe = ProbeTls(*connection, tls);
  if (IsUnfit(probe, !tls.ca.empty())) return {Listener::Kind::kUnfit, 0, probe.detail};
  return {Listener::Kind::kListens, 0, ""};
}

}  // namespace

std::string Listener::Who() const { return pid == 0 ? "a process" : absl::StrCat("process ", pid); }

Listener LookAt(const std::string& address, const TlsProbeOptions& tls) {
  if (address.starts_with(kUnix)) return LookAtSocket(address.substr(kUnix.size()));
  return LookAtPort(address, tls);
}

}  // namespace oneloop
