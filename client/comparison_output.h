#ifndef ONELOOP_CLIENT_COMPARISON_OUTPUT_H_
#define ONELOOP_CLIENT_COMPARISON_OUTPUT_H_

#include <ostream>
#include <vector>

#include "client/common_flags.h"
#include "client/comparison.h"
#include "client/svg_plot.h"

namespace oneloop {

// The jobs with their bests and gaps, the parameters of the bests, the best after equal samples, and how the fronts
// stand to each other: tables for people, one row for each job in csv, all of it in json. Numbers of csv and json are
// exact.
void PrintComparison(const Comparison& comparison, OutputFormat format, std::ostream& out);

// The best so far against samples, one plot for each metric that is compared; then of the fronts the least energy
// against latency and the least EDP against area. A line for each job.
std::vector<Plot> ComparisonPlots(const Comparison& comparison);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_COMPARISON_OUTPUT_H_
