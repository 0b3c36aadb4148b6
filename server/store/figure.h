#ifndef ONELOOP_SERVER_STORE_FIGURE_H_
#define ONELOOP_SERVER_STORE_FIGURE_H_

#include <array>

namespace oneloop {

// What results are compared by. The numbers are stored: never reuse one.
enum class Figure { kEnergy = 1, kLatency = 2, kArea = 3, kEdp = 4 };
inline constexpr std::array<Figure, 4> kFigures = {Figure::kEnergy, Figure::kLatency, Figure::kArea, Figure::kEdp};

// Of anything that has the three figures that points have.
template <class Point>
double FigureOf(Figure figure, const Point& point) {
  if (figure == Figure::kEnergy) return point.energy_uj;
  if (figure == Figure::kLatency) return point.latency_cycles;
  return figure == Figure::kArea ? point.area_mm2 : point.energy_uj * point.latency_cycles;
}

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_FIGURE_H_
