#include "client/front_history.h"

#include <algorithm>
#include <utility>

namespace oneloop {

FrontHistory::FrontHistory(const FrontSpace& space, int starts, std::int64_t samples, int moments)
    : space_(space), starts_(starts), samples_(samples), parts_(static_cast<std::size_t>(moments)) {}

std::int64_t FrontHistory::SamplesAt(std::size_t moment) const {
  const double share = static_cast<double>(moment + 1) / static_cast<double>(parts_.size());
  return moment + 1 == parts_.size() ? samples_ : static_cast<std::int64_t>(share * static_cast<double>(samples_));
}

void FrontHistory::Add(const v1::EvaluatedPoint& point) {
  if (!point.has_score()) return;
  const std::int64_t place = point.sample() * starts_;
  std::size_t moment = 0;
  while (moment + 1 < parts_.size() && SamplesAt(moment) < place) ++moment;
  Part& part = parts_[moment];
  part.designs.push_back({point.energy_uj(), point.latency_cycles(), point.area_mm2()});
  if (part.designs.size() <= part.most) return;
  const Front front = space_.FrontOf(std::move(part.designs));
  part.designs.assign(front.points().begin(), front.points().end());
  part.most = std::max(part.most, 2 * part.designs.size());
}

Front FrontHistory::JoinedUpTo(std::size_t moment, const Front& before) const {
  std::vector<FrontPoint> designs = parts_[moment].designs;
  designs.insert(designs.end(), before.points().begin(), before.points().end());
  return space_.FrontOf(std::move(designs));
}

Front FrontHistory::FinalFront() const {
  Front front({});
  for (std::size_t moment = 0; moment < parts_.size(); ++moment) front = JoinedUpTo(moment, front);
  return front;
}

std::vector<FrontMoment> FrontHistory::Build() const {
  const Front last = FinalFront();
  std::vector<FrontMoment> history;
  if (last.points().empty()) return history;
  const FrontPoint reference = space_.ReferenceOf(last);
  Front front({});
  for (std::size_t moment = 0; moment < parts_.size(); ++moment) {
    front = JoinedUpTo(moment, front);
    history.push_back(
        {SamplesAt(moment), static_cast<std::int64_t>(front.points().size()), LogHypervolume(front, reference)});
  }
  return history;
}

FrontSpace SpaceOf(const std::string& objective_front) {
  // Checked by the daemon.
  return FrontSpace::Parse(objective_front).value_or(FrontSpace());
}

const char* HypervolumeUnit(const FrontSpace& space) { return space.size() == 2 ? "octaves^2" : "octaves^3"; }

}  // namespace oneloop
