#include "common/model/latency/latency_kernel.h"

#include <array>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/model/latency/latency_kernel.cc"
// As batch_kernel.cc.
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
using Term = LatencyFeatures::Term;

constexpr int kNoInput = LatencyFeatures::kNoInput;
constexpr std::size_t kMaxComponents = kMaxPorts + 3;
// Exp2 takes exponents up to 1000; a component this much faster than the slowest counts for nothing.
constexpr double kSmallestExponent = -900;

HWY_INLINE std::size_t Offset(int row) { return static_cast<std::size_t>(row) * kBlockLanes; }
HWY_INLINE std::size_t Offset(std::size_t row) { return row * kBlockLanes; }

// One vector's lanes of a block: rows by number.
struct Rows {
  double* data;
  V Get(std::size_t row) const { return hn::Load(D(), data + Offset(row)); }
  V Get(int row) const { return hn::Load(D(), data + Offset(row)); }
  void Set(std::size_t row, V value) const { hn::Store(value, D(), data + Offset(row)); }
  void Set(int row, V value) const { hn::Store(value, D(), data + Offset(row)); }
  void Add(int row, V value) const { Set(row, hn::Add(Get(row), value)); }
  Rows From(int row) const { return {data + Offset(row)}; }
};

// Value and slope of RationalTanh.
HWY_INLINE void Activate(V sum, V* value, V* slope) {
  const V x = hn::Max(hn::Min(sum, Number(3.0)), Number(-3.0));
  const V square = hn::Mul(x, x);
  const V inverse = hn::Div(Number(1.0), TimesPlus(square, Number(9.0), Number(27.0)));
  *value = hn::Mul(hn::Mul(x, hn::Add(square, Number(27.0))), inverse);
  const V root = hn::Mul(hn::Sub(square, Number(9.0)), inverse);
  *slope = hn::Mul(hn::Mul(root, root), Number(9.0));
}

// What one vector of layers needs, and what it leaves.
struct Pass {
  const LatencyProgram& program;
  const LatencyParameters& parameters;
  const KernelBlock& block;
  const double* constants;
  std::size_t lane;
  Rows own;           // own rows
  Rows inputs;        // those of the inputs, among them
  Rows input_slopes;  // ∂ ln cycles / ∂ input
  Rows first;         // by unit: value, then slope
  Rows first_slopes;
  Rows second;
  Rows second_slopes;
  Rows outputs;

  V Kernel(int row) const { return hn::Load(D(), block.values + static_cast<std::size_t>(row) * block.stride + lane); }
  V Row(const LatencyProgram::Part& part) const { return part.is_own ? own.Get(part.row) : Kernel(part.row); }
};

HWY_INLINE void SetInputs(const Pass& pass) {
  const LatencyProgram& program = pass.program;
  for (const LatencyProgram::Copies& copies : program.copies) {
    V sum = hn::Zero(D());
    for (const int row : copies.rows) sum = hn::Add(sum, pass.Kernel(row));
    pass.own.Set(copies.out, hn::Min(sum, Number(copies.most)));
  }
  for (const LatencyProgram::Log& log : program.logs) {
    // Of words there may be none, which count as one.
    pass.own.Set(log.out, Log2(hn::Max(pass.Kernel(log.row), Number(1.0))));
  }
  for (const LatencyProgram::Input& input : program.inputs) {
    V sum = hn::LoadU(D(), pass.constants + Offset(input.constant) + pass.lane);
    for (const LatencyProgram::Part& part : input.parts) {
      sum = TimesPlus(Number(part.coefficient), pass.Row(part), sum);
    }
    pass.own.Set(input.out, sum);
  }
  for (std::size_t i = 0; i < program.inputs.size(); ++i) pass.input_slopes.Set(i, hn::Zero(D()));
}

// Cycles of a term.
HWY_INLINE V Cycles(const Pass& pass, const Term& term) {
  const V factor = Number(pass.parameters.physics.coefficients[static_cast<std::size_t>(term.parameter)] * term.scale);
  if (term.plus == kNoInput) return factor;
  const V plus = pass.inputs.Get(term.plus);
  return hn::Mul(factor, Exp2(term.minus == kNoInput ? plus : hn::Sub(plus, pass.inputs.Get(term.minus))));
}

HWY_INLINE V SumTerms(const Pass& pass, const std::vector<Term>& terms, V* cycles) {
  V sum = hn::Zero(D());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    cycles[i] = Cycles(pass, terms[i]);
    sum = hn::Add(sum, cycles[i]);
  }
  return sum;
}

HWY_INLINE void AddSlopes(const Pass& pass, const std::vector<Term>& terms, const V* cycles, V weight) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].plus == kNoInput) continue;
    const V slope = hn::Mul(weight, cycles[i]);
    pass.input_slopes.Add(terms[i].plus, slope);
    if (terms[i].minus != kNoInput) {
      pass.input_slopes.Set(terms[i].minus, hn::Sub(pass.input_slopes.Get(terms[i].minus), slope));
    }
  }
}

HWY_INLINE V PowerOf(V log2, double exponent) {
  return Exp2(hn::Max(hn::Mul(log2, Number(exponent)), Number(kSmallestExponent)));
}

// log2 of the physical cycles; adds to the inputs' slopes.
HWY_INLINE V Physics(const Pass& pass) {
  const LatencyFeatures& features = pass.program.predictor->features();
  const double p = pass.parameters.physics.p;
  const auto& overlapping = features.overlapping();
  constexpr std::size_t kMaxTerms = std::size_t{2} * kMaxLatencyInputs;
  V cycles[kMaxTerms];
  V logs[kMaxComponents];
  V slowest = Number(kSmallestExponent);
  std::size_t next = 0;
  for (std::size_t k = 0; k < overlapping.size(); ++k) {
    logs[k] = Log2(SumTerms(pass, overlapping[k], cycles + next));
    slowest = hn::Max(slowest, logs[k]);
    next += overlapping[k].size();
  }
  V powers = hn::Zero(D());
  for (std::size_t k = 0; k < overlapping.size(); ++k) {
    powers = hn::Add(powers, PowerOf(hn::Sub(logs[k], slowest), p));
  }
  const V joined = TimesPlus(Log2(powers), Number(1 / p), slowest);
  V* const serial = cycles + next;
  const V total = hn::Add(Exp2(joined), SumTerms(pass, features.serial(), serial));
  const V scale = hn::Div(Number(kLn2), total);
  next = 0;
  for (std::size_t k = 0; k < overlapping.size(); ++k) {
    const V weight = hn::Mul(scale, PowerOf(hn::Sub(logs[k], joined), p - 1));
    AddSlopes(pass, overlapping[k], cycles + next, weight);
    next += overlapping[k].size();
  }
  AddSlopes(pass, features.serial(), serial, scale);
  return Log2(total);
}

// `kCount` units that stand side by side in `weights`, over inputs `stride` apart.
template <int kCount>
HWY_INLINE void FirstUnits(const Pass& pass, std::size_t unit, std::size_t stride) {
  const LatencyNetworks& networks = pass.parameters.networks;
  V sums[kCount];
  for (int k = 0; k < kCount; ++k) sums[k] = Number(networks.first_bias[unit + static_cast<std::size_t>(k)]);
  const double* weights = networks.first.data() + unit;
  for (const int input : networks.inputs) {
    const V x = pass.inputs.Get(input);
    for (int k = 0; k < kCount; ++k) sums[k] = TimesPlus(x, Number(weights[k]), sums[k]);
    weights += stride;
  }
  for (int k = 0; k < kCount; ++k) {
    V value;
    V slope;
    Activate(sums[k], &value, &slope);
    pass.first.Set(unit + static_cast<std::size_t>(k), value);
    pass.first_slopes.Set(unit + static_cast<std::size_t>(k), slope);
  }
}

// Likewise, over the first layer's units of the member.
template <int kCount>
HWY_INLINE void SecondUnits(const Pass& pass, std::size_t member, std::size_t unit) {
  const LatencyNetworks& networks = pass.parameters.networks;
  const auto first_units = static_cast<std::size_t>(networks.first_units);
  const auto second_units = static_cast<std::size_t>(networks.second_units);
  const std::size_t out = member * second_units + unit;
  V sums[kCount];
  for (int k = 0; k < kCount; ++k) sums[k] = Number(networks.second_bias[out + static_cast<std::size_t>(k)]);
  const double* weights = networks.second.data() + member * first_units * second_units + unit;
  for (std::size_t u = member * first_units; u < (member + 1) * first_units; ++u) {
    const V x = pass.first.Get(u);
    for (int k = 0; k < kCount; ++k) sums[k] = TimesPlus(x, Number(weights[k]), sums[k]);
    weights += second_units;
  }
  for (int k = 0; k < kCount; ++k) {
    V value;
    V slope;
    Activate(sums[k], &value, &slope);
    pass.second.Set(out + static_cast<std::size_t>(k), value);
    pass.second_slopes.Set(out + static_cast<std::size_t>(k), slope);
  }
}

// Outputs of all members; their mean.
HWY_INLINE V RunNetworks(const Pass& pass) {
  const LatencyNetworks& networks = pass.parameters.networks;
  const auto members = static_cast<std::size_t>(networks.members);
  const auto second_units = static_cast<std::size_t>(networks.second_units);
  const std::size_t num_first = members * static_cast<std::size_t>(networks.first_units);
  std::size_t unit = 0;
  for (; unit + 8 <= num_first; unit += 8) FirstUnits<8>(pass, unit, num_first);
  for (; unit < num_first; ++unit) FirstUnits<1>(pass, unit, num_first);
  V mean = hn::Zero(D());
  for (std::size_t m = 0; m < members; ++m) {
    std::size_t v = 0;
    for (; v + 4 <= second_units; v += 4) SecondUnits<4>(pass, m, v);
    for (; v < second_units; ++v) SecondUnits<1>(pass, m, v);
    V output = Number(networks.last_bias[m]);
    for (std::size_t at = m * second_units; at < (m + 1) * second_units; ++at) {
      output = TimesPlus(pass.second.Get(at), Number(networks.last[at]), output);
    }
    pass.outputs.Set(m, output);
    mean = hn::Add(mean, output);
  }
  return hn::Mul(mean, Number(1 / static_cast<double>(members)));
}

// Adds the slopes of `kCount` inputs, from those of the first layer's units.
template <int kCount>
HWY_INLINE void InputSlopes(const Pass& pass, std::size_t first_input, std::size_t num_first) {
  const LatencyNetworks& networks = pass.parameters.networks;
  const double* weights = networks.first.data() + first_input * num_first;
  V sums[kCount];
  for (int k = 0; k < kCount; ++k) sums[k] = hn::Zero(D());
  for (std::size_t u = 0; u < num_first; ++u) {
    const V slope = pass.first_slopes.Get(u);
    for (int k = 0; k < kCount; ++k) {
      sums[k] = TimesPlus(slope, Number(weights[static_cast<std::size_t>(k) * num_first + u]), sums[k]);
    }
  }
  for (int k = 0; k < kCount; ++k) {
    pass.input_slopes.Add(networks.inputs[first_input + static_cast<std::size_t>(k)], sums[k]);
  }
}

// Adds the slopes of the inputs; `slopes` by member. Slopes of units are used up.
HWY_INLINE void RunNetworksBack(const Pass& pass, const V* slopes) {
  const LatencyNetworks& networks = pass.parameters.networks;
  const auto members = static_cast<std::size_t>(networks.members);
  const auto first_units = static_cast<std::size_t>(networks.first_units);
  const auto second_units = static_cast<std::size_t>(networks.second_units);
  const std::size_t num_first = members * first_units;
  for (std::size_t m = 0; m < members; ++m) {
    for (std::size_t v = m * second_units; v < (m + 1) * second_units; ++v) {
      pass.second_slopes.Set(v, hn::Mul(hn::Mul(slopes[m], Number(networks.last[v])), pass.second_slopes.Get(v)));
    }
    for (std::size_t u = m * first_units; u < (m + 1) * first_units; ++u) {
      const double* weights = networks.second.data() + u * second_units;
      V slope = hn::Zero(D());
      for (std::size_t v = 0; v < second_units; ++v) {
        slope = TimesPlus(pass.second_slopes.Get(m * second_units + v), Number(weights[v]), slope);
      }
      pass.first_slopes.Set(u, hn::Mul(slope, pass.first_slopes.Get(u)));
    }
  }
  std::size_t i = 0;
  for (; i + 4 <= networks.inputs.size(); i += 4) InputSlopes<4>(pass, i, num_first);
  for (; i < networks.inputs.size(); ++i) InputSlopes<1>(pass, i, num_first);
}

// Σ (distance outside of the measured range)²; with `weight`, adds weight · its slope instead.
HWY_INLINE V Outside(const Pass& pass, const V* weight) {
  const LatencyTrust& trust = pass.parameters.trust;
  const std::vector<int>& inputs = pass.parameters.networks.inputs;
  V sum = hn::Zero(D());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const V x = pass.inputs.Get(inputs[i]);
    const V inside = hn::Max(hn::Min(x, Number(trust.high[i])), Number(trust.low[i]));
    const V excess = hn::Sub(x, inside);
    const double scale = 1 / (trust.scale[i] * trust.scale[i]);
    if (weight == nullptr) {
      sum = TimesPlus(hn::Mul(excess, excess), Number(scale), sum);
    } else {
      pass.input_slopes.Add(inputs[i], hn::Mul(hn::Mul(*weight, excess), Number(2 * scale)));
    }
  }
  return sum;
}

// The learned correction of ln cycles; adds its slopes.
HWY_INLINE V Correct(const Pass& pass) {
  const LatencyTrust& trust = pass.parameters.trust;
  const auto members = static_cast<std::size_t>(pass.parameters.networks.members);
  const double share = 1 / static_cast<double>(members);
  const V one = Number(1.0);
  const V mean = RunNetworks(pass);
  V slopes[kMaxLatencyMembers];
  if (!pass.parameters.has_physics) {
    for (std::size_t m = 0; m < members; ++m) slopes[m] = Number(share);
    RunNetworksBack(pass, slopes);
    return mean;
  }
  V squares = hn::Zero(D());
  for (std::size_t m = 0; m < members; ++m) {
    const V deviation = hn::Sub(pass.outputs.Get(m), mean);
    squares = TimesPlus(deviation, deviation, squares);
  }
  const double per_variance = 1 / (trust.agreement * trust.agreement);
  const V doubt = hn::Mul(squares, Number(share * per_variance));
  const V agreed = hn::Div(one, TimesPlus(doubt, doubt, one));
  const V inside = hn::Div(one, hn::Add(one, Outside(pass, nullptr)));
  const V trusted = hn::Mul(agreed, inside);
  V bounded;
  V slope;
  Activate(hn::Mul(mean, Number(1 / trust.most_correction)), &bounded, &slope);
  bounded = hn::Mul(bounded, Number(trust.most_correction));
  const V mean_slope = hn::Mul(hn::Mul(trusted, slope), Number(share));
  const V variance_slope =
      hn::Mul(hn::Mul(hn::Mul(bounded, trusted), hn::Mul(agreed, doubt)), Number(-4 * per_variance * share));
  for (std::size_t m = 0; m < members; ++m) {
    slopes[m] = TimesPlus(variance_slope, hn::Sub(pass.outputs.Get(m), mean), mean_slope);
  }
  RunNetworksBack(pass, slopes);
  const V outside_slope = hn::Neg(hn::Mul(hn::Mul(bounded, trusted), inside));
  Outside(pass, &outside_slope);
  return hn::Mul(bounded, trusted);
}

// To the rows of a sum, each by its part.
HWY_INLINE void AddShares(const Pass& pass, KernelProgram::Range range, V share, const Rows& slopes) {
  const int* rows = pass.block.program->row_lists.data() + range.first;
  for (int i = 0; i < range.count; ++i) {
    const int slope = pass.program.slope_of_row[static_cast<std::size_t>(rows[i])];
    slopes.Add(slope, hn::Mul(share, pass.Kernel(rows[i])));
  }
}

// From the inputs to the kernel's rows.
HWY_INLINE void SpreadSlopes(const Pass& pass, V cycles, const Rows& slopes) {
  const LatencyProgram& program = pass.program;
  for (std::size_t i = 0; i < program.rows.size(); ++i) slopes.Set(i, hn::Zero(D()));
  const int num_derived = program.first_input();
  V derived[kMaxAxes + kMaxLevels * (kNumTensors + 2) + kMaxPorts];
  for (int i = 0; i < num_derived; ++i) derived[i] = hn::Zero(D());
  const V scale = hn::Mul(cycles, Number(1 / kLn2));
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const V slope = hn::Mul(pass.input_slopes.Get(i), scale);
    for (const LatencyProgram::Part& part : program.inputs[i].parts) {
      const V weighted = hn::Mul(slope, Number(part.coefficient));
      if (part.is_own) {
        derived[part.row] = hn::Add(derived[part.row], weighted);
      } else {
        slopes.Add(program.slope_of_row[static_cast<std::size_t>(part.row)], weighted);
      }
    }
  }
  for (const LatencyProgram::Log& log : program.logs) {
    if (log.plus.count + log.minus.count == 0) {
      slopes.Add(program.slope_of_row[static_cast<std::size_t>(log.row)], derived[log.out]);
      continue;
    }
    const V words = pass.Kernel(log.row);
    const V share = hn::IfThenElseZero(hn::Gt(words, Number(1.0)), hn::Div(derived[log.out], words));
    AddShares(pass, log.plus, share, slopes);
    AddShares(pass, log.minus, hn::Neg(share), slopes);
  }
  for (const LatencyProgram::Copies& copies : program.copies) {
    const M below = hn::Lt(pass.own.Get(copies.out), Number(copies.most));
    const V slope = hn::IfThenElseZero(below, derived[copies.out]);
    for (const int row : copies.rows) slopes.Add(program.slope_of_row[static_cast<std::size_t>(row)], slope);
  }
}

Pass MakePass(const KernelBlock& block, const LatencyProgram& program, int block_index, std::size_t lane,
              double* scratch) {
  const LatencyParameters& parameters = program.predictor->parameters();
  const int first_units = parameters.networks.members * parameters.networks.first_units;
  const int second_units = parameters.networks.members * parameters.networks.second_units;
  const Rows own{scratch + lane};
  const Rows input_slopes = own.From(program.num_own_rows);
  const Rows first = input_slopes.From(static_cast<int>(program.inputs.size()));
  const Rows first_slopes = first.From(first_units);
  const Rows second = first_slopes.From(first_units);
  const Rows second_slopes = second.From(second_units);
  return {program,
          parameters,
          block,
          program.constants.data() + Offset(block_index * program.num_constants),
          lane,
          own,
          own.From(program.first_input()),
          input_slopes,
          first,
          first_slopes,
          second,
          second_slopes,
          second_slopes.From(second_units)};
}

double CorrectBlockImpl(const KernelBlock& block, const LatencyProgram& program, int block_index, double* scratch,
                        double* slopes) {
  HWY_ALIGN double weighted[kBlockLanes];
  const std::size_t num_ports = block.program->ports.size();
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(D())) {
    const Pass pass = MakePass(block, program, block_index, lane, scratch);
    SetInputs(pass);
    V log2_cycles = pass.parameters.has_physics ? Physics(pass) : Number(pass.parameters.offset / kLn2);
    log2_cycles = TimesPlus(Correct(pass), Number(1 / kLn2), log2_cycles);
    V slope_cycles = Exp2(log2_cycles);
    V cycles = slope_cycles;
    if (pass.parameters.has_physics) {
      // At the peak nothing but the layer's bounds counts.
      const V peak = pass.inputs.Get(program.predictor->features().peak_input());
      slope_cycles = hn::IfThenElseZero(hn::Gt(log2_cycles, peak), cycles);
      cycles = Exp2(hn::Max(log2_cycles, peak));
    }
    SpreadSlopes(pass, slope_cycles, {slopes + lane});
    const auto set_figure = [&](std::size_t row, V value) {
      hn::Store(value, D(), block.figures + row * block.stride + lane);
    };
    set_figure(kLatencyCycles, cycles);
    set_figure(kComputeBound, hn::Zero(D()));
    for (std::size_t p = 0; p < num_ports; ++p) set_figure(kNumFigureRows + 2 * p + 1, hn::Zero(D()));
    hn::Store(hn::Mul(hn::Load(D(), block.weight + lane), cycles), D(), weighted + lane);
  }
  return ((weighted[0] + weighted[1]) + (weighted[2] + weighted[3])) +
         ((weighted[4] + weighted[5]) + (weighted[6] + weighted[7]));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace oneloop
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oneloop {
namespace {
HWY_EXPORT(CorrectBlockImpl);
}  // namespace

double CorrectBlock(const KernelBlock& block, const LatencyProgram& program, int block_index, double* scratch,
                    double* slopes) {
  return HWY_DYNAMIC_DISPATCH(CorrectBlockImpl)(block, program, block_index, scratch, slopes);
}

}  // namespace oneloop
#endif  // HWY_ONCE
