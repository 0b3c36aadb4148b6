#include "client/progress_bar.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/job_output.h"

namespace oneloop {
namespace {

// A fast job commits many times per second; more drawings than this are only flicker.
constexpr absl::Duration kRedraw = absl::Milliseconds(100);

}  // namespace

absl::Status ProgressBar::OnMessage(const v1::WatchResponse& message) {
  const SteadyTime now = env_.steady_now();
  meter_.Update(message.job(), now);
  started_ = true;
  if (now - last_drawn_ < kRedraw && !IsFinal(message.job().state())) return absl::OkStatus();
  last_drawn_ = now;
  line_.Draw(meter_.Line(now, env_.terminal_columns()));
  return absl::OkStatus();
}

void ProgressBar::OnTick(bool connected) {
  if (!started_) return;
  last_drawn_ = env_.steady_now();
  if (connected) {
    line_.Draw(meter_.Line(last_drawn_, env_.terminal_columns()));
  } else {
    line_.DrawAway();
  }
}

}  // namespace oneloop
