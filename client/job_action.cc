#include "client/job_action.h"

#include "client/errors.h"
#include "client/job_output.h"
#include "common/base/status.h"

namespace oneloop {

void JobActionCommand::Declare(FlagSet* flags) {
  flags->AddArgument("JOB", "its number or its name", &job_);
  format_.Declare(flags);
  project_.Declare(flags);
  server_.Declare(flags);
}

absl::StatusOr<ExitCode> JobActionCommand::Run(Environment& env) {
  ASSIGN_OR_RETURN(const std::string name, project_.JobName(job_));
  ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
  ASSIGN_OR_RETURN(const v1::Job job, Act(*client, name));
  if (format_.get() == OutputFormat::kTable) {
    env.out << OneLine(job.name()) << ' ' << v1::JobState_Name(job.state()) << '\n';
  } else {
    PrintJob(job, format_.get(), env.out);
  }
  return ExitCode::kOk;
}

}  // namespace oneloop
