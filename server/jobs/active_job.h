#ifndef ONELOOP_SERVER_JOBS_ACTIVE_JOB_H_
#define ONELOOP_SERVER_JOBS_ACTIVE_JOB_H_

#include <memory>
#include <optional>

#include "server/jobs/end_message.h"
#include "server/jobs/stop_rule.h"
#include "server/search/search_spec.h"

namespace oneloop {

// What is kept in memory of a job that is not over.
struct ActiveJob {
  std::shared_ptr<const SearchSpec> spec;  // decoded by the first lease; shared with every running start
  bool marked_running = false;             // the store has it as RUNNING
  bool noted = false;                      // and as kRunning, if the daemon dies
  std::optional<double> bound;             // of the objective, once it is proven
  std::optional<double> stop_gap;
  std::optional<StopRule> stop_rule;  // with stop_gap
  bool starts_wait_for_bound = false;
  StartRemarks remarks;

  // Take over what is known, and have the spec say at which score a start ends once both are there.
  void SetBound(double proven);
  void SetSpec(std::shared_ptr<const SearchSpec> decoded);

 private:
  void SetStopScore();
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_ACTIVE_JOB_H_
