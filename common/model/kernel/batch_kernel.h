#ifndef ONELOOP_COMMON_MODEL_KERNEL_BATCH_KERNEL_H_
#define ONELOOP_COMMON_MODEL_KERNEL_BATCH_KERNEL_H_

#include <array>
#include <cstddef>
#include <span>

#include "common/model/kernel/kernel_program.h"

namespace oneloop {

// Runs a KernelProgram forwards and backwards on one block of kBlockLanes layers, with the widest vectors that this
// machine has. Every operation stays within its lane, nothing is fused or reassociated, and sums over lanes have a
// fixed shape, so that the results are the same bits on every width. Pure functions; they allocate nothing.
//
// All arrays are aligned to kKernelAlignment bytes and hold rows of kBlockLanes doubles.
inline constexpr std::size_t kKernelAlignment = 64;

// Up to so many blocks are a pack: their rows lie side by side, and the program's lists are walked once for all of
// them.
inline constexpr int kMostPacked = 3;

// One block of layers under one candidate order.
struct KernelBlock {
  const KernelProgram* program;
  std::size_t stride;       // doubles from one row to the next, but for x: kBlockLanes for each block of the pack
  const double* constants;  // KernelProgram::block_constants
  const double* masks;      // by KernelProgram::masks: all bits set or none
  const double* x;          // by slot, one row behind the other; read only where the dimension's bound is above 1
  // log2 of the outermost level's factors, by KernelProgram::rests and laid out like x: of whole mappings. Null for
  // what the other factors leave. Read only where factors need not divide.
  const double* rests;
  const double* weight;  // one row: count of the layer times weight of the order; 0 in lanes without a layer
  double* values;        // by row
  double* saved;         // by saved row
  double* figures;       // kNumFigureRows, then two rows for each port: cycles, and whether it set the latency
};
enum FigureRow { kEnergyUj, kLatencyCycles, kComputeBound, kNumFigureRows };

// What ScoreBlock sums over the lanes, each times its weight.
struct KernelSums {
  double energy_uj = 0;
  double latency_cycles = 0;
  std::array<double, kMaxPorts> words{};         // that pay, by port; those of a cluster once
  std::array<double, kMaxPorts> clustered{};     // those of them that fewer accesses than instances move
  std::array<double, kMaxPorts> slow_cycles{};   // cycles of the layers whose latency the port sets
  std::array<double, kMaxLevels> link_words{};   // by Structure::links(), all tensors
  std::array<double, kMaxLevels> link_hops{};    // words times hops
  std::array<double, kMaxLevels> leak_cycles{};  // cycles times instances, by level
  std::array<double, kMaxPorts> slow_leak_uj{};  // what leaks while layers run whose latency the port sets
};

// Costs as ScoreBlock uses them.
struct KernelCosts {
  double mac_energy_uj;
  std::array<double, kMaxPorts> energy_uj;        // of a word, by port
  std::array<double, kMaxPorts> cycles_per_word;  // of one instance
  std::array<double, kMaxPorts> most_clusters;
  std::array<double, kMaxLevels> router_uj;  // of a word, by Structure::links()
  std::array<double, kMaxLevels> hop_uj;     // of a word's hop and the router behind it
  std::array<double, kMaxLevels> leak_uj;    // of an instance in a cycle, by level
};

// ∂value/∂(µJ and cycles of the network) that a block is of.
struct BlockSlopes {
  double energy;
  double latency;
};

// Derivatives that enter BackwardBlocks.
struct KernelSlopes {
  const BlockSlopes* blocks;
  // By resource: rows, by block, of ∂value/∂log2(need); null where there is none.
  const double* const* needs;
  // Where a predictor has set the latency: by block, ∂cycles/∂log2 of some rows, over ln 2 (CorrectBlock).
  std::span<const int> latency_rows = {};
  const double* latency_slopes = nullptr;
};

// Values of all rows from x: words by level and needs. `blocks`: whole packs, of one candidate; their x and weights lie
// block behind block.
void ForwardBlocks(std::span<const KernelBlock> blocks);

// Energy and latency of each lane; adds to `sums`.
void ScoreBlock(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums);

// Adds what leaks while the layers run, once their latencies are known, to the lanes' energies and to `sums`. Needed
// where the program has leaks.
void AddLeakage(const KernelBlock& block, const KernelCosts& costs, KernelSums* sums);

// Gradient by slot from the rows that ForwardBlocks and ScoreBlock left, block by block; `adjoints` is scratch, a row
// for each row of the blocks of a pack. Adds to the gradient or sets it. Entries of dimensions with bound 1 are 0.
// Where the blocks' `rests` are given, factors of one dimension are independent; `rest_gradient`, laid out like them,
// is set then.
void BackwardBlocks(std::span<const KernelBlock> blocks, const KernelCosts& costs, const KernelSlopes& slopes,
                    double* adjoints, bool add, double* gradient, double* rest_gradient = nullptr);

// A resource or limit overrun by x in log2 costs kPenaltyLinear · x + kPenaltyQuadratic · x²: more than the objective
// gains by it, and smooth but for the kink where it starts.
inline constexpr double kPenaltyLinear = 2;
inline constexpr double kPenaltyQuadratic = 2;
// A parameter sized to a need meets it up to rounding: less than this is no overrun.
inline constexpr double kRoundingSlack = 1e-9;

// Overrun of one need against log2 of its limit: sets slopes to ∂penalty/∂log2(need) of each lane, and returns the sums
// of penalties and of slopes.
struct PenaltySums {
  double penalty = 0;
  double slope = 0;
};
PenaltySums PenalizeBlock(const double* need, bool need_is_log2, double log2_limit, double* slopes);

// Elementwise powers and logarithms of positive normal numbers, in place; the same bits as in the blocks.
void Exp2InPlace(std::span<double> values);
void Log2InPlace(std::span<double> values);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_KERNEL_BATCH_KERNEL_H_
