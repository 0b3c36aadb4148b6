#ifndef ONELOOP_SERVER_SEARCH_START_SUMMARY_H_
#define ONELOOP_SERVER_SEARCH_START_SUMMARY_H_

#include <cstdint>
#include <string>

namespace oneloop {

// How a start ended.
struct StartSummary {
  enum class Termination { kBudgetUsed, kConverged, kStopped, kDiverged, kStopScoreReached };
  Termination termination = Termination::kBudgetUsed;
  std::string message;  // what did not go as planned; "" as a rule
  std::int64_t samples = 0;
  std::int64_t points = 0;
  double best_score = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_START_SUMMARY_H_
