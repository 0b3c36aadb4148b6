#include "client/bench/bench_runner.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/held_interrupts.h"
#include "client/job_output.h"
#include "client/job_watcher.h"
#include "client/point_printer.h"
#include "client/progress_meter.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Draws a job's progress behind its place in the comparison.
class BenchProgress : public WatchListener {
 public:
  BenchProgress(Environment& env, std::string title, LiveLine& line)
      : env_(env), title_(std::move(title)), line_(line) {}

  absl::Status OnMessage(const v1::WatchResponse& message) override {
    meter_.Update(message.job(), env_.steady_now());
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
    const int columns = env_.terminal_columns();
    const int left = columns > 0 ? std::max(2, columns - static_cast<int>(title_.size())) : 0;
    line_.Draw(absl::StrCat(title_, meter_.Line(env_.steady_now(), left)));
  }

  Environment& env_;
  const std::string title_;
  LiveLine& line_;
  ProgressMeter meter_;
};

double SamplesPerSecond(const v1::Job& job, SteadyTime now) {
  ProgressMeter meter;
  meter.Update(job, now);
  return meter.SamplesPerSecond();
}

class Bench {
 public:
  Bench(ServiceClient& client, Environment& env)
      : client_(client),
        interrupts_(env.interrupts),
        env_(WithInterrupts(env, interrupts_)),
        line_(env.err, env.err_is_terminal) {}

  absl::StatusOr<BenchOutcome> Run(const std::vector<BenchCase>& cases) {
    BenchOutcome outcome;
    for (std::size_t i = 0; i < cases.size() && outcome.code == ExitCode::kOk; ++i) {
      if (interrupts_.Pending()) {
        outcome.code = ExitCode::kInterrupted;
        break;
      }
      const std::string title = absl::StrCat("[", i + 1, "/", cases.size(), "] ", cases[i].variant, "  ");
      RETURN_IF_ERROR(RunCase(cases[i], title, &outcome));
    }
    if (outcome.code == ExitCode::kInterrupted) Tell("interrupted; nothing was written");
    return outcome;
  }

 private:
  absl::Status RunCase(const BenchCase& bench_case, const std::string& title, BenchOutcome* outcome) {
    ASSIGN_OR_RETURN(const v1::Job created, client_.CreateJob(bench_case.request));
    BenchRun run{bench_case.workload, bench_case.variant, created, 0, {}};
    const absl::Status status = Follow(title, &run, &outcome->code);
    if (!IsFinal(run.job.state())) Cancel(run.job.name());
    RETURN_IF_ERROR(status);
    if (outcome->code == ExitCode::kOk) outcome->runs.push_back(std::move(run));
    return absl::OkStatus();
  }

  // Waits for the end of the job and reads what it found.
  absl::Status Follow(const std::string& title, BenchRun* run, ExitCode* code) {
    WatchOptions options;
    options.job_name = run->job.name();
    options.daemon_seen = true;
    BenchProgress progress(env_, title, line_);
    ASSIGN_OR_RETURN(const WatchResult result, WatchJob(client_, options, env_, progress));
    if (result.interrupted) {
      *code = ExitCode::kInterrupted;
      return absl::OkStatus();
    }
    v1::GetJobRequest get;
    get.set_name(run->job.name());
    ASSIGN_OR_RETURN(run->job, client_.GetJob(get));
    if (run->job.state() != v1::SUCCEEDED) {
      *code = ExitCode::kJobFailed;
      Tell(absl::StrCat(run->job.name(), " ended ", absl::AsciiStrToLower(v1::JobState_Name(run->job.state())),
                        run->job.message().empty() ? "" : ": ", run->job.message(), "; nothing was written"));
      return absl::OkStatus();
    }
    run->samples_per_second = SamplesPerSecond(run->job, env_.steady_now());
    return ReadPoints(run);
  }

  absl::Status ReadPoints(BenchRun* run) {
    v1::ListPointsRequest request;
    request.set_parent(run->job.name());
    request.set_exact_only(true);
    BestCurveBuilder curve(run->job.spec().starts());
    RETURN_IF_ERROR(ForEachPointPage(client_, request, [&](const PointPage& page) {
      for (const v1::EvaluatedPoint& point : page) curve.Add(point.sample(), point.edp());
      return absl::OkStatus();
    }));
    run->curve = curve.Build();
    return absl::OkStatus();
  }

  void Cancel(const std::string& job_name) {
    v1::CancelJobRequest request;
    request.set_name(job_name);
    const absl::Status status = client_.CancelJob(request).status();
    Tell(status.ok() ? absl::StrCat("cancelled ", job_name)
                     : absl::StrCat(job_name, " could not be cancelled: ", status.message()));
  }

  void Tell(const std::string& text) { env_.err << "oneloop: " << OneLine(text) << std::endl; }

  ServiceClient& client_;
  HeldInterrupts interrupts_;
  Environment env_;
  LiveLine line_;
};

}  // namespace

absl::StatusOr<BenchOutcome> RunBench(ServiceClient& client, const std::vector<BenchCase>& cases, Environment& env) {
  return Bench(client, env).Run(cases);
}

}  // namespace oneloop
