#include "server/http/metrics_server.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/handlers/call_runner.h"
#include "server/http/http_error.h"
#include "server/http/http_server.h"

namespace oneloop {
namespace {

constexpr char kLoopback4[] = "127.0.0.1";
constexpr char kLoopback6[] = "[::1]";
constexpr char kPath[] = "/metrics";
constexpr char kFlag[] = "--metrics_listen";
// Scrapers are few.
constexpr int kMostConnections = 64;
// For the request, and again for the reply.
constexpr std::chrono::milliseconds kTimeout{5000};

HttpReply Answer(const HttpHead& head, const std::function<std::string()>& render) {
  if (head.target != kPath || (head.verb != "GET" && head.verb != "HEAD")) {
    return ErrorReply(absl::NotFoundError(absl::StrCat("there is only GET ", kPath)));
  }
  HttpReply reply;
  const absl::Status rendered = CatchAll([&] {
    reply.body = render();
    return absl::OkStatus();
  });
  reply.content_type = kMetricsType;
  return rendered.ok() ? reply : ErrorReply(rendered);
}

}  // namespace

MetricsServer::MetricsServer(std::unique_ptr<HttpServer> http) : http_(std::move(http)) {}

MetricsServer::~MetricsServer() = default;

absl::Status MetricsServer::CheckHost(const std::string& host) {
  if (host == kLoopback4 || host == kLoopback6) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(kFlag, ": ", host, " is not the loopback interface; valid: ", kLoopback4, ":PORT and ", kLoopback6,
                   ":PORT. Metrics go out unencrypted and to anyone who asks: let a proxy on this machine, ",
                   "or a tunnel, decide who gets them"));
}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& host, int port,
                                                                    std::function<std::string()> render) {
  RETURN_IF_ERROR(CheckHost(host));
  HttpServer::Options options;
  options.listen = {"", host, port};
  options.flag = kFlag;
  options.max_connections = kMostConnections;
  options.head_timeout = options.reply_timeout = options.keep_alive_timeout = kTimeout;
  ASSIGN_OR_RETURN(std::unique_ptr<HttpServer> http,
                   HttpServer::Start(options, [render = std::move(render)](const auto& exchange) {
                     exchange->Reply(Answer(exchange->head(), render));
                   }));
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(http)));
}

std::string MetricsServer::address() const { return http_->address(); }

}  // namespace oneloop
