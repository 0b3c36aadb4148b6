#ifndef ONELOOP_SERVER_HANDLERS_MODEL_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_MODEL_HANDLERS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "oneloop/v1/model_service.pb.h"
#include "server/handlers/calibration_catalog.h"
#include "server/handlers/call_context.h"
#include "server/handlers/catalog.h"

namespace oneloop {

// The methods of ModelService, without a network. Thread-safe.
class ModelHandlers {
 public:
  // Everything outlives the handlers.
  struct Options {
    const Catalog* catalog = nullptr;
    const CalibrationCatalog* calibrations = nullptr;
    absl::Time start_time;  // of the daemon
    std::function<absl::Time()> clock = WallNow;
  };
  explicit ModelHandlers(const Options& options) : options_(options) {}

  // The call is asked before each row whether it is interrupted; its error is returned at once, whatever was evaluated.
  absl::Status EvaluateDesigns(const v1::EvaluateDesignsRequest& request, const CallContext& call,
                               v1::EvaluateDesignsResponse* response) const;
  absl::Status ListWorkloads(const v1::ListWorkloadsRequest& request, v1::ListWorkloadsResponse* response) const;
  absl::Status GetWorkload(const v1::GetWorkloadRequest& request, v1::Workload* response) const;
  absl::Status ListTemplates(const v1::ListTemplatesRequest& request, v1::ListTemplatesResponse* response) const;
  absl::Status GetTemplate(const v1::GetTemplateRequest& request, v1::Template* response) const;
  absl::Status ParseWorkload(const v1::ParseWorkloadRequest& request, v1::Workload* response) const;
  absl::Status ParseTemplate(const v1::ParseTemplateRequest& request, v1::Template* response) const;
  absl::Status GetServerInfo(const v1::GetServerInfoRequest& request, const CallContext& call,
                             v1::ServerInfo* response) const;

 private:
  const Options options_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_MODEL_HANDLERS_H_
