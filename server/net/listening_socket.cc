#include "server/net/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr mode_t kSocketMode = 0660;
// The kernel cuts it down to net.core.somaxconn.
constexpr int kBacklog = 4096;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

void SetFlag(int socket, int level, int option, int value) { setsockopt(socket, level, option, &value, sizeof(value)); }

in_port_t* PortIn(sockaddr_storage* address) {
  return address->ss_family == AF_INET ? &reinterpret_cast<sockaddr_in*>(address)->sin_port
                                       : &reinterpret_cast<sockaddr_in6*>(address)->sin6_port;
}

}  // namespace

absl::StatusOr<std::vector<ListeningSocket>> ListeningSocket::Resolve(const ListenAddress& address) {
  std::vector<ListeningSocket> sockets;
  if (address.is_unix()) {
    ListeningSocket socket;
    socket.path_ = address.path;
    sockaddr_un unix_address = {};
    if (address.path.size() >= sizeof(unix_address.sun_path)) return socket.Failed("has too long a path", ENAMETOOLONG);
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, address.path.data(), address.path.size());
    socket.address_size_ = sizeof(unix_address);
    std::memcpy(&socket.address_, &unix_address, sizeof(unix_address));
    sockets.push_back(std::move(socket));
    return sockets;
  }
  const bool bracketed = address.host.starts_with('[') && address.host.ends_with(']');
  const std::string host = bracketed ? address.host.substr(1, address.host.size() - 2) : address.host;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address.host, ":", address.port, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    ListeningSocket socket;
    socket.host_ = address.host;
    socket.port_ = address.port;
    socket.address_size_ = entry->ai_addrlen;
    std::memcpy(&socket.address_, entry->ai_addr, entry->ai_addrlen);
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

ListeningSocket::~ListeningSocket() {
  if (is_unix() && is_open() && IsInPlace()) unlink(path_.c_str());
}

std::string ListeningSocket::name() const {
  return is_unix() ? absl::StrCat("unix:", path_) : absl::StrCat(host_, ":", port_);
}

absl::Status ListeningSocket::Failed(const char* what, int error) const {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", name(), ": it ", what, " (", std::strerror(error),
                                             "); is it taken by another program, or its folder not writable?"));
}

absl::Status ListeningSocket::Open() {
  Descriptor opened(socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!opened.is_open()) return Failed("cannot be made", errno);
  RETURN_IF_ERROR(Bind(opened.number()));
  // From here on, a file of this socket that cannot be used is removed again.
  RETURN_IF_ERROR(AfterBind(opened.number()));
  descriptor_ = std::move(opened);
  return absl::OkStatus();
}

absl::Status ListeningSocket::Bind(int socket) {
  if (is_unix()) {
    // Linux makes the file with the socket's own mode, less the umask: it is never open to more than these.
    if (fchmod(socket, kSocketMode) != 0) return Failed("cannot be given permissions", errno);
  } else {
    *PortIn(&address_) = htons(static_cast<in_port_t>(port_));
    SetFlag(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    // The address of all interfaces takes both kinds of addresses.
    if (address_.ss_family == AF_INET6) SetFlag(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address_), address_size_) != 0) {
    return Failed("cannot be taken", errno);
  }
  return absl::OkStatus();
}

absl::Status ListeningSocket::AfterBind(int socket) {
  struct stat info = {};
  if (is_unix() && (lstat(path_.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode))) return Failed("is gone again", errno);
  absl::Status status;
  // The umask may have been stricter than the socket is meant to be.
  if (is_unix() && chmod(path_.c_str(), kSocketMode) != 0) status = Failed("cannot be given permissions", errno);
  if (status.ok() && listen(socket, kBacklog) != 0) status = Failed("cannot be listened on", errno);
  if (!status.ok()) {
    if (is_unix()) unlink(path_.c_str());
    return status;
  }
  if (is_unix()) {
    device_ = info.st_dev;
    inode_ = info.st_ino;
    return absl::OkStatus();
  }
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return Failed("has no address", errno);
  port_ = ntohs(*PortIn(&bound));
  return absl::OkStatus();
}

bool ListeningSocket::IsInPlace() const {
  if (!is_unix()) return true;
  struct stat info = {};
  return lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
}

bool IsOfOneConnection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ETIMEDOUT:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

}  // namespace oneloop
