#include "client/sweep_follow.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/held_interrupts.h"
#include "client/job_output.h"
#include "client/job_watcher.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/progress_meter.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// A list of all jobs is read at most so often.
constexpr absl::Duration kRefresh = absl::Seconds(2);

std::int64_t CountIn(const Sweep& sweep, v1::JobState state) {
  return std::count_if(sweep.jobs.begin(), sweep.jobs.end(),
                       [state](const SweepJob& row) { return row.job.state() == state; });
}

// Draws how far all jobs of a sweep are, while one of them is watched.
class SweepProgress : public WatchListener {
 public:
  SweepProgress(ServiceClient& client, std::string parent, std::string name, Environment& env)
      : client_(client),
        parent_(std::move(parent)),
        name_(std::move(name)),
        env_(env),
        line_(env.err, env.err_is_terminal) {}

  absl::Status OnMessage(const v1::WatchResponse& /*message*/) override {
    Draw();
    return absl::OkStatus();
  }
  void OnTick(bool connected) override {
    if (connected) {
      Draw();
    } else {
      line_.DrawAway();
    }
  }

 private:
  void Draw() {
    if (!env_.err_is_terminal) return;
    const SteadyTime now = env_.steady_now();
    if (now - last_read_ >= kRefresh) {
      last_read_ = now;
      // Whether the daemon answers is the watch's business.
      const absl::StatusOr<Sweep> sweep = ReadSweep(client_, parent_, name_, /*with_deleted=*/false);
      if (sweep.ok()) Update(*sweep, now);
    }
    line_.Draw(absl::StrCat("sweep ", name_, "  ", over_, "/", jobs_, " jobs over  ", ShareText(total_.progress()),
                            "  ", ShortDuration(meter_.TimeLeft(now)), " left"));
  }

  void Update(const Sweep& sweep, SteadyTime now) {
    over_ = 0;
    jobs_ = sweep.jobs.size();
    std::int64_t done = 0;
    std::int64_t total = 0;
    for (const SweepJob& row : sweep.jobs) {
      if (IsFinal(row.job.state())) ++over_;
      // What a job that ended early has left will not be done.
      done += row.job.progress().samples_done();
      total += IsFinal(row.job.state()) ? row.job.progress().samples_done() : row.job.progress().samples_total();
    }
    total_.set_state(v1::RUNNING);
    total_.mutable_progress()->set_samples_done(done);
    total_.mutable_progress()->set_samples_total(total);
    meter_.Update(total_, now);
  }

  ServiceClient& client_;
  const std::string parent_;
  const std::string name_;
  Environment& env_;
  LiveLine line_;
  ProgressMeter meter_;
  v1::Job total_;  // all jobs taken for one
  std::size_t over_ = 0;
  std::size_t jobs_ = 0;
  SteadyTime last_read_ = SteadyTime::InfinitePast();
};

}  // namespace

absl::StatusOr<bool> FollowSweep(ServiceClient& client, const std::string& parent, Sweep* sweep, Environment& env) {
  HeldInterrupts interrupts(env.interrupts);
  Environment held = WithInterrupts(env, interrupts);
  {
    SweepProgress progress(client, parent, sweep->identity.name, held);
    for (const SweepJob& row : sweep->jobs) {
      if (IsFinal(row.job.state())) continue;
      WatchOptions options;
      options.job_name = row.job.name();
      options.daemon_seen = true;
      ASSIGN_OR_RETURN(const WatchResult result, WatchJob(client, options, held, progress));
      if (!result.interrupted) continue;
      const std::string command = SweepsCommandText(parent, sweep->identity.name);
      PrintNotice(env,
                  absl::StrCat("the sweep goes on; see it with `", command, "`, end it with `", command, " --cancel`"));
      return false;
    }
  }
  ASSIGN_OR_RETURN(*sweep, FindSweep(client, parent, sweep->identity.name));
  return true;
}

ExitCode SweepExitCode(const Sweep& sweep, Environment& env) {
  std::vector<std::string> ends;
  for (const auto& [state, verb] : {std::pair{v1::FAILED, "failed"}, {v1::CANCELLED, "were cancelled"}}) {
    if (const std::int64_t count = CountIn(sweep, state); count > 0) ends.push_back(absl::StrCat(count, " ", verb));
  }
  if (ends.empty()) return ExitCode::kOk;
  PrintNotice(env, absl::StrCat("of the sweep's ", sweep.jobs.size(), " jobs ", absl::StrJoin(ends, " and ")));
  return ExitCode::kJobFailed;
}

}  // namespace oneloop
