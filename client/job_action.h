#ifndef ONELOOP_CLIENT_JOB_ACTION_H_
#define ONELOOP_CLIENT_JOB_ACTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/command.h"
#include "client/common_flags.h"

namespace oneloop {

// A command that acts on one job and prints what became of it: cancel, pause, resume.
class JobActionCommand : public Command {
 public:
  void Declare(FlagSet* flags) override;
  absl::StatusOr<ExitCode> Run(Environment& env) override;

 protected:
  virtual absl::StatusOr<v1::Job> Act(ServiceClient& client, const std::string& job_name) = 0;

 private:
  std::string job_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_JOB_ACTION_H_
