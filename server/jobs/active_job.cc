#include "server/jobs/active_job.h"

#include <cmath>
#include <utility>

#include "server/search/search_bound.h"

namespace oneloop {

void ActiveJob::SetBound(double proven) {
  bound = proven;
  SetStopScore();
}

void ActiveJob::SetSpec(std::shared_ptr<const SearchSpec> decoded) {
  spec = std::move(decoded);
  SetStopScore();
}

void ActiveJob::SetStopScore() {
  if (spec == nullptr || !stop_gap || !bound || !(*bound > 0) || !std::isfinite(*bound)) return;
  auto with_score = std::make_shared<SearchSpec>(*spec);
  with_score->stop_score = LargestScoreWithin(*stop_gap, *bound);
  spec = std::move(with_score);
}

}  // namespace oneloop
