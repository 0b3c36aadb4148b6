#ifndef ONELOOP_CLIENT_POINT_METRICS_H_
#define ONELOOP_CLIENT_POINT_METRICS_H_

#include <span>

#include "oneloop/v1/design.pb.h"
#include "oneloop/v1/job.pb.h"

namespace oneloop {

// A figure of a point that is the better the smaller it is.
struct PointMetric {
  const char* name;   // as in messages and limits: "energy_uj"
  const char* title;  // for tables: "EDP", "energy_uj"
  const char* label;  // for plots, with its unit: "energy (µJ)"
  double (v1::EvaluatedPoint::*value)() const;

  double Of(const v1::EvaluatedPoint& point) const { return (point.*value)(); }
};

// EDP, energy, latency and area, in this order.
std::span<const PointMetric> PointMetrics();

// What a job minimises.
const PointMetric& ObjectiveMetric(const v1::JobSpec& spec);

// Whether an exact point is within the limits of its job: a job's points are kept also where they break one. Of a limit
// on something else than the metrics and the hardware's parameters, a point that ever was on the front is within it.
bool MeetsLimits(const v1::JobSpec& spec, const v1::EvaluatedPoint& point);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_POINT_METRICS_H_
