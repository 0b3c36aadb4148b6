#ifndef ONELOOP_SERVER_RESULTS_JOB_BOUND_H_
#define ONELOOP_SERVER_RESULTS_JOB_BOUND_H_

#include <vector>

namespace oneloop {

// What is proven of every design that a job could find. Infinite when there is none.
struct JobBound {
  double objective = 0;
  double energy_uj = 0;
  double latency_cycles = 0;
  int boxes = 0;           // that the proof looked at
  bool exhausted = false;  // more of them would not raise the bound
  // Of a workload of several networks, by network: the best objective that was found on a chip of its own; infinite
  // when there is none.
  std::vector<double> own_bests = {};
  double area_mm2 = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RESULTS_JOB_BOUND_H_
