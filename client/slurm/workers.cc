#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/server_options.h"
#include "client/slurm/keep_pilots.h"
#include "client/slurm/pilot_files.h"
#include "client/slurm/submit_pilots.h"
#include "client/slurm/worker_list.h"
#include "common/base/duration_text.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

const std::vector<std::string>& Actions() {
  static const std::vector<std::string> actions = {"start", "list", "stop", "keep"};
  return actions;
}

// Flags that are not for all actions, with those that they are for.
struct FlagUse {
  std::string_view flag;
  std::string_view actions;
};
constexpr FlagUse kFlagUses[] = {{"count", "start"},
                                 {"min", "keep"},
                                 {"max", "keep"},
                                 {"every", "keep"},
                                 {"patience", "keep"},
                                 {"all", "stop"},
                                 {"worker_token_file", "start keep"},
                                 {"worker_server", "start keep"},
                                 {"worker_program", "start keep"},
                                 {"dir", "start keep stop"},
                                 {"cpus", "start keep"},
                                 {"time", "start keep"},
                                 {"grace", "start keep"},
                                 {"partition", "start keep"},
                                 {"mem", "start keep"},
                                 {"account", "start keep"},
                                 {"qos", "start keep"},
                                 {"constraint", "start keep"},
                                 {"nodelist", "start keep"},
                                 {"exclude", "start keep"}};

void PrintStopped(const std::vector<std::string>& ids, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    JsonObject object;
    auto* const stopped = (*object.mutable_fields())["stopped"].mutable_list_value();
    for (const std::string& id : ids) stopped->add_values()->set_string_value(id);
    out << JsonPrinter().Pretty(object);
  } else if (format == OutputFormat::kCsv) {
    out << CsvLine({"pilot"});
    for (const std::string& id : ids) out << CsvLine({id});
  } else {
    out << (ids.empty() ? "no pilots to stop" : absl::StrCat("stopped ", absl::StrJoin(ids, " "))) << '\n';
  }
}

void PrintStarted(const std::vector<SubmittedArray>& arrays, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    JsonObject object;
    for (const SubmittedArray& array : arrays) {
      JsonObject* const element = AddObject("arrays", &object);
      SetText("array", array.id, element);
      SetNumber("pilots", array.pilots, element);
    }
    out << JsonPrinter().Pretty(object);
    return;
  }
  if (format == OutputFormat::kCsv) out << CsvLine({"array", "pilots"});
  for (const SubmittedArray& array : arrays) {
    if (format == OutputFormat::kCsv) {
      out << CsvLine({array.id, absl::StrCat(array.pilots)});
    } else {
      out << "array " << array.id << ": " << PilotCount(static_cast<std::size_t>(array.pilots)) << '\n';
    }
  }
}

class WorkersCommand : public Command {
 public:
  std::string Name() const override { return "workers"; }
  std::string Summary() const override { return "has a Slurm cluster work for a daemon"; }
  std::string Notes() const override {
    return "A pilot is a job of Slurm's under your own account that runs oneloop-worker on --cpus cores of one node,\n"
           "until its time limit or `workers stop`. Several are an array; one whose node fails is queued again.\n"
           "`workers start --count N [-- SBATCH OPTIONS]` submits pilots. Options behind -- go to sbatch as they are.\n"
           "`workers list` shows those that wait, run or failed, and what the daemon knows of them and of workers "
           "that\n"
           "are no pilots. Either is left out where it cannot be had.\n"
           "`workers stop ARRAY...`, `workers stop --all` ends pilots: each gets SIGTERM first.\n"
           "`workers keep --max N` stays and follows the daemon's jobs: it starts pilots while there is work for\n"
           "them, and lets them go once there has been none for --patience. It asks squeue once per --every.\n"
           "The token goes to pilots as a file of mode 0600 in --dir; `stop --all` removes it.\n";
  }

  void Declare(FlagSet* flags) override {
    flags_ = flags;
    flags->AddArgument("ACTION", "start, list, stop or keep", &action_);
    flags->AddOptionalArguments(
        "ARGUMENT", "of stop: arrays or single pilots, 12 or 12_3; of start and keep: see below", &arguments_);
    flags->Add("count", "N", "start: how many pilots", &count_);
    flags->Add("min", "N", "keep: never fewer; default 0", &min_);
    flags->Add("max", "N", "keep: never more", &max_);
    flags->Add("every", "TIME", "keep: from one look to the next; default 30s", &every_);
    flags->Add("patience", "TIME", "keep: how long there must be too many before any are let go; default 5m",
               &patience_);
    flags->Add("all", "stop: all that you have, or with --name all of these", &all_);
    flags->Add("name", "NAME", "a group of pilots, in the names of their jobs", &name_);
    submit_.Declare(flags);
    format_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (std::find(Actions().begin(), Actions().end(), action_) == Actions().end()) {
      return UsageError(Name(), absl::StrCat("unknown action '", action_, "'", SuggestName(action_, Actions())));
    }
    for (const FlagUse& use : kFlagUses) {
      if (!flags_->given(use.flag) || absl::StrContains(ToAbsl(use.actions), action_)) continue;
      return UsageError(Name(), absl::StrCat("--", ToAbsl(use.flag), " is not for `workers ", action_, "`"));
    }
    RETURN_IF_ERROR(CheckPilotName(name_));
    if (action_ == "start") return Start(env);
    if (action_ == "stop") return Stop(env);
    return action_ == "keep" ? Keep(env) : List(env);
  }

 private:
  absl::StatusOr<ExitCode> Start(Environment& env) const {
    if (!count_.has_value()) return UsageError(Name(), "--count is missing: how many pilots");
    RETURN_IF_ERROR(CheckRange("count", *count_, 1));
    ASSIGN_OR_RETURN(const Slurm slurm, Slurm::Find(env));
    ASSIGN_OR_RETURN(const ClusterConfig cluster, slurm.Config());
    ASSIGN_OR_RETURN(const PilotRequest request, submit_.Prepare(env, server_, cluster, name_, arguments_));
    std::vector<SubmittedArray> arrays;
    const absl::Status submitted = SubmitPilots(slurm, cluster, request, *count_, &arrays);
    if (submitted.ok() || !arrays.empty()) PrintStarted(arrays, format_.get(), env.out);
    RETURN_IF_ERROR(submitted);
    return ExitCode::kOk;
  }

  absl::StatusOr<ExitCode> List(Environment& env) const {
    if (!arguments_.empty()) return UsageError(Name(), "list takes no arguments");
    // Each side is worth seeing without the other: where there is no Slurm, workers are no pilots.
    const absl::StatusOr<Work> work = WorkOf(env);
    const absl::StatusOr<Slurm> slurm = Slurm::Find(env);
    if (!slurm.ok() && !work.ok()) {
      return absl::Status(slurm.status().code(),
                          absl::StrCat(Message(slurm.status()), "; and the daemon: ", Message(work.status())));
    }
    std::vector<Pilot> pilots;
    if (slurm.ok()) {
      ASSIGN_OR_RETURN(pilots, slurm->Pilots());
      std::erase_if(pilots, [this](const Pilot& pilot) { return !name_.empty() && pilot.name != name_; });
    }
    if (!work.ok()) PrintNotice(env, absl::StrCat("what the daemon knows is left out: ", Message(work.status())));
    PrintWorkers(WorkerRows(pilots, work.value_or(Work()).workers), format_.get(), env.out);
    return ExitCode::kOk;
  }

  // The daemon's view, which is not waited for.
  absl::StatusOr<Work> WorkOf(Environment& env) const {
    ServerOptions::Sources sources;
    ASSIGN_OR_RETURN(ServiceClient::Options options, server_.Resolve(env, &sources));
    options.retry.patience = absl::ZeroDuration();
    ASSIGN_OR_RETURN(const auto client, ServiceClient::Create(std::move(options)));
    return DaemonWork(*client, env.now).Read();
  }

  absl::StatusOr<ExitCode> Stop(Environment& env) const {
    if (all_ == !arguments_.empty()) return UsageError(Name(), "stop takes either ARRAY... or --all");
    if (!name_.empty() && !all_) return UsageError(Name(), "--name is for `workers stop --all`");
    ASSIGN_OR_RETURN(const Slurm slurm, Slurm::Find(env));
    ASSIGN_OR_RETURN(std::vector<Pilot> pilots, slurm.Pilots());
    std::erase_if(pilots,
                  [this](const Pilot& pilot) { return !pilot.is_active() || (!name_.empty() && pilot.name != name_); });
    ASSIGN_OR_RETURN(const std::vector<std::string> stopped, Targets(pilots));
    RETURN_IF_ERROR(slurm.Cancel(stopped));
    if (all_ && name_.empty()) {
      ASSIGN_OR_RETURN(const ClusterConfig cluster, slurm.Config());
      ASSIGN_OR_RETURN(const std::string folder, submit_.Folder(env));
      RETURN_IF_ERROR(RemovePilotTokens(folder, cluster.name));
    }
    PrintStopped(stopped, format_.get(), env.out);
    return ExitCode::kOk;
  }

  // What to cancel: whole arrays, or single pilots as they were named. NOT_FOUND for what is none of the pilots.
  absl::StatusOr<std::vector<std::string>> Targets(const std::vector<Pilot>& pilots) const {
    std::vector<std::string> targets = arguments_;
    std::set<std::string> known;
    for (const Pilot& pilot : pilots) {
      if (all_ && !known.contains(pilot.array)) targets.push_back(pilot.array);
      known.insert({pilot.array, pilot.id});
    }
    for (const std::string& target : targets) {
      if (known.contains(target)) continue;
      return absl::NotFoundError(
          absl::StrCat("'", target, "' is none of your pilots that wait or run; `oneloop workers list` shows them"));
    }
    return targets;
  }

  absl::StatusOr<ExitCode> Keep(Environment& env) const {
    ASSIGN_OR_RETURN(KeepRules rules, Rules());
    ASSIGN_OR_RETURN(const Slurm slurm, Slurm::Find(env));
    ASSIGN_OR_RETURN(const ClusterConfig cluster, slurm.Config());
    ASSIGN_OR_RETURN(const PilotRequest request, submit_.Prepare(env, server_, cluster, name_, arguments_));
    rules.cpus = request.cpus;
    ServerOptions::Sources sources;
    ASSIGN_OR_RETURN(ServiceClient::Options options, server_.Resolve(env, &sources));
    options.tell = [&env](const std::string& text) { PrintNotice(env, text); };
    ASSIGN_OR_RETURN(const auto client, ServiceClient::Create(std::move(options)));
    DaemonWork work(*client, env.now);
    return KeepPilots({slurm, cluster, request, rules, format_.get()}, work, env);
  }

  absl::StatusOr<KeepRules> Rules() const {
    if (!max_.has_value()) return UsageError(Name(), "--max is missing: how many pilots at most");
    KeepRules rules;
    rules.max = *max_;
    rules.min = min_.value_or(0);
    RETURN_IF_ERROR(CheckRange("max", rules.max, 1));
    RETURN_IF_ERROR(CheckRange("min", rules.min, 0));
    if (rules.min > rules.max) return UsageError(Name(), "--min is above --max");
    RETURN_IF_ERROR(SetDuration("every", every_, absl::Seconds(5), &rules.every));
    RETURN_IF_ERROR(SetDuration("patience", patience_, absl::ZeroDuration(), &rules.patience));
    return rules;
  }

  absl::Status CheckRange(std::string_view flag, std::int32_t value, int least) const {
    if (value >= least && value <= kMostPilots) return absl::OkStatus();
    return UsageError(Name(), absl::StrCat("--", ToAbsl(flag), ": is not ", least, " to ", kMostPilots));
  }

  absl::Status SetDuration(std::string_view flag, const std::optional<std::string>& text, absl::Duration least,
                           absl::Duration* duration) const {
    if (!text.has_value()) return absl::OkStatus();
    const std::optional<absl::Duration> parsed = ParseDurationText(*text);
    if (!parsed.has_value() || *parsed < least) {
      return UsageError(Name(), absl::StrCat("--", ToAbsl(flag), ": '", *text, "' is no time such as 30s, 5m or 1h, ",
                                             absl::ToInt64Seconds(least), "s at least"));
    }
    *duration = *parsed;
    return absl::OkStatus();
  }

  const FlagSet* flags_ = nullptr;
  std::string action_;
  std::vector<std::string> arguments_;
  std::optional<std::int32_t> count_;
  std::optional<std::int32_t> min_;
  std::optional<std::int32_t> max_;
  std::optional<std::string> every_;
  std::optional<std::string> patience_;
  bool all_ = false;
  std::string name_;
  SubmitFlags submit_;
  FormatFlag format_;
  ServerOptions server_;
};

}  // namespace

std::unique_ptr<Command> MakeWorkersCommand() { return std::make_unique<WorkersCommand>(); }

}  // namespace oneloop
