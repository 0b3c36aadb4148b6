#include <memory>
#include <string>

#include "client/job_action.h"

namespace oneloop {
namespace {

class PauseCommand : public JobActionCommand {
 public:
  std::string Name() const override { return "pause"; }
  std::string Summary() const override { return "takes a job off the workers until it is resumed"; }

 protected:
  absl::StatusOr<v1::Job> Act(ServiceClient& client, const std::string& job_name) override {
    v1::PauseJobRequest request;
    request.set_name(job_name);
    return client.PauseJob(request);
  }
};

}  // namespace

std::unique_ptr<Command> MakePauseCommand() { return std::make_unique<PauseCommand>(); }

}  // namespace oneloop
