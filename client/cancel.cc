#include <memory>
#include <string>

#include "client/job_action.h"

namespace oneloop {
namespace {

class CancelCommand : public JobActionCommand {
 public:
  std::string Name() const override { return "cancel"; }
  std::string Summary() const override { return "ends a job early; its points stay"; }

 protected:
  absl::StatusOr<v1::Job> Act(ServiceClient& client, const std::string& job_name) override {
    v1::CancelJobRequest request;
    request.set_name(job_name);
    return client.CancelJob(request);
  }
};

}  // namespace

std::unique_ptr<Command> MakeCancelCommand() { return std::make_unique<CancelCommand>(); }

}  // namespace oneloop
