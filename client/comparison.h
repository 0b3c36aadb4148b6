#ifndef ONELOOP_CLIENT_COMPARISON_H_
#define ONELOOP_CLIENT_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/best_curve.h"
#include "client/point_metrics.h"
#include "client/service_client.h"
#include "common/front/front.h"

namespace oneloop {

struct ComparedJob {
  v1::Job job;
  std::vector<BestCurve> curves;  // of each of CurveMetrics(), in its order
  Front front{{}};
};

// Several jobs side by side.
struct Comparison {
  std::vector<ComparedJob> jobs;
  // By what they are compared: what all minimise, alone; where they differ in that, every one of PointMetrics().
  std::vector<const PointMetric*> metrics;
  bool same_objective = true;
  // A few numbers of samples that every job has come to, ascending, the last as many as the shortest has; empty while
  // one has none.
  std::vector<std::int64_t> samples;
  Front joint{{}};            // of all fronts
  FrontPoint reference = {};  // from which all hypervolumes are measured
};

// Reads the jobs and their exact points, page by page: what is kept of the points are the steps of the curves and the
// fronts. `names` are resource names. Errors are those of the daemon's calls.
absl::StatusOr<Comparison> CompareJobs(ServiceClient& client, const std::vector<std::string>& names);

// The best value of a metric that a job had found after so many of its samples; infinite when it had none. See
// BestCurveBuilder.
double BestAfter(const ComparedJob& job, const PointMetric& metric, std::int64_t samples);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_COMPARISON_H_
