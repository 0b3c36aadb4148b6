#include <memory>
#include <string>

#include "client/job_action.h"

namespace oneloop {
namespace {

class ResumeCommand : public JobActionCommand {
 public:
  std::string Name() const override { return "resume"; }
  std::string Summary() const override { return "lets a paused job go on"; }

 protected:
  absl::StatusOr<v1::Job> Act(ServiceClient& client, const std::string& job_name) override {
    v1::ResumeJobRequest request;
    request.set_name(job_name);
    return client.ResumeJob(request);
  }
};

}  // namespace

std::unique_ptr<Command> MakeResumeCommand() { return std::make_unique<ResumeCommand>(); }

}  // namespace oneloop
