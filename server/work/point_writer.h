#ifndef ONELOOP_SERVER_WORK_POINT_WRITER_H_
#define ONELOOP_SERVER_WORK_POINT_WRITER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/hardware/template.h"
#include "server/results/point_batch.h"
#include "server/search/point_sink.h"
#include "server/search/start_summary.h"
#include "server/work/lease.h"
#include "server/work/outcome.h"
#include "server/work/work_signals.h"

namespace oneloop {

// The sink of one start: packs what it finds into batches and hands them on to be stored. It holds the search back
// while too many batches await their commit, and ends it once one was refused. Says with each call that the start gets
// on. OnPoint, StopRequested and Finish belong to the start's thread.
class PointWriter final : public PointSink {
 public:
  struct Options {
    int points_per_batch = 500;
    // What the fastest search finds in 50 ms: a commit with a checkpoint does not hold it back.
    int batches_in_flight = 32;
    // Of designs, in one batch and in all in flight: those of a large workload take megabytes each.
    std::size_t bytes_per_batch = std::size_t{1} << 20;
    std::size_t bytes_in_flight = std::size_t{4} << 20;
    // Points of a slow search become visible after so long, however few they are.
    absl::Duration flush_interval = absl::Milliseconds(100);
    std::function<SteadyTime()> clock = SteadyNow;
  };

  // Everything passed by pointer or reference outlives the writer; `signals` tells when to end the start.
  PointWriter(BatchSink* batches, const Template& hardware_template, const Lease& lease, WorkSignals* signals,
              const Options& options);
  // Waits for the batches under way.
  ~PointWriter() override;
  PointWriter(const PointWriter&) = delete;
  PointWriter& operator=(const PointWriter&) = delete;

  void OnPoint(const SearchPoint& point) override;
  bool StopRequested() override;

  static Ending EndingOf(StartSummary::Termination termination);
  // Writes what is left. Returns once everything is committed, with the first error if there was one.
  // `samples` is the total of the start.
  absl::Status Finish(std::int64_t samples, Ending ending);

 private:
  void Flush(Ending ending);
  void FlushIfLate();
  void OnCommitted(std::size_t bytes, const absl::Status& status);
  void AwaitInFlight(int at_most);

  BatchSink* const batches_;
  const Template& template_;
  const Lease lease_;
  WorkSignals* const signals_;
  const Options options_;

  PointBatch batch_;
  std::size_t batch_bytes_ = 0;  // of its designs
  std::int64_t next_sequence_ = 0;
  std::int64_t samples_done_ = 0;
  SteadyTime last_flush_;

  Mutex mutex_;
  CondVar committed_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> failed_ = false;  // error_ is set; read without the lock at every step of the search
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_POINT_WRITER_H_
