#include "common/model/exact/input_corners.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace oneloop {
namespace {

// Beyond what copies there can be.
constexpr double kLongestRow = 9e18;

}  // namespace

InputCorners::InputCorners(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                           const Mapping& mapping)
    : template_(hardware_template), structure_(structure), shape_(shape), mapping_(mapping) {}

std::int64_t InputCorners::SpatialFactor(int level, Dim dim) const {
  std::int64_t factor = 1;
  const Structure::Axes axes = structure_.axes(level);
  for (int axis = axes.first; axis < axes.first + axes.count; ++axis) factor *= mapping_.s(axis, dim);
  return factor;
}

std::array<std::int64_t, kNumDims> InputCorners::ExtentsBelow(int level) const {
  std::array<std::int64_t, kNumDims> extents;
  extents.fill(1);
  for (int l = 0; l < level; ++l) {
    for (const Dim dim : kAllDims) {
      extents[static_cast<std::size_t>(dim)] *= mapping_.t(l, dim) * SpatialFactor(l, dim);
    }
  }
  return extents;
}

InputCorners::Shift InputCorners::ExtentsOf(int level) const {
  const auto extents = ExtentsBelow(level + 1);
  const auto at = [&](Dim dim) { return extents[static_cast<std::size_t>(dim)]; };
  return {at(Dim::kN), at(Dim::kC), at(Dim::kG),
          (at(Dim::kP) - 1) * shape_.w_stride + (at(Dim::kR) - 1) * shape_.w_dilation + 1,
          (at(Dim::kQ) - 1) * shape_.h_stride + (at(Dim::kS) - 1) * shape_.h_dilation + 1};
}

InputCorners::LoopList InputCorners::LoopsOutside(int level) const {
  LoopList loops;
  auto extents = ExtentsBelow(level + 1);
  for (int outer = level + 1; outer < template_.num_levels(); ++outer) {
    for (const Dim dim : kAllDims) extents[static_cast<std::size_t>(dim)] *= SpatialFactor(outer, dim);
    const LoopOrder& order = mapping_.order[static_cast<std::size_t>(outer)];
    for (std::size_t i = order.size(); i-- > 0;) {
      const Dim dim = order[i];
      const std::int64_t factor = mapping_.t(outer, dim);
      if (factor == 1) continue;
      Loop loop{dim, static_cast<double>(factor), {}, 0, {}};
      const int direction = DirectionOf(dim);
      std::int64_t& extent = extents[static_cast<std::size_t>(dim)];
      if (direction >= 0) loop.shift[static_cast<std::size_t>(direction)] = extent * UnitStep(shape_, dim);
      extent *= factor;
      loops.push_back(loop);
    }
  }
  double outside = 1;
  for (std::size_t j = loops.size(); j-- > 0;) {
    loops[j].weight = (loops[j].factor - 1) * outside;
    outside *= loops[j].factor;
  }
  Shift behind{};
  for (Loop& loop : loops) {
    for (std::size_t a = 0; a < behind.size(); ++a) {
      loop.move[a] = loop.shift[a] - behind[a];
      behind[a] += loop.shift[a];
    }
  }
  return loops;
}

double InputCorners::FirstDelta(const LoopList& loops, const Shift& extents, double words) {
  for (std::size_t a = 0; a < extents.size(); ++a) {
    const std::int64_t step = loops.front().shift[a];
    if (step != 0) return words / static_cast<double>(extents[a]) * static_cast<double>(std::min(step, extents[a]));
  }
  return 0;
}

// (I1)
double InputCorners::RepeatedMoves(int level) const {
  LoopList loops = LoopsOutside(level);
  const bool rests_end_overlap = structure_.rests_end_overlap();
  if (!rests_end_overlap) loops.DropFront([](const Loop& loop) { return loop.shift == Shift{}; });
  if (loops.size() < 2) return 0;
  const Shift extents = ExtentsOf(level);
  double words = 1;
  for (const std::int64_t extent : extents) words *= static_cast<double>(extent);
  const double first = FirstDelta(loops, extents, words);
  double excess = 0;
  bool moved = loops.front().move != Shift{};
  for (std::size_t j = 1; j < loops.size(); ++j) {
    // A whole tile by the smooth rule, unless nothing has moved yet.
    moved = moved || loops[j].shift != Shift{};
    if (!rests_end_overlap && loops[j].move == Shift{}) {
      excess += loops[j].weight * words;
    } else if (moved && loops[j].move == loops.front().move) {
      excess += loops[j].weight * (words - first);
    }
  }
  return excess;
}

// (I2)
double InputCorners::Multicast(int level) const {
  double ratio = static_cast<double>(SpatialFactor(level, Dim::kK));
  const auto below = ExtentsBelow(level);
  for (const auto& [output, filter] : {std::pair{Dim::kP, Dim::kR}, std::pair{Dim::kQ, Dim::kS}}) {
    const std::int64_t outputs = SpatialFactor(level, output);
    const std::int64_t filters = SpatialFactor(level, filter);
    if (outputs == 1 || filters == 1) continue;
    const WindowGrid grid(outputs, filters, below[ToIndex(output)] * UnitStep(shape_, output),
                          below[ToIndex(filter)] * UnitStep(shape_, filter));
    ratio *= static_cast<double>(outputs * filters) / static_cast<double>(grid.Distinct());
  }
  return ratio;
}

bool InputCorners::TilesMeetAgain(DimSet loops, DimSet copies) {
  return std::any_of(kSlidingDims.begin(), kSlidingDims.end(), [&](Dim dim) {
    return loops.Has(dim) && (loops.Has(PartnerOf(dim)) || copies.Has(PartnerOf(dim)));
  });
}

bool InputCorners::MayLink(int fan_out, const LoopList& loops) const {
  if (loops.empty() || !IsSliding(loops.front().dim)) return false;
  DimSet moving;
  for (const Loop& loop : loops) moving.Add(loop.dim);
  DimSet copies;
  for (const Dim dim : kAllDims) {
    if (SpatialFactor(fan_out, dim) > 1) copies.Add(dim);
  }
  return TilesMeetAgain(moving, copies);
}

// Copies are numbered along the first axis first, along an axis by its dimensions in their order, the first fastest.
template <class Visit>
void InputCorners::ForEachDigit(int fan_out, Visit visit) const {
  auto extents = ExtentsBelow(fan_out);
  const Structure::Axes axes = structure_.axes(fan_out);
  for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
    for (const Dim dim : kAllDims) {
      const std::int64_t factor = mapping_.s(axis, dim);
      if (factor == 1) continue;
      std::int64_t& extent = extents[ToIndex(dim)];
      visit(CopyDigit{dim, factor, extent * UnitStep(shape_, dim)});
      extent *= factor;
    }
  }
}

InputCorners::DigitList InputCorners::DigitsOf(int fan_out) const {
  DigitList digits;
  ForEachDigit(fan_out, [&digits](const CopyDigit& digit) {
    digits.push_back({digit.factor, DirectionOf(digit.dim), digit.dim == Dim::kR || digit.dim == Dim::kS, digit.step});
  });
  return digits;
}

std::vector<CopyDigit> InputCorners::CopyDigits(int level) const {
  std::vector<CopyDigit> digits;
  ForEachDigit(level, [&digits](const CopyDigit& digit) { digits.push_back(digit); });
  return digits;
}

std::int64_t InputCorners::AxisLength(int axis) const {
  for (const Resource& resource : template_.resources()) {
    if (resource.axis != axis || resource.owner >= 0) continue;
    return static_cast<std::int64_t>(std::clamp(resource.limit.terms().front().coefficient, 1.0, kLongestRow));
  }
  std::int64_t used = 1;
  for (const Dim dim : kAllDims) used *= mapping_.s(axis, dim);
  return used;
}

std::int64_t InputCorners::RowLength(int fan_out) const {
  const Structure::Axes axes = structure_.axes(fan_out);
  return axes.count == 0 ? 1 : AxisLength(axes.first);
}

InputCorners::Mesh InputCorners::MeshOf(int fan_out) const {
  const Structure::Axes axes = structure_.axes(fan_out);
  Mesh mesh{1, 1};
  double rows = 1;
  for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
    if (axis == axes.first && template_.axes()[ToIndex(axis)].name != "Y") {
      mesh.columns = AxisLength(axis);
    } else {
      rows = std::min(kLongestRow, rows * static_cast<double>(AxisLength(axis)));
    }
  }
  mesh.rows = static_cast<std::int64_t>(rows);
  return mesh;
}

std::vector<SharingClass> InputCorners::SharingClasses(int level) const {
  std::vector<SharingClass> classes = {{static_cast<double>(SpatialFactor(level, Dim::kK)), 1, 0}};
  for (const Dim dim : {Dim::kN, Dim::kC, Dim::kG}) classes[0].words *= static_cast<double>(SpatialFactor(level, dim));
  const auto below = ExtentsBelow(level);
  for (const auto& [output, filter] : {std::pair{Dim::kP, Dim::kR}, std::pair{Dim::kQ, Dim::kS}}) {
    const WindowGrid grid(SpatialFactor(level, output), SpatialFactor(level, filter),
                          below[ToIndex(output)] * UnitStep(shape_, output),
                          below[ToIndex(filter)] * UnitStep(shape_, filter));
    std::vector<SharingClass> both;
    grid.ForEachLength([&](double length, double chains) {
      for (const SharingClass& one : classes) both.push_back({one.copies * length, one.words * chains, 0});
    });
    classes = std::move(both);
  }
  return classes;
}

// (I3)
InputCorners::Links InputCorners::LinksOf(int child) const {
  const int fan_out = child + 1;
  if (!structure_.HandsOver(fan_out)) return {};
  const LoopList loops = LoopsOutside(child);
  if (!MayLink(fan_out, loops)) return {};
  const DigitList digits = DigitsOf(fan_out);
  if (digits.empty()) return {};
  const NeighbourLinks neighbours({digits.begin(), digits.size()}, RowLength(fan_out));

  const Shift extents = ExtentsOf(child);
  double words = 1;
  for (const std::int64_t extent : extents) words *= static_cast<double>(extent);
  const double first_delta = FirstDelta(loops, extents, words);
  const Loop& first = loops.front();
  const NeighbourLinks::Links at_first = neighbours.Count(first.move);
  Links total;
  const auto add = [&total](const NeighbourLinks::Links& links, double factor) {
    total.saved += factor * static_cast<double>(links.saved);
    total.linked += factor * static_cast<double>(links.linked);
  };
  if (first_delta == words) {
    add(at_first, first.weight * words);
    for (std::size_t j = 1; j < loops.size(); ++j) {
      add(neighbours.Count(loops[j].move), loops[j].weight * words);
    }
  } else {
    for (std::size_t j = 1; j < loops.size(); ++j) {
      if (loops[j].move == first.move) add(at_first, loops[j].weight * first_delta * first.factor);
    }
  }
  return total;
}

}  // namespace oneloop
