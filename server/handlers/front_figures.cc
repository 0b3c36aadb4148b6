#include "server/handlers/front_figures.h"

#include <cmath>
#include <cstddef>
#include <utility>

namespace oneloop {
namespace {

// 0 when nothing is proven of one of the figures.
double IdealHypervolume(const FrontSpace& space, const FrontPoint& ideal, const FrontPoint& reference) {
  for (std::size_t i = 0; i < ideal.size(); ++i) {
    if (space.Has(i) && !(ideal[i] > 0 && std::isfinite(ideal[i]))) return 0;
  }
  return LogHypervolume(space.FrontOf({ideal}), reference);
}

}  // namespace

v1::FrontFigures FrontFiguresOf(const FrontSpace& space, std::vector<FrontPoint> designs,
                                const v1::Certificate& certificate) {
  const Front front = space.FrontOf(std::move(designs));
  const FrontPoint reference = space.ReferenceOf(front);
  v1::FrontFigures figures;
  figures.set_points(static_cast<int>(front.points().size()));
  figures.set_hypervolume(LogHypervolume(front, reference));
  if (space.Has(kEnergyFigure)) figures.set_reference_energy_uj(reference[kEnergyFigure]);
  if (space.Has(kLatencyFigure)) figures.set_reference_latency_cycles(reference[kLatencyFigure]);
  if (space.Has(kAreaFigure)) figures.set_reference_area_mm2(reference[kAreaFigure]);
  const FrontPoint ideal = {certificate.energy_uj_bound(), certificate.latency_cycles_bound(),
                            certificate.area_mm2_bound()};
  figures.set_ideal_hypervolume(IdealHypervolume(space, ideal, reference));
  return figures;
}

}  // namespace oneloop
