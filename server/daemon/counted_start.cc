#include "server/daemon/counted_start.h"

#include <cstdint>
#include <utility>

namespace oneloop {
namespace {

class CountingSink final : public PointSink {
 public:
  CountingSink(PointSink* sink, DaemonMetrics* metrics) : sink_(sink), metrics_(metrics) {
    metrics_->running_starts.Add(1);
  }
  ~CountingSink() override { metrics_->running_starts.Add(-1); }
  CountingSink(const CountingSink&) = delete;
  CountingSink& operator=(const CountingSink&) = delete;

  void OnPoint(const SearchPoint& point) override {
    CountUpTo(point.sample);
    sink_->OnPoint(point);
  }
  bool StopRequested() override { return sink_->StopRequested(); }

  // `samples`: of the start so far.
  void CountUpTo(std::int64_t samples) {
    if (samples <= counted_) return;
    metrics_->samples.Add(samples - counted_);
    counted_ = samples;
  }

 private:
  PointSink* const sink_;
  DaemonMetrics* const metrics_;
  std::int64_t counted_ = 0;
};

}  // namespace

JobManager::StartRunner CountStarts(JobManager::StartRunner runner, DaemonMetrics* metrics) {
  return [runner = std::move(runner), metrics](const SearchSpec& spec, int start, PointSink& sink) {
    CountingSink counting(&sink, metrics);
    StartSummary summary = runner(spec, start, counting);
    counting.CountUpTo(summary.samples);
    return summary;
  };
}

}  // namespace oneloop
