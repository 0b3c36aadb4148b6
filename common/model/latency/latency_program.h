#ifndef ONELOOP_COMMON_MODEL_LATENCY_LATENCY_PROGRAM_H_
#define ONELOOP_COMMON_MODEL_LATENCY_LATENCY_PROGRAM_H_

#include <vector>

#include "common/model/kernel/kernel_program.h"
#include "common/model/latency/latency_predictor.h"
#include "common/workload/workload.h"

namespace oneloop {

// A latency predictor on the rows of a KernelProgram: eight layers side by side, value and gradient at once. What
// LatencyPredictor::LogCycles gives for one layer's smooth inputs, to rounding.
//
// Rows of its own, numbered apart from the program's: copies by axis, then logarithms, then inputs.
struct LatencyProgram {
  static constexpr int kNoRow = -1;

  // min(Σ program rows, most).
  struct Copies {
    int out;
    std::vector<int> rows;
    double most;
  };
  // log2 of a program row, which is a sum of the rows in `plus` less those in `minus` when there are any.
  struct Log {
    int out;
    int row;
    KernelProgram::Range plus;
    KernelProgram::Range minus;
  };
  // constant + Σ coefficient · row, of program rows that hold a log2 and of own rows.
  struct Part {
    int row;
    bool is_own;
    double coefficient;
  };
  struct Input {
    int out;
    int constant;  // of constants
    std::vector<Part> parts;
  };

  const LatencyPredictor* predictor = nullptr;
  int num_own_rows = 0;
  int num_constants = 0;
  std::vector<double> constants;  // [block][constant][lane]
  std::vector<Copies> copies;
  std::vector<Log> logs;
  std::vector<Input> inputs;  // by LatencyFeatures::inputs()
  // Program rows that the latency depends on, and where the slope of each stands.
  std::vector<int> rows;
  std::vector<int> slope_of_row;  // by program row; kNoRow

  int first_input() const { return inputs.front().out; }
  // Rows of kBlockLanes doubles that CorrectBlock needs as scratch.
  int num_scratch_rows() const;
};

// `predictor` must outlive the program; `program` is that of the same workload and template.
LatencyProgram CompileLatency(const LatencyPredictor& predictor, const KernelProgram& program,
                              const Workload& workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_LATENCY_LATENCY_PROGRAM_H_
