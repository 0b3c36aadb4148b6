#include "common/model/kernel/batch_kernel.h"

#include <cstdint>
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
// The rows of one block, from one vector's lanes on. Holds its pointers itself: the compiler must take a vector's store
// to change any memory, and would read them again after each.
class Lanes {
 public:
  Lanes(const KernelBlock& block, std::size_t lane, double* adjoints = nullptr)
      : program(*block.program),
        first(lane),
        constants_(block.constants + lane),
        masks_(block.masks + lane),
        x_(block.x),
        share_(block.share + lane),
        values_(block.values + lane),
        saved_(block.saved + lane),
        figures_(block.figures + lane),
        adjoints_(adjoints == nullptr ? nullptr : adjoints + lane),
        row_lists_(block.program->row_lists.data()) {}

  V Constant(int row) const { return Load(constants_, row); }
  V MaskBits(int row) const { return Load(masks_, row); }
  V X(int slot) const { return hn::LoadU(D(), x_ + Offset(slot) + first); }
  V Share() const { return Load(share_, 0); }
  V Get(int row) const { return Load(values_, row); }
  void Set(int row, V value) const { Store(value, values_, row); }
  V Saved(int row) const { return Load(saved_, row); }
  void Save(int row, V value) const { Store(value, saved_, row); }
  V Figure(int row) const { return Load(figures_, row); }
  void SetFigure(int row, V value) const { Store(value, figures_, row); }
  V Adjoint(int row) const { return Load(adjoints_, row); }
  void SetAdjoint(int row, V value) const { Store(value, adjoints_, row); }
  void AddAdjoint(int row, V value) const { SetAdjoint(row, hn::Add(Adjoint(row), value)); }

  const int* List(Program::Range range) const { return row_lists_ + range.first; }

  static V Load(const double* rows, int row) { return hn::Load(D(), rows + Offset(row)); }
  static void Store(V value, double* rows, int row) { hn::Store(value, D(), rows + Offset(row)); }
  static std::size_t Offset(int row) { return static_cast<std::size_t>(row) * kBlockLanes; }

  const Program& program;
  const std::size_t first;  // lane in the block

 private:
  const double* const constants_;
  const double* const masks_;
  const double* const x_;
  const double* const share_;
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

HWY_INLINE V SumRows(const Lanes& lanes, V sum, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) sum = hn::Add(sum, lanes.Get(rows[i]));
  return sum;
}
HWY_INLINE V SubtractRows(const Lanes& lanes, V sum, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) sum = hn::Sub(sum, lanes.Get(rows[i]));
  return sum;
}
HWY_INLINE void AddToRows(const Lanes& lanes, V adjoint, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) lanes.AddAdjoint(rows[i], adjoint);
}
HWY_INLINE void SubtractFromRows(const Lanes& lanes, V adjoint, Program::Range range) {
  const int* rows = lanes.List(range);
  for (int i = 0; i < range.count; ++i) lanes.SetAdjoint(rows[i], hn::Sub(lanes.Adjoint(rows[i]), adjoint));
}

HWY_INLINE M IsActive(const Lanes& lanes, int slot) {
  return hn::Gt(lanes.Constant(*At(lanes.program.slot_bounds, slot)), hn::Zero(D()));
}

HWY_INLINE void LoadFactors(const Lanes& lanes) {
  const Program& program = lanes.program;
  for (int slot = 0; slot < static_cast<int>(program.slots.size()); ++slot) {
    lanes.Set(slot, hn::IfThenElseZero(IsActive(lanes, slot), lanes.X(slot)));
  }
  for (const Program::Rest& rest : program.rests) {
    lanes.Set(rest.out, SubtractRows(lanes, lanes.Constant(rest.constant), rest.rows));
  }
}

// Opens a gate as far as `inside` goes; keeps the gate, and x where the gate has a slope.
HWY_INLINE V OpenGate(const Lanes& lanes, V x, V inside, int saved) {
  const M positive = hn::Ge(inside, hn::Zero(D()));
  const M below = hn::Lt(inside, Number(1.0));
  const V gate = hn::IfThenElse(below, hn::IfThenElseZero(positive, inside), Number(1.0));
  lanes.Save(saved, gate);
  lanes.Save(saved + 1, hn::IfThenElseZero(hn::And(positive, below), x));
  return hn::Mul(x, gate);
}

HWY_INLINE void RunScan(const Lanes& lanes, const Program::Scan& scan) {
  const Program& program = lanes.program;
  V out = hn::Zero(D());
  V inside_level = hn::Zero(D());
  const Program::ScanLevel* level = At(program.scan_levels, scan.levels.first);
  for (const auto* end = level + scan.levels.count; level != end; ++level) {
    const Program::Copies* copies = At(program.copies, level->copies.first);
    for (const auto* last = copies + level->copies.count; copies != last; ++copies) {
      const V x = lanes.Get(copies->spatial);
      const V opened = OpenGate(lanes, x, inside_level, copies->saved);
      lanes.Set(copies->closed, hn::Add(lanes.Get(copies->closed), hn::Sub(x, opened)));
    }
    const Program::Gate* gate = At(program.gates, level->gates.first);
    for (const auto* last = gate + level->gates.count; gate != last; ++gate) {
      V inside = inside_level;
      const Program::Inside* other = At(program.inside, gate->inside.first);
      for (const auto* done = other + gate->inside.count; other != done; ++other) {
        inside = hn::Add(inside, hn::And(lanes.MaskBits(other->mask), lanes.Get(other->loop)));
      }
      const V x = lanes.Get(gate->loop);
      const V opened = OpenGate(lanes, x, inside, gate->saved);
      out = hn::Add(out, opened);
      if (gate->closed != kNoRow) {
        lanes.Set(gate->closed, hn::Add(lanes.Get(gate->closed), hn::Sub(x, opened)));
      }
    }
    inside_level = SumRows(lanes, inside_level, level->loops);
  }
  lanes.Set(scan.out, out);
}

HWY_INLINE V RowOrOne(const Lanes& lanes, int row) { return row == kNoRow ? Number(1.0) : lanes.Get(row); }

HWY_INLINE void RunWindows(const Lanes& lanes) {
  const V one = Number(1.0);
  for (const Program::Window& window : lanes.program.windows) {
    const V outputs = hn::Mul(hn::Sub(RowOrOne(lanes, window.outputs), one), lanes.Constant(window.stride));
    const V filters = hn::Mul(hn::Sub(RowOrOne(lanes, window.filters), one), lanes.Constant(window.dilation));
    const V extent = hn::Add(hn::Add(outputs, filters), one);
    lanes.Set(window.out, extent);
    lanes.Save(window.saved, hn::Div(one, extent));
  }
}

HWY_INLINE void RunInputFill(const Lanes& lanes, const Program::InputFill& fill) {
  const Program& program = lanes.program;
  const V one = Number(1.0);
  V words = hn::Mul(lanes.Get(fill.product), lanes.Get(At(program.windows, fill.width)->out));
  words = hn::Mul(words, lanes.Get(At(program.windows, fill.height)->out));
  const Program::Side* side = At(program.sides, fill.sides.first);
  for (const auto* end = side + fill.sides.count; side != end; ++side) {
    const Program::Window& window = *At(program.windows, side->window);
    const V step = hn::Mul(RowOrOne(lanes, side->copies_extent), lanes.Constant(side->unit));
    const M overlap = hn::Le(step, lanes.Get(window.out));
    const V ratio = hn::IfThenElse(overlap, hn::Mul(step, lanes.Saved(window.saved)), one);
    const V first = lanes.Get(side->first);
    const V brought = hn::Mul(hn::Sub(first, one), ratio);
    const V growth = hn::Add(one, brought);
    words = hn::Mul(words, growth);
    const V inverse = hn::Div(one, growth);
    lanes.Save(side->saved, hn::Mul(hn::Mul(first, ratio), inverse));
    lanes.Save(side->saved + 1, hn::IfThenElseZero(overlap, hn::Mul(brought, inverse)));
  }
  lanes.Set(fill.out, words);
}

// (N1), in log2 of copies and sharing.
HWY_INLINE void RunLinks(const Lanes& lanes) {
  const Program& program = lanes.program;
  const V half = Number(0.5);
  for (const Program::Link& link : program.links) {
    const V side = Exp2(hn::Mul(half, SumRows(lanes, hn::Zero(D()), link.copies)));
    const V shared = Exp2(hn::Mul(half, SumRows(lanes, hn::Zero(D()), link.sharing)));
    const V product = hn::Mul(side, shared);
    const V ratio = hn::Div(side, shared);
    const V hops = hn::Add(hn::Sub(hn::Add(product, hn::Mul(half, hn::Sub(side, shared))), ratio), half);
    lanes.Save(link.saved, hn::Mul(lanes.Get(At(program.sums, link.words)->out), hops));
    lanes.Save(link.saved + 3, hops);
    const V per_hop = hn::Div(half, hops);
    lanes.Save(link.saved + 1, hn::Mul(per_hop, hn::Sub(hn::Add(product, hn::Mul(half, side)), ratio)));
    lanes.Save(link.saved + 2, hn::Mul(per_hop, hn::Add(hn::Sub(product, hn::Mul(half, shared)), ratio)));
  }
}

HWY_INLINE void RunSumsAndNeeds(const Lanes& lanes) {
  const Program& program = lanes.program;
  for (const Program::Sum& sum : program.sums) {
    const V plus = SumRows(lanes, lanes.Constant(sum.constant), sum.plus);
    lanes.Set(sum.out, SubtractRows(lanes, plus, sum.minus));
  }
  for (const Program::Need& need : program.needs) {
    V sum = lanes.Constant(need.constant);
    const int* rows = lanes.List(need.rows);
    for (int i = 0; i < need.rows.count; ++i) {
      const V row = lanes.Get(rows[i]);
      sum = hn::Add(sum, need.is_log2 ? row : hn::Mul(row, Number(*At(program.units, need.units + i))));
    }
    lanes.Set(need.out, sum);
  }
}

HWY_INLINE void ForwardLanes(const Lanes& lanes) {
  const Program& program = lanes.program;
  LoadFactors(lanes);
  for (const int row : program.accumulators) lanes.Set(row, hn::Zero(D()));
  for (const Program::Scan& scan : program.scans) RunScan(lanes, scan);
  for (const Program::Monomial& monomial : program.monomials) {
    const V plus = SumRows(lanes, lanes.Constant(monomial.constant), monomial.plus);
    lanes.Set(monomial.out, Exp2(SubtractRows(lanes, plus, monomial.minus)));
  }
  RunWindows(lanes);
  for (const Program::InputFill& fill : program.input_fills) RunInputFill(lanes, fill);
  for (const Program::Product& product : program.products) {
    lanes.Set(product.out, hn::Mul(lanes.Get(product.a), lanes.Get(product.b)));
  }
  RunSumsAndNeeds(lanes);
  RunLinks(lanes);
}

void ForwardBlockImpl(const KernelBlock& block) {
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) ForwardLanes(Lanes(block, lane));
}

// Rows of figures beyond the first.
HWY_INLINE int CyclesRow(int port) { return kNumFigureRows + 2 * port; }
HWY_INLINE int SlowestRow(int port) { return kNumFigureRows + 2 * port + 1; }

// Words that pay at a port: where it has clusters, as many of them as there are, however many instances they reach.
HWY_INLINE V ClusterShare(const Lanes& lanes, const Program::Port& port, double most_clusters) {
  return hn::Min(hn::Mul(Number(most_clusters), RowOrOne(lanes, port.instances)), Number(1.0));
}
HWY_INLINE V PaidWords(const Lanes& lanes, const Program::Port& port, double most_clusters) {
  const V words = lanes.Get(At(lanes.program.sums, port.words)->out);
  return port.clusters ? hn::Mul(words, ClusterShare(lanes, port, most_clusters)) : words;
}

HWY_INLINE void ScoreLanes(const Lanes& lanes, const KernelCosts& costs) {
  const Program& program = lanes.program;
  V energy = hn::Mul(lanes.Constant(program.macs), Number(costs.mac_energy_uj));
  V latency = lanes.Get(program.compute_cycles);
  const int num_ports = static_cast<int>(program.ports.size());
  for (int p = 0; p < num_ports; ++p) {
    const Program::Port& port = *At(program.ports, p);
    const auto index = static_cast<std::size_t>(p);
    const V paid = PaidWords(lanes, port, costs.most_clusters[index]);
    energy = TimesPlus(paid, Number(costs.energy_uj[index]), energy);
    if (!port.limits) continue;
    const V words = lanes.Get(At(program.sums, port.words)->out);
    const V cycles = hn::Mul(hn::Mul(words, RowOrOne(lanes, port.instances)), Number(costs.cycles_per_word[index]));
    const M slower = hn::Gt(cycles, latency);
    latency = hn::IfThenElse(slower, cycles, latency);
    lanes.SetFigure(CyclesRow(p), cycles);
    lanes.SetFigure(SlowestRow(p), hn::VecFromMask(D(), slower));
  }
  for (const Program::Link& link : program.links) {
    const auto index = static_cast<std::size_t>(link.link);
    energy = TimesPlus(lanes.Saved(link.saved), Number(costs.hop_uj[index]), energy);
    energy = TimesPlus(lanes.Get(At(program.sums, link.words)->out), Number(costs.router_uj[index]), energy);
  }
  lanes.SetFigure(kEnergyUj, energy);
  lanes.SetFigure(kLatencyCycles, latency);
  // A port set the latency if no later one was slower still.
  V open = hn::VecFromMask(D(), hn::Eq(latency, latency));
  for (int p = num_ports; p-- > 0;) {
    if (!At(program.ports, p)->limits) continue;
    const V slower = lanes.Figure(SlowestRow(p));
    lanes.SetFigure(SlowestRow(p), hn::And(slower, open));
    open = hn::AndNot(slower, open);
  }
  lanes.SetFigure(kComputeBound, open);
}

// Σ of a row's lanes, in one shape for all widths.
HWY_INLINE double SumLanes(const double* row) {
  return ((row[0] + row[1]) + (row[2] + row[3])) + ((row[4] + row[5]) + (row[6] + row[7]));
}

void ScoreBlockImpl(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  const Program& program = *block.program;
  HWY_ALIGN double weighted[2 + 3 * kMaxPorts][kBlockLanes];
  const std::size_t num_ports = program.ports.size();
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
    const Lanes lanes(block, lane);
    ScoreLanes(lanes, costs);
    const V share = lanes.Share();
    hn::Store(hn::Mul(share, lanes.Figure(kEnergyUj)), D(), weighted[0] + lane);
    const V latency = hn::Mul(share, lanes.Figure(kLatencyCycles));
    hn::Store(latency, D(), weighted[1] + lane);
    for (std::size_t p = 0; p < num_ports; ++p) {
      const Program::Port& port = program.ports[p];
      const V paid = hn::Mul(share, PaidWords(lanes, port, costs.most_clusters[p]));
      hn::Store(paid, D(), weighted[2 + 3 * p] + lane);
      if (port.limits) {
        hn::Store(hn::And(lanes.Figure(SlowestRow(static_cast<int>(p))), latency), D(), weighted[3 + 3 * p] + lane);
      }
      if (port.clusters) {
        const M clustered = hn::Lt(ClusterShare(lanes, port, costs.most_clusters[p]), Number(1.0));
        hn::Store(hn::IfThenElseZero(clustered, paid), D(), weighted[4 + 3 * p] + lane);
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
      const Lanes lanes(block, lane);
      const V words = lanes.Get(program.sums[static_cast<std::size_t>(link.words)].out);
      hn::Store(hn::Mul(lanes.Share(), words), D(), weighted[0] + lane);
      hn::Store(hn::Mul(lanes.Share(), lanes.Saved(link.saved)), D(), weighted[1] + lane);
    }
    sums->link_words[static_cast<std::size_t>(link.link)] += SumLanes(weighted[0]);
    sums->link_hops[static_cast<std::size_t>(link.link)] += SumLanes(weighted[1]);
  }
}

// Cycles of all instances of a leaking level.
HWY_INLINE V LeakCycles(const Lanes& lanes, const Program::Leak& leak) {
  return hn::Div(lanes.Figure(kLatencyCycles), RowOrOne(lanes, leak.instances));
}

void AddLeakageImpl(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  HWY_ALIGN double weighted[kBlockLanes];
  for (const Program::Leak& leak : block.program->leaks) {
    const auto level = static_cast<std::size_t>(leak.level);
    for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
      const Lanes lanes(block, lane);
      const V cycles = LeakCycles(lanes, leak);
      lanes.SetFigure(kEnergyUj, TimesPlus(cycles, Number(costs.leak_uj[level]), lanes.Figure(kEnergyUj)));
      hn::Store(hn::Mul(lanes.Share(), cycles), D(), weighted + lane);
    }
    const double cycles = SumLanes(weighted);
    sums->leak_cycles[level] += cycles;
    sums->energy_uj += costs.leak_uj[level] * cycles;
    for (std::size_t p = 0; p < block.program->ports.size(); ++p) {
      if (!block.program->ports[p].limits) continue;
      for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
        const Lanes lanes(block, lane);
        const V slow = hn::And(lanes.Figure(SlowestRow(static_cast<int>(p))), LeakCycles(lanes, leak));
        hn::Store(hn::Mul(lanes.Share(), slow), D(), weighted + lane);
      }
      sums->slow_leak_uj[p] += costs.leak_uj[level] * SumLanes(weighted);
    }
  }
}

// Adjoints are ∂value/∂log2 of each row's quantity, for those that hold a log2 and for those that hold a number alike.
HWY_INLINE void BackwardSum(const Lanes& lanes, const Program::Sum& sum, V per_word) {
  const int* plus = lanes.List(sum.plus);
  for (int i = 0; i < sum.plus.count; ++i) lanes.AddAdjoint(plus[i], hn::Mul(per_word, lanes.Get(plus[i])));
  const int* minus = lanes.List(sum.minus);
  for (int i = 0; i < sum.minus.count; ++i) {
    lanes.SetAdjoint(minus[i], hn::Sub(lanes.Adjoint(minus[i]), hn::Mul(per_word, lanes.Get(minus[i]))));
  }
}

// Slope of a lane's latency, leakage included: ∂value/∂log2, per cycle.
HWY_INLINE V BackwardLeaks(const Lanes& lanes, const KernelCosts& costs, V energy, V latency) {
  for (const Program::Leak& leak : lanes.program.leaks) {
    const V per_instance = hn::Mul(energy, Number(costs.leak_uj[static_cast<std::size_t>(leak.level)]));
    latency = hn::Add(latency, hn::Div(per_instance, RowOrOne(lanes, leak.instances)));
    if (leak.instances == kNoRow) continue;
    const V leaked = hn::Mul(per_instance, LeakCycles(lanes, leak));
    lanes.SetAdjoint(leak.instances, hn::Sub(lanes.Adjoint(leak.instances), leaked));
  }
  return latency;
}

HWY_INLINE void BackwardLinks(const Lanes& lanes, const KernelCosts& costs, V energy) {
  const Program& program = lanes.program;
  for (const Program::Link& link : program.links) {
    const auto index = static_cast<std::size_t>(link.link);
    const Program::Sum& words = *At(program.sums, link.words);
    const V per_hop = hn::Mul(energy, Number(costs.hop_uj[index]));
    const V hops = hn::Mul(per_hop, lanes.Saved(link.saved));
    AddToRows(lanes, hn::Mul(hops, lanes.Saved(link.saved + 1)), link.copies);
    AddToRows(lanes, hn::Mul(hops, lanes.Saved(link.saved + 2)), link.sharing);
    const V per_word = hn::Mul(per_hop, lanes.Saved(link.saved + 3));
    BackwardSum(lanes, words, TimesPlus(energy, Number(costs.router_uj[index]), per_word));
  }
}

HWY_INLINE void BackwardScores(const Lanes& lanes, const KernelCosts& costs, const KernelSlopes& slopes) {
  const Program& program = lanes.program;
  const V share = lanes.Share();
  const V energy = hn::Mul(share, Number(slopes.energy * kLn2));
  const V latency = BackwardLeaks(lanes, costs, energy, hn::Mul(share, Number(slopes.latency * kLn2)));
  for (std::size_t p = 0; p < program.ports.size(); ++p) {
    const Program::Port& port = program.ports[p];
    const Program::Sum& words = *At(program.sums, port.words);
    V per_word = hn::Mul(energy, Number(costs.energy_uj[p]));
    if (port.clusters) {
      const V part = ClusterShare(lanes, port, costs.most_clusters[p]);
      per_word = hn::Mul(per_word, part);
      if (port.instances != kNoRow) {
        const V paid = hn::Mul(per_word, lanes.Get(words.out));
        lanes.AddAdjoint(port.instances, hn::IfThenElseZero(hn::Lt(part, Number(1.0)), paid));
      }
    }
    if (port.limits) {
      const V slow = hn::And(lanes.Figure(SlowestRow(static_cast<int>(p))), latency);
      const V per_cycle = hn::Mul(slow, Number(costs.cycles_per_word[p]));
      per_word = hn::Add(per_word, hn::Mul(per_cycle, RowOrOne(lanes, port.instances)));
      if (port.instances != kNoRow) {
        lanes.AddAdjoint(port.instances, hn::Mul(slow, lanes.Figure(CyclesRow(static_cast<int>(p)))));
      }
    }
    BackwardSum(lanes, words, per_word);
  }
  BackwardLinks(lanes, costs, energy);
  const V computing = hn::And(lanes.Figure(kComputeBound), latency);
  lanes.AddAdjoint(program.compute_cycles, hn::Mul(computing, lanes.Get(program.compute_cycles)));
  for (std::size_t i = 0; i < slopes.latency_rows.size(); ++i) {
    const double* slope = slopes.latency_slopes + i * kBlockLanes + lanes.first;
    lanes.AddAdjoint(slopes.latency_rows[i], hn::Mul(latency, hn::Load(D(), slope)));
  }
}

HWY_INLINE void BackwardNeeds(const Lanes& lanes, const KernelSlopes& slopes) {
  const Program& program = lanes.program;
  for (std::size_t r = 0; r < program.needs.size(); ++r) {
    if (slopes.needs == nullptr || slopes.needs[r] == nullptr) continue;
    const Program::Need& need = program.needs[r];
    const V slope = hn::Load(D(), slopes.needs[r] + lanes.first);
    if (need.is_log2) {
      AddToRows(lanes, slope, need.rows);
      continue;
    }
    const V per_unit = hn::Div(slope, lanes.Get(need.out));
    const int* rows = lanes.List(need.rows);
    for (int i = 0; i < need.rows.count; ++i) {
      const V unit = Number(*At(program.units, need.units + i));
      lanes.AddAdjoint(rows[i], hn::Mul(per_unit, hn::Mul(unit, lanes.Get(rows[i]))));
    }
  }
}

HWY_INLINE void BackwardInput(const Lanes& lanes) {
  const Program& program = lanes.program;
  for (const Program::InputFill& fill : program.input_fills) {
    const V adjoint = lanes.Adjoint(fill.out);
    lanes.AddAdjoint(fill.product, adjoint);
    lanes.AddAdjoint(At(program.windows, fill.width)->out, adjoint);
    lanes.AddAdjoint(At(program.windows, fill.height)->out, adjoint);
    const Program::Side* side = At(program.sides, fill.sides.first);
    for (const auto* end = side + fill.sides.count; side != end; ++side) {
      lanes.AddAdjoint(side->first, hn::Mul(adjoint, lanes.Saved(side->saved)));
      const V step = hn::Mul(adjoint, lanes.Saved(side->saved + 1));
      if (side->copies_extent != kNoRow) lanes.AddAdjoint(side->copies_extent, step);
      const int window = At(program.windows, side->window)->out;
      lanes.SetAdjoint(window, hn::Sub(lanes.Adjoint(window), step));
    }
  }
  for (const Program::Window& window : program.windows) {
    const V per_element = hn::Mul(lanes.Adjoint(window.out), lanes.Saved(window.saved));
    for (const auto& [row, unit] : {std::pair(window.outputs, window.stride), {window.filters, window.dilation}}) {
      if (row == kNoRow) continue;
      lanes.AddAdjoint(row, hn::Mul(per_element, hn::Mul(lanes.Get(row), lanes.Constant(unit))));
    }
  }
}

HWY_INLINE void BackwardScan(const Lanes& lanes, const Program::Scan& scan) {
  const Program& program = lanes.program;
  const V out = lanes.Adjoint(scan.out);
  V inside_levels = hn::Zero(D());  // adjoint of the loops inside the levels done so far
  for (int k = scan.levels.count; k-- > 0;) {
    const Program::ScanLevel& level = *At(program.scan_levels, scan.levels.first + k);
    AddToRows(lanes, inside_levels, level.loops);
    const Program::Gate* gate = At(program.gates, level.gates.first);
    for (const auto* last = gate + level.gates.count; gate != last; ++gate) {
      const V closed = gate->closed == kNoRow ? hn::Zero(D()) : lanes.Adjoint(gate->closed);
      const V difference = hn::Sub(out, closed);
      lanes.AddAdjoint(gate->loop, TimesPlus(difference, lanes.Saved(gate->saved), closed));
      const V inside = hn::Mul(difference, lanes.Saved(gate->saved + 1));
      const Program::Inside* other = At(program.inside, gate->inside.first);
      for (const auto* done = other + gate->inside.count; other != done; ++other) {
        lanes.AddAdjoint(other->loop, hn::And(lanes.MaskBits(other->mask), inside));
      }
      inside_levels = hn::Add(inside_levels, inside);
    }
    const Program::Copies* copies = At(program.copies, level.copies.first);
    for (const auto* last = copies + level.copies.count; copies != last; ++copies) {
      const V closed = lanes.Adjoint(copies->closed);
      lanes.AddAdjoint(copies->spatial, hn::Sub(closed, hn::Mul(closed, lanes.Saved(copies->saved))));
      inside_levels = hn::Sub(inside_levels, hn::Mul(closed, lanes.Saved(copies->saved + 1)));
    }
  }
}

HWY_INLINE void BackwardLanes(const Lanes& lanes, const KernelCosts& costs, const KernelSlopes& slopes, bool add,
                              double* gradient) {
  const Program& program = lanes.program;
  for (int row = 0; row < program.num_rows; ++row) lanes.SetAdjoint(row, hn::Zero(D()));
  BackwardScores(lanes, costs, slopes);
  BackwardNeeds(lanes, slopes);
  for (std::size_t i = program.products.size(); i-- > 0;) {
    const Program::Product& product = program.products[i];
    const V adjoint = lanes.Adjoint(product.out);
    lanes.AddAdjoint(product.a, adjoint);
    lanes.AddAdjoint(product.b, adjoint);
  }
  BackwardInput(lanes);
  for (const Program::Monomial& monomial : program.monomials) {
    const V adjoint = lanes.Adjoint(monomial.out);
    AddToRows(lanes, adjoint, monomial.plus);
    SubtractFromRows(lanes, adjoint, monomial.minus);
  }
  for (const Program::Scan& scan : program.scans) BackwardScan(lanes, scan);
  for (const Program::Rest& rest : program.rests) SubtractFromRows(lanes, lanes.Adjoint(rest.out), rest.rows);
  for (int slot = 0; slot < static_cast<int>(program.slots.size()); ++slot) {
    const V slope = hn::IfThenElseZero(IsActive(lanes, slot), lanes.Adjoint(slot));
    double* place = gradient + Lanes::Offset(slot) + lanes.first;
    hn::StoreU(add ? hn::Add(slope, hn::LoadU(D(), place)) : slope, D(), place);
  }
}

void BackwardBlockImpl(const KernelBlock& block, const KernelCosts& costs, const KernelSlopes& slopes, double* adjoints,
                       bool add, double* gradient) {
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
    BackwardLanes(Lanes(block, lane, adjoints), costs, slopes, add, gradient);
  }
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
HWY_EXPORT(ForwardBlockImpl);
HWY_EXPORT(ScoreBlockImpl);
HWY_EXPORT(AddLeakageImpl);
HWY_EXPORT(BackwardBlockImpl);
HWY_EXPORT(PenalizeBlockImpl);
HWY_EXPORT(Exp2InPlaceImpl);
HWY_EXPORT(Log2InPlaceImpl);
}  // namespace

void ForwardBlock(const KernelBlock& block) { HWY_DYNAMIC_DISPATCH(ForwardBlockImpl)(block); }

void ScoreBlock(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  HWY_DYNAMIC_DISPATCH(ScoreBlockImpl)(block, costs, sums);
}

void AddLeakage(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums) {
  HWY_DYNAMIC_DISPATCH(AddLeakageImpl)(block, costs, sums);
}

void BackwardBlock(const KernelBlock& block, const KernelCosts& costs, const KernelSlopes& slopes, double* adjoints,
                   bool add, double* gradient) {
  HWY_DYNAMIC_DISPATCH(BackwardBlockImpl)(block, costs, slopes, adjoints, add, gradient);
}

PenaltySums PenalizeBlock(const double* need, bool need_is_log2, double log2_limit, double* slopes) {
  return HWY_DYNAMIC_DISPATCH(PenalizeBlockImpl)(need, need_is_log2, log2_limit, slopes);
}

void Exp2InPlace(std::span<double> values) { HWY_DYNAMIC_DISPATCH(Exp2InPlaceImpl)(values); }
void Log2InPlace(std::span<double> values) { HWY_DYNAMIC_DISPATCH(Log2InPlaceImpl)(values); }

}  // namespace oneloop
#endif  // HWY_ONCE
