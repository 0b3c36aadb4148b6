#ifndef ONELOOP_SERVER_HANDLERS_MODEL_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_MODEL_HANDLERS_H_

#include "absl/status/status.h"
#include "oneloop/v1/model_service.pb.h"
#include "server/access/caller.h"
#include "server/handlers/calibration_catalog.h"
#include "server/handlers/catalog.h"

namespace oneloop {

// The methods of ModelService, without a network. Thread-safe.
class ModelHandlers {
 public:
  // Everything outlives the handlers.
  struct Options {
    const Catalog* catalog = nullptr;
    const CalibrationCatalog* calibrations = nullptr;
  };
  explicit ModelHandlers(const Options& options) : options_(options) {}

  absl::Status EvaluateDesigns(const v1::EvaluateDesignsRequest& request, const Caller& caller,
                               v1::EvaluateDesignsResponse* response) const;
  absl::Status ListWorkloads(const v1::ListWorkloadsRequest& request, v1::ListWorkloadsResponse* response) const;
  absl::Status GetWorkload(const v1::GetWorkloadRequest& request, v1::Workload* response) const;
  absl::Status ListTemplates(const v1::ListTemplatesRequest& request, v1::ListTemplatesResponse* response) const;
  absl::Status GetTemplate(const v1::GetTemplateRequest& request, v1::Template* response) const;

 private:
  const Options options_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_MODEL_HANDLERS_H_
