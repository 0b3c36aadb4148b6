#include <memory>
#include <string>

#include "client/command.h"
#include "client/common_flags.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class DeleteCommand : public Command {
 public:
  std::string Name() const override { return "delete"; }
  std::string Summary() const override { return "deletes a job that is over, with its points"; }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::DeleteJobRequest request;
    ASSIGN_OR_RETURN(*request.mutable_name(), project_.JobName(job_));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    RETURN_IF_ERROR(client->DeleteJob(request));
    env.out << request.name() << " deleted\n";
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeDeleteCommand() { return std::make_unique<DeleteCommand>(); }

}  // namespace oneloop
