#include "common/model/exact/imperfect_nest.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/model/exact/window_grid.h"
#include "common/model/structure/tile.h"

namespace oneloop {
namespace {

// All spatial loops stand at their first iteration.
constexpr std::uint32_t kAllLevels = ~std::uint32_t{0};

// Of dimensions as bits.
Dim FirstOf(std::uint32_t dims) { return kAllDims[ToIndex(std::countr_zero(dims))]; }

bool Has(std::uint32_t levels, int level) { return (levels >> level & 1) != 0; }

// Both at most twice a bound: 32 bits divide several times as fast.
std::int64_t DividedUp(std::int64_t bound, std::int64_t by) {
  return by == 1 ? bound : (static_cast<std::uint32_t>(bound) - 1) / static_cast<std::uint32_t>(by) + 1;
}
std::int64_t Remainder(std::int64_t number, std::int64_t by) {
  return static_cast<std::uint32_t>(number) % static_cast<std::uint32_t>(by);
}

}  // namespace

ImperfectNest::ImperfectNest(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                             const Mapping& mapping)
    : structure_(structure), shape_(shape) {
  const int num_levels = structure.num_levels();
  for (int level = 0; level < num_levels; ++level) {
    first_place_[ToIndex(level)] = num_places_;
    for (Loops& loops : loops_) loops.begin[ToIndex(level)] = static_cast<std::uint8_t>(loops.count);
    const Structure::Axes axes = structure.axes(level);
    // The first axis is innermost, as copies are numbered.
    for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
      for (std::uint32_t dims = hardware_template.axes()[ToIndex(axis)].dims.bits(); dims != 0; dims &= dims - 1) {
        const Dim dim = FirstOf(dims);
        if (mapping.s(axis, dim) > 1) AddLoop(dim, level, mapping.s(axis, dim), /*is_spatial=*/true);
      }
    }
    AddTemporal(level, mapping);
  }
  first_place_[ToIndex(num_levels)] = num_places_;
  for (const Dim dim : kAllDims) {
    Loops& loops = loops_[ToIndex(dim)];
    loops.begin[ToIndex(num_levels)] = static_cast<std::uint8_t>(loops.count);
    AddRuns(dim);
    if (loops.count == 0) continue;
    active_ |= std::uint32_t{1} << Index(dim);
    steps_ *= Count(dim, -1, kAllLevels, kNothingInside);
    lanes_ *= Count(dim, -1, 0, kNothingOutside);
  }
  const auto levels = [this](Dim dim) { return loops_[ToIndex(dim)].spatial_levels; };
  twice_unrolled_ = (levels(Dim::kP) & levels(Dim::kR)) | (levels(Dim::kQ) & levels(Dim::kS));
  for (int level = 0; level < num_levels; ++level) {
    double& instances = instances_[ToIndex(level)];
    instances = 1;
    for (std::uint32_t dims = active_; dims != 0; dims &= dims - 1) {
      instances *= Count(FirstOf(dims), level, 0, kNothingOutside);
    }
  }
}

// Innermost first.
void ImperfectNest::AddTemporal(int level, const Mapping& mapping) {
  const std::array<std::int64_t, kNumDims>& factors = mapping.temporal[ToIndex(level)];
  std::uint32_t dims = 0;
  for (std::size_t d = 0; d < kNumDims; ++d) dims |= std::uint32_t{factors[d] > 1} << d;
  const LoopOrder& order = mapping.order[ToIndex(level)];
  for (std::size_t i = order.size(); dims != 0 && i-- > 0;) {
    if (!Has(dims, Index(order[i]))) continue;
    dims &= ~(std::uint32_t{1} << Index(order[i]));
    AddLoop(order[i], level, factors[ToIndex(order[i])], /*is_spatial=*/false);
  }
}

void ImperfectNest::AddLoop(Dim dim, int level, std::int64_t factor, bool is_spatial) {
  Loops& loops = loops_[ToIndex(dim)];
  const auto i = ToIndex(loops.count++);
  loops.factor[i] = static_cast<double>(factor);
  loops.level[i] = static_cast<std::uint8_t>(level);
  loops.place[i] = static_cast<std::uint8_t>(2 * num_places_ + (is_spatial ? 0 : 1));
  loops.is_spatial[i] = is_spatial;
  if (is_spatial) {
    loops.spatial_levels |= std::uint32_t{1} << level;
  } else {
    places_[ToIndex(num_places_++)] = {dim, static_cast<std::uint8_t>(level), static_cast<std::uint8_t>(i)};
  }
}

// (R1), (R2)
void ImperfectNest::AddRuns(Dim dim) {
  Loops& loops = loops_[ToIndex(dim)];
  const std::int64_t bound = shape_.bound(dim);
  std::int64_t extent = 1;
  int level = 0;
  const auto set_extents = [&](int end) {
    if (level == end) return;
    const std::int64_t clipped = std::min(extent, bound);
    const std::int64_t tilings = DividedUp(bound, clipped);
    for (; level < end; ++level) {
      extent_[ToIndex(level)][ToIndex(dim)] = static_cast<double>(clipped);
      tail_[ToIndex(level)][ToIndex(dim)] = static_cast<double>(bound - (tilings - 1) * clipped);
      tilings_[ToIndex(level)][ToIndex(dim)] = static_cast<double>(tilings);
    }
  };
  for (int i = 0; i < loops.count; ++i) {
    set_extents(loops.level[ToIndex(i)]);
    const std::int64_t runs = DividedUp(bound, extent);
    const auto factor = static_cast<std::int64_t>(loops.factor[ToIndex(i)]);
    const bool is_outermost = i + 1 == loops.count;
    const std::int64_t last = is_outermost ? runs : Remainder(runs - 1, factor) + 1;
    loops.perfect = loops.perfect && last == factor;
    loops.last[ToIndex(i)] = static_cast<double>(last);
    loops.inside[ToIndex(i)] = static_cast<double>(extent);
    extent *= factor;
  }
  set_extents(structure_.num_levels());
}

// Different places that the loops outside a level take, over those that are told apart: spatial ones but those of
// `zero`, temporal ones at or outside `place` (R2).
double ImperfectNest::WalkPlaces(Dim dim, int level, std::uint32_t zero, int place) const {
  const Loops& loops = loops_[ToIndex(dim)];
  double full = 1;
  double last = 1;
  for (auto i = std::size_t{loops.begin[ToIndex(level + 1)]}; i < ToIndex(loops.count); ++i) {
    const bool counts = loops.is_spatial[i] ? !Has(zero, loops.level[i]) : loops.place[i] >= place;
    if (counts) {
      last = (loops.last[i] - 1) * full + last;
      full *= loops.factor[i];
    } else if (loops.last[i] > 1) {
      last = full;
    }
  }
  return last;
}

// Tiles of a level, over the instances that `zero` leaves, of which each is the only one of its dimension that its
// instance sees while the loops inside `place` run (R5).
ImperfectNest::Tiles ImperfectNest::WalkTiles(Dim dim, int level, std::uint32_t zero, int place) const {
  const Loops& loops = loops_[ToIndex(dim)];
  Tiles tiles{0, 1};
  double all = 1;     // full tiles of the loops so far, 0 once an instance sees several
  double copies = 1;  // of the spatial loops among them
  double busy = 1;    // copies that the last iterations reach
  for (auto i = std::size_t{loops.begin[ToIndex(level + 1)]}; i < ToIndex(loops.count); ++i) {
    const bool inside = loops.place[i] < place;
    if (inside && !loops.is_spatial[i]) {
      if (loops.last[i] > 1) {
        tiles = {loops.last[i] == 2 && all != 0 ? all - busy : 0, 0};
        busy = copies;
      }
      all = 0;
    } else if (loops.is_spatial[i] && Has(zero, loops.level[i])) {
      if (loops.last[i] > 1) {
        tiles = {all, 0};
        busy = copies;
      }
    } else {
      tiles.full += (loops.last[i] - 1) * all;
      all *= loops.factor[i];
      if (inside) {
        busy += (loops.last[i] - 1) * copies;
        copies *= loops.factor[i];
      }
    }
  }
  return tiles;
}

// Words along one direction of the windows of all pairs of tiles of outputs and of taps.
double ImperfectNest::DirectionWords(bool width, const std::array<Tiles, kNumDims>& tiles, int level) const {
  const Dim output = width ? Dim::kP : Dim::kQ;
  const Dim filter = width ? Dim::kR : Dim::kS;
  const double outputs = tiles[ToIndex(output)].count();
  const double filters = tiles[ToIndex(filter)].count();
  const auto stride = static_cast<double>(UnitStep(shape_, output));
  const auto dilation = static_cast<double>(UnitStep(shape_, filter));
  return filters * stride * (ExtentOf(output, level, tiles[ToIndex(output)]) - outputs) +
         outputs * dilation * (ExtentOf(filter, level, tiles[ToIndex(filter)]) - filters) + outputs * filters;
}

double ImperfectNest::Volume(Tensor tensor, int level, const ZeroLevels& zeros, int place) const {
  const std::uint32_t sliding = tensor == Tensor::kI ? kSlidingDimSet.bits() : 0;
  double words = 1;
  for (std::uint32_t dims = Used(tensor) & ~sliding; dims != 0; dims &= dims - 1) {
    const Dim dim = FirstOf(dims);
    const std::uint32_t zero = zeros[ToIndex(dim)];
    if (place == kNothingInside && (zero & SpatialOutside(dim, level)) == 0) {
      // All tiles together.
      words *= static_cast<double>(shape_.bound(dim));
      continue;
    }
    words *= ExtentOf(dim, level, Alone(dim, level, zero, place));
    if (words == 0) return 0;
  }
  if (tensor != Tensor::kI) return words;
  std::array<Tiles, kNumDims> tiles;
  for (std::uint32_t dims = active_ & sliding; dims != 0; dims &= dims - 1) {
    const Dim dim = FirstOf(dims);
    tiles[ToIndex(dim)] = Alone(dim, level, zeros[ToIndex(dim)], place);
    if (tiles[ToIndex(dim)].count() == 0) return 0;
  }
  return words * DirectionWords(true, tiles, level) * DirectionWords(false, tiles, level);
}

// Temporal loops in which tiles of the tensor may be alone: from the innermost that brings another tile, inside of
// which each instance sees but one, to the innermost that brings more than two, or one for each unit and another, where
// none of them idles: outside that no tile is alone.
ImperfectNest::Span ImperfectNest::MayBeAlone(Tensor tensor, int level) const {
  Span span{num_places_, num_places_};
  for (int p = FirstPlace(level); p < num_places_; ++p) {
    const Place& place = places_[ToIndex(p)];
    if (!IsRelevant(tensor, place.dim)) continue;
    span.begin = std::min(span.begin, p);
    const Loops& loops = loops_[ToIndex(place.dim)];
    if (loops.last[place.loop] <= 2 && !loops.perfect) continue;
    span.end = p;
    break;
  }
  return span;
}

// (R6)
double ImperfectNest::LoadsOf(Tensor tensor, int level, const ZeroLevels& zeros) const {
  const double all = Volume(tensor, level, zeros, kNothingInside);
  const Span alone = MayBeAlone(tensor, level);
  std::array<double, kNumDims> visits;
  double before = 1;
  for (std::uint32_t dims = Unused(tensor); dims != 0; dims &= dims - 1) {
    const Dim dim = FirstOf(dims);
    visits[ToIndex(dim)] = Count(dim, level, zeros[ToIndex(dim)], 2 * alone.end + 1);
    before *= visits[ToIndex(dim)];
  }
  double loads = before * all;
  for (int p = alone.end - 1; p > alone.begin; --p) {
    const Dim dim = places_[ToIndex(p)].dim;
    if (IsRelevant(tensor, dim)) continue;
    const int place = 2 * p + 1;
    visits[ToIndex(dim)] = Count(dim, level, zeros[ToIndex(dim)], place);
    double now = 1;
    for (std::uint32_t dims = Unused(tensor); dims != 0; dims &= dims - 1) now *= visits[ToIndex(FirstOf(dims))];
    if (now == before) continue;
    loads += (now - before) * (all - Volume(tensor, level, zeros, place));
    before = now;
  }
  return tensor == Tensor::kI ? loads - Halo(level, zeros) : loads;
}

// Words of the input that a move of the window leaves in place.
double ImperfectNest::Halo(int level, const ZeroLevels& zeros) const {
  double words = 0;
  for (int p = FirstPlace(level); p < num_places_; ++p) {
    const Place& move = places_[ToIndex(p)];
    if (IsSliding(move.dim)) words += HaloOf(move, 2 * p + 1, level, zeros);
  }
  return words;
}

// (R7)
double ImperfectNest::HaloOf(const Place& move, int place, int level, const ZeroLevels& zeros) const {
  const Dim dim = move.dim;
  const Loops& loops = loops_[ToIndex(dim)];
  // How far the window goes: back over the loops inside, forwards by one iteration of this one.
  double step = loops.inside[move.loop];
  double back = 0;
  bool is_first = true;
  for (auto i = std::size_t{loops.begin[ToIndex(level + 1)]}; i < move.loop; ++i) {
    if (loops.is_spatial[i]) continue;
    if (is_first) step = loops.inside[i];
    is_first = false;
    back += (loops.factor[i] - 1) * loops.inside[i];
  }
  if (loops.inside[move.loop] - back != step) return 0;
  const std::uint32_t zero = zeros[ToIndex(dim)];
  const double moves = Count(dim, level, zero, place) - Count(dim, level, zero, place + 1);
  if (moves == 0) return 0;
  const Dim twin = PartnerOf(dim);
  const auto stride = static_cast<double>(UnitStep(shape_, dim));
  const auto dilation = static_cast<double>(UnitStep(shape_, twin));
  const auto overlap = [&](double twin_extent) {
    return std::max(0.0, (Extent(level, dim) - 1) * stride + (twin_extent - 1) * dilation + 1 - step * stride);
  };
  const Tiles of_twin = Alone(twin, level, zeros[ToIndex(twin)], place);
  double words = moves * (of_twin.full * overlap(Extent(level, twin)) +
                          of_twin.rest * overlap(tail_[ToIndex(level)][ToIndex(twin)]));
  for (const Dim other : {Dim::kN, Dim::kC, Dim::kG}) {
    if (words == 0) return 0;
    words *= ExtentOf(other, level, Alone(other, level, zeros[ToIndex(other)], place));
  }
  if (words == 0) return 0;
  // Steps that leave the tile in place end the overlap, or not.
  const std::uint32_t zero_k = zeros[ToIndex(Dim::kK)];
  words *= structure_.rests_end_overlap() ? Alone(Dim::kK, level, zero_k, place).count()
                                          : Count(Dim::kK, level, zero_k, place);
  std::array<Tiles, kNumDims> tiles;
  const bool across = !MovesWidth(dim);
  for (const Dim other : across ? std::array{Dim::kP, Dim::kR} : std::array{Dim::kQ, Dim::kS}) {
    tiles[ToIndex(other)] = Alone(other, level, zeros[ToIndex(other)], place);
  }
  return words * DirectionWords(across, tiles, level);
}

// Spatial loops that stand at their first iteration: those along which copies share what they ask for, between a keeper
// and the next one inwards, and, for the busiest instance of a level, all outside it.
ImperfectNest::ZeroLevels ImperfectNest::ZerosOf(Tensor tensor, int inner, int level, Of of) const {
  ZeroLevels zeros;
  zeros.fill(of == Of::kBusiest ? kAllLevels << (level + 1) : 0);
  for (int fan_out = inner + 1; fan_out <= level; ++fan_out) {
    const DimSet shared = structure_.sharing(fan_out, tensor);
    for (const Dim dim : kAllDims) {
      if (shared.Has(dim)) zeros[ToIndex(dim)] |= std::uint32_t{1} << fan_out;
    }
  }
  return zeros;
}

double ImperfectNest::Loads(Tensor tensor, int level, Of of) const {
  return LoadsOf(tensor, level, ZerosOf(tensor, level, level, of));
}

double ImperfectNest::Requests(Tensor tensor, int inner, int level, Of of) const {
  const ZeroLevels zeros = ZerosOf(tensor, inner, level, of);
  double words = 1;
  if (inner >= 0) {
    words = LoadsOf(tensor, inner, zeros);
  } else {
    for (std::uint32_t dims = active_; dims != 0; dims &= dims - 1) {
      words *= Count(FirstOf(dims), -1, zeros[ToIndex(FirstOf(dims))], kNothingInside);
    }
  }
  return tensor == Tensor::kI ? words * DistinctWindows(inner, level) : words;
}

bool ImperfectNest::Shares(Tensor tensor, int inner, int level) const {
  for (int fan_out = inner + 1; fan_out <= level; ++fan_out) {
    const DimSet shared = structure_.sharing(fan_out, tensor);
    for (const Dim dim : kAllDims) {
      if (shared.Has(dim) && Has(loops_[ToIndex(dim)].spatial_levels, fan_out)) return true;
    }
    if (tensor == Tensor::kI && Has(twice_unrolled_, fan_out) && structure_.MayCoincide(fan_out)) return true;
  }
  return false;
}

double ImperfectNest::FirstWrites(int level, Of of) const {
  const std::uint32_t zero = of == Of::kBusiest ? kAllLevels << (level + 1) : 0;
  double words = 1;
  for (std::uint32_t dims = Used(Tensor::kO); dims != 0; dims &= dims - 1) {
    words *= Count(FirstOf(dims), -1, zero, kNothingInside);
  }
  for (std::uint32_t dims = Unused(Tensor::kO); dims != 0; dims &= dims - 1) {
    words *= Count(FirstOf(dims), level, zero, kNothingOutside);
  }
  return words;
}

// Of the inputs that copies between a level and the next keeper inwards ask for, the share that is left when each
// window is asked for once: along both dimensions of a direction copies look at the same one (R10).
double ImperfectNest::DistinctWindows(int inner, int level) const {
  struct Groups {
    std::int64_t copies = 1;  // with a full tile
    bool smaller = false;     // and one more with a smaller one
    double times = 0;
  };
  struct FanOut {
    std::int64_t step = 1;
    std::array<Groups, 2> groups;
  };
  const auto fan_out_of = [&](Dim dim, int at) {
    const Loops& loops = loops_[ToIndex(dim)];
    FanOut fan_out;
    std::int64_t factor = 1;
    std::int64_t inside = 1;
    for (auto i = std::size_t{loops.begin[ToIndex(at)]}; i < ToIndex(loops.count) && loops.level[i] == at; ++i) {
      if (!loops.is_spatial[i]) continue;
      if (factor == 1) inside = static_cast<std::int64_t>(loops.inside[i]);
      factor *= static_cast<std::int64_t>(loops.factor[i]);
    }
    if (factor == 1) return fan_out;
    bool smaller = inner >= 0 && tail_[ToIndex(inner)][ToIndex(dim)] < extent_[ToIndex(inner)][ToIndex(dim)];
    for (auto i = std::size_t{loops.begin[ToIndex(inner + 1)]}; i < ToIndex(loops.count); ++i) {
      smaller = smaller && (loops.is_spatial[i] || loops.inside[i] >= static_cast<double>(inside));
    }
    const std::int64_t runs = DividedUp(shape_.bound(dim), inside);
    const std::int64_t last = (runs - 1) % factor + 1;
    fan_out.step = inside * UnitStep(shape_, dim);
    fan_out.groups = {Groups{factor, false, static_cast<double>(DividedUp(runs, factor) - 1)},
                      Groups{last - (smaller ? 1 : 0), smaller, 1}};
    return fan_out;
  };
  double share = 1;
  for (int at = inner + 1; at <= level; ++at) {
    if (!Has(twice_unrolled_, at) || !structure_.MayCoincide(at)) continue;
    for (const auto& [output, filter] : {std::pair{Dim::kP, Dim::kR}, std::pair{Dim::kQ, Dim::kS}}) {
      const FanOut outputs = fan_out_of(output, at);
      const FanOut filters = fan_out_of(filter, at);
      if (outputs.groups[0].copies <= 1 || filters.groups[0].copies <= 1) continue;
      double distinct = 0;
      double all = 0;
      for (const Groups& o : outputs.groups) {
        for (const Groups& f : filters.groups) {
          const double times = o.times * f.times;
          if (times == 0) continue;
          std::int64_t windows = 0;
          if (o.copies > 0 && f.copies > 0) {
            windows = WindowGrid(o.copies, f.copies, outputs.step, filters.step).Distinct();
          }
          const std::int64_t smaller =
              (o.smaller ? f.copies : 0) + (f.smaller ? o.copies : 0) + (o.smaller && f.smaller ? 1 : 0);
          distinct += times * static_cast<double>(windows + smaller);
          all += times * static_cast<double>((o.copies + (o.smaller ? 1 : 0)) * (f.copies + (f.smaller ? 1 : 0)));
        }
      }
      share *= distinct / all;
    }
  }
  return share;
}

}  // namespace oneloop
