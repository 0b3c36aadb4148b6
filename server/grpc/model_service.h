#ifndef ONELOOP_SERVER_GRPC_MODEL_SERVICE_H_
#define ONELOOP_SERVER_GRPC_MODEL_SERVICE_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "server/grpc/call_guard.h"
#include "server/handlers/model_handlers.h"

namespace oneloop {

// ModelService on gRPC's threads.
class ModelService final : public v1::ModelService::Service {
 public:
  // Both outlive the service.
  ModelService(const ModelHandlers* handlers, const CallGuard* guard) : handlers_(handlers), guard_(guard) {}

  grpc::Status EvaluateDesigns(grpc::ServerContext* context, const v1::EvaluateDesignsRequest* request,
                               v1::EvaluateDesignsResponse* response) override;
  grpc::Status ListWorkloads(grpc::ServerContext* context, const v1::ListWorkloadsRequest* request,
                             v1::ListWorkloadsResponse* response) override;
  grpc::Status GetWorkload(grpc::ServerContext* context, const v1::GetWorkloadRequest* request,
                           v1::Workload* response) override;
  grpc::Status ListTemplates(grpc::ServerContext* context, const v1::ListTemplatesRequest* request,
                             v1::ListTemplatesResponse* response) override;
  grpc::Status GetTemplate(grpc::ServerContext* context, const v1::GetTemplateRequest* request,
                           v1::Template* response) override;
  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                             v1::ServerInfo* response) override;

 private:
  const ModelHandlers* const handlers_;
  const CallGuard* const guard_;
  const absl::Time start_time_ = absl::Now();
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_MODEL_SERVICE_H_
