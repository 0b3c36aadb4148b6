#ifndef ONELOOP_SERVER_RPC_MODEL_HANDLERS_H_
#define ONELOOP_SERVER_RPC_MODEL_HANDLERS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "oneloop/v1/model_service.pb.h"
#include "server/rpc/catalog.h"

namespace oneloop {

// The methods of ModelService, without a network. Thread-safe.
class ModelHandlers {
 public:
  // The catalog outlives the handlers.
  explicit ModelHandlers(const Catalog* catalog) : catalog_(catalog) {}

  absl::Status EvaluateDesigns(const v1::EvaluateDesignsRequest& request, v1::EvaluateDesignsResponse* response) const;
  absl::Status ListWorkloads(const v1::ListWorkloadsRequest& request, v1::ListWorkloadsResponse* response) const;
  absl::Status GetWorkload(const v1::GetWorkloadRequest& request, v1::Workload* response) const;
  absl::Status ListTemplates(const v1::ListTemplatesRequest& request, v1::ListTemplatesResponse* response) const;
  absl::Status GetTemplate(const v1::GetTemplateRequest& request, v1::Template* response) const;

 private:
  absl::StatusOr<std::shared_ptr<const Template>> TemplateOf(const v1::EvaluateDesignsRequest& request) const;

  const Catalog* const catalog_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_MODEL_HANDLERS_H_
