#include "server/store/overview_choice.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "common/base/status.h"
#include "server/store/figure.h"

namespace oneloop {

std::vector<std::int64_t> EvenPlaces(std::int64_t count, std::int64_t keep) {
  keep = std::min(count, keep);
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < keep; ++i) places.push_back(keep == 1 ? 0 : i * (count - 1) / (keep - 1));
  return places;
}

std::vector<std::optional<std::int64_t>> ShareImprovements(const std::vector<StartSize>& starts, std::int64_t most) {
  // What the shown starts take when none has more than `cap`.
  std::vector<std::size_t> shown(starts.size());
  const auto taken = [&](std::int64_t cap) {
    std::int64_t sum = 0;
    for (const std::size_t s : shown) sum += std::min(starts[s].improvements, cap);
    return sum;
  };
  for (std::size_t s = 0; s < starts.size(); ++s) shown[s] = s;
  if (taken(2) > most) {
    std::stable_sort(shown.begin(), shown.end(),
                     [&](std::size_t a, std::size_t b) { return starts[a].best_score < starts[b].best_score; });
    while (taken(2) > most) shown.resize(std::min(shown.size() - 1, static_cast<std::size_t>(most)));
  }
  std::int64_t least = 2;
  std::int64_t beyond = most + 1;
  while (beyond - least > 1) {
    const std::int64_t middle = least + (beyond - least) / 2;
    (taken(middle) <= most ? least : beyond) = middle;
  }
  std::vector<std::optional<std::int64_t>> shares(starts.size());
  for (const std::size_t s : shown) shares[s] = std::min(starts[s].improvements, least);
  return shares;
}

void ResultSample::AddFront(const std::vector<PointRecord>& marked, std::vector<PointRecord> front) {
  for (const PointRecord& point : marked) chosen_.emplace(point.number, point);
  // Whatever a figure is least of, some point of the front is not above it.
  for (const Figure figure : kFigures) {
    const auto least = std::min_element(front.begin(), front.end(), [&](const PointRecord& a, const PointRecord& b) {
      return FigureOf(figure, a.point) < FigureOf(figure, b.point);
    });
    if (least != front.end()) chosen_.emplace(least->number, *least);
  }
  std::erase_if(front, [this](const PointRecord& point) { return chosen_.contains(point.number); });
  std::sort(front.begin(), front.end(), [](const PointRecord& a, const PointRecord& b) {
    return std::tie(a.point.energy_uj, a.point.latency_cycles, a.number) <
           std::tie(b.point.energy_uj, b.point.latency_cycles, b.number);
  });
  for (const std::int64_t place : EvenPlaces(static_cast<std::int64_t>(front.size()), room())) {
    PointRecord& point = front[static_cast<std::size_t>(place)];
    chosen_.emplace(point.number, std::move(point));
  }
}

absl::Status ResultSample::Fill(std::int64_t end, const Next& next) {
  // Where results lie close together, many cells have none of their own; then again with smaller ones. Those that
  // would only find what the one before has found are free.
  const std::int64_t most_cells = std::min(end, 64 * most_);
  std::int64_t in_vain = 0;
  for (std::int64_t cells = room(); room() > 0 && in_vain < most_; cells = std::max(2 * cells, most_)) {
    RETURN_IF_ERROR(FillCells(end, std::min(cells, most_cells), next, &in_vain));
    if (cells >= most_cells) break;
  }
  return absl::OkStatus();
}

absl::Status ResultSample::FillCells(std::int64_t end, std::int64_t cells, const Next& next, std::int64_t* in_vain) {
  std::vector<PointRecord> found;
  std::int64_t last = -1;
  for (std::int64_t cell = 0; cell < cells && *in_vain < most_; ++cell) {
    const std::int64_t begin = end / cells * cell + end % cells * cell / cells;
    if (begin <= last) continue;
    ASSIGN_OR_RETURN(Found here, next(begin));
    *in_vain += here.point ? 0 : 1;
    last = here.point ? here.point->number : here.passed;
    if (here.point && !chosen_.contains(last)) found.push_back(*std::move(here.point));
  }
  for (const std::int64_t place : EvenPlaces(static_cast<std::int64_t>(found.size()), room())) {
    PointRecord& point = found[static_cast<std::size_t>(place)];
    chosen_.emplace(point.number, std::move(point));
  }
  return absl::OkStatus();
}

std::vector<PointRecord> ResultSample::Take() {
  std::vector<PointRecord> points;
  for (auto& [number, point] : chosen_) points.push_back(std::move(point));
  chosen_.clear();
  return points;
}

}  // namespace oneloop
