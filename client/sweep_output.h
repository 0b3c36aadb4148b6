#ifndef ONELOOP_CLIENT_SWEEP_OUTPUT_H_
#define ONELOOP_CLIENT_SWEEP_OUTPUT_H_

#include <ostream>
#include <vector>

#include "client/common_flags.h"
#include "client/svg_plot.h"
#include "client/sweep_jobs.h"

namespace oneloop {

// A row for each job: what is varied, how far it is, its best design and the gap. Tables say what is not stored; in
// csv and json numbers are exact.
void PrintSweep(const Sweep& sweep, OutputFormat format, std::ostream& out);

void PrintSweepList(const std::vector<SweepOverview>& sweeps, OutputFormat format, std::ostream& out);

// The best value of the objective (EDP where jobs differ in it) against the first axis that has numbers above 0, or
// against the jobs' places when there is none; a line for each combination of the other axes.
Plot SweepPlot(const Sweep& sweep);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SWEEP_OUTPUT_H_
