#include "server/rpc/model_service.h"

#include "server/rpc/handler.h"

namespace oneloop {

grpc::Status ModelService::EvaluateDesigns(grpc::ServerContext*, const v1::EvaluateDesignsRequest* request,
                                           v1::EvaluateDesignsResponse* response) {
  return Handle("EvaluateDesigns", [&] { return handlers_->EvaluateDesigns(*request, response); });
}

grpc::Status ModelService::ListWorkloads(grpc::ServerContext*, const v1::ListWorkloadsRequest* request,
                                         v1::ListWorkloadsResponse* response) {
  return Handle("ListWorkloads", [&] { return handlers_->ListWorkloads(*request, response); });
}

grpc::Status ModelService::GetWorkload(grpc::ServerContext*, const v1::GetWorkloadRequest* request,
                                       v1::Workload* response) {
  return Handle("GetWorkload", [&] { return handlers_->GetWorkload(*request, response); });
}

grpc::Status ModelService::ListTemplates(grpc::ServerContext*, const v1::ListTemplatesRequest* request,
                                         v1::ListTemplatesResponse* response) {
  return Handle("ListTemplates", [&] { return handlers_->ListTemplates(*request, response); });
}

grpc::Status ModelService::GetTemplate(grpc::ServerContext*, const v1::GetTemplateRequest* request,
                                       v1::Template* response) {
  return Handle("GetTemplate", [&] { return handlers_->GetTemplate(*request, response); });
}

}  // namespace oneloop
