#include "server/http/http_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/http/http_loop.h"

namespace oneloop {

HttpExchange::HttpExchange(std::weak_ptr<HttpLoop> loop, std::uint64_t connection, std::uint64_t request, HttpHead head,
                           ConnectionPeer peer)
    : loop_(std::move(loop)),
      connection_(connection),
      request_(request),
      head_(std::move(head)),
      peer_(std::move(peer)) {}

void HttpExchange::ReadBody(std::function<void(std::string)> then) {
  if (const auto loop = loop_.lock()) loop->Post(connection_, request_, HttpLoop::WantBody{std::move(then)});
}

void HttpExchange::Reply(HttpReply reply) {
  if (replied_.exchange(true)) return;
  if (const auto loop = loop_.lock()) {
    loop->Post(connection_, request_, std::move(reply));
  } else if (reply.on_done) {
    reply.on_done();
  }
}

void HttpExchange::GiveUp() {
  if (const auto loop = loop_.lock()) loop->Post(connection_, request_, HttpLoop::WantEnd{});
}

void HttpExchange::MarkAuthenticated() const {
  if (const auto loop = loop_.lock()) loop->Post(connection_, request_, HttpLoop::IsKnown{});
}

absl::Status HttpServer::CheckAddress(const std::string& flag, const ListenAddress& address) {
  if (address.is_unix() || address.is_loopback()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": ", address.host, " is not the loopback interface; valid: 127.0.0.1:PORT, [::1]:PORT and ",
                   "unix:PATH. It is served without encryption: let a proxy on this machine put TLS in front"));
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const Options& options, Handler handler) {
  RETURN_IF_ERROR(CheckAddress(options.flag, options.listen));
  std::unique_ptr<HttpServer> server(new HttpServer());
  server->loop_ = std::make_shared<HttpLoop>(options, std::move(handler));
  RETURN_IF_ERROR(server->loop_->Open());
  ConnectionGate::Options gate_options;
  gate_options.listeners.push_back({options.listen, Opening::kHttpRequest});
  gate_options.max_connections = options.max_connections;
  gate_options.silence_timeout = options.head_timeout;
  absl::StatusOr<std::unique_ptr<ConnectionGate>> gate = ConnectionGate::Create(std::move(gate_options));
  if (!gate.ok()) return absl::UnavailableError(absl::StrCat(options.flag, ": ", Message(gate.status())));
  server->gate_ = *std::move(gate);
  server->loop_->Start(server->gate_.get());
  server->gate_->Start(
      [loop = server->loop_.get()](AcceptedConnection connection) { loop->Add(std::move(connection)); });
  return server;
}

HttpServer::~HttpServer() {
  if (gate_ != nullptr) gate_->Stop();
  if (loop_ != nullptr) loop_->Stop();
}

std::string HttpServer::address() const { return gate_->addresses().front(); }

}  // namespace oneloop
