#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/job_output.h"
#include "client/output.h"
#include "client/output_folder.h"
#include "client/svg_plot.h"
#include "client/sweep_follow.h"
#include "client/sweep_jobs.h"
#include "client/sweep_output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class SweepsCommand : public Command {
 public:
  std::string Name() const override { return "sweeps"; }
  std::string Summary() const override { return "lists the sweeps of a project, shows one, or cancels its jobs"; }
  std::string Notes() const override {
    return "A sweep is made by `oneloop sweep`. Its table has a row for each job: what is varied, how far it is, its\n"
           "best design and how far that is from the best one possible. --svg draws the best value of the objective\n"
           "against what is varied; a plot of an earlier run is replaced, another file never. --wait ends with exit\n"
           "code 6 when a job failed or was cancelled.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddOptionalArgument("NAME", "the sweep to show", &name_);
    flags->Add("wait", "follow it to the end of all jobs first", &wait_);
    flags->Add("cancel", "cancel all its jobs that are not over; their points stay", &cancel_);
    flags->Add("svg", "FILE", "also draw it", &svg_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    RETURN_IF_ERROR(CheckFlags());
    ASSIGN_OR_RETURN(const std::string parent, project_.Parent());
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    if (!name_.has_value()) {
      ASSIGN_OR_RETURN(const std::vector<SweepOverview> sweeps, ListSweeps(*client, parent));
      PrintSweepList(sweeps, format_.get(), env.out);
      return ExitCode::kOk;
    }
    ASSIGN_OR_RETURN(Sweep sweep, FindSweep(*client, parent, *name_));
    if (cancel_) RETURN_IF_ERROR(Cancel(*client, parent, &sweep, env));
    if (wait_) {
      ASSIGN_OR_RETURN(const bool over, FollowSweep(*client, parent, &sweep, env));
      if (!over) return ExitCode::kInterrupted;
    }
    PrintSweep(sweep, format_.get(), env.out);
    if (svg_.has_value()) {
      RETURN_IF_ERROR(WriteOutputPath(*svg_, RenderSvg(SweepPlot(sweep)), IsRenderedSvg, env.random_id()));
    }
    return wait_ ? SweepExitCode(sweep, env) : ExitCode::kOk;
  }

 private:
  absl::Status CheckFlags() const {
    for (const auto& [given, flag] : {std::pair{wait_, "wait"}, {cancel_, "cancel"}, {svg_.has_value(), "svg"}}) {
      if (given && !name_.has_value()) {
        return UsageError(Name(), absl::StrCat("--", flag, " needs the NAME of a sweep"));
      }
    }
    if (wait_ && cancel_) return UsageError(Name(), "--wait and --cancel exclude each other");
    return svg_.has_value() ? CheckOutputPath(*svg_, IsRenderedSvg) : absl::OkStatus();
  }

  // From the last job to the first, so that those that have not begun go first.
  static absl::Status Cancel(ServiceClient& client, const std::string& parent, Sweep* sweep, Environment& env) {
    int cancelled = 0;
    for (auto row = sweep->jobs.rbegin(); row != sweep->jobs.rend(); ++row) {
      if (IsFinal(row->job.state())) continue;
      v1::CancelJobRequest request;
      request.set_name(row->job.name());
      const absl::Status status = client.CancelJob(request).status();
      // It was over meanwhile.
      if (absl::IsFailedPrecondition(status)) continue;
      RETURN_IF_ERROR(status);
      ++cancelled;
    }
    PrintNotice(env, absl::StrCat("cancelled ", cancelled, " of ", sweep->jobs.size(), " jobs; the others were over"));
    ASSIGN_OR_RETURN(*sweep, FindSweep(client, parent, sweep->identity.name));
    return absl::OkStatus();
  }

  std::optional<std::string> name_;
  bool wait_ = false;
  bool cancel_ = false;
  std::optional<std::string> svg_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeSweepsCommand() { return std::make_unique<SweepsCommand>(); }

}  // namespace oneloop
