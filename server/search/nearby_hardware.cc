#include "server/search/nearby_hardware.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace oneloop {
namespace {

constexpr std::array<double, 6> kFactors = {0.5, 0.7, 0.9, 1.1, 1.4, 2};

HardwarePoint With(HardwarePoint point, std::size_t parameter, double value) {
  point[parameter] = value;
  return point;
}

}  // namespace

std::vector<HardwarePoint> NearestWithin(const SearchSpec& spec, const LimitedHardware& limited,
                                         const HardwarePoint& from) {
  if (limited.Keeps(from)) return {from};
  std::vector<HardwarePoint> points;
  HardwarePoint least = from;
  for (std::size_t p = 0; p < from.size(); ++p) {
    least[p] = std::min(least[p], spec.hardware_range[p].min);
    const HardwarePoint smaller = With(from, p, least[p]);
    if (limited.Keeps(smaller)) points.push_back(limited.Towards(smaller, from));
  }
  if (limited.Keeps(least)) points.push_back(limited.Towards(least, from));
  return points;
}

std::vector<HardwarePoint> NearbyWithin(const SearchSpec& spec, const LimitedHardware& limited,
                                        const HardwarePoint& from) {
  std::vector<HardwarePoint> points;
  const auto add = [&](const HardwarePoint& point) {
    if (limited.Keeps(point) && std::find(points.begin(), points.end(), point) == points.end()) {
      points.push_back(point);
    }
  };
  const std::vector<ParameterRange>& ranges = spec.hardware_range;
  const auto exchange = [&](const HardwarePoint& to, std::size_t p) {
    for (std::size_t q = 0; q < to.size(); ++q) {
      if (q == p || ranges[q].min == ranges[q].max) continue;
      if (limited.Keeps(to)) {
        add(limited.Towards(to, With(to, q, ranges[q].max)));
      } else if (const HardwarePoint least = With(to, q, ranges[q].min); limited.Keeps(least)) {
        add(limited.Towards(least, to));
      }
    }
  };
  add(from);
  for (std::size_t p = 0; p < from.size(); ++p) {
    const double step = spec.hardware_template->parameter(static_cast<int>(p)).step;
    for (const double factor : kFactors) {
      const double value = std::clamp(std::nearbyint(from[p] * factor / step) * step, ranges[p].min, ranges[p].max);
      if (value == from[p]) continue;
      const HardwarePoint to = With(from, p, value);
      add(to);
      if (limited.binds()) exchange(to, p);
    }
  }
  return points;
}

}  // namespace oneloop
