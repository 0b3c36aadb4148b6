#ifndef ONELOOP_SERVER_NET_CONNECTION_PEER_H_
#define ONELOOP_SERVER_NET_CONNECTION_PEER_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace oneloop {

// Names one connection for as long as the process lives.
using ConnectionKey = std::uint64_t;

// Who is at the other end.
struct ConnectionPeer {
  ConnectionKey key = 0;
  std::size_t listener = 0;  // its index in ConnectionGate::Options
  bool is_unix = false;
  // Of the process that connected to the Unix socket, as the kernel says.
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::string address;  // over TCP: "192.0.2.1:4711" or "[2001:db8::1]:4711"
  std::string shared;   // the same for all who share a bound: "uid 1000", "192.0.2.1" or "2001:db8:0:1::/64"
};

// Asks the kernel. False when the connection is over already.
bool ReadPeer(int socket, ConnectionPeer* peer);

// Fills in the address and what it shares. An IPv4 address in IPv6's form is one of IPv4.
void SetAddress(const sockaddr_storage& address, ConnectionPeer* peer);

// The user's name, or "uid1234" for one without. Remembers names. Thread-safe; may wait for a directory service, the
// first time.
std::string UserOfUid(uid_t uid);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_CONNECTION_PEER_H_
