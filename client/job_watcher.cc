#include "client/job_watcher.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/common_flags.h"
#include "client/job_output.h"
#include "client/output.h"
#include "client/retry.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
constexpr absl::Duration kGiveUpAfter = absl::Minutes(1);
constexpr absl::Duration kRepeatNotice = absl::Seconds(30);
// An idle stream speaks every 10 s: after this long the connection is dead, whatever it claims.
constexpr absl::Duration kSilence = absl::Seconds(45);

// What a stopping or restarting daemon, or a network in between, ends a stream with; or one that asks to come later.
bool MayComeBack(const absl::Status& status) {
  return RetryAfterOf(status).has_value() || status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kCancelled || status.code() == absl::StatusCode::kAborted;
}

class ArmedInterrupts {
 public:
  explicit ArmedInterrupts(InterruptSource& source) : source_(source) { source_.Arm(); }
  ~ArmedInterrupts() { source_.Disarm(); }
  ArmedInterrupts(const ArmedInterrupts&) = delete;
  ArmedInterrupts& operator=(const ArmedInterrupts&) = delete;

 private:
  InterruptSource& source_;
};

class Watch {
 public:
  Watch(ServiceClient& client, const WatchOptions& options, Environment& env, WatchListener& listener)
      : client_(client),
        options_(options),
        env_(env),
        listener_(listener),
        daemon_seen_(options.daemon_seen),
        last_word_(env.steady_now()) {
    result_.resume_revision = options.start_revision;
  }

  absl::StatusOr<WatchResult> Run() {
    for (;;) {
      const absl::Status ended = FollowOneStream();
      if (result_.interrupted) return result_;
      absl::Status problem = ended;
      const std::optional<absl::Duration> retry_after = RetryAfterOf(ended);
      if (retry_after.has_value()) TellBusy(ended);
      if (ended.ok() || retry_after.has_value()) problem = CheckWhetherOver();
      if (problem.ok() && result_.final_state != v1::JOB_STATE_UNSPECIFIED) return result_;
      if (!problem.ok() && (!MayComeBack(problem) || !daemon_seen_)) return problem;
      if (!problem.ok()) TellAway(problem);
      if (env_.steady_now() - last_word_ > kGiveUpAfter) return GivenUp(problem);
      Pause(retry_after.value_or(absl::ZeroDuration()));
      if (result_.interrupted) return result_;
    }
  }

 private:
  // OK when the daemon closed the stream in order or the user interrupted.
  absl::Status FollowOneStream() {
    v1::WatchRequest request;
    request.set_name(options_.job_name);
    request.set_start_revision(result_.resume_revision);
    const std::unique_ptr<WatchStream> stream = client_.Watch(request);
    const SteadyTime opened = env_.steady_now();
    v1::WatchResponse message;
    for (;;) {
      if (env_.interrupts.Pending()) {
        result_.interrupted = true;
        return absl::OkStatus();
      }
      switch (stream->Next(kTick, &message)) {
        case WatchStream::Event::kMessage:
          RETURN_IF_ERROR(HandleMessage(message));
          break;
        case WatchStream::Event::kNothingYet:
          if (env_.steady_now() - std::max(last_word_, opened) > kSilence) {
            return absl::UnavailableError(absl::StrCat("the daemon at ", client_.address(), " fell silent"));
          }
          listener_.OnTick(true);
          break;
        case WatchStream::Event::kEnd:
          return stream->Finish();
      }
    }
  }

  absl::Status HandleMessage(const v1::WatchResponse& message) {
    Heard();
    pause_ = kFirstPause;
    result_.resume_revision = std::max(result_.resume_revision, message.resume_revision());
    last_state_ = message.job().state();
    return listener_.OnMessage(message);
  }

  void Heard() {
    daemon_seen_ = true;
    last_word_ = env_.steady_now();
    if (std::exchange(told_away_, std::nullopt)) {
      PrintNotice(env_, absl::StrCat("the daemon at ", client_.address(), " is back"));
    }
  }

  // Once, and then now and again.
  void TellAway(const absl::Status& problem) {
    const SteadyTime now = env_.steady_now();
    if (told_away_ && now - *told_away_ < kRepeatNotice) return;
    const std::string still = told_away_ ? "still " : "";
    told_away_ = now;
    PrintNotice(env_, absl::StrCat("the daemon at ", client_.address(), " is ", still, "gone (", problem.message(),
                                   "); trying again, for a minute in all"));
  }

  void TellBusy(const absl::Status& refusal) {
    if (std::exchange(told_busy_, true)) return;
    PrintNotice(env_, absl::StrCat("the daemon is busy (", refusal.message(), "); waiting for it to take the watch"));
  }

  // A stream that ends in order says that the job is over, or that the daemon is stopping.
  absl::Status CheckWhetherOver() {
    if (!IsFinal(last_state_)) {
      v1::GetJobRequest request;
      request.set_name(options_.job_name);
      ASSIGN_OR_RETURN(const v1::Job job, client_.GetJob(request));
      Heard();
      last_state_ = job.state();
    }
    if (IsFinal(last_state_)) result_.final_state = last_state_;
    return absl::OkStatus();
  }

  // At least so long, and a part of the back-off that is drawn at random, lest many watchers come back in step.
  void Pause(absl::Duration at_least) {
    const absl::Duration pause = at_least + pause_ * client_.Draw();
    for (absl::Duration waited; waited < pause; waited += kTick) {
      listener_.OnTick(false);
      env_.sleep(std::min(kTick, pause - waited));
      result_.interrupted = result_.interrupted || env_.interrupts.Pending();
      if (result_.interrupted) return;
    }
    pause_ = std::min(2 * pause_, kLongestPause);
  }

  absl::Status GivenUp(const absl::Status& problem) const {
    return absl::UnavailableError(absl::StrCat(problem.ok() ? "the daemon keeps closing the stream" : problem.message(),
                                               "; once it is back, go on with `oneloop watch ", options_.job_name,
                                               " --from ", result_.resume_revision, "`"));
  }

  ServiceClient& client_;
  const WatchOptions& options_;
  Environment& env_;
  WatchListener& listener_;
  bool daemon_seen_;
  SteadyTime last_word_;
  absl::Duration pause_ = kFirstPause;   // the longest that the next one may be
  std::optional<SteadyTime> told_away_;  // when the user was last told; none while the daemon answers
  bool told_busy_ = false;
  v1::JobState last_state_ = v1::JOB_STATE_UNSPECIFIED;
  WatchResult result_;
};

}  // namespace

absl::StatusOr<WatchResult> WatchJob(ServiceClient& client, const WatchOptions& options, Environment& env,
                                     WatchListener& listener) {
  const ArmedInterrupts armed(env.interrupts);
  return Watch(client, options, env, listener).Run();
}

std::string InterruptedText(const std::string& job_name, std::int64_t resume_revision) {
  return absl::StrCat("the job goes on; see it with `oneloop watch ", job_name, " --from ", resume_revision,
                      "`, end it with `oneloop cancel ", job_name, "`");
}

}  // namespace oneloop
