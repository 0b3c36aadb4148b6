#include "common/model/exact/exact_counter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "common/model/exact/flow_counts.h"
#include "common/model/exact/input_corners.h"
#include "common/model/structure/tile.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// A set of dimensions as bits by index.
using DimBits = std::uint32_t;

constexpr DimBits Bit(Dim dim) { return DimBits{1} << Index(dim); }
constexpr DimBits kSliding = kSlidingDimSet.bits();
// Copies along no other dimension look at inputs that another copy looks at.
constexpr DimBits kLookingAlike = kSliding | Bit(Dim::kK);

constexpr std::array<DimBits, kNumTensors> kUnused = {UnusedDims(Tensor::kW).bits(), UnusedDims(Tensor::kI).bits(),
                                                      UnusedDims(Tensor::kO).bits()};

// Copies along these dimensions may look at the same window, or at windows one step of another copy's apart.
bool MayCoincide(DimSet copies) {
  return (copies.Has(Dim::kP) && copies.Has(Dim::kR)) || (copies.Has(Dim::kQ) && copies.Has(Dim::kS));
}

// From here on products of whole numbers round.
constexpr double kExactLimit = 9007199254740992.0;

// The tile of one instance, from the innermost level outwards.
class TileGrowth {
 public:
  TileGrowth(const Template& hardware_template, const Mapping& mapping)
      : template_(hardware_template), mapping_(mapping) {
    extents_.fill(1);
  }

  void GrowTo(int level) {
    for (; level_ < level; ++level_) {
      const auto& temporal = mapping_.temporal[ToIndex(level_ + 1)];
      for (std::size_t d = 0; d < extents_.size(); ++d) extents_[d] *= static_cast<double>(temporal[d]);
    }
    for (; axis_ < template_.axes().size() && template_.axes()[axis_].level <= level; ++axis_) {
      const auto& spatial = mapping_.spatial[axis_];
      for (std::size_t d = 0; d < extents_.size(); ++d) extents_[d] *= static_cast<double>(spatial[d]);
    }
  }

  double Words(Tensor tensor, const LayerShape& shape) const {
    return TileWords(shape, tensor, [&](Dim dim) {
      return std::min(extents_[ToIndex(dim)], static_cast<double>(shape.bound(dim)));  // (R1)
    });
  }

 private:
  const Template& template_;
  const Mapping& mapping_;
  std::array<double, kNumDims> extents_;
  int level_ = -1;
  std::size_t axis_ = 0;
};

}  // namespace

// The non-unit factors of one mapping.
class ExactCounter::Nest {
 public:
  struct Loop {
    double factor;
    int level;
    int dim;
  };

  Nest(const ExactCounter& counter, const LayerShape& layer_shape, const Mapping& layer_mapping)
      : shape(layer_shape), mapping(layer_mapping), macs(1), counter_(counter) {
    for (const std::int64_t bound : shape.bounds) macs *= static_cast<double>(bound);
    for (int level = 0; level < counter.num_levels_; ++level) {
      AddSpatial(level);
      AddLoops(level);
      AddExtents(level);
    }
    begin_[ToIndex(counter.num_levels_)] = num_loops_;
    double product = 1;
    for (int level = counter.num_levels_ - 1; level >= 0; --level) {
      instances[ToIndex(level)] = product;
      product *= fan_out_[ToIndex(level)];
    }
    lanes = product;
  }

  // Product of the spatial factors of levels first..last over `dims`.
  double Copies(int first, int last, DimBits dims) const {
    double product = 1;
    for (int level = first; level <= last; ++level) {
      for (DimBits rest = spatial_dims_[ToIndex(level)] & dims; rest != 0; rest &= rest - 1) {
        product *= spatial_[ToIndex(level)][ToIndex(std::countr_zero(rest))];
      }
    }
    return product;
  }

  // Copies that share their requests for a tensor, in the fan-outs of levels first..last.
  double Sharing(Tensor tensor, int first, int last) const {
    double product = 1;
    for (int level = first; level <= last; ++level) {
      product *= Copies(level, level, counter_.structure_.sharing(level, tensor).bits());
    }
    return product;
  }
  // Copies that hold the same part of a tensor, of a level's instances.
  double EqualCopies(Tensor tensor, int level) const {
    return Copies(level + 1, counter_.num_levels_ - 1, kUnused[ToIndex(tensor)]);
  }

  // Loops over dimensions that X does not use, outside one that it uses.
  double Revisits(Tensor tensor, int level) const {
    const DimBits unused = kUnused[ToIndex(tensor)];
    double revisits = 1;
    bool open = false;
    for (const Loop* loop = LoopsOutside(level); loop != end(); ++loop) {
      const bool relevant = (unused >> loop->dim & 1) == 0;
      revisits *= open && !relevant ? loop->factor : 1.0;
      open = open || relevant;
    }
    return revisits;
  }

  double FanOut(int level) const { return fan_out_[ToIndex(level)]; }
  // Whether each factor divides what it splits.
  bool is_even() const {
    const std::array<double, kNumDims>& extents = extents_[ToIndex(counter_.num_levels_ - 1)];
    bool even = true;
    for (std::size_t d = 0; d < kNumDims; ++d) even &= extents[d] == static_cast<double>(shape.bounds[d]);
    return even;
  }
  double Extent(int level, Dim dim) const { return extents_[ToIndex(level)][ToIndex(dim)]; }
  double Width(int level) const { return WindowExtent(shape, true, Extent(level, Dim::kP), Extent(level, Dim::kR)); }
  double Height(int level) const { return WindowExtent(shape, false, Extent(level, Dim::kQ), Extent(level, Dim::kS)); }
  double Tile(Tensor tensor, int level) const {
    return TileWords(shape, tensor, [this, level](Dim dim) { return Extent(level, dim); });
  }
  // Words of X's tiles that come to all instances of a level from outside.
  double Loads(Tensor tensor, int level) const {
    if (tensor == Tensor::kI) return InputLoads(level);
    return TensorSize(shape, tensor) * EqualCopies(tensor, level) * Revisits(tensor, level);  // (C1)
  }
  double InputLoads(int level) const;
  double InputFills(int level) const;
  bool MovesMayRepeat(int level) const;
  double RepeatedMoves(int level) const;
  double InputSharing(int first, int last) const;
  double InputSharingAt(int level) const;
  InputCorners::Links NeighbourLinks(int child) const;
  double OwnRequests(Tensor tensor, int level) const;
  InputCorners Corners() const { return {counter_.template_, counter_.structure_, shape, mapping}; }

  const LayerShape& shape;
  const Mapping& mapping;
  std::array<double, kMaxLevels> instances;  // in use, by level
  std::array<double, kMaxAxes> axis_copies;
  double macs;
  double lanes;

 private:
  void AddSpatial(int level) {
    const Structure::Axes axes = counter_.structure_.axes(level);
    DimBits dims = 0;
    double fan_out = 1;
    if (axes.count > 0) {
      std::array<double, kNumDims>& factors = spatial_[ToIndex(level)];
      factors.fill(1);
      for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
        double copies = 1;
        const std::array<std::int64_t, kNumDims>& along = mapping.spatial[ToIndex(axis)];
        for (DimBits rest = counter_.template_.axes()[ToIndex(axis)].dims.bits(); rest != 0; rest &= rest - 1) {
          const auto dim = ToIndex(std::countr_zero(rest));
          factors[dim] *= static_cast<double>(along[dim]);
          copies *= static_cast<double>(along[dim]);
          dims |= DimBits{along[dim] > 1} << dim;
        }
        axis_copies[ToIndex(axis)] = copies;
        fan_out *= copies;
      }
    }
    fan_out_[ToIndex(level)] = fan_out;
    spatial_dims_[ToIndex(level)] = dims;
  }

  // Innermost first.
  void AddLoops(int level) {
    begin_[ToIndex(level)] = num_loops_;
    const std::array<std::int64_t, kNumDims>& factors = mapping.temporal[ToIndex(level)];
    DimBits dims = 0;
    for (std::size_t d = 0; d < kNumDims; ++d) dims |= DimBits{factors[d] > 1} << d;
    if (dims == 0) return;
    const LoopOrder& order = mapping.order[ToIndex(level)];
    for (std::size_t i = order.size(); i-- > 0;) {
      // Written in any case and kept if it is no unit loop: a branch here would be guessed wrong half of the time.
      const auto dim = static_cast<std::size_t>(order[i]);
      loops_[ToIndex(num_loops_)] = {static_cast<double>(factors[dim]), level, static_cast<int>(dim)};
      num_loops_ += static_cast<int>(dims >> dim & 1);
    }
  }

  void AddExtents(int level) {
    std::array<double, kNumDims>& extents = extents_[ToIndex(level)];
    if (level == 0) {
      extents.fill(1);
    } else {
      extents = extents_[ToIndex(level - 1)];
    }
    // Without asking which are 1: how many are not can hardly be guessed.
    const std::array<std::int64_t, kNumDims>& temporal = mapping.temporal[ToIndex(level)];
    for (std::size_t d = 0; d < kNumDims; ++d) extents[d] *= static_cast<double>(temporal[d]);
    if (spatial_dims_[ToIndex(level)] == 0) return;
    for (std::size_t d = 0; d < kNumDims; ++d) extents[d] *= spatial_[ToIndex(level)][d];
  }

  const Loop* FirstMove(int level) const;
  const Loop* LoopsOutside(int level) const { return loops_.data() + begin_[ToIndex(level + 1)]; }
  const Loop* end() const { return loops_.data() + num_loops_; }

  const ExactCounter& counter_;
  // One beyond the last: unit loops are written there and left.
  std::array<Loop, static_cast<std::size_t>(kMaxLevels) * kNumDims + 1> loops_;
  int num_loops_ = 0;
  std::array<int, kMaxLevels + 1> begin_;
  std::array<double, kMaxLevels> fan_out_;  // copies, by level
  std::array<DimBits, kMaxLevels> spatial_dims_;
  std::array<std::array<double, kNumDims>, kMaxLevels> spatial_;
  std::array<std::array<double, kNumDims>, kMaxLevels> extents_;
};

// The innermost loop outside a tile, but for those that leave the input's tile in place and do not end its overlap.
const ExactCounter::Nest::Loop* ExactCounter::Nest::FirstMove(int level) const {
  const Loop* first = LoopsOutside(level);
  if (counter_.structure_.rests_end_overlap()) return first;
  while (first != end() && DirectionOf(static_cast<Dim>(first->dim)) < 0) ++first;
  return first;
}

double ExactCounter::Nest::InputLoads(int level) const {
  double fills = InputFills(level);
  const double repeated = RepeatedMoves(level);
  if (repeated != 0) fills -= instances[ToIndex(level)] * repeated;  // (I1)
  return fills;
}

// (C2)
double ExactCounter::Nest::InputFills(int level) const {
  double product = 1;
  for (const Dim dim : {Dim::kN, Dim::kC, Dim::kG}) product *= static_cast<double>(shape.bound(dim));
  product = product * Revisits(Tensor::kI, level) * Copies(level + 1, counter_.num_levels_ - 1, kLookingAlike);
  const Loop* first = FirstMove(level);
  std::array<double, kNumDims> total;
  for (const Dim dim : kSlidingDims) total[ToIndex(dim)] = 1;
  for (const Loop* loop = LoopsOutside(level); loop != end(); ++loop) total[ToIndex(loop->dim)] *= loop->factor;
  const double width = Width(level);
  const double height = Height(level);
  double area = width * height;
  for (const Dim dim : kSlidingDims) {
    if (shape.bound(dim) == 1) continue;
    const bool moves = first != end() && first->dim == Index(dim);
    product *= total[ToIndex(dim)];
    const double side = MovesWidth(dim) ? width : height;
    if (!moves) {
      // Multiplied and divided by the same, which rounds only where the product does.
      if (area * side >= kExactLimit) area = area * side / side;
      continue;
    }
    product /= first->factor;
    const double copies = Copies(level + 1, first->level, Bit(dim));
    const double step = Extent(level, dim) * copies * static_cast<double>(UnitStep(shape, dim));
    area = area * (side + (first->factor - 1) * (side < step ? side : step)) / side;
  }
  return product * area;
}

// Moves can repeat or cancel only as long as all loops from the innermost on move the tile in one direction, or not at
// all.
bool ExactCounter::Nest::MovesMayRepeat(int level) const {
  int direction = -1;
  int movers = 0;
  for (const Loop* loop = LoopsOutside(level); loop != end(); ++loop) {
    const int here = DirectionOf(static_cast<Dim>(loop->dim));
    if (here < 0) continue;
    if (direction >= 0 && here != direction) break;
    direction = here;
    ++movers;
  }
  return movers >= 2;
}

// InputCorners::RepeatedMoves, in the one case where it is not 0.
double ExactCounter::Nest::RepeatedMoves(int level) const {
  return MovesMayRepeat(level) ? Corners().RepeatedMoves(level) : 0;
}

double ExactCounter::Nest::InputSharing(int first, int last) const {
  double product = 1;
  for (int level = first; level <= last; ++level) {
    product *= counter_.corners_of_sharing_[ToIndex(level)]
                   ? InputSharingAt(level)
                   : Copies(level, level, counter_.structure_.sharing(level, Tensor::kI).bits());
  }
  return product;
}

// Copies that share a request for inputs in the fan-out of one level, on average.
double ExactCounter::Nest::InputSharingAt(int level) const {
  const DimBits dims = spatial_dims_[ToIndex(level)];
  if (dims == 0 || !counter_.structure_.MayCoincide(level)) return 1;
  const double sharing = MayCoincide(DimSet::FromBits(dims))
                             ? Corners().Multicast(level)
                             : Copies(level, level, counter_.structure_.sharing(level, Tensor::kI).bits());
  if (!counter_.passes_links_[ToIndex(level)]) return sharing;
  // (I4): what neighbours could have handed over takes no part in the mean.
  const InputCorners::Links links = NeighbourLinks(level - 1);
  if (links.linked == 0) return sharing;
  const double words = InputLoads(level - 1) / instances[ToIndex(level)];
  return (words - links.linked) / (words / sharing - links.saved);
}

// Only several copies have neighbours, and only a window that slides leaves them something: in the direction of the
// first move, or, where moves cancel, at a copy that looks at the same window.
InputCorners::Links ExactCounter::Nest::NeighbourLinks(int child) const {
  if (!counter_.may_link_[ToIndex(child + 1)]) return {};
  const Loop* first = LoopsOutside(child);
  const DimSet copies = DimSet::FromBits(spatial_dims_[ToIndex(child + 1)]);
  if (copies.empty() || first == end() || (kSliding >> first->dim & 1) == 0) return {};
  const auto dim = static_cast<Dim>(first->dim);
  const bool beside = copies.Has(dim) || copies.Has(PartnerOf(dim));
  const bool may_look_alike = (copies.bits() & kLookingAlike) != 0;
  if (!beside && !(may_look_alike && MovesMayRepeat(child))) return {};
  DimSet loops;
  for (const Loop* loop = first; loop != end(); ++loop) loops.Add(static_cast<Dim>(loop->dim));
  return InputCorners::TilesMeetAgain(loops, copies) ? Corners().LinksOf(child) : InputCorners::Links{};
}

// What a level would be asked for if the next level inwards kept the tensor.
double ExactCounter::Nest::OwnRequests(Tensor tensor, int level) const {
  double requests = level == 0 ? macs : Loads(tensor, level - 1);
  requests /= tensor == Tensor::kI ? InputSharing(level, level) : Sharing(tensor, level, level);
  if (tensor == Tensor::kI && level > 0) requests -= instances[ToIndex(level)] * NeighbourLinks(level - 1).saved;
  return requests;
}

ExactCounter::ExactCounter(const Template& hardware_template, const Structure& structure)
    : template_(hardware_template),
      structure_(structure),
      uneven_(hardware_template, structure),
      num_levels_(structure.num_levels()) {
  for (int level = 0; level < num_levels_; ++level) {
    DimBits dims = 0;
    for (const Template::Axis& axis : template_.axes()) dims |= axis.level == level ? axis.dims.bits() : 0U;
    may_link_[ToIndex(level)] = level > 0 && structure.HandsOver(level) && (dims & kLookingAlike) != 0;
    passes_links_[ToIndex(level)] = may_link_[ToIndex(level)] && !template_.level(level - 1).keeps.Has(Tensor::kI);
    corners_of_sharing_[ToIndex(level)] = passes_links_[ToIndex(level)] || MayCoincide(DimSet::FromBits(dims));
  }
}

// A function of each tensor's own, as much of it is decided by that.
template <Tensor kTensor>
void ExactCounter::CountMonomialTensor(const Nest& nest, LayerUse* use) const {
  const double size = TensorSize(nest.shape, kTensor);
  double requests = nest.macs;
  for (const Keeper& keeper : structure_.keepers(kTensor)) {
    requests /= nest.Sharing(kTensor, keeper.inner + 1, keeper.level);  // (C3)
    const double first = size * nest.EqualCopies(kTensor, keeper.level);
    const double loads = keeper.is_outermost ? 0 : first * nest.Revisits(kTensor, keeper.level);  // (C1)
    SetFlows(structure_, keeper, {requests, loads, first}, &use->words);
    requests = loads;
  }
}

LayerUse ExactCounter::Use(const LayerShape& shape, const Mapping& mapping) const {
  const Nest nest(*this, shape, mapping);
  LayerUse use;
  use.is_even = nest.is_even();
  if (!use.is_even) [[unlikely]] {
    use.need = Needs(shape, mapping);
    uneven_.Count(shape, mapping, &use);
    return use;
  }
  CountMonomialTensor<Tensor::kW>(nest, &use);
  CountInput(nest, &use);
  CountMonomialTensor<Tensor::kO>(nest, &use);
  for (int level = 0; level < num_levels_; ++level) use.instances[ToIndex(level)] = nest.instances[ToIndex(level)];
  use.macs = static_cast<double>(Macs(shape));
  use.lanes = nest.lanes;
  SetNeeds(nest, &use);
  for (std::size_t k = 0; k < structure_.links().size(); ++k) {
    for (const Tensor tensor : kAllTensors)
      use.links[k][ToIndex(tensor)] = CountLink(nest, structure_.links()[k], tensor);
  }
  return use;
}

void ExactCounter::CountInput(const Nest& nest, LayerUse* use) const {
  double requests = nest.macs;
  const Keeper* within = nullptr;
  for (const Keeper& keeper : structure_.keepers(Tensor::kI)) {
    double reads = requests / nest.InputSharing(keeper.inner + 1, keeper.level);  // (C3), (I2)
    if (within != nullptr) {
      const int fan_out = keeper.inner + 1;
      const InputCorners::Links links = nest.NeighbourLinks(keeper.inner);
      const double fan_outs = nest.instances[ToIndex(fan_out)];
      // (I3): the words of one fan-out, over the instances of all of them.
      if (links.saved != 0) reads -= fan_outs * links.saved / nest.InputSharing(fan_out + 1, keeper.level);
      const double children = nest.instances[ToIndex(keeper.inner)];
      double& child_reads = use->words[ToIndex(within->flow[static_cast<std::size_t>(FlowKind::kRead)])];
      child_reads = children * std::floor((child_reads + links.linked) / children + 0.5);
      if (links.linked != 0 && fan_outs > 1) {
        double& child_fills = use->words[ToIndex(within->flow[static_cast<std::size_t>(FlowKind::kFill)])];
        child_fills = children * std::floor((child_fills - (fan_outs - 1) * links.linked) / children);
      }
    }
    requests = keeper.is_outermost ? 0 : nest.InputLoads(keeper.level);
    SetFlows(structure_, keeper, {reads, requests, 0}, &use->words);
    within = &keeper;
  }
}

// Words of a tensor that cross a fan-out, each as often as it leaves the root, and their ways (N1 to N4).
LinkUse ExactCounter::CountLink(const Nest& nest, const LinkRow& link, Tensor tensor) const {
  const Keeper& keeper = structure_.keepers(tensor)[ToIndex(link.keeper[ToIndex(tensor)])];
  const int level = link.level;
  const int first = keeper.inner + 1;
  const bool is_input = tensor == Tensor::kI;
  double words = keeper.inner < 0 ? nest.macs : nest.Loads(tensor, keeper.inner);
  words /= is_input ? nest.InputSharing(first, level) : nest.Sharing(tensor, first, level);
  InputCorners::Links handed_over;
  if (is_input && keeper.inner >= 0) {
    handed_over = nest.NeighbourLinks(keeper.inner);
    const double fan_outs = nest.instances[ToIndex(first)];
    if (handed_over.saved != 0) words -= fan_outs * handed_over.saved / nest.InputSharing(first + 1, level);
  }
  // Of outputs at the outermost level those that are loaded again, too (N3).
  if (tensor == Tensor::kO && level == structure_.outermost()) words = 2 * words - TensorSize(nest.shape, tensor);
  FanOutWords crossing{words, words, nest.FanOut(level), nest.Sharing(tensor, level, level)};
  // By position: as if the next level inwards kept the tensor, whatever it keeps (N2).
  if (link.spec.mesh && words > 0) crossing.by_position = nest.OwnRequests(tensor, level);
  if (level == first) crossing.handed_over = nest.instances[ToIndex(level)] * handed_over.linked;
  return WaysOf(crossing, structure_, link, tensor, nest.Corners());
}

void ExactCounter::SetNeeds(const Nest& nest, LayerUse* use) const {
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis()) {
      use->need[r] = nest.axis_copies[ToIndex(resource.axis)];
      continue;
    }
    double need = 0;
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      need += nest.Tile(tensor, resource.level) * resource.per_word[ToIndex(tensor)];
    }
    use->need[r] = need;
  }
  for (std::size_t r = resources.size(); r < kMaxResources; ++r) use->need[r] = 0;
}

// Resources come level by level from the innermost, and so the tile grows from one to the next.
ResourceNeeds ExactCounter::Needs(const LayerShape& shape, const Mapping& mapping) const {
  ResourceNeeds needs{};
  TileGrowth tile(template_, mapping);
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis()) {
      needs[r] = 1;
      for (const Dim dim : kAllDims) needs[r] *= static_cast<double>(mapping.s(resource.axis, dim));
      continue;
    }
    tile.GrowTo(resource.level);
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      needs[r] += tile.Words(tensor, shape) * resource.per_word[ToIndex(tensor)];
    }
  }
  return needs;
}

}  // namespace oneloop
