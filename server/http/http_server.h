#ifndef ONELOOP_SERVER_HTTP_HTTP_SERVER_H_
#define ONELOOP_SERVER_HTTP_HTTP_SERVER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/http/http_message.h"
#include "server/net/connection_gate.h"
#include "server/net/connection_peer.h"
#include "server/net/listen_address.h"

namespace oneloop {

class HttpLoop;

// One request and its reply. Whoever holds it may answer from any thread and at any time; the connection waits for
// that. Thread-safe.
class HttpExchange {
 public:
  // `request` names the request among all of the loop.
  HttpExchange(std::weak_ptr<HttpLoop> loop, std::uint64_t connection, std::uint64_t request, HttpHead head,
               ConnectionPeer peer);
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  const HttpHead& head() const { return head_; }
  const ConnectionPeer& peer() const { return peer_; }

  // Keeps what goes on with the request until that is answered or its connection ends. For the handler, while it runs.
  void Keep(std::shared_ptr<void> owner) { kept_ = std::move(owner); }

  // Has the whole body read and given to `then`, on the server's thread, which must not wait; never when the client
  // leaves before it is there. Once, before Reply.
  void ReadBody(std::function<void(std::string body)> then);
  // Once; later ones are dropped.
  void Reply(HttpReply reply);
  // Ends the connection, whatever is under way.
  void GiveUp();
  // The request was let in: from now on the connection makes no room for others.
  void MarkAuthenticated() const;

  // Whether nobody waits for the reply any more.
  bool client_left() const { return client_left_; }

 private:
  friend class HttpLoop;

  const std::weak_ptr<HttpLoop> loop_;
  const std::uint64_t connection_;
  const std::uint64_t request_;
  const HttpHead head_;
  const ConnectionPeer peer_;
  std::shared_ptr<void> kept_;  // the server's thread's own
  std::atomic<bool> replied_{false};
  std::atomic<bool> client_left_{false};
};

// Serves HTTP/1.1 on a loopback port or a Unix socket. One thread reads requests and sends replies of all connections
// and waits for none of them: whoever is slow or silent is closed when their time is over, and holds up nobody
// meanwhile. Connections are let in and bounded by a ConnectionGate. Thread-safe.
class HttpServer {
 public:
  struct Options {
    ListenAddress listen;
    std::string flag;                                     // of the daemon, for messages: "--http"
    int max_connections = 0;                              // as in ConnectionGate::Options
    std::chrono::milliseconds head_timeout{5000};         // from its first byte to its last
    std::chrono::milliseconds body_timeout{30000};        // likewise
    std::chrono::milliseconds reply_timeout{30000};       // for the client to take it
    std::chrono::milliseconds keep_alive_timeout{65000};  // between requests
  };
  // Called on the server's thread for each request whose head has come; must not wait.
  using Handler = std::function<void(std::shared_ptr<HttpExchange>)>;

  // INVALID_ARGUMENT unless the address is a Unix socket or 127.0.0.1 or [::1].
  static absl::Status CheckAddress(const std::string& flag, const ListenAddress& address);

  // Listens and serves. Errors: those of CheckAddress, and UNAVAILABLE for an address that is taken.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const Options& options, Handler handler);
  // Ends what is under way.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // "127.0.0.1:8080", with the port that the system chose, or "unix:PATH".
  std::string address() const;
  ConnectionGate& gate() { return *gate_; }

 private:
  HttpServer() = default;

  std::shared_ptr<HttpLoop> loop_;
  std::unique_ptr<ConnectionGate> gate_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_SERVER_H_
