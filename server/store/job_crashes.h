#ifndef ONELOOP_SERVER_STORE_JOB_CRASHES_H_
#define ONELOOP_SERVER_STORE_JOB_CRASHES_H_

#include <cstdint>

namespace oneloop {

// What a job does at the moment, as far as it matters when the daemon dies at that moment. The numbers are stored:
// never reuse one.
enum class JobActivity {
  kIdle = 0,
  kRunning = 1,  // some of it has been handed to a worker
  kSilent = 2,   // and a worker has not been heard of for a while
};

// The deaths of daemons that a job may have caused; see docs/decisions/0009. A job that is over has none.
struct JobCrashes {
  std::int64_t job_id = 0;
  JobActivity activity = JobActivity::kIdle;
  int crashes = 0;              // in a row while it ran, with no point stored between them
  std::int64_t points = 0;      // of the job at the last of these
  int silent_crashes = 0;       // in a row while it was silent, with no unit done between them
  std::int64_t units_done = 0;  // starts, and the bound, at the last of these
};

// Counts the death of a daemon, at which the job had so many points and units done.
void CountCrash(std::int64_t points, std::int64_t units_done, JobCrashes* job);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_JOB_CRASHES_H_
