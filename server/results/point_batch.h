#ifndef ONELOOP_SERVER_RESULTS_POINT_BATCH_H_
#define ONELOOP_SERVER_RESULTS_POINT_BATCH_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"

namespace oneloop {

// What starts find, on its way from those that run them to the store.

// The numbers are stored: never reuse one. kDescent points are real-valued; all others are exact.
enum class PointOrigin { kDescent = 1, kRounded = 2, kPolish = 3, kRandom = 4, kBayesian = 5, kHeuristic = 6 };

// The values of a point's parameters. Kept in the point: there are many points, and a template has few parameters.
using ParameterValues = absl::InlinedVector<double, 4>;

// One evaluation of the whole workload. Figures of infeasible points are infinite.
struct NewPoint {
  std::int64_t sequence = 0;  // in its start, from 0 without gaps
  std::int64_t sample = 0;    // samples that the start had used, this one included
  PointOrigin origin = PointOrigin::kDescent;
  double energy_uj = 0;
  double latency_cycles = 0;
  double area_mm2 = 0;
  double score = std::numeric_limits<double>::infinity();  // what `best` minimises; infinite: never best, never on
                                                           // the front
  ParameterValues parameters;
  std::string design;  // opaque; "" for descent points
};

// What one start found since its last call.
struct PointBatch {
  std::int64_t job_id = 0;
  int start = 0;
  std::vector<NewPoint> points;
  std::int64_t samples_done = 0;  // of this start in all
  bool start_done = false;        // no more points will come
  bool within_stop_gap = false;   // with start_done: because the start's best is near enough to the job's bound
};

// Where it goes.
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  // Waits only for room. `done` runs on any thread, in this call or later, once the batch is kept or refused; it must
  // not call this again. Batches of one start are kept in their order.
  virtual void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RESULTS_POINT_BATCH_H_
