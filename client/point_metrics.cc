#include "client/point_metrics.h"

#include <array>

namespace oneloop {
namespace {

constexpr std::array<PointMetric, 4> kMetrics = {{
    {"edp", "EDP", "EDP (µJ·cycles)", &v1::EvaluatedPoint::edp},
    {"energy_uj", "energy_uj", "energy (µJ)", &v1::EvaluatedPoint::energy_uj},
    {"latency_cycles", "latency_cycles", "latency (cycles)", &v1::EvaluatedPoint::latency_cycles},
    {"area_mm2", "area_mm2", "area (mm²)", &v1::EvaluatedPoint::area_mm2},
}};

}  // namespace

std::span<const PointMetric> PointMetrics() { return kMetrics; }

const PointMetric& ObjectiveMetric(const v1::JobSpec& spec) {
  if (spec.objective() == v1::ENERGY) return kMetrics[1];
  return spec.objective() == v1::LATENCY ? kMetrics[2] : kMetrics[0];
}

}  // namespace oneloop
