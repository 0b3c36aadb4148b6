#include <memory>
#include <string>

#include "client/job_action.h"

namespace oneloop {
namespace {

class UndeleteCommand : public JobActionCommand {
 public:
  std::string Name() const override { return "undelete"; }
  std::string Summary() const override { return "takes a deletion back, while the job is not purged"; }

 protected:
  absl::StatusOr<v1::Job> Act(ServiceClient& client, const std::string& job_name) override {
    v1::UndeleteJobRequest request;
    request.set_name(job_name);
    return client.UndeleteJob(request);
  }
};

}  // namespace

std::unique_ptr<Command> MakeUndeleteCommand() { return std::make_unique<UndeleteCommand>(); }

}  // namespace oneloop
