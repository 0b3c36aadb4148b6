#include "server/daemon/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// The real server on a Unix socket in a directory of its own, with gRPC's client.
class ServerTest : public testing::Test {
 protected:
  std::string socket() const { return directory_.path() + "/s"; }

  OneLoopServer::Options ServerOptions() {
    OneLoopServer::Options options;
    options.data_dir = directory_.path();
    options.listen = {ParseListenAddress("unix:" + socket()).value()};
    options.num_threads = 2;
    return options;
  }
  void StartServer(OneLoopServer::Options options) {
    absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("unix:" + socket(), grpc::InsecureChannelCredentials(), arguments);
    search_ = v1::SearchService::NewStub(channel_);
    model_ = v1::ModelService::NewStub(channel_);
  }
  OneLoopServer::Options GatedOptions() {
    OneLoopServer::Options options = ServerOptions();
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    return options;
  }

  v1::Job CreateJob(int starts, int steps) {
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    request.mutable_spec()->set_starts(starts);
    request.mutable_spec()->set_steps(steps);
    grpc::ClientContext context;
    v1::Job job;
    const grpc::Status status = search_->CreateJob(&context, request, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job;
  }

  // What the health service says, as in its message: 1 SERVING, 2 NOT_SERVING; -1 when it does not answer.
  static constexpr int kServing = 1;
  static constexpr int kNotServing = 2;
  int Health() {
    const grpc::internal::RpcMethod check("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC);
    grpc::ClientContext context;
    const grpc::Slice nothing("");
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    const grpc::Status status = grpc::internal::BlockingUnaryCall(channel_.get(), check, &context, request, &response);
    grpc::Slice bytes;
    if (!status.ok() || !response.TrySingleSlice(&bytes).ok() || bytes.size() != 2) return -1;
    return bytes.begin()[1];
  }

  const TempDirectory directory_;
  GatedRunner runner_{20};
  std::unique_ptr<OneLoopServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SearchService::Stub> search_;
  std::unique_ptr<v1::ModelService::Stub> model_;
};

// One Watch stream.
struct Stream {
  Stream(v1::SearchService::Stub& stub, const std::string& name, std::int64_t start_revision) {
    v1::WatchRequest request;
    request.set_name(name);
    request.set_start_revision(start_revision);
    reader = stub.Watch(&context, request);
  }
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;
};

// The trace id that the daemon gives back for a call that sends `sent`; "" for none.
std::string TraceId(v1::SearchService::Stub& stub, const std::string& sent) {
  grpc::ClientContext context;
  if (!sent.empty()) context.AddMetadata("x-trace-id", sent);
  v1::Job job;
  stub.GetJob(&context, v1::GetJobRequest(), &job);
  const auto& trailing = context.GetServerTrailingMetadata();
  EXPECT_EQ(trailing.count("x-trace-id"), 1u);
  const auto id = trailing.find("x-trace-id");
  return id == trailing.end() ? "" : std::string(id->second.data(), id->second.size());
}

TEST_F(ServerTest, EachCallHasATraceIdThatTheLogAndTheClientSee) {
  StartServer(ServerOptions());
  testing::internal::CaptureStderr();
  SetLogFormat(LogFormat::kJson);
  EXPECT_EQ(TraceId(*search_, "of-the-client"), "of-the-client");
  EXPECT_EQ(TraceId(*search_, std::string(64, 'x')), std::string(64, 'x'));
  std::set<std::string> made;
  for (const std::string& sent : {std::string(), std::string(65, 'x'), std::string("two words")}) {
    made.insert(TraceId(*search_, sent));
  }
  Stream watch(*search_, "projects/p/jobs/1", 0);
  EXPECT_EQ(watch.reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(watch.context.GetServerTrailingMetadata().count("x-trace-id"), 1u);
  server_.reset();
  SetLogFormat(LogFormat::kText);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(R"("method":"SearchService.GetJob","code":"INVALID_ARGUMENT","duration_ms":)"));
  EXPECT_THAT(log, HasSubstr(R"(,"trace_id":"of-the-client"})"));
  EXPECT_THAT(log, HasSubstr(R"("method":"SearchService.Watch","code":"NOT_FOUND")"));
  EXPECT_EQ(made.size(), 3u);
  for (const std::string& id : made) EXPECT_THAT(log, HasSubstr("\"trace_id\":\"" + id + "\"}\n"));
}

// The values of one scrape by their names, labels included.
std::map<std::string, double> Scrape(const std::string& address) {
  httplib::Client client("http://" + address);
  const auto response = client.Get("/metrics");
  std::map<std::string, double> values;
  if (!response || response->status != 200) return values;
  std::istringstream lines(response->body);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(space + 1), &values[line.substr(0, space)])) << line;
  }
  return values;
}

TEST_F(ServerTest, MetricsTellWhatTheDaemonDid) {
  OneLoopServer::Options options = ServerOptions();
  options.metrics_listen = ListenAddress{"", "127.0.0.1", 0};
  StartServer(std::move(options));
  std::map<std::string, double> values = Scrape(server_->metrics_address());
  EXPECT_EQ(values.at("oneloop_jobs{state=\"pending\"}"), 0);
  EXPECT_EQ(values.at("oneloop_points_written_total"), 0);
  const v1::Job created = CreateJob(2, 300);
  Stream stream(*search_, created.name(), 0);
  v1::WatchResponse message;
  v1::Job last;
  while (stream.reader->Read(&message)) last = message.job();
  EXPECT_TRUE(stream.reader->Finish().ok());
  // The watch is counted once the server is done with it, which the client need not see.
  const std::string watches = R"(oneloop_rpcs_total{method="SearchService.Watch",code="OK"})";
  do values = Scrape(server_->metrics_address());
  while (values.count(watches) == 0);
  EXPECT_EQ(values.at("oneloop_jobs{state=\"succeeded\"}"), 1);
  EXPECT_EQ(values.at("oneloop_jobs{state=\"running\"}"), 0);
  EXPECT_EQ(values.at("oneloop_queued_starts"), 0);
  EXPECT_EQ(values.at("oneloop_running_starts"), 0);
  EXPECT_EQ(values.at("oneloop_samples_total"), static_cast<double>(last.progress().samples_done()));
  EXPECT_EQ(values.at("oneloop_points_written_total"), static_cast<double>(last.progress().points()));
  EXPECT_GT(values.at("oneloop_commit_duration_seconds_count"), 0);
  EXPECT_EQ(values.at("oneloop_commits_failed_total"), 0);
  EXPECT_GT(values.at("oneloop_watch_lag_seconds_count"), 0);
  EXPECT_GT(values.at("oneloop_wal_bytes"), 0);
  EXPECT_EQ(values.at(R"(oneloop_rpcs_total{method="SearchService.CreateJob",code="OK"})"), 1);
  EXPECT_EQ(values.at(R"(oneloop_rpc_duration_seconds_bucket{method="SearchService.CreateJob",code="OK",le="+Inf"})"),
            1);
  EXPECT_EQ(values.at(watches), 1);
}

TEST_F(ServerTest, MetricsShowWhatRunsAndWhatWaits) {
  OneLoopServer::Options options = GatedOptions();
  options.metrics_listen = ListenAddress{"", "127.0.0.1", 0};
  StartServer(std::move(options));
  const v1::Job created = CreateJob(5, 300);
  runner_.AwaitHeld(2);
  std::map<std::string, double> values = Scrape(server_->metrics_address());
  EXPECT_EQ(values.at("oneloop_running_starts"), 2);
  EXPECT_EQ(values.at("oneloop_queued_starts"), 3);
  EXPECT_EQ(values.at("oneloop_jobs{state=\"running\"}"), 1);
  for (const auto& [name, value] : values) {
    for (const char* secret : {"local", "projects", "user=", "job="}) {
      EXPECT_EQ(name.find(secret), std::string::npos) << name;
    }
  }
  Stream stream(*search_, created.name(), 0);
  v1::WatchResponse message;
  ASSERT_TRUE(stream.reader->Read(&message));
  EXPECT_EQ(Scrape(server_->metrics_address()).at("oneloop_open_watches"), 1);
}

TEST_F(ServerTest, MetricsAreForThisMachineOnly) {
  OneLoopServer::Options options = ServerOptions();
  options.metrics_listen = ListenAddress{"", "0.0.0.0", 0};
  const auto server = OneLoopServer::Start(std::move(options));
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(server.status()), HasSubstr("loopback"));
}

TEST_F(ServerTest, JobRunsAndItsWatchTellsTheWholeStory) {
  StartServer(ServerOptions());
  const v1::Job created = CreateJob(2, 300);
  Stream stream(*search_, created.name(), 0);
  std::set<std::int64_t> front;
  v1::WatchResponse message;
  v1::Job last;
  bool first = true;
  while (stream.reader->Read(&message)) {
    EXPECT_EQ(message.snapshot(), first);
    first = false;
    for (const v1::EvaluatedPoint& point : message.front_entered()) EXPECT_TRUE(front.insert(point.number()).second);
    for (const std::int64_t number : message.front_left()) EXPECT_EQ(front.erase(number), 1u);
    last = message.job();
  }
  const grpc::Status end = stream.reader->Finish();
  EXPECT_TRUE(end.ok()) << end.error_message();
  EXPECT_EQ(last.state(), v1::SUCCEEDED) << last.message();
  EXPECT_EQ(static_cast<std::int64_t>(front.size()), last.progress().front_size());
  EXPECT_EQ(last.progress().starts_done(), 2);
  EXPECT_GT(last.best().edp(), 0);

  // The design of the best point, re-scored by the exact model, has the same figures to the last digit.
  v1::GetDesignRequest request;
  request.set_name(created.name() + "/designs/best");
  grpc::ClientContext context;
  v1::Design design;
  const grpc::Status status = search_->GetDesign(&context, request, &design);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(design.energy_uj(), last.best().energy_uj());
  EXPECT_EQ(design.latency_cycles(), last.best().latency_cycles());
  EXPECT_EQ(design.area_mm2(), last.best().area_mm2());
  EXPECT_EQ(design.edp(), last.best().edp());
  ASSERT_GT(design.layers_size(), 0);
  // And each layer of it, sent to EvaluateDesigns, has the layer's.
  v1::EvaluateDesignsRequest evaluate;
  evaluate.set_template_name("gemmini");
  for (const v1::LayerDesign& layer : design.layers()) {
    v1::MappingRow* row = evaluate.add_rows();
    *row->mutable_bounds() = layer.bounds();
    *row->mutable_parameters() = design.parameters();
    row->set_mapping(layer.mapping());
  }
  grpc::ClientContext evaluate_context;
  v1::EvaluateDesignsResponse scores;
  ASSERT_TRUE(model_->EvaluateDesigns(&evaluate_context, evaluate, &scores).ok());
  for (int i = 0; i < scores.scores_size(); ++i) {
    EXPECT_EQ(scores.scores(i).energy_uj(), design.layers(i).energy_uj());
    EXPECT_EQ(scores.scores(i).latency_cycles(), design.layers(i).latency_cycles());
  }
}

TEST_F(ServerTest, EveryExactPointHasADesignWithItsFigures) {
  StartServer(ServerOptions());
  const v1::Job created = CreateJob(1, 400);
  Stream stream(*search_, created.name(), 0);
  v1::WatchResponse message;
  while (stream.reader->Read(&message)) {
  }
  v1::ListPointsRequest list;
  list.set_parent(created.name());
  list.set_exact_only(true);
  grpc::ClientContext list_context;
  v1::ListPointsResponse points;
  ASSERT_TRUE(search_->ListPoints(&list_context, list, &points).ok());
  ASSERT_GT(points.points_size(), 0);
  for (const v1::EvaluatedPoint& point : points.points()) {
    v1::GetDesignRequest request;
    request.set_name(created.name() + "/designs/" + std::to_string(point.number()));
    grpc::ClientContext context;
    v1::Design design;
    const grpc::Status status = search_->GetDesign(&context, request, &design);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(design.energy_uj(), point.energy_uj());
    EXPECT_EQ(design.latency_cycles(), point.latency_cycles());
    EXPECT_EQ(design.area_mm2(), point.area_mm2());
  }
}

TEST_F(ServerTest, ErrorsCarryTheFieldInTheirDetails) {
  StartServer(ServerOptions());
  v1::CreateJobRequest request;
  request.set_parent("projects/p");
  request.mutable_spec()->set_workload_name("alexnt");
  grpc::ClientContext context;
  v1::Job job;
  const grpc::Status status = search_->CreateJob(&context, request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("did you mean 'alexnet'?"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::BadRequest bad_request;
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations(0).field(), "spec.workload_name");
}

TEST_F(ServerTest, WatchErrorsEndTheStream) {
  StartServer(GatedOptions());
  const std::string job = CreateJob(2, 100).name();
  const std::vector<std::tuple<std::string, std::int64_t, grpc::StatusCode>> cases = {
      {"projects/p/jobs/77", 0, grpc::StatusCode::NOT_FOUND},
      {"projects/other/jobs/1", 0, grpc::StatusCode::NOT_FOUND},
      {"jobs/1", 0, grpc::StatusCode::INVALID_ARGUMENT},
      {job, -1, grpc::StatusCode::INVALID_ARGUMENT},
      {job, 1 << 30, grpc::StatusCode::INVALID_ARGUMENT}};
  for (const auto& [name, revision, code] : cases) {
    Stream stream(*search_, name, revision);
    v1::WatchResponse message;
    EXPECT_FALSE(stream.reader->Read(&message)) << name << " " << revision;
    EXPECT_EQ(stream.reader->Finish().error_code(), code) << name << " " << revision;
  }
  runner_.Open();
}

TEST_F(ServerTest, WatchersThatLeaveInMidStreamDisturbNobody) {
  StartServer(GatedOptions());
  const std::string job = CreateJob(2, 100).name();
  for (int i = 0; i < 20; ++i) {
    Stream stream(*search_, job, 0);
    v1::WatchResponse message;
    if (i % 2 == 0) {
      EXPECT_TRUE(stream.reader->Read(&message));
    }
    stream.context.TryCancel();
    EXPECT_EQ(stream.reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  Stream stream(*search_, job, 0);
  runner_.Open();
  v1::WatchResponse message;
  while (stream.reader->Read(&message)) {
  }
  EXPECT_TRUE(stream.reader->Finish().ok());
  EXPECT_EQ(message.job().state(), v1::SUCCEEDED);
}

TEST_F(ServerTest, MessageOverTheLimitIsRefusedWithTheLimit) {
  StartServer(ServerOptions());
  v1::CreateJobRequest request;
  request.set_request_id(std::string(17 << 20, 'x'));
  grpc::ClientContext context;
  v1::Job job;
  const grpc::Status status = search_->CreateJob(&context, request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("16777216"));
}

TEST_F(ServerTest, StopEndsWatchesAndTheNextServerTakesTheJobUp) {
  StartServer(GatedOptions());
  const std::string job = CreateJob(5, 100).name();
  Stream stream(*search_, job, 0);
  v1::WatchResponse message;
  ASSERT_TRUE(stream.reader->Read(&message));
  runner_.AwaitHeld(2);
  std::thread stop([this] { EXPECT_TRUE(server_->Stop(absl::Seconds(60)).ok()); });
  while (stream.reader->Read(&message)) {
  }
  const grpc::Status end = stream.reader->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE);
  // The point that the daemon knows to have arrived, which may be one message behind what the client has read.
  EXPECT_THAT(end.error_message(), HasSubstr("watch again"));
  stop.join();
  server_.reset();

  runner_.Open();
  StartServer(GatedOptions());
  Stream again(*search_, job, message.resume_revision());
  std::int64_t new_points = 0;
  v1::WatchResponse update;
  while (again.reader->Read(&update)) {
    EXPECT_FALSE(update.snapshot());
    new_points += update.new_points();
    message = update;
  }
  EXPECT_TRUE(again.reader->Finish().ok());
  EXPECT_EQ(message.job().state(), v1::SUCCEEDED);
  EXPECT_EQ(message.job().progress().points(), 500);
  EXPECT_LE(new_points, 500);
}

TEST_F(ServerTest, HealthSaysNotServingAsSoonAsTheStopBegins) {
  // A start that does not mind the stop until the test lets it go.
  std::atomic<bool> began = false;
  std::atomic<bool> let_go = false;
  OneLoopServer::Options options = ServerOptions();
  options.run_start = [&](const SearchSpec&, int, PointSink&) {
    began = true;
    while (!let_go) std::this_thread::yield();
    StartSummary summary;
    summary.termination = StartSummary::Termination::kStopped;
    return summary;
  };
  StartServer(std::move(options));
  EXPECT_EQ(Health(), kServing);
  CreateJob(1, 10);
  while (!began) std::this_thread::yield();
  std::thread stop([this] { EXPECT_TRUE(server_->Stop(absl::Seconds(60)).ok()); });
  while (Health() == kServing) {
  }
  EXPECT_EQ(Health(), kNotServing);
  let_go = true;
  stop.join();
}

TEST_F(ServerTest, WatchersThatReadNothingDoNotHoldUpTheStop) {
  StartServer(GatedOptions());
  const std::string job = CreateJob(5, 100).name();
  std::vector<std::unique_ptr<Stream>> streams;
  streams.reserve(20);
  while (streams.size() < 20) streams.push_back(std::make_unique<Stream>(*search_, job, 0));
  runner_.AwaitHeld(2);
  EXPECT_TRUE(server_->Stop(absl::Seconds(60)).ok());
  for (const auto& stream : streams) {
    v1::WatchResponse message;
    while (stream->reader->Read(&message)) {
    }
    EXPECT_FALSE(stream->reader->Finish().ok());
  }
}

TEST_F(ServerTest, SecondServerOnTheDirectoryIsRefusedAndTheFirstKeepsItsSocket) {
  StartServer(ServerOptions());
  const absl::Status second = OneLoopServer::Start(ServerOptions()).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition) << second;
  EXPECT_THAT(Message(second), HasSubstr(directory_.path()));
  EXPECT_EQ(CreateJob(1, 1).name(), "projects/p/jobs/1");
}

TEST_F(ServerTest, TakenAddressesAreRefused) {
  OneLoopServer::Options options = ServerOptions();
  options.listen.push_back(ParseListenAddress("127.0.0.1:0").value());
  StartServer(std::move(options));
  ASSERT_EQ(server_->addresses().size(), 2u);
  const TempDirectory other;
  OneLoopServer::Options same_port;
  same_port.data_dir = other.path();
  same_port.listen = {ParseListenAddress(server_->addresses()[1]).value()};
  EXPECT_THAT(Message(OneLoopServer::Start(std::move(same_port)).status()), HasSubstr(server_->addresses()[1]));
  OneLoopServer::Options same_socket;
  same_socket.data_dir = other.path();
  same_socket.listen = {ParseListenAddress("unix:" + socket()).value()};
  EXPECT_EQ(OneLoopServer::Start(std::move(same_socket)).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CreateJob(1, 1).name(), "projects/p/jobs/1");
}

TEST_F(ServerTest, SocketIsForOwnerAndGroupOnly) {
  StartServer(ServerOptions());
  struct stat info = {};
  ASSERT_EQ(stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0660u);
}

TEST_F(ServerTest, AdminServiceIsThereOnlyWhenItIsEnabled) {
  for (const bool enabled : {false, true}) {
    OneLoopServer::Options options = ServerOptions();
    options.enable_admin = enabled;
    StartServer(std::move(options));
    v1::BackupRequest request;
    request.set_name("backup");
    v1::BackupResponse response;
    grpc::ClientContext context;
    const grpc::Status status = v1::AdminService::NewStub(channel_)->Backup(&context, request, &response);
    EXPECT_EQ(status.error_code(), enabled ? grpc::StatusCode::OK : grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(response.path(), enabled ? directory_.path() + "/backups/backup" : "");
    EXPECT_EQ(response.size_bytes() > 0, enabled);
    server_ = nullptr;
  }
}

TEST_F(ServerTest, DrainAsksForTheStopAndIsAnsweredBeforeIt) {
  std::atomic<int> requests = 0;
  OneLoopServer::Options options = ServerOptions();
  options.enable_admin = true;
  options.request_stop = [&requests] { ++requests; };
  StartServer(std::move(options));
  for (int call = 1; call <= 2; ++call) {
    v1::DrainResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(v1::AdminService::NewStub(channel_)->Drain(&context, v1::DrainRequest(), &response).ok());
    EXPECT_EQ(requests, call);
  }
}

}  // namespace
}  // namespace oneloop
