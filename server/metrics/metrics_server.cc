#include "server/metrics/metrics_server.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/metrics/http_answers.h"
#include "server/net/connection_gate.h"
#include "server/net/reply_loop.h"

namespace oneloop {
namespace {

constexpr char kLoopback4[] = "127.0.0.1";
constexpr char kLoopback6[] = "[::1]";
// Scrapers are few.
constexpr int kMostConnections = 64;
constexpr int kMostSilent = 32;
// For the request, and again for the reply.
constexpr std::chrono::milliseconds kTimeout{5000};

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
