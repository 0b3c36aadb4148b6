#include "server/store/pareto_front.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace oneloop {
namespace {

bool SameFigures(const ParetoFront::Point& a, const ParetoFront::Point& b) {
  return a.energy_uj == b.energy_uj && a.latency_cycles == b.latency_cycles && a.area_mm2 == b.area_mm2;
}

// Whether `a` keeps `b` off the front.
bool Beats(const ParetoFront::Point& a, const ParetoFront::Point& b) {
  if (a.energy_uj > b.energy_uj || a.latency_cycles > b.latency_cycles || a.area_mm2 > b.area_mm2) return false;
  return !SameFigures(a, b) || a.number < b.number;
}

bool LessByFigures(const ParetoFront::Point& a, const ParetoFront::Point& b) {
  return std::tie(a.energy_uj, a.latency_cycles, a.area_mm2) < std::tie(b.energy_uj, b.latency_cycles, b.area_mm2);
}

}  // namespace

ParetoFront::Change ParetoFront::Insert(const Point& point) {
  Change change;
  if (!std::isfinite(point.energy_uj) || !std::isfinite(point.latency_cycles) || !std::isfinite(point.area_mm2)) {
    return change;
  }
  // Whatever beats the point is at most equal in (energy, latency, area) order, whatever it beats at least equal.
  const auto position = std::lower_bound(points_.begin(), points_.end(), point, LessByFigures);
  const bool has_twin = position != points_.end() && SameFigures(*position, point);
  if (has_twin && Beats(*position, point)) return change;
  // From the nearest energy downwards: the likeliest to beat it come first.
  for (auto it = position; it != points_.begin();) {
    if (Beats(*--it, point)) return change;
  }
  change.entered = true;
  auto kept = position;
  for (auto it = position; it != points_.end(); ++it) {
    if (Beats(point, *it)) {
      change.left.push_back(it->number);
    } else {
      *kept++ = *it;
    }
  }
  const auto index = position - points_.begin();
  points_.erase(kept, points_.end());
  points_.insert(points_.begin() + index, point);
  std::sort(change.left.begin(), change.left.end());
  return change;
}

}  // namespace oneloop
