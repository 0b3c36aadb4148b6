#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/output.h"
#include "client/sweep_follow.h"
#include "client/sweep_jobs.h"
#include "client/sweep_output.h"
#include "client/sweep_request.h"
#include "common/base/fnv.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class SweepCommand : public Command {
 public:
  std::string Name() const override { return "sweep"; }
  std::string Summary() const override { return "submits a set of jobs that differ in what is varied"; }
  std::string Notes() const override {
    return absl::StrCat(
        "--vary area_mm2=0.5:16:x2 makes a job for each limit area_mm2 <= 0.5, 1, 2, ... 16; --vary pe_dim=8,16,32,\n"
        "a parameter of the template, fixes it; --vary seed=0:4:+1 or --vary objective=edp,energy sets a flag.\n"
        "Several --vary make every combination, at most ",
        kMostSweepJobs,
        " jobs. All are checked before the first is stored. They are\n"
        "jobs like any other, and those of one user take turns.\n"
        "The same command again makes no job twice, and goes on where it was interrupted; a NAME that stands for\n"
        "another sweep is refused. Without NAME one is made from the jobs. When the daemon takes no more jobs for "
        "now,\n"
        "the command waits as submit does, then ends with exit code 1: give it again later.\n"
        "`oneloop sweeps NAME` shows and cancels a sweep. --wait follows it to its end; exit code 6 when a job failed\n"
        "or was cancelled. Ctrl-C ends the waiting, not the jobs.\n");
  }

  void Declare(FlagSet* flags) override {
    flags->AddOptionalArgument("NAME", "of the sweep: up to 40 letters, digits, '_', '-' and '.'", &name_);
    request_.Declare(flags);
    flags->Add("wait", "wait for the end of all jobs, and print what they found", &wait_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ASSIGN_OR_RETURN(const std::string parent, project_.Parent());
    if (name_.has_value()) RETURN_IF_ERROR(CheckSweepName(*name_));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    RETURN_IF_ERROR(request_.Prepare(*client, env));
    Sweep sweep;
    ASSIGN_OR_RETURN(const Checked checked, CheckAll(*client, parent, env, &sweep.identity));
    ASSIGN_OR_RETURN(const std::size_t known, CountKnown(*client, parent, checked.owner, sweep.identity));
    if (checked.validate_only) {
      env.out << "the " << request_.size() << " jobs are valid; nothing was submitted\n";
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(Store(*client, parent, env, &sweep));
    PrintNotice(env, absl::StrCat("stored ", sweep.jobs.size() - known, " jobs",
                                  known == 0 ? "" : absl::StrCat("; ", known, " were there before")));
    if (format_.get() == OutputFormat::kTable) env.out << OneLine(sweep.identity.name) << std::endl;
    if (wait_) return WaitForEnd(*client, parent, &sweep, env);
    if (format_.get() != OutputFormat::kTable) PrintSweep(sweep, format_.get(), env.out);
    return ExitCode::kOk;
  }

 private:
  struct Checked {
    std::string owner;  // whose the jobs will be
    bool validate_only = false;
  };

  // Has the daemon check every job, and sets what the sweep is known by.
  absl::StatusOr<Checked> CheckAll(ServiceClient& client, const std::string& parent, Environment& env,
                                   SweepIdentity* identity) {
    identity->size = request_.size();
    identity->axes = request_.AxisNames();
    Checked checked;
    std::string hashes;
    std::set<std::string> warnings;
    for (std::size_t place = 0; place < request_.size(); ++place) {
      ASSIGN_OR_RETURN(PlannedJob planned, request_.JobAt(place, env));
      planned.request.set_parent(parent);
      checked.validate_only = planned.request.validate_only();
      planned.request.set_validate_only(true);
      const absl::StatusOr<v1::Job> job = client.CreateJob(planned.request);
      if (!job.ok()) return request_.Locate(place, planned, job.status());
      checked.owner = job->owner();
      absl::StrAppend(&hashes, Fnv1a64(SerializeInOrder(job->spec())), "\n");
      for (const std::string& warning : job->warnings()) {
        if (warnings.insert(warning).second) env.err << "oneloop: warning: " << OneLine(warning) << std::endl;
      }
    }
    for (const std::string& axis : identity->axes) absl::StrAppend(&hashes, axis, "\n");
    identity->plan = absl::StrFormat("%016x", Fnv1a64(hashes));
    identity->name = name_.value_or(absl::StrCat("sweep-", identity->plan.substr(0, 10)));
    return checked;
  }

  // How many of the jobs are there already. ALREADY_EXISTS when the name stands for another sweep.
  static absl::StatusOr<std::size_t> CountKnown(ServiceClient& client, const std::string& parent,
                                                const std::string& owner, const SweepIdentity& identity) {
    ASSIGN_OR_RETURN(const Sweep known, ReadSweep(client, parent, identity.name, /*with_deleted=*/true));
    for (const SweepJob& row : known.jobs) {
      if (row.job.owner() != owner) {
        return absl::AlreadyExistsError(
            absl::StrCat("NAME: sweep '", identity.name, "' is ", row.job.owner(), "'s; choose another name"));
      }
      if (row.job.has_delete_time()) {
        return absl::AlreadyExistsError(absl::StrCat("NAME: job ", JobId(row.job.name()), " of sweep '", identity.name,
                                                     "' is deleted; `oneloop undelete` it, purge it with `oneloop "
                                                     "delete --purge`, or choose another name"));
      }
    }
    if (known.jobs.empty() || known.identity.plan == identity.plan) return std::min(known.jobs.size(), identity.size);
    return absl::AlreadyExistsError(absl::StrCat(
        "NAME: '", identity.name, "' is another sweep, of ", known.identity.size,
        " jobs with other settings; choose another name, or see `", SweepsCommandText(parent, identity.name), "`"));
  }

  absl::Status Store(ServiceClient& client, const std::string& parent, const Environment& env, Sweep* sweep) {
    for (std::size_t place = 0; place < request_.size(); ++place) {
      ASSIGN_OR_RETURN(PlannedJob planned, request_.JobAt(place, env));
      planned.request.set_parent(parent);
      planned.request.set_request_id(SweepRequestId(sweep->identity.name, place));
      SetSweepLabels(sweep->identity, place, planned.request.mutable_labels());
      absl::StatusOr<v1::Job> job = client.CreateJob(planned.request);
      if (!job.ok()) {
        const absl::Status located = request_.Locate(place, planned, job.status());
        return WithContext(absl::StrCat("sweep '", sweep->identity.name, "': ", place, " of ", request_.size(),
                                        " jobs are stored, and the same command goes on with the others"),
                           located);
      }
      sweep->jobs.push_back({place, *std::move(job)});
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ExitCode> WaitForEnd(ServiceClient& client, const std::string& parent, Sweep* sweep,
                                      Environment& env) const {
    ASSIGN_OR_RETURN(const bool over, FollowSweep(client, parent, sweep, env));
    if (!over) return ExitCode::kInterrupted;
    PrintSweep(*sweep, format_.get(), env.out);
    return SweepExitCode(*sweep, env);
  }

  std::optional<std::string> name_;
  SweepRequest request_;
  bool wait_ = false;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeSweepCommand() { return std::make_unique<SweepCommand>(); }

}  // namespace oneloop
