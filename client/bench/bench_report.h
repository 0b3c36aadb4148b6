#ifndef ONELOOP_CLIENT_BENCH_BENCH_REPORT_H_
#define ONELOOP_CLIENT_BENCH_BENCH_REPORT_H_

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "client/bench/bench_runner.h"
#include "client/common_flags.h"
#include "client/statistics.h"
#include "client/svg_plot.h"

namespace oneloop {

// One workload searched in one way, over all seeds.
struct BenchCell {
  std::string workload;
  std::string variant;
  int seeds = 0;
  Summary edp;                    // of the seeds' best designs, µJ·cycles; infinite for a seed without a design
  double samples_per_second = 0;  // mean; 0 when unknown
  std::optional<double> gap;      // of the mean to the proven lower bound; absent when none is known
};

// By workload, then by variant, in the order of the runs.
std::vector<BenchCell> CellsOf(const std::vector<BenchRun>& runs);

// How many times a variant's mean EDP is that of the reference: geometric mean over the workloads.
struct BenchRatio {
  std::string variant;
  double ratio;
};
// Of every variant; empty when no cell is of `reference`.
std::vector<BenchRatio> RatiosTo(const std::string& reference, const std::vector<BenchCell>& cells);

// What is printed: tables for people, the lines of BenchCsv, or both the jobs and the tables as JSON.
void PrintBench(const std::vector<BenchRun>& runs, const std::string& reference, OutputFormat format,
                std::ostream& out);

// One line a job after a header; numbers exact.
std::string BenchCsv(const std::vector<BenchRun>& runs);
// Whether a file of this text was made by BenchCsv.
bool IsBenchCsv(std::string_view text);

// Best EDP against samples for one workload, a line for each variant.
Plot BenchPlot(const std::vector<BenchRun>& runs, const std::string& workload);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_BENCH_BENCH_REPORT_H_
