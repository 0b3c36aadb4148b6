#ifndef ONELOOP_SERVER_WORK_OUTCOME_H_
#define ONELOOP_SERVER_WORK_OUTCOME_H_

#include <optional>
#include <string>

#include "server/results/job_bound.h"

namespace oneloop {

// How far a unit of work came: it has to run again, has run to its end, or is a start that ended with a design near
// enough to the bound.
enum class Ending { kOpen, kDone, kWithinStopGap };

// What came of one lease, beside the points that a start has handed over on the way.
struct Outcome {
  Ending ending = Ending::kOpen;
  std::string remark;             // what a start has to say of its end; "" as a rule
  std::optional<JobBound> bound;  // of a proof; also when what should have followed it was stopped
  // Which limits of the job are in conflict, so that nothing can come of it.
  std::optional<std::string> conflict;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_OUTCOME_H_
