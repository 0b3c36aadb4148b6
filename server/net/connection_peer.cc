#include "server/net/connection_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>

#include <array>
#include <cstring>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"

namespace oneloop {
namespace {

constexpr std::size_t kPrefixBytes = 8;  // of IPv6: what one customer usually has

std::string TextOf(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  return inet_ntop(family, address, text.data(), text.size()) == nullptr ? "" : text.data();
}

void SetIpv4(const void* address, in_port_t port, ConnectionPeer* peer) {
  peer->shared = TextOf(AF_INET, address);
  peer->address = absl::StrCat(peer->shared, ":", ntohs(port));
}

void SetIpv6(const sockaddr_in6& address, ConnectionPeer* peer) {
  const std::string text = TextOf(AF_INET6, &address.sin6_addr);
  const std::string scope = address.sin6_scope_id == 0 ? "" : absl::StrCat("%", address.sin6_scope_id);
  peer->address = absl::StrCat("[", text, scope, "]:", ntohs(address.sin6_port));
  in6_addr prefix = {};
  std::memcpy(&prefix, &address.sin6_addr, kPrefixBytes);
  peer->shared = absl::StrCat(TextOf(AF_INET6, &prefix), scope, "/64");
}

// "" for one without a name.
std::string LookUpUser(uid_t uid) {
  std::vector<char> buffer(16384);
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return "";
}

}  // namespace

void SetAddress(const sockaddr_storage& address, ConnectionPeer* peer) {
  if (address.ss_family == AF_INET) {
    sockaddr_in ipv4 = {};
    std::memcpy(&ipv4, &address, sizeof(ipv4));
    SetIpv4(&ipv4.sin_addr, ipv4.sin_port, peer);
    return;
  }
  sockaddr_in6 ipv6 = {};
  std::memcpy(&ipv6, &address, sizeof(ipv6));
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
    SetIpv4(&ipv6.sin6_addr.s6_addr[12], ipv6.sin6_port, peer);
  } else {
    SetIpv6(ipv6, peer);
  }
}

bool ReadPeer(int socket, ConnectionPeer* peer) {
  if (peer->is_unix) {
    ucred credentials = {};
    socklen_t size = sizeof(credentials);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    peer->pid = credentials.pid;
    peer->shared = absl::StrCat("uid ", credentials.uid);
    return true;
  }
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  SetAddress(address, peer);
  return true;
}

std::string UserOfUid(uid_t uid) {
  // Never destroyed: calls may still ask while the process ends.
  static Mutex& mutex = *new Mutex;
  static std::map<uid_t, std::string>& names = *new std::map<uid_t, std::string>;
  {
    const MutexLock lock(&mutex);
    if (const auto known = names.find(uid); known != names.end()) return known->second;
  }
  std::string name = LookUpUser(uid);
  if (name.empty()) return absl::StrCat("uid", uid);
  const MutexLock lock(&mutex);
  return names.emplace(uid, std::move(name)).first->second;
}

}  // namespace oneloop
