#include "server/net/listen_address.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

absl::Status SocketError(const std::string& path, std::string_view action) {
  return absl::FailedPreconditionError(absl::StrCat("socket ", path, ": ", ToAbsl(action), ": ", std::strerror(errno)));
}

absl::StatusOr<ListenAddress> ParseUnixAddress(std::string_view text) {
  std::error_code error;
  const std::string path = std::filesystem::absolute(text.substr(kUnixPrefix.size()), error).lexically_normal();
  if (error || text.size() == kUnixPrefix.size()) {
    return absl::InvalidArgumentError(absl::StrCat("--listen ", ToAbsl(text), ": valid: unix:PATH"));
  }
  if (path.size() > kLongestPath) {
    return absl::InvalidArgumentError(absl::StrCat("--listen unix:", path, ": the path has ", path.size(),
                                                   " characters, and a socket's at most ", kLongestPath,
                                                   "; give a shorter one"));
  }
  return ListenAddress{path, "", 0};
}

// A name, an IPv4 address, or an IPv6 address in brackets.
bool IsHost(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || (bracketed && c == ':');
  });
}

// Whether a server accepts connections at the socket.
absl::StatusOr<bool> IsAnswered(const std::string& path) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return SocketError(path, "cannot be tried");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool answered = connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(descriptor);
  return answered;
}

}  // namespace

std::string ListenAddress::Uri() const {
  return is_unix() ? absl::StrCat(ToAbsl(kUnixPrefix), path) : absl::StrCat(host, ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return ParseUnixAddress(text);
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  if (colon == std::string_view::npos || !IsHost(host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--listen ", ToAbsl(text), ": valid: unix:PATH or HOST:PORT, for example 127.0.0.1:7070"));
  }
  int port = -1;
  if (!absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("--listen ", ToAbsl(text), ": valid ports: 0 to 65535"));
  }
  return ListenAddress{"", std::string(host), port};
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : SocketError(path, "cannot be looked at");
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("socket ", path, ": there is a file of that name; remove it or choose another --listen"));
  }
  ASSIGN_OR_RETURN(const bool answered, IsAnswered(path));
  if (answered) {
    return absl::AlreadyExistsError(
        absl::StrCat("socket ", path, ": another server listens there; choose another --listen"));
  }
  if (unlink(path.c_str()) != 0) return SocketError(path, "is stale and cannot be removed");
  return absl::OkStatus();
}

}  // namespace oneloop
