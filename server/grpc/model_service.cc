#include "server/grpc/model_service.h"

#include "server/handlers/server_info.h"

namespace oneloop {

grpc::Status ModelService::EvaluateDesigns(grpc::ServerContext* context, const v1::EvaluateDesignsRequest* request,
                                           v1::EvaluateDesignsResponse* response) {
  return guard_->Handle("ModelService.EvaluateDesigns", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->EvaluateDesigns(*request, caller, response); });
}

grpc::Status ModelService::ListWorkloads(grpc::ServerContext* context, const v1::ListWorkloadsRequest* request,
                                         v1::ListWorkloadsResponse* response) {
  return guard_->Handle("ModelService.ListWorkloads", *context, *request, *response,
                        [&](const Caller&) { return handlers_->ListWorkloads(*request, response); });
}

grpc::Status ModelService::GetWorkload(grpc::ServerContext* context, const v1::GetWorkloadRequest* request,
                                       v1::Workload* response) {
  return guard_->Handle("ModelService.GetWorkload", *context, *request, *response,
                        [&](const Caller&) { return handlers_->GetWorkload(*request, response); });
}

grpc::Status ModelService::ListTemplates(grpc::ServerContext* context, const v1::ListTemplatesRequest* request,
                                         v1::ListTemplatesResponse* response) {
  return guard_->Handle("ModelService.ListTemplates", *context, *request, *response,
                        [&](const Caller&) { return handlers_->ListTemplates(*request, response); });
}

grpc::Status ModelService::GetTemplate(grpc::ServerContext* context, const v1::GetTemplateRequest* request,
                                       v1::Template* response) {
  return guard_->Handle("ModelService.GetTemplate", *context, *request, *response,
                        [&](const Caller&) { return handlers_->GetTemplate(*request, response); });
}

grpc::Status ModelService::GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                                         v1::ServerInfo* response) {
  return guard_->Handle("ModelService.GetServerInfo", *context, *request, *response, [&](const Caller& caller) {
    *response = MakeServerInfo(caller, start_time_, absl::Now());
    return absl::OkStatus();
  });
}

}  // namespace oneloop
