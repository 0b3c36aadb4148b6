#include "tests/client/fake_daemon.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/grpc.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "oneloop/v1/worker_service.grpc.pb.h"

namespace oneloop {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(Message(status));
  if (!FieldOf(status).empty()) {
    google::rpc::BadRequest bad_request;
    google::rpc::BadRequest::FieldViolation* const violation = bad_request.add_field_violations();
    violation->set_field(FieldOf(status));
    violation->set_description(Message(status).substr(FieldOf(status).size() + 2));
    details.add_details()->PackFrom(bad_request);
  }
  if (const auto limit = LimitOf(status); limit.has_value() && limit->retry_after != absl::InfiniteDuration()) {
    google::rpc::RetryInfo retry_info;
    retry_info.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(limit->retry_after));
    details.add_details()->PackFrom(retry_info);
  }
  return grpc::Status(code, Message(status), details.SerializeAsString());
}

template <class Request, class Response>
grpc::Status Answer(const FakeDaemon::Handler<Request, Response>& handler, const Request& request, Response* response) {
  if (!handler) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the test did not expect this call");
  absl::StatusOr<Response> answer = handler(request);
  if (!answer.ok()) return ToGrpc(answer.status());
  *response = *std::move(answer);
  return grpc::Status::OK;
}

#define FAKE_METHOD(Method, Request, Response, handler)                                                    \
  grpc::Status Method(grpc::ServerContext*, const v1::Request* request, v1::Response* response) override { \
    return Answer(daemon_.handler, *request, response);                                                    \
  }

class FakeSearchService : public v1::SearchService::Service {
 public:
  explicit FakeSearchService(FakeDaemon& daemon) : daemon_(daemon) {}
  FAKE_METHOD(CreateJob, CreateJobRequest, Job, create_job)
  FAKE_METHOD(GetJob, GetJobRequest, Job, get_job)
  FAKE_METHOD(ListJobs, ListJobsRequest, ListJobsResponse, list_jobs)
  FAKE_METHOD(CancelJob, CancelJobRequest, Job, cancel_job)
  FAKE_METHOD(PauseJob, PauseJobRequest, Job, pause_job)
  FAKE_METHOD(ResumeJob, ResumeJobRequest, Job, resume_job)
  FAKE_METHOD(UpdateJob, UpdateJobRequest, Job, update_job)
  FAKE_METHOD(DeleteJob, DeleteJobRequest, Job, delete_job)
  FAKE_METHOD(UndeleteJob, UndeleteJobRequest, Job, undelete_job)
  FAKE_METHOD(ListPoints, ListPointsRequest, ListPointsResponse, list_points)
  FAKE_METHOD(GetDesign, GetDesignRequest, Design, get_design)
  FAKE_METHOD(ExplainDesign, ExplainDesignRequest, DesignExplanation, explain_design)

  grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    return ToGrpc(daemon_.watch(*request, [&](const v1::WatchResponse& message) { return writer->Write(message); }));
  }

 private:
  FakeDaemon& daemon_;
};

class FakeModelService : public v1::ModelService::Service {
 public:
  explicit FakeModelService(FakeDaemon& daemon) : daemon_(daemon) {}
  FAKE_METHOD(EvaluateDesigns, EvaluateDesignsRequest, EvaluateDesignsResponse, evaluate_designs)
  FAKE_METHOD(ListWorkloads, ListWorkloadsRequest, ListWorkloadsResponse, list_workloads)
  FAKE_METHOD(GetWorkload, GetWorkloadRequest, Workload, get_workload)
  FAKE_METHOD(ListTemplates, ListTemplatesRequest, ListTemplatesResponse, list_templates)
  FAKE_METHOD(GetTemplate, GetTemplateRequest, Template, get_template)
  FAKE_METHOD(GetServerInfo, GetServerInfoRequest, ServerInfo, get_server_info)

 private:
  FakeDaemon& daemon_;
};

class FakeWorkerService : public v1::WorkerService::Service {
 public:
  explicit FakeWorkerService(FakeDaemon& daemon) : daemon_(daemon) {}
  FAKE_METHOD(ListWorkers, ListWorkersRequest, ListWorkersResponse, list_workers)

 private:
  FakeDaemon& daemon_;
};

#undef FAKE_METHOD

}  // namespace

struct FakeDaemon::Services {
  explicit Services(FakeDaemon& daemon) : search(daemon), model(daemon), worker(daemon) {}
  FakeSearchService search;
  FakeModelService model;
  FakeWorkerService worker;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
  int door = -1;
  std::thread doorman;
};

FakeDaemon::FakeDaemon() : services_(std::make_unique<Services>(*this)) {
  // Shutting gRPC down may wait 10 s for a poll that began with a large message.
  grpc_init();
  char pattern[] = "/tmp/oneloop_client_XXXXXX";
  folder_ = mkdtemp(pattern);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.RegisterService(&services_->search);
  builder.RegisterService(&services_->model);
  builder.RegisterService(&services_->worker);
  services_->acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
  services_->server = builder.BuildAndStart();
}

FakeDaemon::~FakeDaemon() {
  if (services_->doorman.joinable()) {
    shutdown(services_->door, SHUT_RDWR);
    services_->doorman.join();
    close(services_->door);
  }
  Stop();
  std::filesystem::remove_all(folder_);
}

std::string FakeDaemon::address() const { return "unix:" + folder_ + "/oneloop.sock"; }

std::string FakeDaemon::OpenNarrowDoor(int connections_to_close) {
  const std::string path = folder_ + "/door.sock";
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  services_->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Should it fail, no connection is made and the test says so.
  if (bind(services_->door, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    listen(services_->door, SOMAXCONN);
  }
  services_->doorman = std::thread([this, left = connections_to_close]() mutable {
    for (;;) {
      const int connection = accept4(services_->door, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (connection < 0) return;
      if (left-- > 0) {
        close(connection);
        continue;
      }
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
      parameters.listener_fd = services_->door;
      parameters.fd = connection;
      services_->acceptor->HandleNewConnection(&parameters);
    }
  });
  return "unix:" + path;
}

void FakeDaemon::Stop() { services_->server->Shutdown(std::chrono::system_clock::now()); }

}  // namespace oneloop
