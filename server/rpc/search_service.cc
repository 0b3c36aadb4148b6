#include "server/rpc/search_service.h"

#include "server/rpc/handler.h"
#include "server/rpc/watch_call.h"

namespace oneloop {

grpc::Status SearchService::CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request, v1::Job* response) {
  return Handle("CreateJob", [&] { return handlers_->CreateJob(*request, "local", response); });
}

grpc::Status SearchService::GetJob(grpc::ServerContext*, const v1::GetJobRequest* request, v1::Job* response) {
  return Handle("GetJob", [&] { return handlers_->GetJob(*request, response); });
}

grpc::Status SearchService::ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) {
  return Handle("ListJobs", [&] { return handlers_->ListJobs(*request, response); });
}

grpc::Status SearchService::CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request, v1::Job* response) {
  return Handle("CancelJob", [&] { return handlers_->CancelJob(*request, response); });
}

grpc::Status SearchService::PauseJob(grpc::ServerContext*, const v1::PauseJobRequest* request, v1::Job* response) {
  return Handle("PauseJob", [&] { return handlers_->PauseJob(*request, response); });
}

grpc::Status SearchService::ResumeJob(grpc::ServerContext*, const v1::ResumeJobRequest* request, v1::Job* response) {
  return Handle("ResumeJob", [&] { return handlers_->ResumeJob(*request, response); });
}

grpc::Status SearchService::DeleteJob(grpc::ServerContext*, const v1::DeleteJobRequest* request,
                                      google::protobuf::Empty* response) {
  return Handle("DeleteJob", [&] { return handlers_->DeleteJob(*request, response); });
}

grpc::Status SearchService::ListPoints(grpc::ServerContext*, const v1::ListPointsRequest* request,
                                       v1::ListPointsResponse* response) {
  return Handle("ListPoints", [&] { return handlers_->ListPoints(*request, response); });
}

grpc::Status SearchService::GetPoint(grpc::ServerContext*, const v1::GetPointRequest* request,
                                     v1::EvaluatedPoint* response) {
  return Handle("GetPoint", [&] { return handlers_->GetPoint(*request, response); });
}

grpc::Status SearchService::GetDesign(grpc::ServerContext*, const v1::GetDesignRequest* request, v1::Design* response) {
  return Handle("GetDesign", [&] { return handlers_->GetDesign(*request, response); });
}

grpc::ServerWriteReactor<v1::WatchResponse>* SearchService::Watch(grpc::CallbackServerContext*,
                                                                  const v1::WatchRequest* request) {
  return WatchCall::Start(watch_hub_, *request);
}

}  // namespace oneloop
