#include "server/store/job_crashes.h"

namespace oneloop {

void CountCrash(std::int64_t points, std::int64_t units_done, JobCrashes* job) {
  if (job->activity == JobActivity::kIdle) return;
  job->crashes = (points == job->points ? job->crashes : 0) + 1;
  job->points = points;
  if (job->activity == JobActivity::kSilent) {
    job->silent_crashes = (units_done == job->units_done ? job->silent_crashes : 0) + 1;
    job->units_done = units_done;
  }
  job->activity = JobActivity::kIdle;
}

}  // namespace oneloop
