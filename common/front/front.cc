#include "common/front/front.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

namespace oneloop {
namespace {

bool ByArea(const FrontPoint& a, const FrontPoint& b) {
  return std::tie(a[kAreaFigure], a[kEnergyFigure], a[kLatencyFigure]) <
         std::tie(b[kAreaFigure], b[kEnergyFigure], b[kLatencyFigure]);
}

// The points of a plane that no other one reaches below: x ascends, y falls.
class Staircase {
 public:
  // Whether a point that was added is nowhere above (x, y).
  bool Covers(double x, double y) const {
    const auto after = steps_.upper_bound(x);
    return after != steps_.begin() && std::prev(after)->second <= y;
  }

  // Returns by how much it raises the area that lies above some point and below (x_end, y_end).
  double Add(double x, double y, double x_end, double y_end) {
    if (Covers(x, y)) return 0;
    const auto place = steps_.lower_bound(x);
    double height = place == steps_.begin() ? y_end : std::min(y_end, std::prev(place)->second);
    double gain = 0;
    double from = x;
    auto step = place;
    for (; step != steps_.end() && step->second >= y; step = steps_.erase(step)) {
      gain += Area(from, step->first, height - y, x_end);
      from = step->first;
      height = std::min(y_end, step->second);
    }
    gain += Area(from, step == steps_.end() ? x_end : step->first, height - y, x_end);
    steps_.emplace(x, y);
    return gain;
  }

 private:
  static double Area(double from, double to, double height, double x_end) {
    const double width = std::min(to, x_end) - from;
    return width > 0 && height > 0 ? width * height : 0;
  }

  std::map<double, double> steps_;  // y by x
};

}  // namespace

bool Dominates(const FrontPoint& a, const FrontPoint& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

Front::Front(std::vector<FrontPoint> points) {
  std::sort(points.begin(), points.end(), ByArea);
  // Whatever dominates a point, or equals it, comes before it.
  Staircase seen;
  for (const FrontPoint& point : points) {
    if (seen.Covers(point[kEnergyFigure], point[kLatencyFigure])) continue;
    seen.Add(point[kEnergyFigure], point[kLatencyFigure], 0, 0);
    points_.push_back(point);
  }
}

std::size_t Front::CountSharedWith(const Front& other) const {
  return static_cast<std::size_t>(std::count_if(points_.begin(), points_.end(), [&](const FrontPoint& point) {
    return std::binary_search(other.points_.begin(), other.points_.end(), point, ByArea);
  }));
}

std::size_t Front::CountDominatedBy(const Front& other) const {
  std::size_t count = 0;
  Staircase seen;
  auto next = other.points_.begin();
  for (const FrontPoint& point : points_) {
    for (; next != other.points_.end() && (*next)[kAreaFigure] <= point[kAreaFigure]; ++next) {
      seen.Add((*next)[kEnergyFigure], (*next)[kLatencyFigure], 0, 0);
    }
    // A point that is on the other front as well is covered by itself, and then dominated by none of that front.
    const bool shared = std::binary_search(other.points_.begin(), other.points_.end(), point, ByArea);
    if (!shared && seen.Covers(point[kEnergyFigure], point[kLatencyFigure])) ++count;
  }
  return count;
}

double Front::Hypervolume(const FrontPoint& reference) const {
  double volume = 0;
  double base = 0;  // in the plane of energy and latency, of the points so far
  Staircase seen;
  for (std::size_t i = 0; i < points_.size() && points_[i][kAreaFigure] < reference[kAreaFigure]; ++i) {
    const FrontPoint& point = points_[i];
    if (point[kEnergyFigure] < reference[kEnergyFigure] && point[kLatencyFigure] < reference[kLatencyFigure]) {
      base +=
          seen.Add(point[kEnergyFigure], point[kLatencyFigure], reference[kEnergyFigure], reference[kLatencyFigure]);
    }
    const double next =
        i + 1 < points_.size() ? std::min(points_[i + 1][kAreaFigure], reference[kAreaFigure]) : reference[kAreaFigure];
    volume += base * (next - point[kAreaFigure]);
  }
  return volume;
}

double Front::ProjectedHypervolume(std::size_t x, std::size_t y, const FrontPoint& reference) const {
  double area = 0;
  Staircase seen;
  for (const FrontPoint& point : points_) {
    if (point[x] < reference[x] && point[y] < reference[y]) {
      area += seen.Add(point[x], point[y], reference[x], reference[y]);
    }
  }
  return area;
}

Front JointFront(std::span<const Front> fronts) {
  std::vector<FrontPoint> points;
  for (const Front& front : fronts) points.insert(points.end(), front.points().begin(), front.points().end());
  return Front(std::move(points));
}

FrontPoint ReferenceOf(const Front& front) {
  constexpr double kBeyond = 1.1;
  FrontPoint reference = {};
  for (const FrontPoint& point : front.points()) {
    for (std::size_t i = 0; i < point.size(); ++i) reference[i] = std::max(reference[i], kBeyond * point[i]);
  }
  for (double& figure : reference) figure = figure > 0 ? figure : 1;
  return reference;
}

}  // namespace oneloop
