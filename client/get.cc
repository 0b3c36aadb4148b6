#include <memory>
#include <string>

#include "client/command.h"
#include "client/common_flags.h"
#include "client/job_output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class GetCommand : public Command {
 public:
  std::string Name() const override { return "get"; }
  std::string Summary() const override { return "shows one job: its state, its progress and its best point"; }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::GetJobRequest request;
    ASSIGN_OR_RETURN(*request.mutable_name(), project_.JobName(job_));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    ASSIGN_OR_RETURN(const v1::Job job, client->GetJob(request));
    PrintJob(job, format_.get(), env.out);
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeGetCommand() { return std::make_unique<GetCommand>(); }

}  // namespace oneloop
