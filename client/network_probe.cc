#include "client/network_probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

absl::StatusOr<Addresses> LookUp(const std::string& host, const std::string& port, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int problem = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (problem != 0) return absl::NotFoundError(gai_strerror(problem));
  return Addresses(found);
}

// The error of a connection that was begun; 0 once it stands, ETIMEDOUT when the time ran out.
int AwaitConnected(int descriptor, absl::Duration timeout) {
  pollfd wanted = {descriptor, POLLOUT, 0};
  const int ready = poll(&wanted, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  if (ready < 0 || getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

// 0, or why there is no connection.
int TryToConnect(const addrinfo& address, absl::Duration timeout, int* descriptor) {
  *descriptor = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (*descriptor < 0) return errno;
  int error = connect(*descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = AwaitConnected(*descriptor, timeout);
  if (error != 0) close(*descriptor);
  return error;
}

}  // namespace

Connection::Connection(Connection&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Connection::~Connection() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<Connection> ConnectToSocket(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    return errno == EACCES ? absl::PermissionDeniedError("you may not look into its folder")
                           : absl::NotFoundError("there is no such file");
  }
  if (!S_ISSOCK(info.st_mode)) return absl::FailedPreconditionError("the file is no socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof(address.sun_path) - 1));
  Connection connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(connection.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return connection;
  }
  if (errno == EACCES) return absl::PermissionDeniedError("you may not use it");
  if (errno == EAGAIN) return absl::ResourceExhaustedError("a process listens, but takes no more connections");
  return absl::UnavailableError("nobody listens there");
}

int PeerProcess(const Connection& connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  const int failed = getsockopt(connection.descriptor(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return failed == 0 ? peer.pid : 0;
}

HostAndPort SplitAddress(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host, address.substr(colon + 1)};
}

absl::StatusOr<std::vector<std::string>> ResolveHost(const HostAndPort& address) {
  ASSIGN_OR_RETURN(const Addresses found, LookUp(address.host, address.port, 0));
  std::vector<std::string> hosts;
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text;
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      hosts.emplace_back(text.data());
    }
  }
  return hosts;
}

absl::StatusOr<Connection> ConnectToPort(const std::vector<std::string>& hosts, const std::string& port,
                                         absl::Duration timeout) {
  std::vector<std::string> problems;
  bool any_answer = false;
  for (const std::string& host : hosts) {
    ASSIGN_OR_RETURN(const Addresses address, LookUp(host, port, AI_NUMERICHOST));
    int descriptor = -1;
    const int error = TryToConnect(*address, timeout, &descriptor);
    if (error == 0) return Connection(descriptor);
    any_answer = any_answer || error != ETIMEDOUT;
    problems.push_back(absl::StrCat(host, ": ", error == ETIMEDOUT ? "no answer" : std::strerror(error)));
  }
  const std::string text = absl::StrJoin(problems, ", ");
  return any_answer ? absl::UnavailableError(text) : absl::DeadlineExceededError(text);
}

}  // namespace oneloop
