#ifndef ONELOOP_SERVER_HANDLERS_FRONT_FIGURES_H_
#define ONELOOP_SERVER_HANDLERS_FRONT_FIGURES_H_

#include <vector>

#include "common/front/front_space.h"
#include "oneloop/v1/job.pb.h"

namespace oneloop {

// How much a job's front dominates in a space, given its designs that energy, latency and area leave; at least one.
// `certificate` tells the ideal point.
v1::FrontFigures FrontFiguresOf(const FrontSpace& space, std::vector<FrontPoint> designs,
                                const v1::Certificate& certificate);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_FRONT_FIGURES_H_
