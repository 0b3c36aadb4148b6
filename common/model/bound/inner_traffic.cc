#include "common/model/bound/inner_traffic.h"
#include "common/model/bound/input_moves.h"
#include "common/workload/dims.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool HasPlace(const Template& hardware_template, Dim dim, int first, int last) {
  for (int level = first; level <= last; ++level) {
    if (hardware_template.level(level).temporal.Has(dim)) return true;
  }
  return std::any_of(hardware_template.axes().begin(), hardware_template.axes().end(), [&](const Template::Axis& axis) {
    return axis.level >= first && axis.level <= last && axis.dims.Has(dim);
  });
}

// Both dimensions that move the window along one direction have loops outside the tile.
bool BothMove(const LayerShape& shape, const TileExtents& tile, bool width) {
  return LoopsOutside(shape, tile, width ? Dim::kP : Dim::kQ) > 1 &&
         LoopsOutside(shape, tile, width ? Dim::kR : Dim::kS) > 1;
}

}  // namespace

bool InnerTraffic::Counts(const Template& hardware_template, const std::vector<int>& keepers, std::size_t index) {
  if (index + 2 >= keepers.size()) return false;
  const int level = keepers[index];
  const auto kept = std::count_if(kAllTensors.begin(), kAllTensors.end(),
                                  [&](Tensor tensor) { return hardware_template.level(level).keeps.Has(tensor); });
  const std::vector<Resource>& resources = hardware_template.resources();
  return kept > 1 && std::any_of(resources.begin(), resources.end(), [level](const Resource& resource) {
           return !resource.is_axis() && resource.level == level;
         });
}

InnerTraffic::InnerTraffic(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                           int level, const BoxCosts& most, ProofBudget* budget)
    : level_(level), template_(hardware_template), structure_(structure), all_(WholeExtents(shape)) {
  Boundary boundary;
  for (const Dim dim : kAllDims) {
    if (HasPlace(template_, dim, 0, level)) boundary.inside.Add(dim);
    if (HasPlace(template_, dim, level + 1, structure_.outermost())) boundary.outside.Add(dim);
  }
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = structure.keeper_levels(tensor);
    const auto here = std::find(keepers.begin(), keepers.end(), level);
    if (here == keepers.end() || !Counts(template_, keepers, static_cast<std::size_t>(here - keepers.begin()))) {
      continue;
    }
    filled_.push_back({tensor, *(here + 1), here == keepers.begin(), DistinctWords(shape, all_, tensor)});
  }
  slides_beside_ = std::any_of(template_.axes().begin(), template_.axes().end(), [&](const Template::Axis& axis) {
    return axis.level == level + 1 &&
           (axis.dims.Has(Dim::kP) || axis.dims.Has(Dim::kQ) || axis.dims.Has(Dim::kR) || axis.dims.Has(Dim::kS));
  });
  for (std::size_t r = 0; r < template_.resources().size(); ++r) {
    const Resource& resource = template_.resources()[r];
    const bool counts = !resource.is_axis() && resource.level == level && resources_.size() < kMaxNeeds;
    if (counts) resources_.push_back(static_cast<int>(r));
  }
  ForEachTile(ExtentsAt(shape, boundary, {}, budget->tiles()), [&](const TileExtents& tile, const auto&) {
    AddTile(shape, tile, most);
    return !budget->Stopped();
  });
  KeepBest(*budget);
  budget->candidates_left -= std::ssize(candidates_);
}

void InnerTraffic::AddTile(const LayerShape& shape, const TileExtents& tile, const BoxCosts& most) {
  Candidate candidate;
  for (std::size_t i = 0; i < resources_.size(); ++i) {
    const Resource& resource = template_.resources()[ToIndex(resources_[i])];
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      candidate.need[i] += HeldWords(shape, tile, tensor) * resource.per_word[ToIndex(tensor)];
    }
    if (candidate.need[i] > most.limit[ToIndex(resources_[i])] * (1 + kBoundSlack)) return;
  }
  bool moves = false;
  for (const Tensor tensor : kAllTensors) {
    if (LoopsNotUsing(shape, tile, tensor) == 1) continue;
    moves = true;
    AddOrder(shape, tile, Index(tensor), candidate);
  }
  if (!moves) AddOrder(shape, tile, -1, candidate);
}

// (B22), (B32)
void InnerTraffic::AddOrder(const LayerShape& shape, const TileExtents& tile, int stationary, Candidate candidate) {
  for (const Filled& filled : filled_) {
    const double revisits = Index(filled.tensor) == stationary ? 1 : LoopsNotUsing(shape, tile, filled.tensor);
    double& fills = candidate.fills[ToIndex(filled.tensor)];
    fills = filled.size * revisits;
    if (filled.tensor != Tensor::kI || !IsExact(tile)) continue;
    double whole = HeldWords(shape, tile, Tensor::kI) * revisits;
    for (const Dim dim : kAllDims) {
      if (IsRelevant(Tensor::kI, dim)) whole *= LoopsOutside(shape, tile, dim);
    }
    fills = std::max(fills, whole * LeastFreshPart(shape, tile, all_, FirstMovers(structure_, stationary)));
    const bool may_link = BothMove(shape, tile, true) || BothMove(shape, tile, false);
    candidate.input_requests = may_link && slides_beside_ ? 0 : fills;
  }
  candidates_.push_back(candidate);
}

void InnerTraffic::KeepBest(const ProofBudget& budget) {
  const auto sum = [](const Candidate& candidate) {
    return candidate.fills[0] + candidate.fills[1] + candidate.fills[2] + candidate.input_requests;
  };
  std::sort(candidates_.begin(), candidates_.end(),
            [&sum](const Candidate& a, const Candidate& b) { return sum(a) < sum(b); });
  std::vector<Candidate> best;
  for (const Candidate& candidate : candidates_) {
    if (budget.Stopped()) return;
    const bool bettered = std::any_of(best.begin(), best.end(), [&candidate](const Candidate& other) {
      for (std::size_t i = 0; i < other.need.size(); ++i) {
        if (other.need[i] > candidate.need[i]) return false;
      }
      for (std::size_t x = 0; x < other.fills.size(); ++x) {
        if (other.fills[x] > candidate.fills[x]) return false;
      }
      return other.input_requests <= candidate.input_requests;
    });
    if (!bettered) best.push_back(candidate);
  }
  candidates_ = std::move(best);
}

InnerTraffic::Sharing InnerTraffic::SharingOf(const Filled& filled, const SpatialReach& reach,
                                              const SpatialReach::Limits& limits) const {
  return {.multicast = reach.Multicast(filled.tensor, level_ + 1, filled.source, limits),
          .reducing = reach.Reducing(filled.source + 1, structure_.outermost(), limits),
          .all = reach.Reducing(level_ + 1, structure_.outermost(), limits),
          .instances = reach.Copies(level_ + 1, structure_.outermost(), limits),
          .fan_outs = reach.Copies(level_ + 2, structure_.outermost(), limits),
          .coinciding = reach.Coinciding(level_ + 2, filled.source, limits)};
}

double InnerTraffic::EnergyOf(const Candidate& candidate, const Filled& filled, const Sharing& sharing,
                              const WordPrices& prices, double link_pj) const {
  const double fills = candidate.fills[ToIndex(filled.tensor)];
  const double fill_pj = prices.Of(level_, filled.tensor, FlowKind::kFill);
  const double read_pj = prices.Of(filled.source, filled.tensor, FlowKind::kRead) + link_pj;
  if (filled.tensor != Tensor::kO) {  // (B23)
    const bool input = filled.tensor == Tensor::kI;
    const double requests = input ? candidate.input_requests : fills;
    const double least = input ? filled.size / sharing.coinciding : filled.size;
    const bool handed_over = input && requests == 0 && slides_beside_ && sharing.fan_outs > 1;  // (B10)
    const double filled_words = handed_over ? std::max(0.0, least - sharing.instances) : fills;
    return filled_words * fill_pj + std::max(least, requests / sharing.multicast) * read_pj;
  }
  const double requests = fills / sharing.multicast;  // (B24)
  const double update_pj = prices.Of(filled.source, Tensor::kO, FlowKind::kUpdate) + link_pj;
  double energy_pj = std::max(filled.size, requests) * update_pj;
  // Reads, but for the first of each element in each copy.
  energy_pj +=
      std::max(0.0, requests - filled.size * sharing.reducing) * prices.Of(filled.source, Tensor::kO, FlowKind::kRead);
  const double first = filled.size * sharing.all;
  energy_pj += (structure_.first_sums_are_loaded() ? fills : std::max(0.0, fills - first)) * fill_pj;
  if (!filled.innermost) return energy_pj;
  // (B15): the first updates of an innermost keeper read nothing, and fill as much.
  const double read_here_pj = prices.Of(level_, Tensor::kO, FlowKind::kRead);
  const double excess_pj = std::max(0.0, read_here_pj - (structure_.first_sums_are_loaded() ? fill_pj : 0));
  const double paid_pj =
      structure_.first_sums_are_loaded() ? std::min(fills * fill_pj, first * (read_here_pj - excess_pj)) : 0;
  return energy_pj - paid_pj - first * excess_pj;
}

double InnerTraffic::Evaluate(const BoxCosts& costs, const WordPrices& prices, const SpatialReach& reach,
                              const SpatialReach::Limits& limits) const {
  std::array<Sharing, kNumTensors> sharing{};
  std::array<double, kNumTensors> link_pj{};
  for (const Filled& filled : filled_) {
    sharing[ToIndex(filled.tensor)] = SharingOf(filled, reach, limits);
    link_pj[ToIndex(filled.tensor)] = LinkPrice(template_, costs, level_ + 1, filled.source);
  }
  double least = kInfinity;
  for (const Candidate& candidate : candidates_) {
    bool fits = true;
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      fits = fits && candidate.need[i] <= costs.limit[ToIndex(resources_[i])] * (1 + kBoundSlack);
    }
    if (!fits) continue;
    double energy_pj = 0;
    for (const Filled& filled : filled_) {
      const std::size_t x = ToIndex(filled.tensor);
      energy_pj += EnergyOf(candidate, filled, sharing[x], prices, link_pj[x]);
    }
    least = std::min(least, energy_pj);
  }
  return least;
}

}  // namespace oneloop
