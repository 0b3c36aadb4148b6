#include "client/point_metrics.h"

#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace oneloop {
namespace {

constexpr std::size_t kFigures = 4;
constexpr std::size_t kScore = kFigures;
constexpr std::array<PointMetric, kFigures + 1> kMetrics = {{
    {"edp", "EDP", "EDP (µJ·cycles)", &v1::EvaluatedPoint::edp},
    {"energy_uj", "energy_uj", "energy (µJ)", &v1::EvaluatedPoint::energy_uj},
    {"latency_cycles", "latency_cycles", "latency (cycles)", &v1::EvaluatedPoint::latency_cycles},
    {"area_mm2", "area_mm2", "area (mm²)", &v1::EvaluatedPoint::area_mm2},
    {"score", "score", "objective", &v1::EvaluatedPoint::score},
}};

}  // namespace

std::span<const PointMetric> PointMetrics() { return std::span(kMetrics).first<kFigures>(); }

std::span<const PointMetric> CurveMetrics() { return kMetrics; }

bool IsOfSums(v1::Combination combination) {
  return combination == v1::COMBINATION_UNSPECIFIED || combination == v1::SUM;
}

const PointMetric& ObjectiveMetric(const v1::JobSpec& spec) {
  if (!IsOfSums(spec.combination())) return kMetrics[kScore];
  switch (spec.objective()) {
    case v1::ENERGY:
      return kMetrics[1];
    case v1::LATENCY:
    case v1::THROUGHPUT:
      return kMetrics[2];
    case v1::AREA:
      return kMetrics[3];
    case v1::POWER:
    case v1::PRODUCT:
    case v1::FRONT:
      return kMetrics[kScore];
    default:
      return kMetrics[0];
  }
}

std::string ObjectiveName(const v1::JobSpec& spec) {
  if (spec.objective() == v1::FRONT) return absl::StrCat("pareto:", spec.objective_front());
  std::string name = spec.objective() == v1::PRODUCT ? spec.objective_product()
                                                     : absl::AsciiStrToLower(v1::Objective_Name(spec.objective()));
  if (IsOfSums(spec.combination())) return name;
  return absl::AsciiStrToLower(absl::StrCat(v1::Combination_Name(spec.combination()), " of ", name));
}

}  // namespace oneloop
