#include "server/metrics/prometheus_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstddef>
#include <limits>

#include "common/base/log.h"

namespace oneloop {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric GaugeValue(std::int64_t value) {
  ClientMetric metric;
  metric.gauge.value = static_cast<double>(value);
  return metric;
}

ClientMetric CounterValue(std::int64_t value) {
  ClientMetric metric;
  metric.counter.value = static_cast<double>(value);
  return metric;
}

ClientMetric HistogramValue(const Histogram::Reading& reading) {
  ClientMetric metric;
  metric.histogram.sample_count = static_cast<std::uint64_t>(reading.count);
  metric.histogram.sample_sum = reading.sum_seconds;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    cumulative += static_cast<std::uint64_t>(reading.counts[i]);
    const double bound =
        i < Histogram::kBounds.size() ? Histogram::kBounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  return metric;
}

MetricFamily GaugeFamily(const std::string& name, const std::string& help, std::int64_t value) {
  return {name, help, MetricType::Gauge, {GaugeValue(value)}};
}

MetricFamily CounterFamily(const std::string& name, const std::string& help, std::int64_t value) {
  return {name, help, MetricType::Counter, {CounterValue(value)}};
}

MetricFamily CounterFamily(const std::string& name, const std::string& help, const Counter& counter) {
  return CounterFamily(name, help, counter.value());
}

MetricFamily HistogramFamily(const std::string& name, const std::string& help, const Histogram& histogram) {
  return {name, help, MetricType::Histogram, {HistogramValue(histogram.Read())}};
}

void AddStored(const StoredState& stored, std::int64_t running_starts, std::vector<MetricFamily>* families) {
  MetricFamily jobs = {"oneloop_jobs", "Jobs in the store, by state.", MetricType::Gauge, {}};
  for (const auto& [name, count] : stored.jobs_by_state) {
    jobs.metric.push_back(GaugeValue(count));
    jobs.metric.back().label = {{"state", name}};
  }
  families->push_back(std::move(jobs));
  // The two were not counted at the same moment.
  const std::int64_t queued = std::max<std::int64_t>(0, stored.unfinished_starts - running_starts);
  families->push_back(
      GaugeFamily("oneloop_queued_starts", "Starts of pending and running jobs that no worker runs.", queued));
  families->push_back(GaugeFamily("oneloop_wal_bytes", "Size of the store's write-ahead log.", stored.wal_bytes));
}

void AddConnections(const ConnectionCounts& connections, std::vector<MetricFamily>* families) {
  families->push_back(GaugeFamily("oneloop_connections", "Connections that are open now.", connections.open));
  MetricFamily refused = {"oneloop_connections_refused_total",
                          "Connections that were closed or not taken, by reason.",
                          MetricType::Counter,
                          {}};
  for (std::size_t i = 0; i < kRefusalNames.size(); ++i) {
    refused.metric.push_back(CounterValue(connections.refused[i]));
    refused.metric.back().label = {{"reason", kRefusalNames[i]}};
  }
  families->push_back(std::move(refused));
}

void AddCalls(const std::vector<CallMetrics::Reading>& readings, std::vector<MetricFamily>* families) {
  MetricFamily counts = {"oneloop_rpcs_total", "Calls that ended, by method and code.", MetricType::Counter, {}};
  MetricFamily durations = {
      "oneloop_rpc_duration_seconds", "How long calls took, by method and code.", MetricType::Histogram, {}};
  for (const CallMetrics::Reading& reading : readings) {
    const std::vector<ClientMetric::Label> labels = {{"method", reading.method}, {"code", reading.code}};
    counts.metric.push_back(CounterValue(reading.durations.count));
    counts.metric.back().label = labels;
    durations.metric.push_back(HistogramValue(reading.durations));
    durations.metric.back().label = labels;
  }
  families->push_back(std::move(counts));
  families->push_back(std::move(durations));
}

}  // namespace

std::string PrometheusText(const DaemonMetrics& metrics, const DaemonState& state) {
  std::vector<MetricFamily> families;
  const std::int64_t running = metrics.running_starts.value() + state.workers.starts;
  if (state.stored.has_value()) AddStored(*state.stored, running, &families);
  families.push_back(GaugeFamily("oneloop_running_starts", "Starts that workers run now.", running));
  families.push_back(
      GaugeFamily("oneloop_workers", "Workers of other machines that were heard of lately.", state.workers.workers));
  families.push_back(GaugeFamily("oneloop_worker_threads", "Threads of these workers.", state.workers.threads));
  families.push_back(
      GaugeFamily("oneloop_worker_leases", "Parts of jobs that workers of other machines have.", state.workers.leases));
  families.push_back(CounterFamily("oneloop_worker_points_total", "Points that workers of other machines reported.",
                                   metrics.worker_points));
  families.push_back(CounterFamily("oneloop_samples_total", "Samples that searches took.", metrics.samples));
  families.push_back(CounterFamily("oneloop_points_written_total", "Points committed to the store.", metrics.points));
  families.push_back(
      HistogramFamily("oneloop_commit_duration_seconds", "How long the store's transactions took.", metrics.commits));
  families.push_back(CounterFamily("oneloop_commits_failed_total", "Transactions that the storage did not take.",
                                   metrics.failed_commits));
  families.push_back(GaugeFamily("oneloop_open_watches", "Watches that are open now.", state.open_watches));
  families.push_back(HistogramFamily("oneloop_watch_lag_seconds",
                                     "From a commit until its news was handed to a watcher.", metrics.watch_lag));
  families.push_back(GaugeFamily("oneloop_open_calls", "Unary calls that are open now.", state.open_calls));
  families.push_back(
      GaugeFamily("oneloop_waiting_calls", "Of them, those that wait for their turn.", state.waiting_calls));
  families.push_back(CounterFamily("oneloop_calls_given_up_total",
                                   "Calls whose clients sent no request or took no reply in time.",
                                   state.calls_given_up));
  AddConnections(state.connections, &families);
  families.push_back(CounterFamily("oneloop_refused_calls_unlogged_total",
                                   "Refused changes beyond what is logged of one caller.", state.unlogged_refusals));
  families.push_back(CounterFamily("oneloop_token_reads_failed_total",
                                   "Times that the file of tokens could not be read.", state.failed_token_reads));
  families.push_back(CounterFamily("oneloop_certificates_refused_total",
                                   "Changed files of TLS that could not be taken.", state.refused_certificates));
  families.push_back(CounterFamily("oneloop_log_lines_dropped_total",
                                   "Lines of the log that standard error did not take.", DroppedLogLines()));
  AddCalls(metrics.calls.Read(), &families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace oneloop
