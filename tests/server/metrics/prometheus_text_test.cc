#include "server/metrics/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrometheusTextTest, EveryNumberHasItsNameTypeAndLabels) {
  DaemonMetrics metrics;
  metrics.running_starts.Add(2);
  metrics.samples.Add(300);
  metrics.points.Add(40);
  metrics.failed_commits.Add();
  metrics.commits.Observe(absl::Milliseconds(3));
  metrics.commits.Observe(absl::Seconds(20));
  metrics.calls.OnEnd("SearchService.GetJob", "NOT_FOUND", absl::Milliseconds(1));
  DaemonState state;
  state.open_watches = 7;
  state.connections.open = 8;
  state.connections.refused[static_cast<std::size_t>(Refusal::kPeerBound)] = 9;
  state.stored = StoredState{{{"pending", 1}, {"running", 5}}, 12, 4096};
  const std::string text = PrometheusText(metrics, state);
  for (const char* line :
       {"# TYPE oneloop_jobs gauge\noneloop_jobs{state=\"pending\"} 1\noneloop_jobs{state=\"running\"} 5\n",
        "\noneloop_queued_starts 10\n",
        "\noneloop_wal_bytes 4096\n",
        "\noneloop_running_starts 2\n",
        "# TYPE oneloop_samples_total counter\noneloop_samples_total 300\n",
        "\noneloop_points_written_total 40\n",
        "# TYPE oneloop_commit_duration_seconds histogram\n",
        "\noneloop_commit_duration_seconds_count 2\n",
        "\noneloop_commit_duration_seconds_bucket{le=\"0.0025\"} 0\n",
        "\noneloop_commit_duration_seconds_bucket{le=\"0.005\"} 1\n",
        "\noneloop_commit_duration_seconds_bucket{le=\"10\"} 1\n",
        "\noneloop_commit_duration_seconds_bucket{le=\"+Inf\"} 2\n",
        "\noneloop_commits_failed_total 1\n",
        "\noneloop_open_watches 7\n",
        "\noneloop_connections 8\n",
        "\noneloop_connections_refused_total{reason=\"peer_bound\"} 9\n",
        "\noneloop_connections_refused_total{reason=\"silent\"} 0\n",
        "\noneloop_watch_lag_seconds_count 0\n",
        "\noneloop_rpcs_total{method=\"SearchService.GetJob\",code=\"NOT_FOUND\"} 1\n",
        "\noneloop_rpc_duration_seconds_count{method=\"SearchService.GetJob\",code=\"NOT_FOUND\"} 1\n"}) {
    EXPECT_THAT("\n" + text, HasSubstr(line));
  }
}

TEST(PrometheusTextTest, WithoutTheStoreTheRestIsThere) {
  const std::string text = PrometheusText(DaemonMetrics(), DaemonState());
  EXPECT_THAT(text, Not(HasSubstr("oneloop_jobs")));
  EXPECT_THAT(text, HasSubstr("oneloop_samples_total 0\n"));
}

TEST(PrometheusTextTest, QueueIsNeverNegative) {
  DaemonMetrics metrics;
  metrics.running_starts.Add(3);
  DaemonState state;
  state.stored.emplace().unfinished_starts = 2;
  EXPECT_THAT(PrometheusText(metrics, state), HasSubstr("oneloop_queued_starts 0\n"));
}

}  // namespace
}  // namespace oneloop
