#include "server/metrics/metrics_server.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/net/connection_gate.h"
#include "server/net/reply_loop.h"

namespace oneloop {
namespace {

constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kPath[] = "/metrics";
constexpr char kLoopback4[] = "127.0.0.1";
constexpr char kLoopback6[] = "[::1]";
// Scrapers are few.
constexpr int kMostConnections = 64;
constexpr int kMostSilent = 32;
// For the request, and again for the reply.
constexpr std::chrono::milliseconds kTimeout{5000};

// What the library takes for a connection: a request that is there already, and room for its reply.
class BufferedStream : public httplib::Stream {
 public:
  explicit BufferedStream(std::string_view request) : request_(request) {}

  bool is_readable() const override { return !request_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t count = request_.copy(to, size);
    request_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    reply.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string reply;

 private:
  std::string_view request_;
};

// The library's reading of requests and writing of replies, without its threads and sockets.
class HttpAnswers : public httplib::Server {
 public:
  explicit HttpAnswers(std::function<std::string()> render) {
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) { response.status = 500; });
    // Before a body is looked for.
    set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      const bool is_ours = request.path == kPath && (request.method == "GET" || request.method == "HEAD");
      if (!is_ours) response.status = 404;
      return is_ours ? HandlerResponse::Unhandled : HandlerResponse::Handled;
    });
    Get(kPath, [render = std::move(render)](const httplib::Request&, httplib::Response& response) {
      response.set_content(render(), kContentType);
    });
  }

  std::string Answer(std::string_view request) {
    BufferedStream stream(request);
    bool closed = false;
    process_request(stream, /*close_connection=*/true, closed, nullptr);
    return std::move(stream.reply);
  }
};

}  // namespace

// Destroyed from the last to the first: the gate hands over to the loop.
struct MetricsServer::Http {
  explicit Http(std::function<std::string()> render) : answers(std::move(render)) {}

  HttpAnswers answers;
  ReplyLoop replies{[this](std::string_view request) { return answers.Answer(request); }, kTimeout};
  std::unique_ptr<ConnectionGate> gate;
};

MetricsServer::MetricsServer(std::unique_ptr<Http> http, std::string address)
    : http_(std::move(http)), address_(std::move(address)) {}

absl::Status MetricsServer::CheckHost(const std::string& host) {
  if (host == kLoopback4 || host == kLoopback6) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--metrics_listen: ", host, " is not the loopback interface; valid: ", kLoopback4, ":PORT and ", kLoopback6,
      ":PORT. Metrics go out unencrypted and to anyone who asks: let a proxy on this machine, "
      "or a tunnel, decide who gets them"));
}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& host, int port,
                                                                    std::function<std::string()> render) {
  RETURN_IF_ERROR(CheckHost(host));
  auto http = std::make_unique<Http>(std::move(render));
  ConnectionGate::Options options;
  options.listeners.push_back({{"", host, port}, Opening::kHttpRequest});
  options.max_connections = kMostConnections;
  options.max_connections_per_peer = kMostConnections;
  options.max_silent = kMostSilent;
  options.silence_timeout = kTimeout;
  absl::StatusOr<std::unique_ptr<ConnectionGate>> gate = ConnectionGate::Create(std::move(options));
  if (!gate.ok()) return absl::UnavailableError(absl::StrCat("--metrics_listen: ", gate.status().message()));
  http->gate = *std::move(gate);
  http->gate->Start(
      [replies = &http->replies](AcceptedConnection connection) { replies->Add(std::move(connection.socket)); });
  std::string address = http->gate->addresses()[0];
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(http), std::move(address)));
}

MetricsServer::~MetricsServer() = default;

}  // namespace oneloop
