#include "server/metrics/metrics_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kLoopback4[] = "127.0.0.1";
constexpr char kLoopback6[] = "[::1]";
// Each connection holds a thread; scrapers are few.
constexpr std::size_t kThreads = 2;
constexpr int kTimeoutSeconds = 5;
constexpr int kIdleSeconds = 1;  // after which a connection makes room for another
constexpr std::size_t kLongestRequest = 4096;

// The library's own options would let a second daemon take the port and half of the requests.
void AllowQuickRestart(int descriptor) {
  const int yes = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

}  // namespace

struct MetricsServer::Http {
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> ended{false};
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
  auto http = std::make_unique<Http>();
  httplib::Server& server = http->server;
  server.new_task_queue = [] { return std::make_unique<httplib::ThreadPool>(kThreads).release(); };
  server.set_socket_options(AllowQuickRestart);
  server.set_read_timeout(kTimeoutSeconds);
  server.set_write_timeout(kTimeoutSeconds);
  server.set_keep_alive_timeout(kIdleSeconds);
  server.set_payload_max_length(kLongestRequest);
  server.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) { response.status = 500; });
  server.Get("/metrics", [render = std::move(render)](const httplib::Request&, httplib::Response& response) {
    response.set_content(render(), kContentType);
  });
  const std::string bare_host = host == kLoopback6 ? "::1" : host;
  if (port == 0) {
    port = server.bind_to_any_port(bare_host);
  } else if (!server.bind_to_port(bare_host, port)) {
    port = -1;
  }
  if (port < 0) {
    return absl::UnavailableError(
        absl::StrCat("--metrics_listen: cannot listen on ", host, ": is the port taken by another program?"));
  }
  std::unique_ptr<MetricsServer> started(new MetricsServer(std::move(http), absl::StrCat(host, ":", port)));
  Http* const running = started->http_.get();
  running->thread = std::thread([running] {
    running->server.listen_after_bind();
    running->ended = true;
  });
  // To stop it before it runs would have no effect.
  while (!running->server.is_running() && !running->ended) SteadySleepFor(absl::Milliseconds(1));
  return started;
}

MetricsServer::~MetricsServer() {
  http_->server.stop();
  if (http_->thread.joinable()) http_->thread.join();
}

}  // namespace oneloop
