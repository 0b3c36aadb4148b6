#ifndef ONELOOP_TESTS_INTEGRATION_DAEMON_H_
#define ONELOOP_TESTS_INTEGRATION_DAEMON_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "tests/client/process.h"

namespace oneloop {

using EvaluatedPoints = std::map<std::int64_t, v1::EvaluatedPoint>;  // by number

// A daemon on a directory, as a process of its own, and stubs that talk to it.
class Daemon {
 public:
  struct Options {
    std::string program = "oneloopd";
    int threads = 2;
    std::string failpoint;  // as in failpoint_kill.cc; only of a program that has failpoints
    std::vector<std::string> flags;
    std::vector<std::string> environment;  // "NAME=VALUE", besides this process's own
  };
  // Returns once the daemon serves, or is dead.
  explicit Daemon(const std::string& data_dir) : Daemon(data_dir, Options()) {}
  Daemon(const std::string& data_dir, const Options& options);

  bool serves() const { return serves_; }
  // "127.0.0.1:7070": the first port that it listens on; "" when there is none.
  std::string port_address() const;
  v1::SearchService::Stub& stub() { return *stub_; }
  v1::AdminService::Stub& admin() { return *admin_; }

  void Kill();
  // With SIGTERM; the exit code, or -1 when a signal ended it.
  int Stop();
  // Until it is dead by itself; as above.
  int Await() { return process_.Wait(); }

  // Every stored point of the job; a number that comes twice fails the test. Nothing when the daemon dies meanwhile.
  std::optional<EvaluatedPoints> TryListPoints(const std::string& job, bool pareto_only);

 private:
  ChildProcess process_;
  std::string first_line_;
  bool serves_ = false;
  std::unique_ptr<v1::SearchService::Stub> stub_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

// A stream of watch messages that can be left at any moment.
class Watcher {
 public:
  Watcher(Daemon& daemon, const std::string& job, std::int64_t start_revision);
  ~Watcher();
  bool Next(v1::WatchResponse* message) { return reader_->Read(message); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
};

// Submits a job and returns its name.
std::string CreateJob(Daemon& daemon, const v1::JobSpec& spec);
// Watches the job to its end, as which it fails the test when it has not succeeded.
v1::Job AwaitSuccess(Daemon& daemon, const std::string& job);
// All points, or those of the front.
EvaluatedPoints ListPoints(Daemon& daemon, const std::string& job, bool pareto_only);
void ExpectSamePoints(const EvaluatedPoints& points, const EvaluatedPoints& expected);

// Of the environment, as ONELOOP_KILLS.
std::uint64_t NumberOf(const char* variable, std::uint64_t by_default);

// Everything of a point that does not depend on its job's number and on when it was stored.
std::string Figures(const v1::EvaluatedPoint& point);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_INTEGRATION_DAEMON_H_
