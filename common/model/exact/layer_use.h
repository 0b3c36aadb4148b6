#ifndef ONELOOP_COMMON_MODEL_EXACT_LAYER_USE_H_
#define ONELOOP_COMMON_MODEL_EXACT_LAYER_USE_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "common/hardware/template.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"

namespace oneloop {

// Amounts by Template::resources(): copies along an axis, bytes or words of one instance.
using ResourceNeeds = std::array<double, kMaxResources>;

// Makes `most` what it has to be for both: the larger of each amount.
inline void RaiseTo(const ResourceNeeds& need, ResourceNeeds* most) {
  for (std::size_t r = 0; r < need.size(); ++r) (*most)[r] = std::max((*most)[r], need[r]);
}

// Ways that words go in one fan-out, all of its kind together: words times hops, and times routers.
struct LinkUse {
  double hops;
  double routers;
};

// What one layer's mapping asks of the hardware, whatever its sizes. Beyond the flows, levels and links that there are,
// arrays but `need` hold nothing: setting them would take a tenth of the time of counting.
struct LayerUse {
  std::array<double, kMaxFlows> words;       // by Structure::flows(), all instances together
  std::array<double, kMaxLevels> instances;  // in use, by level
  ResourceNeeds need;
  int choice = 0;  // of Template::choice: whose flows these are
  double macs;
  double lanes;  // multiply-accumulate units in use
  // Whether all instances of a level have the same to do, all the time: factors that divide what they split.
  bool is_even;
  double steps;  // of the busiest multiply-accumulate unit; set unless `is_even`, where it is macs / lanes
  // Words of the busiest instance, by Structure::flows(); set unless `is_even`, where it is the mean one.
  std::array<double, kMaxFlows> busiest;
  // By a LatencyPredictor that is to stand in the place of the analytical latency; 0 without one.
  double predicted_cycles = 0;
  // By Structure::links() and tensor.
  std::array<std::array<LinkUse, kNumTensors>, kMaxLevels> links;
};

// Words of all tiles that a keeper loads, first loads included. Precondition: it is not the outermost.
inline double LoadsOf(const Structure& structure, const Keeper& keeper, const LayerUse& use) {
  const auto words = [&](FlowKind kind) { return use.words[ToIndex(keeper.flow[static_cast<std::size_t>(kind)])]; };
  const int fill = keeper.flow[static_cast<std::size_t>(FlowKind::kFill)];
  const bool lacks_first = structure.flows()[ToIndex(fill)].leaves_out_first;
  // The first of each element are those updates that read nothing.
  const double first = lacks_first ? words(FlowKind::kUpdate) - words(FlowKind::kRead) : 0;
  return words(FlowKind::kFill) + first;
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_LAYER_USE_H_
