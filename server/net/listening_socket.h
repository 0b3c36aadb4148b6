#ifndef ONELOOP_SERVER_NET_LISTENING_SOCKET_H_
#define ONELOOP_SERVER_NET_LISTENING_SOCKET_H_

#include <sys/socket.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/descriptor.h"
#include "server/net/listen_address.h"

namespace oneloop {

// One socket that takes connections, and that can be opened again. Not thread-safe.
class ListeningSocket {
 public:
  // One for each address that the host's name stands for, not open yet. UNAVAILABLE for a name that is not known.
  static absl::StatusOr<std::vector<ListeningSocket>> Resolve(const ListenAddress& address);

  // Closes it, and removes the Unix socket's file if that is still its own.
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;

  // Listens, without SO_REUSEPORT, so that a second program on the port fails. A Unix socket's file is 0660 from its
  // first moment, whatever the umask. UNAVAILABLE when the address is taken or cannot be used. Once it was open, its
  // port is the one that the system chose.
  absl::Status Open();
  void Close() { descriptor_.Reset(); }
  // Takes connections that are on their way to the file at its path. False when that file is gone or another's.
  bool IsInPlace() const;

  int descriptor() const { return descriptor_.number(); }
  bool is_open() const { return descriptor_.is_open(); }
  bool is_unix() const { return !path_.empty(); }
  int port() const { return port_; }
  void set_port(int port) { port_ = port; }
  // "unix:/run/oneloop.sock" or "127.0.0.1:7070", as it was asked for, with the port that the system chose.
  std::string name() const;

 private:
  ListeningSocket() = default;
  absl::Status Failed(const char* what, int error) const;
  absl::Status Bind(int socket);
  absl::Status AfterBind(int socket);

  std::string path_;
  std::string host_;
  int port_ = 0;
  sockaddr_storage address_ = {};
  socklen_t address_size_ = 0;
  Descriptor descriptor_;
  // Of the Unix socket's file.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Whether accept() failed with this error for the one connection alone that it took off the queue.
bool IsOfOneConnection(int error);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_LISTENING_SOCKET_H_
