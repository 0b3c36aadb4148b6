#ifndef ONELOOP_SERVER_JOBS_END_MESSAGE_H_
#define ONELOOP_SERVER_JOBS_END_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "server/jobs/stop_rule.h"
#include "server/store/run_store.h"

namespace oneloop {

// What a job says that has run to its end.
std::string EndMessage(std::optional<double> stop_gap, const std::optional<StopRule>& rule);

// What a job says of which the second half brought nothing better, with its gap to the proven bound; "" for another,
// and where nothing is proven.
std::string ConvergenceMessage(RunStore& store, std::int64_t job_id);

// What starts had to say of how they ended (StartSummary::message), since this daemon began.
struct StartRemarks {
  int count = 0;
  int start = 0;  // the first that said something
  std::string text;
};
std::string WithRemark(const std::string& message, const StartRemarks& remarks);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_END_MESSAGE_H_
