#ifndef ONELOOP_SERVER_GRPC_SEARCH_SERVICE_H_
#define ONELOOP_SERVER_GRPC_SEARCH_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/grpc/call_guard.h"
#include "server/handlers/search_handlers.h"
#include "server/jobs/watch_hub.h"

namespace oneloop {

// SearchService on gRPC: unary methods on gRPC's threads, Watch as a reactor, which holds no thread.
class SearchService final : public v1::SearchService::WithCallbackMethod_Watch<v1::SearchService::Service> {
 public:
  // All outlive the service.
  SearchService(const SearchHandlers* handlers, WatchHub* watch_hub, const CallGuard* guard)
      : handlers_(handlers), watch_hub_(watch_hub), guard_(guard) {}

  grpc::Status CreateJob(grpc::ServerContext* context, const v1::CreateJobRequest* request, v1::Job* response) override;
  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request, v1::Job* response) override;
  grpc::Status ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override;
  grpc::Status CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request, v1::Job* response) override;
  grpc::Status PauseJob(grpc::ServerContext* context, const v1::PauseJobRequest* request, v1::Job* response) override;
  grpc::Status ResumeJob(grpc::ServerContext* context, const v1::ResumeJobRequest* request, v1::Job* response) override;
  grpc::Status UpdateJob(grpc::ServerContext* context, const v1::UpdateJobRequest* request, v1::Job* response) override;
  grpc::Status DeleteJob(grpc::ServerContext* context, const v1::DeleteJobRequest* request, v1::Job* response) override;
  grpc::Status UndeleteJob(grpc::ServerContext* context, const v1::UndeleteJobRequest* request,
                           v1::Job* response) override;
  grpc::Status ListPoints(grpc::ServerContext* context, const v1::ListPointsRequest* request,
                          v1::ListPointsResponse* response) override;
  grpc::Status GetPoint(grpc::ServerContext* context, const v1::GetPointRequest* request,
                        v1::EvaluatedPoint* response) override;
  grpc::Status GetDesign(grpc::ServerContext* context, const v1::GetDesignRequest* request,
                         v1::Design* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;

 private:
  const SearchHandlers* const handlers_;
  WatchHub* const watch_hub_;
  const CallGuard* const guard_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_SEARCH_SERVICE_H_
