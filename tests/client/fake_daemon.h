#ifndef ONELOOP_TESTS_CLIENT_FAKE_DAEMON_H_
#define ONELOOP_TESTS_CLIENT_FAKE_DAEMON_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "oneloop/v1/model_service.pb.h"
#include "oneloop/v1/search_service.pb.h"
#include "oneloop/v1/worker_service.pb.h"

namespace oneloop {

// The daemon's services on a real Unix socket, answered by functions that a test sets; what is not set is
// UNIMPLEMENTED. Errors travel as the daemon sends them, fields included. Set the functions before the calls come;
// they may run on several threads.
class FakeDaemon {
 public:
  template <class Request, class Response>
  using Handler = std::function<absl::StatusOr<Response>(const Request&)>;
  // False when the client has gone.
  using Send = std::function<bool(const v1::WatchResponse&)>;

  FakeDaemon();
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // "unix:/tmp/.../oneloop.sock"
  std::string address() const;
  const std::string& folder() const { return folder_; }
  // Breaks every connection and listens no more.
  void Stop();
  // Another address of the daemon, at which the first so many connections are closed as soon as they are made, as those
  // beyond a limit are. Once.
  std::string OpenNarrowDoor(int connections_to_close);

  Handler<v1::CreateJobRequest, v1::Job> create_job;
  Handler<v1::GetJobRequest, v1::Job> get_job;
  Handler<v1::ListJobsRequest, v1::ListJobsResponse> list_jobs;
  Handler<v1::CancelJobRequest, v1::Job> cancel_job;
  Handler<v1::PauseJobRequest, v1::Job> pause_job;
  Handler<v1::ResumeJobRequest, v1::Job> resume_job;
  Handler<v1::UpdateJobRequest, v1::Job> update_job;
  Handler<v1::DeleteJobRequest, v1::Job> delete_job;
  Handler<v1::UndeleteJobRequest, v1::Job> undelete_job;
  Handler<v1::ListPointsRequest, v1::ListPointsResponse> list_points;
  Handler<v1::GetDesignRequest, v1::Design> get_design;
  Handler<v1::ExplainDesignRequest, v1::DesignExplanation> explain_design;
  std::function<absl::Status(const v1::WatchRequest&, const Send&)> watch;
  Handler<v1::EvaluateDesignsRequest, v1::EvaluateDesignsResponse> evaluate_designs;
  Handler<v1::ListWorkloadsRequest, v1::ListWorkloadsResponse> list_workloads;
  Handler<v1::GetWorkloadRequest, v1::Workload> get_workload;
  Handler<v1::ListTemplatesRequest, v1::ListTemplatesResponse> list_templates;
  Handler<v1::GetTemplateRequest, v1::Template> get_template;
  Handler<v1::GetServerInfoRequest, v1::ServerInfo> get_server_info;
  Handler<v1::ListWorkersRequest, v1::ListWorkersResponse> list_workers;

 private:
  struct Services;

  std::string folder_;
  std::unique_ptr<Services> services_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_CLIENT_FAKE_DAEMON_H_
