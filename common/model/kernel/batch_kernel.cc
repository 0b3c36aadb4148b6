#include "common/model/kernel/batch_kernel.h"

#include <cstdint>
#include <type_traits>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/model/kernel/batch_kernel.cc"
// One build each for the baseline, AVX2 and AVX-512 (or NEON): what lies between gains nothing here.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#include "hwy/foreach_target.h"  // NOLINT(misc-include-cleaner): must come before highway.h
#include "hwy/highway.h"
// After Highway: it is compiled once for each kind of vectors.
#include "common/model/kernel/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oneloop {
namespace HWY_NAMESPACE {
namespace {

using M = hn::Mask<D>;
using Program = KernelProgram;

constexpr int kNoRow = Program::kNoRow;

// One vector's lanes of each of a pack's blocks, and the operations on them, each block's as if it were alone.
// Walking the program's lists once for several blocks shares the work of walking them.
template <int kBlocks>
struct Pack {
  V of[kBlocks];
};
template <int kBlocks>
struct PackMask {
  M of[kBlocks];
};

// Applies a function of vectors to each block's.
template <int kBlocks, class Function, class... Packs>
HWY_INLINE Pack<kBlocks> EachOf(Function function, const Packs&... packs) {
  Pack<kBlocks> result;
  for (int u = 0; u < kBlocks; ++u) result.of[u] = function(packs.of[u]...);
  return result;
}
template <int kBlocks, class Function, class... Packs>
HWY_INLINE PackMask<kBlocks> EachMask(Function function, const Packs&... packs) {
  PackMask<kBlocks> result;
  for (int u = 0; u < kBlocks; ++u) result.of[u] = function(packs.of[u]...);
  return result;
}

template <int kBlocks>
HWY_INLINE Pack<kBlocks> Add(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::Add(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> Sub(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::Sub(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> Mul(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::Mul(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> Div(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::Div(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> Min(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::Min(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> And(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::And(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> AndNot(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachOf<kBlocks>([](V x, V y) { return hn::AndNot(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> TimesPlus(const Pack<kBlocks>& a, const Pack<kBlocks>& b, const Pack<kBlocks>& c) {
  return Add(Mul(a, b), c);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> Exp2(const Pack<kBlocks>& x) {
  return EachOf<kBlocks>([](V power) { return Exp2(power); }, x);
}
template <int kBlocks>
HWY_INLINE PackMask<kBlocks> Lt(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachMask<kBlocks>([](V x, V y) { return hn::Lt(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE PackMask<kBlocks> Le(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachMask<kBlocks>([](V x, V y) { return hn::Le(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE PackMask<kBlocks> Eq(const Pack<kBlocks>& a, const Pack<kBlocks>& b) {
  return EachMask<kBlocks>([](V x, V y) { return hn::Eq(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE PackMask<kBlocks> And(const PackMask<kBlocks>& a, const PackMask<kBlocks>& b) {
  return EachMask<kBlocks>([](M x, M y) { return hn::And(x, y); }, a, b);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> IfThenElse(const PackMask<kBlocks>& mask, const Pack<kBlocks>& yes, const Pack<kBlocks>& no) {
  return EachOf<kBlocks>([](M is_yes, V x, V y) { return hn::IfThenElse(is_yes, x, y); }, mask, yes, no);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> IfThenElseZero(const PackMask<kBlocks>& mask, const Pack<kBlocks>& yes) {
  return EachOf<kBlocks>([](M is_yes, V x) { return hn::IfThenElseZero(is_yes, x); }, mask, yes);
}
// These pass on what is not a number.
template <int kBlocks>
HWY_INLINE Pack<kBlocks> AtLeast(const Pack<kBlocks>& least, const Pack<kBlocks>& x) {
  return IfThenElse(Lt(x, least), least, x);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> AtMost(const Pack<kBlocks>& most, const Pack<kBlocks>& x) {
  return IfThenElse(Lt(most, x), most, x);
}
template <int kBlocks>
HWY_INLINE Pack<kBlocks> BitsOf(const PackMask<kBlocks>& mask) {
  return EachOf<kBlocks>([](M of) { return hn::VecFromMask(D(), of); }, mask);
}

// Doubles from one row to the next: of a whole pack, known beforehand, or of one block of any pack.
template <int kBlocks>
struct OfPack {
  explicit OfPack(const KernelBlock&) {}
  constexpr std::size_t operator()() const { return std::size_t{kBlockLanes} * kBlocks; }
};
struct OfBlock {
  explicit OfBlock(const KernelBlock& block) : stride(block.stride) {}
  std::size_t operator()() const { return stride; }
  std::size_t stride;
};

// The rows of a pack of so many blocks, from one vector's lanes on. Holds its pointers itself: the compiler must take a
// vector's store to change any memory, and would read them again after each.
template <int kBlocks, class Stride>
class Lanes {
 public:
  Lanes(const KernelBlock& block, std::size_t lane, double* adjoints = nullptr)
      : program(*block.program),
        first(lane),
        stride_(block),
        constants_(block.constants + lane),
        masks_(block.masks + lane),
        x_(block.x + lane),
        rests_(block.rests == nullptr ? nullptr : block.rests + lane),
        weight_(block.weight + lane),
        values_(block.values + lane),
        saved_(block.saved + lane),
        figures_(block.figures + lane),
        adjoints_(adjoints == nullptr ? nullptr : adjoints + lane),
        row_lists_(block.program->row_lists.data()) {}

  static Pack<kBlocks> Number(double value) {
    Pack<kBlocks> same;
    for (int u = 0; u < kBlocks; ++u) same.of[u] = hn::Set(D(), value);
    return same;
  }
  Pack<kBlocks> Constant(int row) const { return LoadRow(constants_, row); }
  Pack<kBlocks> MaskBits(int row) const { return LoadRow(masks_, row); }
  Pack<kBlocks> Weight() const { return LoadRow(weight_, 0); }
  Pack<kBlocks> Get(int row) const { return LoadRow(values_, row); }
  void Set(int row, const Pack<kBlocks>& value) const { StoreRow(value, values_, row); }
  Pack<kBlocks> Saved(int row) const { return LoadRow(saved_, row); }
  void Save(int row, const Pack<kBlocks>& value) const { StoreRow(value, saved_, row); }
  Pack<kBlocks> Figure(int row) const { return LoadRow(figures_, row); }
  void SetFigure(int row, const Pack<kBlocks>& value) const { StoreRow(value, figures_, row); }
  Pack<kBlocks> Adjoint(int row) const { return LoadRow(adjoints_, row); }
  void SetAdjoint(int row, const Pack<kBlocks>& value) const { StoreRow(value, adjoints_, row); }
  void AddAdjoint(int row, const Pack<kBlocks>& value) const { SetAdjoint(row, Add(Adjoint(row), value)); }
  Pack<kBlocks> X(int slot) const { return Gradient(x_, slot); }
  bool HasRests() const { return rests_ != nullptr; }
  Pack<kBlocks> GivenRest(int rest) const { return Load(RestRow(rests_, rest), RestSize()); }
  void SetRestGradient(const Pack<kBlocks>& value, double* rests, int rest) const {
    for (int u = 0; u < kBlocks; ++u) {
      hn::Store(value.of[u], D(), RestRow(rests, rest) + static_cast<std::size_t>(u) * RestSize());
    }
  }

  // Rows that lie block behind block, `size` doubles each.
  static Pack<kBlocks> Load(const double* row, std::size_t size) {
    Pack<kBlocks> value;
    for (int u = 0; u < kBlocks; ++u) value.of[u] = hn::Load(D(), row + static_cast<std::size_t>(u) * size);
    return value;
  }
  // By slot, block behind block, wherever the caller has them.
  Pack<kBlocks> Gradient(const double* slots, int slot) const {
    Pack<kBlocks> value;
    for (int u = 0; u < kBlocks; ++u) value.of[u] = hn::LoadU(D(), slots + PlaceOf(u, slot));
    return value;
  }
  void SetGradient(const Pack<kBlocks>& value, double* slots, int slot) const {
    for (int u = 0; u < kBlocks; ++u) hn::StoreU(value.of[u], D(), slots + PlaceOf(u, slot));
  }

  const int* List(Program::Range range) const { return row_lists_ + range.first; }

  const Program& program;
  const std::size_t first;  // lane in the block

 private:
  Pack<kBlocks> LoadRow(const double* rows, int row) const {
    return Load(rows + static_cast<std::size_t>(row) * stride_(), kBlockLanes);
  }
  void StoreRow(const Pack<kBlocks>& value, double* rows, int row) const {
    double* place = rows + static_cast<std::size_t>(row) * stride_();
    for (int u = 0; u < kBlocks; ++u) hn::Store(value.of[u], D(), place + static_cast<std::size_t>(u) * kBlockLanes);
  }
  std::size_t PlaceOf(int block, int slot) const {
    return (static_cast<std::size_t>(block) * program.slots.size() + static_cast<std::size_t>(slot)) * kBlockLanes;
  }

  // Of rests, which lie block behind block.
  std::size_t RestSize() const { return program.rests.size() * kBlockLanes; }
  template <class Number>
  Number* RestRow(Number* rests, int rest) const {
    return rests + static_cast<std::size_t>(rest) * kBlockLanes;
  }

  const Stride stride_;
  const double* const constants_;
  const double* const masks_;
  const double* const x_;
  const double* const rests_;
  const double* const weight_;
  double* const values_;
  double* const saved_;
  double* const figures_;
  double* const adjoints_;
  const int* const row_lists_;
};

template <class Item>
HWY_INLINE const Item* At(const std::vector<Item>& items, int index) {
  return items.data() + index;
}

template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> SumRows(const Lanes<kBlocks, Stride>& lanes, Pack<kBlocks> sum, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) sum = Add(sum, lanes.Get(rows[i]));
  return sum;
}
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> SubtractRows(const Lanes<kBlocks, Stride>& lanes, Pack<kBlocks> sum, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) sum = Sub(sum, lanes.Get(rows[i]));
  return sum;
}
template <int kBlocks, class Stride>
HWY_INLINE void AddToRows(const Lanes<kBlocks, Stride>& lanes, Pack<kBlocks> adjoint, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) lanes.AddAdjoint(rows[i], adjoint);
}
template <int kBlocks, class Stride>
HWY_INLINE void SubtractFromRows(const Lanes<kBlocks, Stride>& lanes, Pack<kBlocks> adjoint, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) lanes.SetAdjoint(rows[i], Sub(lanes.Adjoint(rows[i]), adjoint));
}

template <int kBlocks, class Stride>
HWY_INLINE PackMask<kBlocks> IsActive(const Lanes<kBlocks, Stride>& lanes, int slot) {
  return Lt(lanes.Number(0.0), lanes.Constant(*At(lanes.program.slot_bounds, slot)));
}

// Copies less what is over, which may be below 0.
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> CopiesLessOver(const Lanes<kBlocks, Stride>& lanes, const Program::Busy& busy) {
  return Sub(SumRows(lanes, lanes.Number(0.0), busy.rows), lanes.Get(busy.over));
}

template <int kBlocks, class Stride>
HWY_INLINE void LoadFactors(const Lanes<kBlocks, Stride>& lanes) {
  const Program& program = lanes.program;
  for (int slot = 0; slot < static_cast<int>(program.slots.size()); ++slot) {
    lanes.Set(slot, IfThenElseZero(IsActive(lanes, slot), lanes.X(slot)));
  }
  for (int i = 0; i < static_cast<int>(program.rests.size()); ++i) {
    const Program::Rest& rest = *At(program.rests, i);
    const Pack<kBlocks> left = SubtractRows(lanes, lanes.Constant(rest.constant), rest.rows);
    if (rest.over == kNoRow) {
      lanes.Set(rest.out, left);
      continue;
    }
    Pack<kBlocks> out = AtLeast(lanes.Number(0.0), left);
    if (lanes.HasRests()) {
      // What is covered just so has the same bits as where the rest follows.
      const Pack<kBlocks> given = lanes.GivenRest(i);
      out = IfThenElse(Le(given, Add(out, lanes.Number(kRoundingSlack))), out, given);
    }
    const Pack<kBlocks> over = Sub(out, left);
    lanes.Set(rest.over, over);
    // Infinite factors would be covered by their bound.
    lanes.Set(rest.out, Add(out, Mul(over, lanes.Number(0.0))));
  }
  for (const Program::Extent& extent : program.extents) {
    lanes.Set(extent.out, AtMost(lanes.Constant(extent.constant), SumRows(lanes, lanes.Number(0.0), extent.rows)));
  }
  for (const Program::Busy& busy : program.busy) {
    lanes.Set(busy.out, AtLeast(lanes.Number(0.0), CopiesLessOver(lanes, busy)));
  }
}

// Opens a gate as far as `inside` goes; keeps the gate, and x where the gate has a slope.
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> OpenGate(const Lanes<kBlocks, Stride>& lanes, Pack<kBlocks> x, Pack<kBlocks> inside,
                                  int saved) {
  const PackMask<kBlocks> positive = Le(lanes.Number(0.0), inside);
  const PackMask<kBlocks> below = Lt(inside, lanes.Number(1.0));
  const Pack<kBlocks> gate = IfThenElse(below, IfThenElseZero(positive, inside), lanes.Number(1.0));
  lanes.Save(saved, gate);
  lanes.Save(saved + 1, IfThenElseZero(And(positive, below), x));
  return Mul(x, gate);
}

template <int kBlocks, class Stride>
HWY_INLINE void RunScan(const Lanes<kBlocks, Stride>& lanes, const Program::Scan& scan) {
  const Program& program = lanes.program;
  Pack<kBlocks> out = lanes.Number(0.0);
  Pack<kBlocks> inside_level = lanes.Number(0.0);
  const Program::ScanLevel* level = At(program.scan_levels, scan.levels.first);
  for (const auto* end = level + scan.levels.count; level != end; ++level) {
    const Program::Copies* copies = At(program.copies, level->copies.first);
    for (const auto* last = copies + level->copies.count; copies != last; ++copies) {
      const Pack<kBlocks> x = lanes.Get(copies->spatial);
      const Pack<kBlocks> opened = OpenGate(lanes, x, inside_level, copies->saved);
      lanes.Set(copies->closed, Add(lanes.Get(copies->closed), Sub(x, opened)));
    }
    const Program::Gate* gate = At(program.gates, level->gates.first);
    for (const auto* last = gate + level->gates.count; gate != last; ++gate) {
      Pack<kBlocks> inside = inside_level;
      const Program::Inside* other = At(program.inside, gate->inside.first);
      for (const auto* done = other + gate->inside.count; other != done; ++other) {
        inside = Add(inside, And(lanes.MaskBits(other->mask), lanes.Get(other->loop)));
      }
      const Pack<kBlocks> x = lanes.Get(gate->loop);
      const Pack<kBlocks> opened = OpenGate(lanes, x, inside, gate->saved);
      out = Add(out, opened);
      if (gate->closed != kNoRow) {
        lanes.Set(gate->closed, Add(lanes.Get(gate->closed), Sub(x, opened)));
      }
    }
    inside_level = SumRows(lanes, inside_level, level->loops);
  }
  lanes.Set(scan.out, out);
}

template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> RowOrOne(const Lanes<kBlocks, Stride>& lanes, int row) {
  return row == kNoRow ? lanes.Number(1.0) : lanes.Get(row);
}

template <int kBlocks, class Stride>
HWY_INLINE void RunWindows(const Lanes<kBlocks, Stride>& lanes) {
  const Pack<kBlocks> one = lanes.Number(1.0);
  for (const Program::Window& window : lanes.program.windows) {
    const Pack<kBlocks> outputs = Mul(Sub(RowOrOne(lanes, window.outputs), one), lanes.Constant(window.stride));
    const Pack<kBlocks> filters = Mul(Sub(RowOrOne(lanes, window.filters), one), lanes.Constant(window.dilation));
    const Pack<kBlocks> extent = Add(Add(outputs, filters), one);
    lanes.Set(window.out, extent);
    lanes.Save(window.saved, Div(one, extent));
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void RunInputFill(const Lanes<kBlocks, Stride>& lanes, const Program::InputFill& fill) {
  const Program& program = lanes.program;
  const Pack<kBlocks> one = lanes.Number(1.0);
  Pack<kBlocks> words = Mul(lanes.Get(fill.product), lanes.Get(At(program.windows, fill.width)->out));
  words = Mul(words, lanes.Get(At(program.windows, fill.height)->out));
  const Program::Side* side = At(program.sides, fill.sides.first);
  for (const auto* end = side + fill.sides.count; side != end; ++side) {
    const Program::Window& window = *At(program.windows, side->window);
    const Pack<kBlocks> step = Mul(RowOrOne(lanes, side->copies_extent), lanes.Constant(side->unit));
    const PackMask<kBlocks> overlap = Le(step, lanes.Get(window.out));
    const Pack<kBlocks> ratio = IfThenElse(overlap, Mul(step, lanes.Saved(window.saved)), one);
    const Pack<kBlocks> first = lanes.Get(side->first);
    const Pack<kBlocks> brought = Mul(Sub(first, one), ratio);
    const Pack<kBlocks> growth = Add(one, brought);
    words = Mul(words, growth);
    const Pack<kBlocks> inverse = Div(one, growth);
    lanes.Save(side->saved, Mul(Mul(first, ratio), inverse));
    lanes.Save(side->saved + 1, IfThenElseZero(overlap, Mul(brought, inverse)));
  }
  lanes.Set(fill.out, words);
}

// (N1), in log2 of copies and sharing.
template <int kBlocks, class Stride>
HWY_INLINE void RunLinks(const Lanes<kBlocks, Stride>& lanes) {
  const Program& program = lanes.program;
  const Pack<kBlocks> half = lanes.Number(0.5);
  for (const Program::Link& link : program.links) {
    const Pack<kBlocks> side = Exp2(Mul(half, SumRows(lanes, lanes.Number(0.0), link.copies)));
    const Pack<kBlocks> shared = Exp2(Mul(half, SumRows(lanes, lanes.Number(0.0), link.sharing)));
    const Pack<kBlocks> product = Mul(side, shared);
    const Pack<kBlocks> ratio = Div(side, shared);
    const Pack<kBlocks> hops = Add(Sub(Add(product, Mul(half, Sub(side, shared))), ratio), half);
    lanes.Save(link.saved, Mul(lanes.Get(At(program.sums, link.words)->out), hops));
    lanes.Save(link.saved + 3, hops);
    const Pack<kBlocks> per_hop = Div(half, hops);
    lanes.Save(link.saved + 1, Mul(per_hop, Sub(Add(product, Mul(half, side)), ratio)));
    lanes.Save(link.saved + 2, Mul(per_hop, Add(Sub(product, Mul(half, shared)), ratio)));
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void RunSumsAndNeeds(const Lanes<kBlocks, Stride>& lanes) {
  const Program& program = lanes.program;
  for (const Program::Sum& sum : program.sums) {
    const Pack<kBlocks> plus = SumRows(lanes, lanes.Constant(sum.constant), sum.plus);
    lanes.Set(sum.out, SubtractRows(lanes, plus, sum.minus));
  }
  for (const Program::Need& need : program.needs) {
    Pack<kBlocks> sum = lanes.Constant(need.constant);
    const int* rows = lanes.List(need.rows);
    for (int i = 0; i < need.rows.count; ++i) {
      const Pack<kBlocks> row = lanes.Get(rows[i]);
      sum = Add(sum, need.is_log2 ? row : Mul(row, lanes.Number(*At(program.units, need.units + i))));
    }
    lanes.Set(need.out, sum);
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void ForwardLanes(const Lanes<kBlocks, Stride>& lanes) {
  const Program& program = lanes.program;
  LoadFactors(lanes);
  for (const int row : program.accumulators) lanes.Set(row, lanes.Number(0.0));
  for (const Program::Scan& scan : program.scans) RunScan(lanes, scan);
  for (const Program::Monomial& monomial : program.monomials) {
    const Pack<kBlocks> plus = SumRows(lanes, lanes.Constant(monomial.constant), monomial.plus);
    lanes.Set(monomial.out, Exp2(SubtractRows(lanes, plus, monomial.minus)));
  }
  RunWindows(lanes);
  for (const Program::InputFill& fill : program.input_fills) RunInputFill(lanes, fill);
  for (const Program::Product& product : program.products) {
    lanes.Set(product.out, Mul(lanes.Get(product.a), lanes.Get(product.b)));
  }
  RunSumsAndNeeds(lanes);
  RunLinks(lanes);
}

// Calls visit(Lanes, place of the first block) for all lanes of each pack.
template <class Visit>
HWY_INLINE void ForEachPack(std::span<const KernelBlock> blocks, double* adjoints, Visit visit) {
  const auto visit_pack = [&]<int kBlocks>(std::integral_constant<int, kBlocks>, std::size_t begin) {
    for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
      visit(Lanes<kBlocks, OfPack<kBlocks>>(blocks[begin], lane, adjoints), begin);
    }
  };
  static_assert(kMostPacked == 3, "a pack of each size has its own code");
  for (std::size_t begin = 0; begin < blocks.size(); begin += blocks[begin].stride / kBlockLanes) {
    switch (blocks[begin].stride / kBlockLanes) {
      case 1:
        visit_pack(std::integral_constant<int, 1>(), begin);
        break;
      case 2:
        visit_pack(std::integral_constant<int, 2>(), begin);
        break;
      default:
        visit_pack(std::integral_constant<int, 3>(), begin);
    }
  }
}

void ForwardBlocksImpl(std::span<const KernelBlock> blocks) {
  ForEachPack(blocks, nullptr, [](auto lanes, std::size_t) { ForwardLanes(lanes); });
}

// Rows of figures beyond the first.
HWY_INLINE int CyclesRow(int port) { return kNumFigureRows + 2 * port; }
HWY_INLINE int SlowestRow(int port) { return kNumFigureRows + 2 * port + 1; }

// Words that pay at a port: where it has clusters, as many of them as there are, however many instances they reach.
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> ClusterShare(const Lanes<kBlocks, Stride>& lanes, const Program::Port& port,
                                      double most_clusters) {
  return Min(Mul(lanes.Number(most_clusters), RowOrOne(lanes, port.instances)), lanes.Number(1.0));
}
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> PaidWords(const Lanes<kBlocks, Stride>& lanes, const Program::Port& port,
                                   double most_clusters) {
  const Pack<kBlocks> words = lanes.Get(At(lanes.program.sums, port.words)->out);
  return port.clusters ? Mul(words, ClusterShare(lanes, port, most_clusters)) : words;
}

template <int kBlocks, class Stride>
HWY_INLINE void ScoreLanes(const Lanes<kBlocks, Stride>& lanes, const KernelCosts& costs) {
  const Program& program = lanes.program;
  Pack<kBlocks> energy = Mul(lanes.Constant(program.macs), lanes.Number(costs.mac_energy_uj));
  Pack<kBlocks> latency = lanes.Get(program.compute_cycles);
  const int num_ports = static_cast<int>(program.ports.size());
  for (int p = 0; p < num_ports; ++p) {
    const Program::Port& port = *At(program.ports, p);
    const auto index = static_cast<std::size_t>(p);
    const Pack<kBlocks> paid = PaidWords(lanes, port, costs.most_clusters[index]);
    energy = TimesPlus(paid, lanes.Number(costs.energy_uj[index]), energy);
    if (!port.limits) continue;
    const Pack<kBlocks> words = lanes.Get(At(program.sums, port.words)->out);
    const Pack<kBlocks> cycles =
        Mul(Mul(words, RowOrOne(lanes, port.instances)), lanes.Number(costs.cycles_per_word[index]));
    const PackMask<kBlocks> slower = Lt(latency, cycles);
    latency = IfThenElse(slower, cycles, latency);
    lanes.SetFigure(CyclesRow(p), cycles);
    lanes.SetFigure(SlowestRow(p), BitsOf(slower));
  }
  for (const Program::Link& link : program.links) {
    const auto index = static_cast<std::size_t>(link.link);
    energy = TimesPlus(lanes.Saved(link.saved), lanes.Number(costs.hop_uj[index]), energy);
    energy = TimesPlus(lanes.Get(At(program.sums, link.words)->out), lanes.Number(costs.router_uj[index]), energy);
  }
  lanes.SetFigure(kEnergyUj, energy);
  lanes.SetFigure(kLatencyCycles, latency);
  // A port set the latency if no later one was slower still.
  Pack<kBlocks> open = BitsOf(Eq(latency, latency));
  for (int p = num_ports; p-- > 0;) {
    if (!At(program.ports, p)->limits) continue;
    const Pack<kBlocks> slower = lanes.Figure(SlowestRow(p));
    lanes.SetFigure(SlowestRow(p), And(slower, open));
    open = AndNot(slower, open);
  }
  lanes.SetFigure(kComputeBound, open);
}

HWY_INLINE void StoreLanes(const Pack<1>& value, double* lanes) { hn::Store(value.of[0], D(), lanes); }

// Σ of a row's lanes, in one shape for all widths.
HWY_INLINE double SumLanes(const double* row) {
  return ((row[0] + row[1]) + (row[2] + row[3])) + ((row[4] + row[5]) + (row[6] + row[7]));
}

void ScoreBlockImpl(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  const Program& program = *block.program;
  HWY_ALIGN double weighted[2 + 3 * kMaxPorts][kBlockLanes];
  const std::size_t num_ports = program.ports.size();
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
    const Lanes<1, OfBlock> lanes(block, lane);
    ScoreLanes(lanes, costs);
    const Pack<1> weight = lanes.Weight();
    StoreLanes(Mul(weight, lanes.Figure(kEnergyUj)), weighted[0] + lane);
    const Pack<1> latency = Mul(weight, lanes.Figure(kLatencyCycles));
    StoreLanes(latency, weighted[1] + lane);
    for (std::size_t p = 0; p < num_ports; ++p) {
      const Program::Port& port = program.ports[p];
      const Pack<1> paid = Mul(weight, PaidWords(lanes, port, costs.most_clusters[p]));
      StoreLanes(paid, weighted[2 + 3 * p] + lane);
      if (port.limits) {
        StoreLanes(And(lanes.Figure(SlowestRow(static_cast<int>(p))), latency), weighted[3 + 3 * p] + lane);
      }
      if (port.clusters) {
        const PackMask<1> clustered = Lt(ClusterShare(lanes, port, costs.most_clusters[p]), lanes.Number(1.0));
        StoreLanes(IfThenElseZero(clustered, paid), weighted[4 + 3 * p] + lane);
      }
    }
  }
  sums->energy_uj += SumLanes(weighted[0]);
  sums->latency_cycles += SumLanes(weighted[1]);
  for (std::size_t p = 0; p < num_ports; ++p) {
    sums->words[p] += SumLanes(weighted[2 + 3 * p]);
    if (program.ports[p].limits) sums->slow_cycles[p] += SumLanes(weighted[3 + 3 * p]);
    if (program.ports[p].clusters) sums->clustered[p] += SumLanes(weighted[4 + 3 * p]);
  }
  for (const Program::Link& link : program.links) {
    for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
      const Lanes<1, OfBlock> lanes(block, lane);
      const Pack<1> words = lanes.Get(program.sums[static_cast<std::size_t>(link.words)].out);
      StoreLanes(Mul(lanes.Weight(), words), weighted[0] + lane);
      StoreLanes(Mul(lanes.Weight(), lanes.Saved(link.saved)), weighted[1] + lane);
    }
    sums->link_words[static_cast<std::size_t>(link.link)] += SumLanes(weighted[0]);
    sums->link_hops[static_cast<std::size_t>(link.link)] += SumLanes(weighted[1]);
  }
}

// Cycles of all instances of a leaking level.
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> LeakCycles(const Lanes<kBlocks, Stride>& lanes, const Program::Leak& leak) {
  return Div(lanes.Figure(kLatencyCycles), RowOrOne(lanes, leak.instances));
}

void AddLeakageImpl(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  HWY_ALIGN double weighted[kBlockLanes];
  for (const Program::Leak& leak : block.program->leaks) {
    const auto level = static_cast<std::size_t>(leak.level);
    for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
      const Lanes<1, OfBlock> lanes(block, lane);
      const Pack<1> cycles = LeakCycles(lanes, leak);
      lanes.SetFigure(kEnergyUj, TimesPlus(cycles, lanes.Number(costs.leak_uj[level]), lanes.Figure(kEnergyUj)));
      StoreLanes(Mul(lanes.Weight(), cycles), weighted + lane);
    }
    const double cycles = SumLanes(weighted);
    sums->leak_cycles[level] += cycles;
    sums->energy_uj += costs.leak_uj[level] * cycles;
    for (std::size_t p = 0; p < block.program->ports.size(); ++p) {
      if (!block.program->ports[p].limits) continue;
      for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
        const Lanes<1, OfBlock> lanes(block, lane);
        const Pack<1> slow = And(lanes.Figure(SlowestRow(static_cast<int>(p))), LeakCycles(lanes, leak));
        StoreLanes(Mul(lanes.Weight(), slow), weighted + lane);
      }
      sums->slow_leak_uj[p] += costs.leak_uj[level] * SumLanes(weighted);
    }
  }
}

// Adjoints are ∂value/∂log2 of each row's quantity, for those that hold a log2 and for those that hold a number alike.
template <int kBlocks, class Stride>
HWY_INLINE void BackwardSum(const Lanes<kBlocks, Stride>& lanes, const Program::Sum& sum, Pack<kBlocks> per_word) {
  const int* plus = lanes.List(sum.plus);
  for (int i = 0; i < sum.plus.count; ++i) lanes.AddAdjoint(plus[i], Mul(per_word, lanes.Get(plus[i])));
  const int* minus = lanes.List(sum.minus);
  for (int i = 0; i < sum.minus.count; ++i) {
    lanes.SetAdjoint(minus[i], Sub(lanes.Adjoint(minus[i]), Mul(per_word, lanes.Get(minus[i]))));
  }
}

// Slope of a lane's latency, leakage included: ∂value/∂log2, per cycle.
template <int kBlocks, class Stride>
HWY_INLINE Pack<kBlocks> BackwardLeaks(const Lanes<kBlocks, Stride>& lanes, const KernelCosts& costs,
                                       Pack<kBlocks> energy, Pack<kBlocks> latency) {
  for (const Program::Leak& leak : lanes.program.leaks) {
    const Pack<kBlocks> per_instance = Mul(energy, lanes.Number(costs.leak_uj[static_cast<std::size_t>(leak.level)]));
    latency = Add(latency, Div(per_instance, RowOrOne(lanes, leak.instances)));
    if (leak.instances == kNoRow) continue;
    const Pack<kBlocks> leaked = Mul(per_instance, LeakCycles(lanes, leak));
    lanes.SetAdjoint(leak.instances, Sub(lanes.Adjoint(leak.instances), leaked));
  }
  return latency;
}

template <int kBlocks, class Stride>
HWY_INLINE void BackwardLinks(const Lanes<kBlocks, Stride>& lanes, const KernelCosts& costs, Pack<kBlocks> energy) {
  const Program& program = lanes.program;
  for (const Program::Link& link : program.links) {
    const auto index = static_cast<std::size_t>(link.link);
    const Program::Sum& words = *At(program.sums, link.words);
    const Pack<kBlocks> per_hop = Mul(energy, lanes.Number(costs.hop_uj[index]));
    const Pack<kBlocks> hops = Mul(per_hop, lanes.Saved(link.saved));
    AddToRows(lanes, Mul(hops, lanes.Saved(link.saved + 1)), link.copies);
    AddToRows(lanes, Mul(hops, lanes.Saved(link.saved + 2)), link.sharing);
    const Pack<kBlocks> per_word = Mul(per_hop, lanes.Saved(link.saved + 3));
    BackwardSum(lanes, words, TimesPlus(energy, lanes.Number(costs.router_uj[index]), per_word));
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void BackwardScores(const Lanes<kBlocks, Stride>& lanes, const KernelCosts& costs,
                               const KernelSlopes& slopes, std::size_t begin) {
  const Program& program = lanes.program;
  Pack<kBlocks> per_energy;
  Pack<kBlocks> per_latency;
  for (int u = 0; u < kBlocks; ++u) {
    const BlockSlopes& of_block = slopes.blocks[begin + static_cast<std::size_t>(u)];
    per_energy.of[u] = hn::Set(D(), of_block.energy * kLn2);
    per_latency.of[u] = hn::Set(D(), of_block.latency * kLn2);
  }
  const Pack<kBlocks> weight = lanes.Weight();
  const Pack<kBlocks> energy = Mul(weight, per_energy);
  const Pack<kBlocks> latency = BackwardLeaks(lanes, costs, energy, Mul(weight, per_latency));
  for (std::size_t p = 0; p < program.ports.size(); ++p) {
    const Program::Port& port = program.ports[p];
    const Program::Sum& words = *At(program.sums, port.words);
    Pack<kBlocks> per_word = Mul(energy, lanes.Number(costs.energy_uj[p]));
    if (port.clusters) {
      const Pack<kBlocks> part = ClusterShare(lanes, port, costs.most_clusters[p]);
      per_word = Mul(per_word, part);
      if (port.instances != kNoRow) {
        const Pack<kBlocks> paid = Mul(per_word, lanes.Get(words.out));
        lanes.AddAdjoint(port.instances, IfThenElseZero(Lt(part, lanes.Number(1.0)), paid));
      }
    }
    if (port.limits) {
      const Pack<kBlocks> slow = And(lanes.Figure(SlowestRow(static_cast<int>(p))), latency);
      const Pack<kBlocks> per_cycle = Mul(slow, lanes.Number(costs.cycles_per_word[p]));
      per_word = Add(per_word, Mul(per_cycle, RowOrOne(lanes, port.instances)));
      if (port.instances != kNoRow) {
        lanes.AddAdjoint(port.instances, Mul(slow, lanes.Figure(CyclesRow(static_cast<int>(p)))));
      }
    }
    BackwardSum(lanes, words, per_word);
  }
  BackwardLinks(lanes, costs, energy);
  const Pack<kBlocks> computing = And(lanes.Figure(kComputeBound), latency);
  lanes.AddAdjoint(program.compute_cycles, Mul(computing, lanes.Get(program.compute_cycles)));
  const std::size_t size = slopes.latency_rows.size() * kBlockLanes;
  for (std::size_t i = 0; i < slopes.latency_rows.size(); ++i) {
    const double* slope = slopes.latency_slopes + begin * size + i * kBlockLanes + lanes.first;
    lanes.AddAdjoint(slopes.latency_rows[i], Mul(latency, lanes.Load(slope, size)));
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void BackwardNeeds(const Lanes<kBlocks, Stride>& lanes, const KernelSlopes& slopes, std::size_t begin) {
  const Program& program = lanes.program;
  for (std::size_t r = 0; r < program.needs.size(); ++r) {
    if (slopes.needs == nullptr || slopes.needs[r] == nullptr) continue;
    const Program::Need& need = program.needs[r];
    const Pack<kBlocks> slope = lanes.Load(slopes.needs[r] + begin * kBlockLanes + lanes.first, kBlockLanes);
    if (need.is_log2) {
      AddToRows(lanes, slope, need.rows);
      continue;
    }
    const Pack<kBlocks> per_unit = Div(slope, lanes.Get(need.out));
    const int* rows = lanes.List(need.rows);
    for (int i = 0; i < need.rows.count; ++i) {
      const Pack<kBlocks> unit = lanes.Number(*At(program.units, need.units + i));
      lanes.AddAdjoint(rows[i], Mul(per_unit, Mul(unit, lanes.Get(rows[i]))));
    }
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void BackwardInput(const Lanes<kBlocks, Stride>& lanes) {
  const Program& program = lanes.program;
  for (const Program::InputFill& fill : program.input_fills) {
    const Pack<kBlocks> adjoint = lanes.Adjoint(fill.out);
    lanes.AddAdjoint(fill.product, adjoint);
    lanes.AddAdjoint(At(program.windows, fill.width)->out, adjoint);
    lanes.AddAdjoint(At(program.windows, fill.height)->out, adjoint);
    const Program::Side* side = At(program.sides, fill.sides.first);
    for (const auto* end = side + fill.sides.count; side != end; ++side) {
      lanes.AddAdjoint(side->first, Mul(adjoint, lanes.Saved(side->saved)));
      const Pack<kBlocks> step = Mul(adjoint, lanes.Saved(side->saved + 1));
      if (side->copies_extent != kNoRow) lanes.AddAdjoint(side->copies_extent, step);
      const int window = At(program.windows, side->window)->out;
      lanes.SetAdjoint(window, Sub(lanes.Adjoint(window), step));
    }
  }
  for (const Program::Window& window : program.windows) {
    const Pack<kBlocks> per_element = Mul(lanes.Adjoint(window.out), lanes.Saved(window.saved));
    for (const auto& [row, unit] : {std::pair(window.outputs, window.stride), {window.filters, window.dilation}}) {
      if (row == kNoRow) continue;
      lanes.AddAdjoint(row, Mul(per_element, Mul(lanes.Get(row), lanes.Constant(unit))));
    }
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void BackwardScan(const Lanes<kBlocks, Stride>& lanes, const Program::Scan& scan) {
  const Program& program = lanes.program;
  const Pack<kBlocks> out = lanes.Adjoint(scan.out);
  Pack<kBlocks> inside_levels = lanes.Number(0.0);  // adjoint of the loops inside the levels done so far
  for (int k = scan.levels.count; k-- > 0;) {
    const Program::ScanLevel& level = *At(program.scan_levels, scan.levels.first + k);
    AddToRows(lanes, inside_levels, level.loops);
    const Program::Gate* gate = At(program.gates, level.gates.first);
    for (const auto* last = gate + level.gates.count; gate != last; ++gate) {
      const Pack<kBlocks> closed = gate->closed == kNoRow ? lanes.Number(0.0) : lanes.Adjoint(gate->closed);
      const Pack<kBlocks> difference = Sub(out, closed);
      lanes.AddAdjoint(gate->loop, TimesPlus(difference, lanes.Saved(gate->saved), closed));
      const Pack<kBlocks> inside = Mul(difference, lanes.Saved(gate->saved + 1));
      const Program::Inside* other = At(program.inside, gate->inside.first);
      for (const auto* done = other + gate->inside.count; other != done; ++other) {
        lanes.AddAdjoint(other->loop, And(lanes.MaskBits(other->mask), inside));
      }
      inside_levels = Add(inside_levels, inside);
    }
    const Program::Copies* copies = At(program.copies, level.copies.first);
    for (const auto* last = copies + level.copies.count; copies != last; ++copies) {
      const Pack<kBlocks> closed = lanes.Adjoint(copies->closed);
      lanes.AddAdjoint(copies->spatial, Sub(closed, Mul(closed, lanes.Saved(copies->saved))));
      inside_levels = Sub(inside_levels, Mul(closed, lanes.Saved(copies->saved + 1)));
    }
  }
}

// At a kink a dimension that is just covered has the slopes of one that is not: there only less is a move (D5).
template <int kBlocks, class Stride>
HWY_INLINE void BackwardFactors(const Lanes<kBlocks, Stride>& lanes, std::size_t begin, double* rest_gradient) {
  const Program& program = lanes.program;
  const Pack<kBlocks> slack = lanes.Number(kRoundingSlack);
  for (const Program::Busy& busy : program.busy) {
    const Pack<kBlocks> adjoint = lanes.Adjoint(busy.out);
    const Pack<kBlocks> copies = CopiesLessOver(lanes, busy);
    const Pack<kBlocks> zero = lanes.Number(0.0);
    AddToRows(lanes, IfThenElseZero(Le(Sub(zero, slack), copies), adjoint), busy.rows);
    lanes.SetAdjoint(busy.over, Sub(lanes.Adjoint(busy.over), IfThenElseZero(Lt(slack, copies), adjoint)));
  }
  for (const Program::Extent& extent : program.extents) {
    const Pack<kBlocks> most = Add(lanes.Constant(extent.constant), slack);
    const PackMask<kBlocks> within = Le(SumRows(lanes, lanes.Number(0.0), extent.rows), most);
    AddToRows(lanes, IfThenElseZero(within, lanes.Adjoint(extent.out)), extent.rows);
  }
  for (int i = 0; i < static_cast<int>(program.rests.size()); ++i) {
    const Program::Rest& rest = *At(program.rests, i);
    const Pack<kBlocks> adjoint = lanes.Adjoint(rest.out);
    if (rest.over == kNoRow) {
      SubtractFromRows(lanes, adjoint, rest.rows);
      continue;
    }
    const Pack<kBlocks> over = lanes.Adjoint(rest.over);
    if (lanes.HasRests()) {
      AddToRows(lanes, over, rest.rows);
      lanes.SetRestGradient(Add(adjoint, over),
                            rest_gradient + begin * program.rests.size() * kBlockLanes + lanes.first, i);
      continue;
    }
    const PackMask<kBlocks> covered = Lt(slack, lanes.Get(rest.over));
    AddToRows(lanes, IfThenElse(covered, over, Sub(lanes.Number(0.0), adjoint)), rest.rows);
  }
}

template <int kBlocks, class Stride>
HWY_INLINE void BackwardLanes(const Lanes<kBlocks, Stride>& lanes, const KernelCosts& costs, const KernelSlopes& slopes,
                              std::size_t begin, bool add, double* gradient, double* rest_gradient) {
  const Program& program = lanes.program;
  for (int row = 0; row < program.num_rows; ++row) lanes.SetAdjoint(row, lanes.Number(0.0));
  BackwardScores(lanes, costs, slopes, begin);
  BackwardNeeds(lanes, slopes, begin);
  for (std::size_t i = program.products.size(); i-- > 0;) {
    const Program::Product& product = program.products[i];
    const Pack<kBlocks> adjoint = lanes.Adjoint(product.out);
    lanes.AddAdjoint(product.a, adjoint);
    lanes.AddAdjoint(product.b, adjoint);
  }
  BackwardInput(lanes);
  for (const Program::Monomial& monomial : program.monomials) {
    const Pack<kBlocks> adjoint = lanes.Adjoint(monomial.out);
    AddToRows(lanes, adjoint, monomial.plus);
    SubtractFromRows(lanes, adjoint, monomial.minus);
  }
  for (const Program::Scan& scan : program.scans) BackwardScan(lanes, scan);
  BackwardFactors(lanes, begin, rest_gradient);
  double* const slots = gradient + begin * program.slots.size() * kBlockLanes + lanes.first;
  for (int slot = 0; slot < static_cast<int>(program.slots.size()); ++slot) {
    const Pack<kBlocks> slope = IfThenElseZero(IsActive(lanes, slot), lanes.Adjoint(slot));
    lanes.SetGradient(add ? Add(slope, lanes.Gradient(slots, slot)) : slope, slots, slot);
  }
}

void BackwardBlocksImpl(std::span<const KernelBlock> blocks, const KernelCosts& costs, const KernelSlopes& slopes,
                        double* adjoints, bool add, double* gradient, double* rest_gradient) {
  ForEachPack(blocks, adjoints, [&](auto lanes, std::size_t begin) {
    BackwardLanes(lanes, costs, slopes, begin, add, gradient, rest_gradient);
  });
}

PenaltySums PenalizeBlockImpl(const double* need, bool need_is_log2, double log2_limit, double* slopes) {
  HWY_ALIGN double penalties[kBlockLanes];
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
    const V amount = hn::Load(D(), need + lane);
    const V overrun = hn::Sub(need_is_log2 ? amount : Log2(amount), Number(log2_limit));
    const M over = hn::Gt(overrun, Number(kRoundingSlack));
    const V slope = TimesPlus(Number(2 * kPenaltyQuadratic), overrun, Number(kPenaltyLinear));
    const V penalty = hn::Mul(overrun, TimesPlus(Number(kPenaltyQuadratic), overrun, Number(kPenaltyLinear)));
    hn::Store(hn::IfThenElseZero(over, slope), D(), slopes + lane);
    hn::Store(hn::IfThenElseZero(over, penalty), D(), penalties + lane);
  }
  return {SumLanes(penalties), SumLanes(slopes)};
}

template <class Function>
void InPlace(std::span<double> values, Function function) {
  HWY_ALIGN double lanes[kBlockLanes];
  for (std::size_t i = 0; i < values.size(); i += kBlockLanes) {
    const std::size_t count = HWY_MIN(std::size_t{kBlockLanes}, values.size() - i);
    for (std::size_t k = 0; k < kBlockLanes; ++k) lanes[k] = k < count ? values[i + k] : 1;
    for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
      hn::Store(function(hn::Load(D(), lanes + lane)), D(), lanes + lane);
    }
    for (std::size_t k = 0; k < count; ++k) values[i + k] = lanes[k];
  }
}
void Exp2InPlaceImpl(std::span<double> values) {
  InPlace(values, [](V x) { return Exp2(x); });
}
void Log2InPlaceImpl(std::span<double> values) {
  InPlace(values, [](V x) { return Log2(x); });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace oneloop
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oneloop {
namespace {
HWY_EXPORT(ForwardBlocksImpl);
HWY_EXPORT(ScoreBlockImpl);
HWY_EXPORT(AddLeakageImpl);
HWY_EXPORT(BackwardBlocksImpl);
HWY_EXPORT(PenalizeBlockImpl);
HWY_EXPORT(Exp2InPlaceImpl);
HWY_EXPORT(Log2InPlaceImpl);
}  // namespace

void ForwardBlocks(std::span<const KernelBlock> blocks) { HWY_DYNAMIC_DISPATCH(ForwardBlocksImpl)(blocks); }

void ScoreBlock(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  HWY_DYNAMIC_DISPATCH(ScoreBlockImpl)(block, costs, sums);
}

void AddLeakage(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  HWY_DYNAMIC_DISPATCH(AddLeakageImpl)(block, costs, sums);
}

void BackwardBlocks(std::span<const KernelBlock> blocks, const KernelCosts& costs, const KernelSlopes& slopes,
                    double* adjoints, bool add, double* gradient, double* rest_gradient) {
  HWY_DYNAMIC_DISPATCH(BackwardBlocksImpl)(blocks, costs, slopes, adjoints, add, gradient, rest_gradient);
}

PenaltySums PenalizeBlock(const double* need, bool need_is_log2, double log2_limit, double* slopes) {
  return HWY_DYNAMIC_DISPATCH(PenalizeBlockImpl)(need, need_is_log2, log2_limit, slopes);
}

void Exp2InPlace(std::span<double> values) { HWY_DYNAMIC_DISPATCH(Exp2InPlaceImpl)(values); }
void Log2InPlace(std::span<double> values) { HWY_DYNAMIC_DISPATCH(Log2InPlaceImpl)(values); }

}  // namespace oneloop
#endif  // HWY_ONCE
