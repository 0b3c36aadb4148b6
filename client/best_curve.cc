#include "client/best_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "client/statistics.h"

namespace oneloop {

double BestAt(const BestCurve& curve, double samples) {
  const auto after = std::upper_bound(curve.begin(), curve.end(), samples,
                                      [](double value, const CurveStep& step) { return value < step.samples; });
  return after == curve.begin() ? std::numeric_limits<double>::infinity() : std::prev(after)->edp;
}

void BestCurveBuilder::Add(const v1::EvaluatedPoint& point) {
  if (!std::isfinite(point.edp())) return;
  const auto [place, is_new] = best_.try_emplace(point.sample(), point.edp());
  if (!is_new) place->second = std::min(place->second, point.edp());
}

BestCurve BestCurveBuilder::Build() const {
  BestCurve curve;
  for (const auto& [sample, edp] : best_) {
    if (!curve.empty() && edp >= curve.back().edp) continue;
    curve.push_back({static_cast<double>(sample) * starts_, edp});
  }
  return curve;
}

std::vector<BandStep> BandOf(std::span<const BestCurve> curves) {
  std::set<double> places;
  for (const BestCurve& curve : curves) {
    for (const CurveStep& step : curve) places.insert(step.samples);
  }
  std::vector<BandStep> band;
  for (const double samples : places) {
    std::vector<double> bests;
    for (const BestCurve& curve : curves) bests.push_back(BestAt(curve, samples));
    const Summary summary = Summarize(bests);
    if (std::isfinite(summary.most)) band.push_back({samples, summary.least, summary.median, summary.most});
  }
  return band;
}

}  // namespace oneloop
