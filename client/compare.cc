#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/comparison.h"
#include "client/comparison_output.h"
#include "client/job_output.h"
#include "client/output.h"
#include "client/output_folder.h"
#include "client/svg_plot.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kFewestJobs = 2;
constexpr std::size_t kMostJobs = 20;

class CompareCommand : public Command {
 public:
  std::string Name() const override { return "compare"; }
  std::string Summary() const override { return "compares jobs: bests at equal samples, parameters and fronts"; }
  std::string Notes() const override {
    return "2 to 20 jobs. The starts of a job run at once; a comparison takes them in turn: after s samples of each of "
           "n\n"
           "starts, at n*s samples, it takes the best of all points that any start found within its first s samples.\n"
           "Jobs that minimise different things are compared by EDP and by each figure. Hypervolumes are what a front\n"
           "dominates in energy, latency and area, or in energy and latency alone, up to a point that is a tenth "
           "worse\n"
           "than the worst of all fronts together. --svg draws curves and fronts; a plot of an earlier run is "
           "replaced,\n"
           "another file never. csv has a row for each job.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArguments("JOB", "a job's number or its name", &jobs_);
    flags->Add("svg", "FILE", "also draw the best so far and the fronts", &svg_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, JobNames());
    if (svg_.has_value()) RETURN_IF_ERROR(CheckOutputPath(*svg_, IsRenderedSvg));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    ASSIGN_OR_RETURN(const Comparison comparison, CompareJobs(*client, names));
    TellDifferences(comparison, env);
    PrintComparison(comparison, format_.get(), env.out);
    if (svg_.has_value()) {
      RETURN_IF_ERROR(WriteOutputPath(*svg_, RenderSvg(ComparisonPlots(comparison)), IsRenderedSvg, env.random_id()));
    }
    return ExitCode::kOk;
  }

 private:
  absl::StatusOr<std::vector<std::string>> JobNames() const {
    if (jobs_.size() < kFewestJobs || jobs_.size() > kMostJobs) {
      return UsageError(Name(), absl::StrCat("JOB: ", jobs_.size(), " given; valid: ", kFewestJobs, " to ", kMostJobs));
    }
    std::vector<std::string> names;
    std::set<std::string> distinct;
    for (const std::string& job : jobs_) {
      ASSIGN_OR_RETURN(std::string name, project_.JobName(job));
      if (!distinct.insert(name).second) return UsageError(Name(), absl::StrCat("JOB: ", job, " is given twice"));
      names.push_back(std::move(name));
    }
    return names;
  }

  // What makes figures hard to compare.
  static void TellDifferences(const Comparison& comparison, const Environment& env) {
    std::set<std::string> workloads;
    for (const ComparedJob& compared : comparison.jobs) {
      workloads.insert(compared.job.workload_display_name());
      if (IsFinal(compared.job.state())) continue;
      PrintNotice(env, absl::StrCat("job ", JobId(compared.job.name()), " is not over; it is compared as it is now"));
    }
    if (workloads.size() > 1) PrintNotice(env, "the jobs have different workloads");
  }

  std::vector<std::string> jobs_;
  std::optional<std::string> svg_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeCompareCommand() { return std::make_unique<CompareCommand>(); }

}  // namespace oneloop
