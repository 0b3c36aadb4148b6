#include "server/grpc/search_service.h"

#include "server/grpc/watch_call.h"

namespace oneloop {

grpc::Status SearchService::CreateJob(grpc::ServerContext* context, const v1::CreateJobRequest* request,
                                      v1::Job* response) {
  return guard_->Handle("SearchService.CreateJob", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->CreateJob(*request, caller.user, response); });
}

grpc::Status SearchService::GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request, v1::Job* response) {
  return guard_->Handle("SearchService.GetJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->GetJob(*request, response); });
}

grpc::Status SearchService::ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) {
  return guard_->Handle("SearchService.ListJobs", *context, *request, *response,
                        [&](const Caller&) { return handlers_->ListJobs(*request, response); });
}

grpc::Status SearchService::CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request,
                                      v1::Job* response) {
  return guard_->Handle("SearchService.CancelJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->CancelJob(*request, response); });
}

grpc::Status SearchService::PauseJob(grpc::ServerContext* context, const v1::PauseJobRequest* request,
                                     v1::Job* response) {
  return guard_->Handle("SearchService.PauseJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->PauseJob(*request, response); });
}

grpc::Status SearchService::ResumeJob(grpc::ServerContext* context, const v1::ResumeJobRequest* request,
                                      v1::Job* response) {
  return guard_->Handle("SearchService.ResumeJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->ResumeJob(*request, response); });
}

grpc::Status SearchService::UpdateJob(grpc::ServerContext* context, const v1::UpdateJobRequest* request,
                                      v1::Job* response) {
  return guard_->Handle("SearchService.UpdateJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->UpdateJob(*request, response); });
}

grpc::Status SearchService::DeleteJob(grpc::ServerContext* context, const v1::DeleteJobRequest* request,
                                      v1::Job* response) {
  return guard_->Handle("SearchService.DeleteJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->DeleteJob(*request, response); });
}

grpc::Status SearchService::UndeleteJob(grpc::ServerContext* context, const v1::UndeleteJobRequest* request,
                                        v1::Job* response) {
  return guard_->Handle("SearchService.UndeleteJob", *context, *request, *response,
                        [&](const Caller&) { return handlers_->UndeleteJob(*request, response); });
}

grpc::Status SearchService::ListPoints(grpc::ServerContext* context, const v1::ListPointsRequest* request,
                                       v1::ListPointsResponse* response) {
  return guard_->Handle("SearchService.ListPoints", *context, *request, *response,
                        [&](const Caller&) { return handlers_->ListPoints(*request, response); });
}

grpc::Status SearchService::GetPoint(grpc::ServerContext* context, const v1::GetPointRequest* request,
                                     v1::EvaluatedPoint* response) {
  return guard_->Handle("SearchService.GetPoint", *context, *request, *response,
                        [&](const Caller&) { return handlers_->GetPoint(*request, response); });
}

grpc::Status SearchService::GetDesign(grpc::ServerContext* context, const v1::GetDesignRequest* request,
                                      v1::Design* response) {
  return guard_->Handle("SearchService.GetDesign", *context, *request, *response,
                        [&](const Caller&) { return handlers_->GetDesign(*request, response); });
}

grpc::ServerWriteReactor<v1::WatchResponse>* SearchService::Watch(grpc::CallbackServerContext* context,
                                                                  const v1::WatchRequest* request) {
  return WatchCall::Start(watch_hub_, *guard_, *context, *request);
}

}  // namespace oneloop
