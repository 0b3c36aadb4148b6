#include "client/best_curve.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>

#include "client/statistics.h"

namespace oneloop {

double BestAt(const BestCurve& curve, double samples) {
  const auto after = std::upper_bound(curve.begin(), curve.end(), samples,
                                      [](double value, const CurveStep& step) { return value < step.samples; });
  return after == curve.begin() ? std::numeric_limits<double>::infinity() : std::prev(after)->value;
}

void BestCurveBuilder::Add(std::int64_t sample, double value) {
  if (!std::isfinite(value)) return;
  auto after = best_.upper_bound(sample);
  if (after != best_.begin() && std::prev(after)->second <= value) return;
  while (after != best_.end() && after->second >= value) after = best_.erase(after);
  best_[sample] = value;
}

BestCurve BestCurveBuilder::Build() const {
  BestCurve curve;
  for (const auto& [sample, value] : best_) curve.push_back({static_cast<double>(sample) * starts_, value});
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
