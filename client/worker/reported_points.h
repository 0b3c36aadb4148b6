#ifndef ONELOOP_CLIENT_WORKER_REPORTED_POINTS_H_
#define ONELOOP_CLIENT_WORKER_REPORTED_POINTS_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "server/results/point_batch.h"

namespace oneloop {

// The points of one start on their way to the daemon: one call after the other, each with what has come meanwhile, so
// that the search does not wait for the network and the order is kept. After an error nothing more is sent.
class ReportedPoints final : public BatchSink {
 public:
  // `report` sends a batch and returns once it is stored or refused; called by one thread.
  explicit ReportedPoints(std::function<absl::Status(const PointBatch&)> report);
  // Sends what is left.
  ~ReportedPoints() override;
  ReportedPoints(const ReportedPoints&) = delete;
  ReportedPoints& operator=(const ReportedPoints&) = delete;

  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override;

 private:
  struct Waiting {
    PointBatch batch;
    std::function<void(absl::Status)> done;
  };

  void Loop();
  // The next ones that fit into one call; none once there will be no more.
  std::deque<Waiting> Next();

  const std::function<absl::Status(const PointBatch&)> report_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_WORKER_REPORTED_POINTS_H_
