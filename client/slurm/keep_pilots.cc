#include "client/slurm/keep_pilots.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/errors.h"
#include "client/held_interrupts.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/slurm/submit_pilots.h"
#include "client/slurm/worker_list.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// How long an interrupt waits to be seen.
constexpr absl::Duration kNap = absl::Milliseconds(200);

// One look and what came of it.
struct Change {
  absl::Time time;
  std::int64_t work = 0;
  int running = 0;
  int pending = 0;
  int wanted = 0;
  int started = 0;
  std::vector<std::string> stopped;
};

class ChangePrinter {
 public:
  ChangePrinter(OutputFormat format, std::ostream& out) : format_(format), out_(out) {}

  absl::Status Print(const Change& change) {
    const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", change.time, absl::UTCTimeZone());
    if (format_ == OutputFormat::kJson) {
      PrintJson(time, change);
    } else if (format_ == OutputFormat::kCsv) {
      if (std::exchange(is_first_, false)) {
        out_ << CsvLine({"time", "work", "running", "pending", "wanted", "started", "stopped"});
      }
      out_ << CsvLine({time, absl::StrCat(change.work), absl::StrCat(change.running), absl::StrCat(change.pending),
                       absl::StrCat(change.wanted), absl::StrCat(change.started), absl::StrJoin(change.stopped, " ")});
    } else {
      out_ << time << "  work " << GroupedNumber(change.work) << ", pilots " << change.running << " running and "
           << change.pending << " waiting, wanted " << change.wanted << ": " << DoneText(change) << '\n';
    }
    return FlushOutput(out_);
  }

 private:
  static std::string DoneText(const Change& change) {
    std::vector<std::string> done;
    if (change.started > 0) done.push_back(absl::StrCat("started ", change.started));
    if (!change.stopped.empty()) done.push_back(absl::StrCat("stopped ", absl::StrJoin(change.stopped, " ")));
    return absl::StrJoin(done, ", ");
  }

  void PrintJson(const std::string& time, const Change& change) {
    JsonObject object;
    SetText("time", time, &object);
    SetNumber("work", static_cast<double>(change.work), &object);
    SetNumber("running", change.running, &object);
    SetNumber("pending", change.pending, &object);
    SetNumber("wanted", change.wanted, &object);
    SetNumber("started", change.started, &object);
    auto* const stopped = (*object.mutable_fields())["stopped"].mutable_list_value();
    for (const std::string& id : change.stopped) stopped->add_values()->set_string_value(id);
    out_ << json_.Compact(object) << '\n';
  }

  const OutputFormat format_;
  std::ostream& out_;
  const JsonPrinter json_;
  bool is_first_ = true;
};

class Keeper {
 public:
  Keeper(const KeepTask& task, WorkSource& work, Environment& env)
      : task_(task), work_(work), env_(env), printer_(task.format, env.out) {}

  // What cannot be done now and may be later is an error; `is_lost()` tells of one that stays.
  absl::Status Look() {
    ASSIGN_OR_RETURN(const Work work, work_.Read());
    ASSIGN_OR_RETURN(const std::vector<Pilot> all, task_.slurm.Pilots());
    KeepView view;
    view.now = env_.steady_now();
    view.work = work.leases;
    std::copy_if(all.begin(), all.end(), std::back_inserter(view.pilots), [this](const Pilot& pilot) {
      return pilot.server == task_.request.server && pilot.name == task_.request.name;
    });
    view.idle = IdlePilots(view.pilots, work.workers);
    RETURN_IF_ERROR(CheckSeen(view.pilots));
    const KeepDecision decision = DecideKeep(task_.rules, view, &memory_);
    TellFailures(decision);
    return Carry(view, decision);
  }

  bool is_lost() const { return is_lost_; }
  int active() const { return active_; }

 private:
  // Without them in the list, every look would start as many again.
  absl::Status CheckSeen(const std::vector<Pilot>& pilots) {
    for (const SubmittedArray& array : std::exchange(unseen_, {})) {
      const bool is_seen =
          std::any_of(pilots.begin(), pilots.end(), [&](const Pilot& pilot) { return pilot.array == array.id; });
      if (is_seen) continue;
      is_lost_ = true;
      return absl::FailedPreconditionError(absl::StrCat(
          "array ", array.id, " was submitted and is not among your pilots: it was gone before the next look, or this ",
          "cluster changes jobs' names or comments. See `squeue --me` and ", task_.request.log_folder));
    }
    return absl::OkStatus();
  }

  void TellFailures(const KeepDecision& decision) const {
    if (decision.new_failures.empty()) return;
    const Pilot& first = decision.new_failures.front();
    PrintNotice(
        env_, absl::StrCat(PilotCount(decision.new_failures.size()), " failed, ", first.id, " as ", first.state,
                           first.reason.empty() ? "" : ": ", OneLine(first.reason), "; see ", task_.request.log_folder,
                           decision.pause > absl::ZeroDuration()
                               ? absl::StrCat(". No more are started for ", ShortDuration(decision.pause))
                               : ""));
  }

  absl::Status Carry(const KeepView& view, const KeepDecision& decision) {
    Change change;
    change.time = env_.now();
    change.work = view.work;
    change.wanted = decision.wanted;
    for (const Pilot& pilot : view.pilots) {
      change.running += pilot.is_running() ? 1 : 0;
      change.pending += pilot.is_pending() ? 1 : 0;
    }
    absl::Status done = absl::OkStatus();
    if (decision.start > 0) {
      done = SubmitPilots(task_.slurm, task_.cluster, task_.request, decision.start, &unseen_);
      for (const SubmittedArray& array : unseen_) change.started += array.pilots;
    }
    if (!decision.stop.empty()) {
      RETURN_IF_ERROR(task_.slurm.Cancel(decision.stop));
      change.stopped = decision.stop;
    }
    active_ = change.running + change.pending + change.started - static_cast<int>(change.stopped.size());
    if (change.started > 0 || !change.stopped.empty()) RETURN_IF_ERROR(printer_.Print(change));
    return done;
  }

  const KeepTask& task_;
  WorkSource& work_;
  Environment& env_;
  ChangePrinter printer_;
  KeepMemory memory_;
  std::vector<SubmittedArray> unseen_;  // since the last look
  int active_ = 0;
  bool is_lost_ = false;
};

}  // namespace

absl::StatusOr<ExitCode> KeepPilots(const KeepTask& task, WorkSource& work, Environment& env) {
  HeldInterrupts interrupts(env.interrupts);
  Keeper keeper(task, work, env);
  RETURN_IF_ERROR(keeper.Look());
  for (;;) {
    const SteadyTime next = env.steady_now() + task.rules.every;
    while (env.steady_now() < next) {
      if (interrupts.Pending()) {
        PrintNotice(env, absl::StrCat("left: ", PilotCount(static_cast<std::size_t>(keeper.active())),
                                      "; `oneloop workers stop --all` ends all"));
        return ExitCode::kInterrupted;
      }
      env.sleep(std::min(kNap, next - env.steady_now()));
    }
    const absl::Status looked = keeper.Look();
    if (keeper.is_lost()) return looked;
    if (!looked.ok()) PrintNotice(env, absl::StrCat(OneLine(Message(looked)), "; tried again later"));
  }
}

}  // namespace oneloop
