#ifndef ONELOOP_CLIENT_POINT_METRICS_H_
#define ONELOOP_CLIENT_POINT_METRICS_H_

#include <span>
#include <string>

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
// The same, and the score after them.
std::span<const PointMetric> CurveMetrics();

// What a job minimises: one of these, the score of any objective that is no figure.
const PointMetric& ObjectiveMetric(const v1::JobSpec& spec);
// The same by name: "edp", a product of metrics, or "pareto:energy,area".
std::string ObjectiveName(const v1::JobSpec& spec);
// Whether energy and latency of several networks are summed before they make the objective.
bool IsOfSums(v1::Combination combination);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_POINT_METRICS_H_
