#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/bench/bench_report.h"
#include "client/bench/bench_request.h"
#include "client/bench/bench_runner.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/output.h"
#include "client/output_folder.h"
#include "client/svg_plot.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kCsvName[] = "bench.csv";

std::string SvgName(const std::string& workload) { return absl::StrCat(workload, ".svg"); }

// In the order of the cases.
std::vector<std::string> WorkloadsOf(const std::vector<BenchCase>& cases) {
  std::vector<std::string> names;
  for (const BenchCase& bench_case : cases) {
    if (names.empty() || names.back() != bench_case.workload) names.push_back(bench_case.workload);
  }
  return names;
}

class BenchCommand : public Command {
 public:
  std::string Name() const override { return "bench"; }
  std::string Summary() const override { return "compares ways to search over several seeds"; }
  std::string Notes() const override {
    return "Each combination of workload, algorithm and seed is a job like any other. They run one after the other, "
           "and\n"
           "stay with the daemon. The table has mean, median and worst of the seeds' best EDP (uJ*cycles), samples "
           "per\n"
           "second from a job's start to its end, with the proof of its lower bound and whatever else the machine "
           "does,\n"
           "and how far the mean is above that bound. What is compared on by default has \"benchmark\": true in\n"
           "`oneloop workloads --format json` and `oneloop templates --format json`.\n"
           "-o DIR also gets bench.csv, with one row per job, and WORKLOAD.svg, the best EDP against samples: a line "
           "for\n"
           "the median of the seeds, a band from the best to the worst. The starts of a job run at once; a plot takes\n"
           "them in turn: after s samples of each of n starts, at n*s samples, it shows the best of all points that "
           "any\n"
           "start found within its first s samples. Files of an earlier run are replaced, others never; they are "
           "written\n"
           "when all jobs are over, or not at all.\n"
           "--ablations runs the gradient search as it is, on raw factors, with each order strategy, without descent,\n"
           "without polish, and with 1 to 64 starts, all with the same number of samples.\n"
           "csv prints the rows of bench.csv, json the jobs and the table. Ctrl-C cancels the job that is running. "
           "Exit\n"
           "code 6 when a job failed or was cancelled.\n";
  }

  void Declare(FlagSet* flags) override {
    request_.Declare(flags);
    flags->Add("output", "DIR", "write bench.csv and a plot per workload there; made if need be", &folder_);
    flags->AddShort('o', "output");
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ASSIGN_OR_RETURN(const std::string parent, project_.Parent());
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    ASSIGN_OR_RETURN(const std::vector<BenchCase> cases, request_.Cases(*client, parent, env));
    const std::vector<std::string> workloads = WorkloadsOf(cases);
    RETURN_IF_ERROR(CheckFiles(workloads));
    ASSIGN_OR_RETURN(const BenchOutcome outcome, RunBench(*client, cases, env));
    if (outcome.code != ExitCode::kOk) return outcome.code;
    PrintBench(outcome.runs, request_.reference(), format_.get(), env.out);
    if (folder_.has_value()) RETURN_IF_ERROR(WriteFiles(outcome.runs, workloads, env));
    return ExitCode::kOk;
  }

 private:
  absl::Status CheckFiles(const std::vector<std::string>& workloads) const {
    if (!folder_.has_value()) return absl::OkStatus();
    RETURN_IF_ERROR(CheckOutputFile(*folder_, kCsvName, IsBenchCsv));
    for (const std::string& workload : workloads) {
      RETURN_IF_ERROR(CheckOutputFile(*folder_, SvgName(workload), IsRenderedSvg));
    }
    return absl::OkStatus();
  }

  absl::Status WriteFiles(const std::vector<BenchRun>& runs, const std::vector<std::string>& workloads,
                          const Environment& env) const {
    // Others may have written there while the jobs ran.
    RETURN_IF_ERROR(CheckFiles(workloads));
    std::vector<OutputFile> files = {{kCsvName, BenchCsv(runs)}};
    for (const std::string& workload : workloads) {
      files.push_back({SvgName(workload), RenderSvg(BenchPlot(runs, workload))});
    }
    return WriteOutputFiles(*folder_, files, env.random_id());
  }

  BenchRequest request_;
  std::optional<std::string> folder_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchCommand() { return std::make_unique<BenchCommand>(); }

}  // namespace oneloop
