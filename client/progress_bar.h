#ifndef ONELOOP_CLIENT_PROGRESS_BAR_H_
#define ONELOOP_CLIENT_PROGRESS_BAR_H_

#include "absl/status/status.h"
#include "client/environment.h"
#include "client/job_watcher.h"
#include "client/progress_meter.h"
#include "common/base/clock.h"

namespace oneloop {

// Draws a watched job as one line of standard error, in place. Silent when that is no terminal.
class ProgressBar : public WatchListener {
 public:
  explicit ProgressBar(Environment& env) : env_(env), line_(env.err, env.err_is_terminal) {}

  absl::Status OnMessage(const v1::WatchResponse& message) override;
  void OnTick(bool connected) override;

 private:
  Environment& env_;
  ProgressMeter meter_;
  LiveLine line_;
  bool started_ = false;
  SteadyTime last_drawn_ = SteadyTime::InfinitePast();
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_PROGRESS_BAR_H_
