#include <memory>
#include <string>

#include "client/command.h"
#include "client/common_flags.h"
#include "client/front_output.h"
#include "client/job_output.h"
#include "client/point_printer.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class ParetoCommand : public Command {
 public:
  std::string Name() const override { return "pareto"; }
  std::string Summary() const override { return "lists a job's Pareto front over energy, latency and area"; }
  std::string Notes() const override {
    return "The table has the best EDP first; csv and json go by point number. Of a job that searches for a front\n"
           "(submit --objective pareto:energy,area) it is the front over those metrics, smallest area or latency\n"
           "first, and the table and json tell its hypervolume, too. Hypervolumes are in log2 of each metric, from "
           "the\n"
           "worst on the front and a tenth more.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("history", "only the hypervolume after each tenth of the samples", &history_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::ListPointsRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), project_.JobName(job_));
    request.set_pareto_only(true);
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    v1::GetJobRequest get;
    get.set_name(request.parent());
    ASSIGN_OR_RETURN(const v1::Job job, client->GetJob(get));
    if (history_ || job.spec().objective() == v1::FRONT) {
      ASSIGN_OR_RETURN(const JobFront front, ReadJobFront(*client, request.parent()));
      if (history_) {
        PrintFrontHistory(front, format_.get(), env.out);
      } else {
        if (format_.get() == OutputFormat::kTable) env.out << FrontDetails(front.job) << '\n';
        PrintJobFront(front, format_.get(), env.out);
      }
      return ExitCode::kOk;
    }
    if (format_.get() == OutputFormat::kTable) {
      RETURN_IF_ERROR(PrintFrontTable(*client, request.parent(), env.out));
    } else {
      RETURN_IF_ERROR(PrintPoints(*client, request, format_.get(), env.out));
    }
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  bool history_ = false;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeParetoCommand() { return std::make_unique<ParetoCommand>(); }

}  // namespace oneloop
