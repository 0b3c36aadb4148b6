#include "server/search/front_archive.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oneloop {
namespace {

bool IsAsGood(const FrontPoint& a, const FrontPoint& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
  }
  return true;
}

double Distance(const FrontPoint& a, const FrontPoint& b) {
  double distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) distance += std::abs(a[i] - b[i]);
  return distance;
}

double Sum(const FrontPoint& point) { return point[0] + point[1] + point[2]; }

}  // namespace

FrontPoint FrontArchive::FiguresOf(const WorkloadMetrics& metrics) const {
  FrontPoint point = space_.Project({metrics.energy_uj, metrics.latency_cycles, metrics.area_mm2});
  for (double& figure : point) figure = std::log2(figure);
  return point;
}

bool FrontArchive::HasAsGood(const FrontPoint& figures) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&figures](const Member& member) { return IsAsGood(member.figures, figures); });
}

bool FrontArchive::Wants(const WorkloadMetrics& metrics) const { return !HasAsGood(FiguresOf(metrics)); }

void FrontArchive::Add(const WorkloadMetrics& metrics, const std::vector<Mapping>& mappings) {
  const FrontPoint figures = FiguresOf(metrics);
  if (HasAsGood(figures)) return;
  std::erase_if(members_, [&figures](const Member& member) { return IsAsGood(figures, member.figures); });
  members_.push_back({figures, mappings});
  if (members_.size() > kMost) Thin();
}

void FrontArchive::Thin() {
  std::size_t worst = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double distance = Distance(members_[i].figures, members_[j].figures);
      if (distance >= least) continue;
      least = distance;
      worst = Sum(members_[i].figures) < Sum(members_[j].figures) ? j : i;
    }
  }
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(worst));
}

}  // namespace oneloop
