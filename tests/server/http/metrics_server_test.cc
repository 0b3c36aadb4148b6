#include "server/http/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "tests/server/http/raw_http.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

int PortOf(const MetricsServer& server) { return std::stoi(server.address().substr(server.address().rfind(':') + 1)); }

TEST(MetricsServerTest, AnswersEachScrapeAnewAndNothingElse) {
  std::atomic<int> scrapes{0};
  const auto server =
      MetricsServer::Start("127.0.0.1", 0, [&scrapes] { return "scrape " + std::to_string(++scrapes); }).value();
  httplib::Client client("127.0.0.1", PortOf(*server));
  EXPECT_EQ(client.Get("/metrics")->body, "scrape 1");
  const auto second = client.Get("/metrics");
  EXPECT_EQ(second->body, "scrape 2");
  EXPECT_EQ(second->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(client.Get("/")->status, 404);
  EXPECT_EQ(client.Get("/metrics/../../etc/passwd")->status, 404);
  EXPECT_EQ(client.Post("/metrics", "x", "text/plain")->status, 404);
  EXPECT_EQ(scrapes, 2);
}

TEST(MetricsServerTest, FailureOfOneAnswerIsOnlyItsOwn) {
  std::atomic<bool> fail{true};
  const auto server = MetricsServer::Start("127.0.0.1", 0, [&fail]() -> std::string {
                        if (fail) throw std::runtime_error("out of order");
                        return "fine";
                      }).value();
  httplib::Client client("127.0.0.1", PortOf(*server));
  EXPECT_EQ(client.Get("/metrics")->status, 500);
  fail = false;
  EXPECT_EQ(client.Get("/metrics")->body, "fine");
}

TEST(MetricsServerTest, OnlyTheLoopbackInterfaceIsServed) {
  for (const char* host : {"0.0.0.0", "[::]", "10.0.0.1", "localhost", "127.0.0.1.example.org", ""}) {
    const auto server = MetricsServer::Start(host, 0, [] { return std::string(); });
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument) << host;
    EXPECT_THAT(Message(server.status()), HasSubstr("anyone who asks")) << host;
  }
}

TEST(MetricsServerTest, PortThatIsTakenIsAnError) {
  const auto first = MetricsServer::Start("127.0.0.1", 0, [] { return std::string(); }).value();
  const auto second = MetricsServer::Start("127.0.0.1", PortOf(*first), [] { return std::string(); });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(second.status()), HasSubstr("taken"));
}

// A connection to the server that says this and then nothing.
RawHttp Saying(int port, std::string_view text, int receive_buffer = 0) {
  RawHttp client(port, receive_buffer);
  client.Send(text);
  return client;
}

// 40 silent connections delayed a scrape by 19 s. Here their number would delay it by minutes.
TEST(MetricsServerTest, SilentConnectionsDelayNoScrape) {
  const auto server = MetricsServer::Start("127.0.0.1", 0, [] { return std::string("fine"); }).value();
  constexpr int kSilent = 200;
  std::vector<RawHttp> silent;
  silent.reserve(kSilent);
  for (int i = 0; i < kSilent; ++i)
    silent.push_back(Saying(PortOf(*server), i % 2 == 0 ? "" : "GET /metrics HTTP/1.1\r\n"));
  httplib::Client client("127.0.0.1", PortOf(*server));
  client.set_read_timeout(60);
  EXPECT_EQ(client.Get("/metrics")->body, "fine");
  // They made room for each other.
  EXPECT_EQ(silent[0].ReadAll(), "");
}

TEST(MetricsServerTest, ScrapersThatDoNotReadDelayNoOther) {
  // More than the kernel keeps for a client that takes next to nothing.
  constexpr std::size_t kSize = std::size_t{3} << 20;
  const auto server = MetricsServer::Start("127.0.0.1", 0, [] { return std::string(kSize, 'x'); }).value();
  constexpr int kStuck = 40;
  std::vector<RawHttp> stuck;
  stuck.reserve(kStuck);
  for (int i = 0; i < kStuck; ++i) stuck.push_back(Saying(PortOf(*server), "GET /metrics HTTP/1.1\r\n\r\n", 4096));
  httplib::Client client("127.0.0.1", PortOf(*server));
  client.set_read_timeout(60);
  EXPECT_EQ(client.Get("/metrics")->body.size(), kSize);
}

TEST(MetricsServerTest, MalformedRequestsAreAnsweredOrClosed) {
  const auto server = MetricsServer::Start("127.0.0.1", 0, [] { return std::string("fine"); }).value();
  const int port = PortOf(*server);
  EXPECT_THAT(Saying(port, "nonsense\r\n\r\n").ReadAll(), HasSubstr("HTTP/1.1 400"));
  EXPECT_THAT(Saying(port, "POST /metrics HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n").ReadAll(),
              HasSubstr("HTTP/1.1 404"));
  EXPECT_EQ(Saying(port, std::string(8192, 'x')).ReadAll(), "");
  const std::string reply =
      Saying(port, "GET /metrics HTTP/1.1\r\nConnection: close\r\nRange: bytes=99999-1\r\n\r\n").ReadAll();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 "));
  httplib::Client client("127.0.0.1", port);
  EXPECT_EQ(client.Get("/metrics")->body, "fine");
}

}  // namespace
}  // namespace oneloop
