#ifndef ONELOOP_CLIENT_FRONT_HISTORY_H_
#define ONELOOP_CLIENT_FRONT_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/front/front_space.h"
#include "oneloop/v1/design.pb.h"

namespace oneloop {

// What a front came to after so many samples of its job.
struct FrontMoment {
  std::int64_t samples;
  std::int64_t points;
  double hypervolume;  // LogHypervolume
};

// The history of a job's front from its exact points, in any order, taken as BestCurveBuilder takes them: as if the
// starts took turns sample by sample. Holds the fronts between moments, however many points there are.
class FrontHistory {
 public:
  // Of a job of so many starts and samples, at `moments` places that are evenly spaced; all at least 1.
  FrontHistory(const FrontSpace& space, int starts, std::int64_t samples, int moments);

  // Leaves out what breaks a limit.
  void Add(const v1::EvaluatedPoint& point);

  // What each moment adds is counted from one reference, that of the final front. Empty while there is no design.
  std::vector<FrontMoment> Build() const;
  // Of all points.
  Front FinalFront() const;

 private:
  // Designs found since the moment before; of more than so many those that matter are kept.
  struct Part {
    std::vector<FrontPoint> designs;
    std::size_t most = 1000;
  };

  std::int64_t SamplesAt(std::size_t moment) const;
  Front JoinedUpTo(std::size_t moment, const Front& before) const;

  const FrontSpace space_;
  const int starts_;
  const std::int64_t samples_;
  std::vector<Part> parts_;  // by moment
};

// What a front is over by JobSpec.objective_front: all three figures where a job searches for none.
FrontSpace SpaceOf(const std::string& objective_front);
// "octaves^3"
const char* HypervolumeUnit(const FrontSpace& space);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_FRONT_HISTORY_H_
