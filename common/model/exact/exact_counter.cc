#include "common/model/exact/exact_counter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "common/model/exact/input_corners.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// A set of dimensions as bits by index.
using DimBits = std::uint32_t;

constexpr DimBits Bit(Dim dim) { return DimBits{1} << Index(dim); }
constexpr DimBits kSliding = Bit(Dim::kP) | Bit(Dim::kQ) | Bit(Dim::kR) | Bit(Dim::kS);

constexpr DimBits BitsOf(Tensor tensor) {
  DimBits bits = 0;
  for (const Dim dim : kAllDims) {
    if (IsRelevant(tensor, dim)) bits |= Bit(dim);
  }
  return bits;
}
constexpr std::array<DimBits, kNumTensors> kUsed = {BitsOf(Tensor::kW), BitsOf(Tensor::kI), BitsOf(Tensor::kO)};

// From here on products of whole numbers round.
constexpr double kExactLimit = 9007199254740992.0;

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
      : shape(layer_shape), mapping(layer_mapping), counter_(counter) {
    for (int level = 0; level < counter.num_levels_; ++level) {
      AddSpatial(level);
      AddLoops(level);
      if (level <= counter.top_extent_) AddExtents(level);
    }
    begin_[ToIndex(counter.num_levels_)] = num_loops_;
    double product = 1;
    for (int level = counter.num_levels_ - 1; level >= 0; --level) {
      instances[ToIndex(level)] = product;
      product *= Copies(level, level, ~DimBits{0});
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

  double Size(Tensor tensor) const {
    double size = 1;
    for (const Dim dim : kAllDims) {
      if (IsRelevant(tensor, dim)) size *= static_cast<double>(shape.bound(dim));
    }
    return size;
  }
  double Macs() const {
    double macs = 1;
    for (const std::int64_t bound : shape.bounds) macs *= static_cast<double>(bound);
    return macs;
  }

  // Loops over dimensions that X does not use, outside one that it uses.
  double Revisits(Tensor tensor, int level) const {
    const DimBits used = kUsed[ToIndex(tensor)];
    double revisits = 1;
    bool open = false;
    for (const Loop* loop = LoopsOutside(level); loop != end(); ++loop) {
      const bool relevant = (used >> loop->dim & 1) != 0;
      revisits *= open && !relevant ? loop->factor : 1.0;
      open = open || relevant;
    }
    return revisits;
  }

  double Extent(int level, Dim dim) const { return extents_[ToIndex(level)][ToIndex(dim)]; }
  double Width(int level) const {
    return (Extent(level, Dim::kP) - 1) * static_cast<double>(shape.w_stride) +
           (Extent(level, Dim::kR) - 1) * static_cast<double>(shape.w_dilation) + 1;
  }
  double Height(int level) const {
    return (Extent(level, Dim::kQ) - 1) * static_cast<double>(shape.h_stride) +
           (Extent(level, Dim::kS) - 1) * static_cast<double>(shape.h_dilation) + 1;
  }
  double Tile(Tensor tensor, int level) const;
  double InputFills(int level) const;
  double RepeatedMoves(int level) const;
  double InputMulticast(int first, int last) const;
  InputCorners::Links NeighbourLinks(int child) const;

  const LayerShape& shape;
  const Mapping& mapping;
  std::array<double, kMaxLevels> instances;  // in use, by level
  std::array<double, kMaxAxes> axis_copies;
  double lanes;

 private:
  void AddSpatial(int level) {
    const Level& info = counter_.levels_[ToIndex(level)];
    DimBits dims = 0;
    if (info.num_axes > 0) {
      std::array<double, kNumDims>& factors = spatial_[ToIndex(level)];
      factors.fill(1);
      for (int axis = info.first_axis; axis < info.first_axis + info.num_axes; ++axis) {
        double copies = 1;
        for (const Dim dim : kAllDims) {
          const std::int64_t factor = mapping.s(axis, dim);
          factors[ToIndex(dim)] *= static_cast<double>(factor);
          copies *= static_cast<double>(factor);
          dims |= DimBits{factor > 1} << Index(dim);
        }
        axis_copies[ToIndex(axis)] = copies;
      }
    }
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
    for (int i = begin_[ToIndex(level)]; i < num_loops_; ++i)
      extents[ToIndex(loops_[ToIndex(i)].dim)] *= loops_[ToIndex(i)].factor;
    for (DimBits rest = spatial_dims_[ToIndex(level)]; rest != 0; rest &= rest - 1) {
      const auto dim = ToIndex(std::countr_zero(rest));
      extents[dim] *= spatial_[ToIndex(level)][dim];
    }
  }

  const Loop* LoopsOutside(int level) const { return loops_.data() + begin_[ToIndex(level + 1)]; }
  const Loop* end() const { return loops_.data() + num_loops_; }

  const ExactCounter& counter_;
  // One beyond the last: unit loops are written there and left.
  std::array<Loop, static_cast<std::size_t>(kMaxLevels) * kNumDims + 1> loops_;
  int num_loops_ = 0;
  std::array<int, kMaxLevels + 1> begin_;
  std::array<DimBits, kMaxLevels> spatial_dims_;
  std::array<std::array<double, kNumDims>, kMaxLevels> spatial_;
  std::array<std::array<double, kNumDims>, kMaxLevels> extents_;
};

double ExactCounter::Nest::Tile(Tensor tensor, int level) const {
  const auto e = [this, level](Dim dim) { return Extent(level, dim); };
  switch (tensor) {
    case Tensor::kW:
      return e(Dim::kR) * e(Dim::kS) * e(Dim::kC) * e(Dim::kK) * e(Dim::kG);
    case Tensor::kI:
      return e(Dim::kN) * e(Dim::kC) * e(Dim::kG) * Width(level) * Height(level);
    case Tensor::kO:
      break;
  }
  return e(Dim::kN) * e(Dim::kK) * e(Dim::kP) * e(Dim::kQ) * e(Dim::kG);
}

// The rules of NestCounter::InputFills.
double ExactCounter::Nest::InputFills(int level) const {
  double product = 1;
  for (const Dim dim : {Dim::kN, Dim::kC, Dim::kG}) product *= static_cast<double>(shape.bound(dim));
  product =
      product * Revisits(Tensor::kI, level) * Copies(level + 1, counter_.num_levels_ - 1, kSliding | Bit(Dim::kK));
  const Loop* first = LoopsOutside(level);
  std::array<double, kNumDims> total;
  for (const Dim dim : kSlidingDims) total[ToIndex(dim)] = 1;
  for (const Loop* loop = first; loop != end(); ++loop) total[ToIndex(loop->dim)] *= loop->factor;
  const double width = Width(level);
  const double height = Height(level);
  double area = width * height;
  for (const Dim dim : kSlidingDims) {
    if (shape.bound(dim) == 1) continue;
    const bool moves = first != end() && first->dim == Index(dim);
    product *= total[ToIndex(dim)];
    const double side = dim == Dim::kP || dim == Dim::kR ? width : height;
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

// InputCorners::RepeatedMoves, in the one case where it is not 0: moves can repeat only as long as all loops from the
// innermost on move the tile in one direction, or not at all.
double ExactCounter::Nest::RepeatedMoves(int level) const {
  const Loop* const first = LoopsOutside(level);
  int direction = -1;
  int movers = 0;
  const Loop* last = first;
  for (; last != end(); ++last) {
    const int here = DirectionOf(static_cast<Dim>(last->dim));
    if (here < 0) continue;
    if (direction >= 0 && here != direction) break;
    direction = here;
    ++movers;
  }
  return movers < 2 ? 0 : InputCorners(counter_.template_, shape, mapping).RepeatedMoves(level);
}

double ExactCounter::Nest::InputMulticast(int first, int last) const {
  for (int level = first; level <= last; ++level) {
    const DimBits dims = spatial_dims_[ToIndex(level)];
    const auto both = [dims](Dim a, Dim b) { return (dims & Bit(a)) != 0 && (dims & Bit(b)) != 0; };
    if (both(Dim::kP, Dim::kR) || both(Dim::kQ, Dim::kS)) {
      return InputCorners(counter_.template_, shape, mapping).Multicast(first, last);
    }
  }
  return Copies(first, last, Bit(Dim::kK));
}

// Only several copies have neighbours, and only a window that slides leaves them something.
InputCorners::Links ExactCounter::Nest::NeighbourLinks(int child) const {
  const Loop* first = LoopsOutside(child);
  if (spatial_dims_[ToIndex(child + 1)] == 0 || first == end() || (kSliding >> first->dim & 1) == 0) return {};
  return InputCorners(counter_.template_, shape, mapping).LinksOf(child);
}

ExactCounter::ExactCounter(const Template& hardware_template, const std::vector<Flow>& flows)
    : template_(hardware_template), num_levels_(hardware_template.num_levels()) {
  for (int level = 0; level < num_levels_; ++level) {
    for (const Tensor tensor : kAllTensors) {
      if (template_.level(level).keeps.Has(tensor)) keepers_[ToIndex(tensor)].push_back(level);
    }
    if (level + 1 < num_levels_ && template_.level(level).keeps.Has(Tensor::kI)) top_extent_ = level;
  }
  for (std::size_t a = 0; a < template_.axes().size(); ++a) {
    Level& level = levels_[ToIndex(template_.axes()[a].level)];
    if (level.num_axes++ == 0) level.first_axis = static_cast<int>(a);
  }
  for (const Resource& resource : template_.resources()) {
    if (!resource.is_axis()) top_extent_ = std::max(top_extent_, resource.level);
  }
  for (std::size_t f = 0; f < flows.size(); ++f) {
    if (flows[f].kind == Flow::Kind::kRead)
      levels_[ToIndex(flows[f].level)].flow[ToIndex(flows[f].tensor)] = static_cast<int>(f);
  }
}

LayerUse ExactCounter::Use(const LayerShape& shape, const Mapping& mapping) const {
  const Nest nest(*this, shape, mapping);
  LayerUse use{};
  CountMonomialTensor(nest, Tensor::kW, &use);
  CountInput(nest, &use);
  CountMonomialTensor(nest, Tensor::kO, &use);
  for (int level = 0; level < num_levels_; ++level) use.instances[ToIndex(level)] = nest.instances[ToIndex(level)];
  use.macs = static_cast<double>(Macs(shape));
  use.lanes = nest.lanes;
  SetNeeds(nest, &use);
  return use;
}

// The rules of NestCounter::CountLevel for W and O.
void ExactCounter::CountMonomialTensor(const Nest& nest, Tensor tensor, LayerUse* use) const {
  const DimBits unused = ~kUsed[ToIndex(tensor)];
  const double size = nest.Size(tensor);
  int inner = -1;
  double requests = nest.Macs();
  for (const int level : keepers_[ToIndex(tensor)]) {
    double* words = use->words.data() + levels_[ToIndex(level)].flow[ToIndex(tensor)];
    requests /= nest.Copies(inner + 1, level, unused);
    const double copies = nest.Copies(level + 1, num_levels_ - 1, unused);
    const bool outermost = level + 1 == num_levels_;
    words[0] = requests;
    if (tensor == Tensor::kO) {
      words[0] = requests - size * copies;
      words[outermost ? 1 : 2] = requests;
    }
    if (outermost) return;
    requests = words[1] = size * copies * nest.Revisits(tensor, level);
    inner = level;
  }
}

// The rules of NestCounter::CountLevel for I with those of CostModel::CorrectInput.
void ExactCounter::CountInput(const Nest& nest, LayerUse* use) const {
  int inner = -1;
  double requests = static_cast<double>(Macs(nest.shape));
  double* inner_words = nullptr;
  for (const int level : keepers_[ToIndex(Tensor::kI)]) {
    double* words = use->words.data() + levels_[ToIndex(level)].flow[ToIndex(Tensor::kI)];
    words[0] = requests / nest.InputMulticast(inner + 1, level);
    if (inner >= 0) {
      const InputCorners::Links links = nest.NeighbourLinks(inner);
      const double fan_outs = nest.instances[ToIndex(inner + 1)];
      if (links.saved != 0) words[0] -= fan_outs * links.saved / nest.InputMulticast(inner + 2, level);
      const double children = nest.instances[ToIndex(inner)];
      inner_words[0] = children * std::floor((inner_words[0] + fan_outs * links.linked) / children + 0.5);
    }
    if (level + 1 == num_levels_) return;
    words[1] = nest.InputFills(level);
    const double repeated = nest.RepeatedMoves(level);
    if (repeated != 0) words[1] -= nest.instances[ToIndex(level)] * repeated;
    requests = words[1];
    inner_words = words;
    inner = level;
  }
}

void ExactCounter::SetNeeds(const Nest& nest, LayerUse* use) const {
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis()) {
      use->need[r] = nest.axis_copies[ToIndex(resource.axis)];
      continue;
    }
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      use->need[r] += nest.Tile(tensor, resource.level) * resource.per_word[ToIndex(tensor)];
    }
  }
}

}  // namespace oneloop
