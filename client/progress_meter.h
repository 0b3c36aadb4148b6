#ifndef ONELOOP_CLIENT_PROGRESS_METER_H_
#define ONELOOP_CLIENT_PROGRESS_METER_H_

#include <cstdint>
#include <deque>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "oneloop/v1/job.pb.h"

namespace oneloop {

// How fast a job moves and when it will be done, from what was seen of it in the last seconds. Not thread-safe.
class ProgressMeter {
 public:
  void Update(const v1::Job& job, SteadyTime now);

  // Samples per second; 0 while unknown. Of a job that is over: the mean of its whole run.
  double SamplesPerSecond() const;
  // Infinite while unknown.
  absl::Duration TimeLeft(SteadyTime now) const;

  // One line for a terminal of so many columns (0: unknown), for example
  // "job 12 running  [##########--------------]  42 %  best EDP 7.1e10, gap 1.8 %  1.24k samples/s  5 s left
  // 4,381/10,430 samples".
  std::string Line(SteadyTime now, int columns) const;

 private:
  struct Observation {
    SteadyTime time;
    std::int64_t samples;
  };

  v1::Job job_;
  std::deque<Observation> observations_;
};

// A line of a terminal that is drawn again and again. The last drawing stays, ended by a line break, when the object
// goes. Does nothing when it is not enabled.
class LiveLine {
 public:
  LiveLine(std::ostream& out, bool enabled) : out_(out), enabled_(enabled) {}
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  void Draw(const std::string& text);
  // Says that the daemon is away.
  void DrawAway() { Draw("the daemon is away; trying again"); }

 private:
  std::ostream& out_;
  const bool enabled_;
  std::string drawn_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_PROGRESS_METER_H_
