#ifndef ONELOOP_COMMON_MODEL_LATENCY_LATENCY_KERNEL_H_
#define ONELOOP_COMMON_MODEL_LATENCY_LATENCY_KERNEL_H_

#include "common/model/kernel/batch_kernel.h"
#include "common/model/latency/latency_program.h"

namespace oneloop {

// Puts predicted cycles into the figures of a block that was scored, in the place of the analytical ones, and takes the
// levels' hands off them. Sets slopes, one row for each of program.rows, to ∂cycles/∂log2 of that row, over ln 2.
// Returns the sum of the cycles, each times its layer's weight. `block_index`: which block of layers it is.
double CorrectBlock(const KernelBlock& block, const LatencyProgram& program, int block_index, double* scratch,
                    double* slopes);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_LATENCY_LATENCY_KERNEL_H_
