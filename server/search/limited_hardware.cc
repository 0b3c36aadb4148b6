#include "server/search/limited_hardware.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

namespace oneloop {
namespace {

// Halvings of the way to the limit: finer than any step matters.
constexpr int kHalvings = 24;

// The largest share of a way in [0, 1] at which `keeps` holds; it does at 0 and not at 1.
double LargestShare(const std::function<bool(double)>& keeps) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (keeps(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace

bool LimitedHardware::Keeps(const HardwarePoint& hardware) const {
  if (!binds()) return true;
  MetricBox box;
  box.least.area_mm2 = spec_.hardware_template->AreaMm2(hardware);
  box.most.area_mm2 = box.least.area_mm2;
  return goal_.constraints().MayBeMet(box);
}

double LimitedHardware::WholeValue(std::size_t parameter, double value) const {
  const ParameterRange& range = spec_.hardware_range[parameter];
  const double step = spec_.hardware_template->parameter(static_cast<int>(parameter)).step;
  return std::clamp(std::floor(value / step * (1 + 1e-12)) * step, range.min, range.max);
}

std::optional<HardwarePoint> LimitedHardware::Within(const HardwarePoint& hardware, int kept, Random& random) const {
  HardwarePoint point = hardware;
  std::vector<std::size_t> yielding;
  for (;;) {
    if (Keeps(point)) return point;
    yielding.clear();
    for (std::size_t p = 0; p < point.size(); ++p) {
      if (static_cast<int>(p) != kept && WholeValue(p, point[p] / 2) < point[p]) yielding.push_back(p);
    }
    if (yielding.empty()) return std::nullopt;
    const std::size_t p = yielding[random.Below(yielding.size())];
    HardwarePoint smaller = point;
    smaller[p] = WholeValue(p, point[p] / 2);
    // No more than is needed.
    point = Keeps(smaller) ? Towards(smaller, point) : std::move(smaller);
  }
}

HardwarePoint LimitedHardware::NearestTo(const HardwarePoint& hardware, int kept, Random& random) const {
  std::optional<HardwarePoint> within = Within(hardware, kept, random);
  if (!within.has_value() && kept >= 0) within = Within(hardware, -1, random);
  return within.value_or(hardware);
}

HardwarePoint LimitedHardware::Towards(const HardwarePoint& from, const HardwarePoint& to) const {
  if (Keeps(to)) return to;
  const auto at = [&](double share) {
    HardwarePoint point = from;
    for (std::size_t p = 0; p < point.size(); ++p) {
      if (to[p] != from[p]) point[p] = WholeValue(p, from[p] * std::pow(to[p] / from[p], share));
    }
    return point;
  };
  return at(LargestShare([&](double share) { return Keeps(at(share)); }));
}

}  // namespace oneloop
