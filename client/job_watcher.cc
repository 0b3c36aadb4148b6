#include "client/job_watcher.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/common_flags.h"
#include "client/job_output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
constexpr absl::Duration kGiveUpAfter = absl::Minutes(1);
// An idle stream speaks every 10 s: after this long the connection is dead, whatever it claims.
constexpr absl::Duration kSilence = absl::Seconds(45);

// What a stopping or restarting daemon, or a network in between, ends a stream with.
bool MayComeBack(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kCancelled ||
         status.code() == absl::StatusCode::kAborted;
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
        last_word_(env.now()) {
    result_.resume_revision = options.start_revision;
  }

  absl::StatusOr<WatchResult> Run() {
    for (;;) {
      const absl::Status ended = FollowOneStream();
      if (result_.interrupted) return result_;
      absl::Status problem = ended;
      if (ended.ok()) problem = CheckWhetherOver();
      if (problem.ok() && result_.final_state != v1::JOB_STATE_UNSPECIFIED) return result_;
      if (!problem.ok() && (!MayComeBack(problem) || !daemon_seen_)) return problem;
      if (env_.now() - last_word_ > kGiveUpAfter) return GivenUp(problem);
      Pause();
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
    const absl::Time opened = env_.now();
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
          if (env_.now() - std::max(last_word_, opened) > kSilence) {
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
    last_word_ = env_.now();
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

  void Pause() {
    for (absl::Duration waited; waited < pause_; waited += kTick) {
      listener_.OnTick(false);
      env_.sleep(std::min(kTick, pause_ - waited));
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
  absl::Time last_word_;
  absl::Duration pause_ = kFirstPause;
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
