#include "client/point_metrics.h"

#include <algorithm>
#include <array>

namespace oneloop {
namespace {

constexpr std::array<PointMetric, 4> kMetrics = {{
    {"edp", "EDP", "EDP (µJ·cycles)", &v1::EvaluatedPoint::edp},
    {"energy_uj", "energy_uj", "energy (µJ)", &v1::EvaluatedPoint::energy_uj},
    {"latency_cycles", "latency_cycles", "latency (cycles)", &v1::EvaluatedPoint::latency_cycles},
    {"area_mm2", "area_mm2", "area (mm²)", &v1::EvaluatedPoint::area_mm2},
}};

bool MeetsLimit(const v1::Limit& limit, const v1::EvaluatedPoint& point) {
  for (const PointMetric& metric : kMetrics) {
    if (limit.quantity() == metric.name) return metric.Of(point) <= limit.max();
  }
  const auto parameter = point.parameters().find(limit.quantity());
  if (parameter != point.parameters().end()) return parameter->second <= limit.max();
  return point.entered_front_revision() > 0;
}

}  // namespace

std::span<const PointMetric> PointMetrics() { return kMetrics; }

const PointMetric& ObjectiveMetric(const v1::JobSpec& spec) {
  if (spec.objective() == v1::ENERGY) return kMetrics[1];
  return spec.objective() == v1::LATENCY ? kMetrics[2] : kMetrics[0];
}

bool MeetsLimits(const v1::JobSpec& spec, const v1::EvaluatedPoint& point) {
  return std::all_of(spec.limits().begin(), spec.limits().end(),
                     [&](const v1::Limit& limit) { return MeetsLimit(limit, point); });
}

}  // namespace oneloop
