#ifndef ONELOOP_SERVER_HTTP_HTTP_LOOP_H_
#define ONELOOP_SERVER_HTTP_HTTP_LOOP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/base/clock.h"
#include "common/base/descriptor.h"
#include "common/base/mutex.h"
#include "server/http/http_message.h"
#include "server/http/http_server.h"
#include "server/net/connection_gate.h"

namespace oneloop {

// The thread behind an HttpServer: owns the connections that were let in. Everything but Add, Post and Stop runs on it.
class HttpLoop : public std::enable_shared_from_this<HttpLoop> {
 public:
  HttpLoop(const HttpServer::Options& options, HttpServer::Handler handler);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  absl::Status Open();
  // `gate` outlives the thread.
  void Start(ConnectionGate* gate);
  // Closes all connections and ends the thread; what is posted later is dropped.
  void Stop();

  void Add(AcceptedConnection connection);

  // What exchanges ask for.
  struct WantBody {
    std::function<void(std::string)> then;
  };
  struct WantEnd {};
  struct IsKnown {};
  using Wish = std::variant<HttpReply, WantBody, WantEnd, IsKnown>;
  void Post(std::uint64_t connection, std::uint64_t request, Wish wish);

 private:
  using Time = SteadyChrono::time_point;

  enum class Phase {
    kIdle,       // between requests; nothing of the next one is there
    kHead,       // part of a head is there
    kHandling,   // the exchange is with the handler
    kBody,       // the handler has asked for the body, of which part is there
    kReplying,   // part of the reply has to be sent
    kLingering,  // all is sent; the client has to end the connection
  };
  struct Connection {
    Descriptor socket;
    ConnectionPeer peer;
    Phase phase = Phase::kIdle;
    std::string received;  // and not used yet
    std::shared_ptr<HttpExchange> exchange;
    std::uint64_t body_left = 0;  // of the request's body, not taken out of `received`
    std::function<void(std::string)> on_body;
    std::string head;  // of the reply
    HttpReply reply;
    std::size_t sent = 0;  // of both
    bool keep_alive = false;
    std::uint32_t events = 0;  // that epoll waits for
    Time deadline;
  };
  using Id = std::uint64_t;

  void Run();
  // Has the thread look at its mail.
  void WakeUp() const;
  void TakeMail();
  void Handle(Id id, std::uint32_t events);
  void CloseLate(Time now);

  // Reads what has come. False when the connection is over.
  bool Receive(Connection* connection);
  // Goes on with what has been received, until something is missing.
  void Advance(Id id);
  void BeginRequest(Id id, std::size_t head_end);
  void Refuse(Id id, int http_status, const absl::Status& error);
  void Fulfil(Id id, std::uint64_t request, Wish wish);
  void AwaitBody(Id id, std::function<void(std::string)> then);
  void BeginReply(Id id, HttpReply reply);
  // Sends what the client takes now.
  void Send(Id id);
  static void EndReply(Connection* connection);
  void Enter(Id id, Phase phase);
  void Close(Id id);

  const HttpServer::Options options_;
  const HttpServer::Handler handler_;
  ConnectionGate* gate_ = nullptr;
  Descriptor epoll_;
  Descriptor wake_up_;
  std::vector<char> read_buffer_;  // what was read last, of whichever connection
  std::unordered_map<Id, Connection> connections_;
  Id next_id_ = 1;
  std::uint64_t next_request_ = 1;
  Time now_;
  Time next_check_;

  struct Mail {
    Id connection = 0;
    std::uint64_t request = 0;
    Wish wish;
  };
  Mutex mutex_;
  std::vector<AcceptedConnection> added_ ABSL_GUARDED_BY(mutex_);
  std::vector<Mail> mail_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_LOOP_H_
