#ifndef ONELOOP_COMMON_MODEL_KERNEL_KERNEL_PROGRAM_H_
#define ONELOOP_COMMON_MODEL_KERNEL_KERNEL_PROGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Layers are evaluated side by side, so many to a block, whatever the width of the machine's vectors.
inline constexpr int kBlockLanes = 8;

// One real-valued factor that the descent may move: temporal at a level, or spatial along an axis. The outermost
// level's temporal factors are not among them: they follow from the bounds.
struct FactorSlot {
  FactorPlace place;
  Dim dim;
  bool operator==(const FactorSlot&) const = default;
};

inline std::int64_t FactorAt(const Mapping& mapping, const FactorSlot& slot) {
  return FactorAt(mapping, slot.place, slot.dim);
}

// The smooth form of a Structure for the layers of one workload, compiled to flat lists over numbered
// rows. A row holds one quantity for the lanes of a block, a lane is a layer. Loop orders are data: masks that say by
// lane which loops lie inside which. Dimensions of bound 1 in all layers, and factors that no level or axis allows,
// appear nowhere. "constant" is a row of numbers that depend on the layer only; an absent row is kNoRow.
//
// Rows, in order: one for each slot (log2 of the factor), then what the lists write. Each list reads what those before
// it write.
struct KernelProgram {
  static constexpr int kNoRow = -1;

  // A stretch of another list.
  struct Range {
    int first = 0;
    int count = 0;
  };

  // log2 of what the outermost level gets of one dimension: constant − Σ rows. Where factors need not divide, at least
  // 0, and `over` is log2 of how far the factors of all levels reach beyond the bound: out + Σ rows − constant (D2).
  struct Rest {
    int out;
    int constant;
    Range rows;
    int over;  // kNoRow where all factors divide
    Dim dim;
  };
  // log2 of a tile's extent where factors need not divide: Σ rows, at most constant (D3).
  struct Extent {
    int out;
    int constant;
    Range rows;
  };
  // log2 of copies that share or compute, less what the factors reach beyond the bound, at least 0 (D4).
  struct Busy {
    int out;
    int over;
    Range rows;
  };

  // A loop (x = log2 of its factor) that counts as far as others are open inside it: out += x · gate; what does not
  // count goes to its dimension's row: closed += x · (1 − gate). gate = clamp(Σ x of the loops inside, 0, 1).
  struct Gate {
    int loop;
    int closed;
    Range inside;
    int saved;  // two rows: the gate, and x where the gate has a slope
  };
  // A loop of the same level, inside the gated one in those lanes that mask says.
  struct Inside {
    int loop;
    int mask;
  };
  // Copies between a tile and a level's loops: closed += x · (1 − gate), gate by the loops of the levels inside.
  struct Copies {
    int spatial;
    int closed;
    int saved;  // as for Gate
  };
  // One level outside a tile.
  struct ScanLevel {
    Range copies;
    Range gates;
    Range loops;  // rows that lie inside all levels further out
  };
  struct Scan {
    int out;
    Range levels;
  };

  // out = 2^(constant + Σ plus − Σ minus).
  struct Monomial {
    int out;
    int constant;
    Range plus;
    Range minus;
  };
  // Extent of the input window: (outputs − 1) · stride + (filters − 1) · dilation + 1; an absent row is 1.
  struct Window {
    int out;
    int outputs;
    int filters;
    int stride;  // constants
    int dilation;
    int saved;  // one row: 1 / out
  };
  // One sliding dimension of an input's fills: the innermost loop, of factor `first`, moves the window by
  // unit · copies_extent elements.
  struct Side {
    int window;  // of windows
    int first;
    int copies_extent;
    int unit;   // constant
    int saved;  // two rows: slopes of log2 of the fills against log2 of `first` and of the step
  };
  // out = product · width · height · Π over sides (1 + (first − 1) · min(step / window, 1)).
  struct InputFill {
    int out;
    int product;
    int width;  // of windows
    int height;
    Range sides;
  };
  // out = a · b.
  struct Product {
    int out;
    int a;
    int b;
  };

  // Words of several flows, all instances: constant + Σ plus − Σ minus.
  struct Sum {
    int out;
    int constant;
    Range plus;
    Range minus;
  };
  // What flows pay at a port, by Structure::ports() (E1, L1).
  struct Port {
    int words;      // of sums
    double weight;  // of a word in the bandwidth
    bool limits;    // has a bandwidth
    bool clusters;  // one access may reach several instances
    int instances;  // row of 1 / instances; absent when there is one, or neither of the two asks
  };
  // Words of one tensor across a fan-out of `copies`, of which `sharing` ask for each word (N1, N3).
  struct Link {
    int link;       // of Structure::links()
    int words;      // of sums
    Range copies;   // rows of log2
    Range sharing;  // rows of log2
    int saved;      // four rows: words · hops, slopes of log2 of the hops against log2 of copies and sharing, hops
  };
  // A level whose instances leak (E3).
  struct Leak {
    int level;
    int instances;  // row of 1 / instances; absent when there is one
  };
  // What one layer needs of a resource: for copies along an axis the log2, constant + Σ rows; for a capacity
  // constant + Σ rows · units.
  struct Need {
    int out;
    int constant;
    Range rows;
    int units;  // first of the list, in step with the rows
    bool is_log2;
  };
  // Whether the loop over `inner` of a level lies inside the one over `outer`.
  struct Mask {
    int level;
    Dim inner;
    Dim outer;
  };

  int num_layers = 0;
  std::vector<int> places;    // by layer: block · kBlockLanes + lane
  std::vector<int> networks;  // by block: that of all its layers
  int num_rows = 0;
  int num_saved = 0;
  int num_constants = 0;
  std::vector<double> constants;  // [block][constant][lane]
  std::vector<FactorSlot> slots;
  std::vector<int> slot_bounds;  // by slot: the constant that holds log2 of its dimension's bound
  std::vector<int> row_lists;    // what ranges of rows refer to
  std::vector<double> units;
  std::vector<Rest> rests;
  std::vector<Extent> extents;
  std::vector<Busy> busy;
  std::vector<Scan> scans;
  std::vector<ScanLevel> scan_levels;
  std::vector<Gate> gates;
  std::vector<Inside> inside;
  std::vector<Copies> copies;
  std::vector<int> accumulators;  // rows that gates and copies add to
  std::vector<Monomial> monomials;
  std::vector<Window> windows;
  std::vector<Side> sides;
  std::vector<InputFill> input_fills;
  std::vector<Product> products;
  std::vector<Sum> sums;
  std::vector<Port> ports;  // by Structure::ports()
  std::vector<Link> links;
  std::vector<Leak> leaks;
  std::vector<Need> needs;  // by Template::resources()
  std::vector<Mask> masks;
  // Rows of the words that fill a keeper inside the outermost level, all instances; kNoRow when no factor moves them.
  std::array<std::array<int, kNumTensors>, kMaxLevels> fills;
  int macs = 0;            // constant
  int compute_cycles = 0;  // row

  int num_blocks() const { return static_cast<int>(networks.size()); }
  int block_of(int layer) const { return places[static_cast<std::size_t>(layer)] / kBlockLanes; }
  int lane_of(int layer) const { return places[static_cast<std::size_t>(layer)] % kBlockLanes; }
  const double* block_constants(int block) const {
    return constants.data() + static_cast<std::ptrdiff_t>(block) * num_constants * kBlockLanes;
  }
};

// Constants, each by layer, as [block][constant][lane] with 0 in lanes without a layer.
std::vector<double> PackByBlock(const KernelProgram& program, const std::vector<std::vector<double>>& constants);

KernelProgram CompileKernel(const CostModel& model, const Workload& workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_KERNEL_KERNEL_PROGRAM_H_
