#include "server/metrics/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

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

}  // namespace
}  // namespace oneloop
