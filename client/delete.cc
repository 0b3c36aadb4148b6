#include <memory>
#include <string>

#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class DeleteCommand : public Command {
 public:
  std::string Name() const override { return "delete"; }
  std::string Summary() const override { return "deletes a job that is over; undelete takes it back"; }
  std::string Notes() const override {
    return "The job is no longer listed. Until it is purged, with its points, a week later or as the daemon is set,\n"
           "`undelete` brings it back. --purge leaves nothing to bring back.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("purge", "at once and for good, also what is deleted already", &purge_);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::DeleteJobRequest request;
    ASSIGN_OR_RETURN(*request.mutable_name(), project_.JobName(job_));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    request.set_purge(purge_);
    ASSIGN_OR_RETURN(const v1::Job job, client->DeleteJob(request));
    if (purge_) {
      env.out << OneLine(request.name()) << " purged\n";
    } else {
      env.out << OneLine(request.name()) << " deleted; it can be undeleted until " << FormatTimestamp(job.purge_time())
              << " UTC\n";
    }
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  bool purge_ = false;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeDeleteCommand() { return std::make_unique<DeleteCommand>(); }

}  // namespace oneloop
