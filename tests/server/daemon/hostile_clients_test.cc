// What one client does that is silent, slow or greedy must not hurt the others: the real server on a Unix socket.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/daemon/server.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"
#include "tests/testing/raw_http2.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

constexpr char kListWorkloads[] = "/oneloop.v1.ModelService/ListWorkloads";
constexpr int kHeadersFrame = 1;
constexpr int kResetFrame = 3;

class HostileClientsTest : public testing::Test {
 protected:
  void TearDown() override { runner_.Open(); }

  std::string socket() const { return directory_.path() + "/s"; }
  OneLoopServer::Options ServerOptions() {
    OneLoopServer::Options options;
    options.data_dir = directory_.path();
    options.listen = {ParseListenAddress("unix:" + socket()).value(), ParseListenAddress("127.0.0.1:0").value()};
    options.num_threads = 1;
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    return options;
  }
  void StartServer(OneLoopServer::Options options) {
    absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = NewChannel("unix:" + socket());
  }
  static std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  grpc::Status GetServerInfo(const std::string& user) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.AddMetadata("oneloop-user", user);
    v1::ServerInfo info;
    return v1::ModelService::NewStub(channel_)->GetServerInfo(&context, v1::GetServerInfoRequest(), &info);
  }
  void ExpectServed() {
    for (int i = 0; i < 20; ++i) {
      const grpc::Status status = GetServerInfo("bob");
      EXPECT_TRUE(status.ok()) << status.error_message();
    }
  }

  const TempDirectory directory_;
  GatedRunner runner_{0};
  std::unique_ptr<OneLoopServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// S2: 64 of them made every other call fail.
TEST_F(HostileClientsTest, S2RepliesThatNobodyTakesHoldUpNobody) {
  StartServer(ServerOptions());
  RawHttp2 client(socket(), /*window=*/0);
  for (int i = 0; i < 500; ++i) client.SendMessage(client.StartCall(kListWorkloads, "ada"), "");
  ExpectServed();
}

TEST_F(HostileClientsTest, S2RepliesThatNobodyTakesAreGivenUp) {
  OneLoopServer::Options options = ServerOptions();
  options.open_calls.reply_timeout = std::chrono::milliseconds(1);
  options.open_calls.check_interval = std::chrono::milliseconds(1);
  StartServer(std::move(options));
  RawHttp2 client(socket(), /*window=*/0);
  client.SendMessage(client.StartCall(kListWorkloads, "ada"), "");
  RawHttp2::Frame frame = client.Read();
  // The headers of the answer come first; they need no window.
  while (frame.type == kHeadersFrame) frame = client.Read();
  EXPECT_EQ(frame.type, kResetFrame);
}

TEST_F(HostileClientsTest, S2CallsWithoutARequestAreGivenUpAndHoldUpNobodyMeanwhile) {
  OneLoopServer::Options options = ServerOptions();
  options.open_calls.most_calls_per_user = 200;
  StartServer(options);
  {
    RawHttp2 client(socket(), 65535);
    for (int i = 0; i < 500; ++i) client.StartCall(kListWorkloads, "ada");
    ExpectServed();
    // Those beyond the bound were refused at once.
    EXPECT_THAT(client.Read().payload, HasSubstr("grpc-status"));
  }
  server_ = nullptr;
  options.open_calls.read_timeout = std::chrono::milliseconds(1);
  options.open_calls.check_interval = std::chrono::milliseconds(1);
  StartServer(options);
  RawHttp2 client(socket(), 65535);
  client.StartCall(kListWorkloads, "ada");
  EXPECT_NE(client.Read().type, -1) << "the call is ended, not the connection";
}

// S2: a hundred at once failed.
TEST_F(HostileClientsTest, S2ABurstOfCallsWaitsItsTurn) {
  StartServer(ServerOptions());
  constexpr int kCalls = 300;
  struct Call {
    grpc::ClientContext context;
    v1::Job job;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::Job>> reader;
  };
  grpc::CompletionQueue queue;
  v1::CreateJobRequest request;
  request.set_parent("projects/p");
  request.mutable_spec()->set_workload_name("alexnet");
  request.mutable_spec()->set_template_name("gemmini");
  std::vector<std::unique_ptr<v1::SearchService::Stub>> stubs;
  for (int i = 0; i < 20; ++i) stubs.push_back(v1::SearchService::NewStub(NewChannel("unix:" + socket())));
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(std::make_unique<Call>());
    Call& call = *calls.back();
    call.reader = stubs[static_cast<std::size_t>(i) % stubs.size()]->AsyncCreateJob(&call.context, request, &queue);
    call.reader->Finish(&call.job, &call.status, nullptr);
  }
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
  }
  for (const auto& call : calls) EXPECT_TRUE(call->status.ok()) << call->status.error_message();
}

// S3: the answer comes before the message is sent.
TEST_F(HostileClientsTest, S3ACallWithoutATokenIsRefusedBeforeItsMessage) {
  OneLoopServer::Options options = ServerOptions();
  options.socket_auth = SocketAuth::kToken;
  StartServer(std::move(options));
  RawHttp2 client(socket(), 65535);
  client.StartCall("/oneloop.v1.SearchService/CreateJob", "ada");
  const RawHttp2::Frame frame = client.Read();
  EXPECT_EQ(frame.type, kHeadersFrame);
  EXPECT_THAT(frame.payload, AllOf(HasSubstr("grpc-status"), HasSubstr("token")));
}

TEST_F(HostileClientsTest, S3WhatARequestBecomesInMemoryIsBounded) {
  StartServer(ServerOptions());
  v1::EvaluateDesignsRequest request;
  for (int i = 0; i < 1000000; ++i) request.add_rows();
  grpc::ClientContext context;
  v1::EvaluateDesignsResponse response;
  const grpc::Status status = v1::ModelService::NewStub(channel_)->EvaluateDesigns(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("request_memory"), HasSubstr("64 MiB"), HasSubstr("fewer rows")));
}

TEST_F(HostileClientsTest, S3OnlyMethodsThatNeedItTakeLargeRequests) {
  StartServer(ServerOptions());
  v1::GetJobRequest request;
  request.set_name(std::string(1 << 20, 'x'));
  grpc::ClientContext context;
  v1::Job job;
  const grpc::Status status = v1::SearchService::NewStub(channel_)->GetJob(&context, request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("request_bytes"), HasSubstr("65536")));
}

}  // namespace
}  // namespace oneloop
