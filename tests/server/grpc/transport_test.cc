// How the daemon listens, and what it takes for a caller: sockets, loopback, TLS and client certificates, with gRPC's
// client over real connections.
#include "server/grpc/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/access/token_file.h"
#include "server/daemon/server.h"
#include "server/handlers/call_credentials.h"
#include "server/net/connection_peer.h"
#include "tests/server/access/test_certificates.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TransportTest : public testing::Test {
 protected:
  void TearDown() override { runner_.Open(); }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  std::string DataDir() const { return Path("data"); }

  OneLoopServer::Options ServerOptions(const std::vector<std::string>& listen) {
    OneLoopServer::Options options;
    options.data_dir = DataDir();
    for (const std::string& address : listen) options.listen.push_back(ParseListenAddress(address).value());
    options.num_threads = 1;
    options.token_check_interval = absl::Milliseconds(1);
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    return options;
  }
  OneLoopServer::Options TlsOptions(bool with_clients) {
    WriteFile(Path("cert"), certificate_.cert);
    WriteFile(Path("key"), certificate_.key);
    WriteFile(Path("ca"), authority_.cert);
    OneLoopServer::Options options = ServerOptions({"127.0.0.1:0"});
    options.tls = {Path("cert"), Path("key"), with_clients ? Path("ca") : ""};
    return options;
  }
  void Start(OneLoopServer::Options options) {
    absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::shared_ptr<grpc::Channel> Channel(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    return grpc::CreateCustomChannel(server_->addresses()[0], credentials, arguments);
  }
  std::shared_ptr<grpc::Channel> Plain() const { return Channel(grpc::InsecureChannelCredentials()); }
  std::shared_ptr<grpc::Channel> Tls(const TestCertificate& authority, const TestCertificate& client = {}) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority.cert;
    options.pem_cert_chain = client.cert;
    options.pem_private_key = client.key;
    return Channel(grpc::SslCredentials(options));
  }
  std::string Token(const std::string& user, Scope scope) const {
    TokenRequest request;
    request.user = user;
    request.scope = scope;
    request.projects = {kAllProjects};
    return CreateToken(DataDir(), request, absl::Now())->text;
  }
  std::string LocalToken() const {
    const std::string text = ReadFile(LocalTokenPath(DataDir())).value();
    return text.substr(0, text.find('\n'));
  }

  static void Prepare(grpc::ClientContext* context, const std::string& token) {
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
  }
  static grpc::Status List(const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
                           const std::string& user = "", bool wait = false) {
    grpc::ClientContext context;
    Prepare(&context, token);
    if (!user.empty()) context.AddMetadata(kUserMetadata, user);
    context.set_wait_for_ready(wait);
    v1::ListJobsRequest request;
    request.set_parent("projects/p");
    v1::ListJobsResponse response;
    return v1::SearchService::NewStub(channel)->ListJobs(&context, request, &response);
  }
  static grpc::Status Create(const std::shared_ptr<grpc::Channel>& channel, const std::string& token, v1::Job* job,
                             const std::string& user = "", bool validate_only = false) {
    grpc::ClientContext context;
    Prepare(&context, token);
    if (!user.empty()) context.AddMetadata(kUserMetadata, user);
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    request.set_validate_only(validate_only);
    return v1::SearchService::NewStub(channel)->CreateJob(&context, request, job);
  }
  static grpc::Status Cancel(const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
                             const std::string& name) {
    grpc::ClientContext context;
    Prepare(&context, token);
    v1::CancelJobRequest request;
    request.set_name(name);
    v1::Job job;
    return v1::SearchService::NewStub(channel)->CancelJob(&context, request, &job);
  }

  const TempDirectory directory_;
  const TestCertificate authority_ = MakeAuthority("authority");
  const TestCertificate certificate_ = MakeCertificate(authority_, "server", "DNS:localhost,IP:127.0.0.1");
  GatedRunner runner_{0};
  std::unique_ptr<OneLoopServer> server_;
};

// One Watch stream.
struct Stream {
  Stream(const std::shared_ptr<grpc::Channel>& channel, const std::string& token, const std::string& name)
      : stub(v1::SearchService::NewStub(channel)) {
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::WatchRequest request;
    request.set_name(name);
    reader = stub->Watch(&context, request);
  }
  ~Stream() { context.TryCancel(); }
  grpc::ClientContext context;
  std::unique_ptr<v1::SearchService::Stub> stub;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;
  v1::WatchResponse message;
};

TEST_F(TransportTest, AddressesThatOtherMachinesReachAreRefusedWithoutTls) {
  for (const char* const address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "localhost:0", "host.example.org:0"}) {
    const absl::Status status = OneLoopServer::Start(ServerOptions({"unix:" + Path("s"), address})).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_THAT(Message(status), AllOf(HasSubstr(absl::StrCat("--listen ", address)), HasSubstr("--tls_cert"),
                                       HasSubstr("openssl req"), HasSubstr("ssh -L")));
  }
  EXPECT_FALSE(std::filesystem::exists(DataDir())) << "nothing was started";
}

TEST_F(TransportTest, FlagsOfTlsThatDoNotFitAreRefused) {
  const std::vector<ListenAddress> listen = {ParseListenAddress("127.0.0.1:0").value()};
  EXPECT_THAT(Message(CheckTransport(listen, {"c", "", ""})), HasSubstr("--tls_cert and --tls_key"));
  EXPECT_THAT(Message(CheckTransport(listen, {"", "k", ""})), HasSubstr("--tls_cert and --tls_key"));
  EXPECT_THAT(Message(CheckTransport(listen, {"", "", "a"})), HasSubstr("--tls_client_ca needs"));
  EXPECT_THAT(Message(CheckTransport(listen, {"/none", "/none", ""})), HasSubstr("/none cannot be read"));
  EXPECT_EQ(CheckTransport(listen, {}), absl::OkStatus());
}

TEST_F(TransportTest, SocketOpensToTheGroupWhateverTheUmask) {
  const mode_t before = umask(0077);
  Start(ServerOptions({"unix:" + Path("s")}));
  umask(before);
  struct stat info = {};
  ASSERT_EQ(stat(Path("s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0660u);
  EXPECT_FALSE(std::filesystem::exists(LocalTokenPath(DataDir()))) << "a socket needs no token";
}

TEST_F(TransportTest, SocketWithoutAuthenticationTakesEveryName) {
  OneLoopServer::Options options = ServerOptions({"unix:" + Path("s")});
  options.socket_auth = SocketAuth::kNone;
  Start(std::move(options));
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), "", &job).ok());
  EXPECT_EQ(job.owner(), "local");
  ASSERT_TRUE(Create(Plain(), "", &job, "ada").ok());
  EXPECT_EQ(job.owner(), "ada");
}

TEST_F(TransportTest, SocketMayWantTokens) {
  OneLoopServer::Options options = ServerOptions({"unix:" + Path("s")});
  options.socket_auth = SocketAuth::kToken;
  Start(std::move(options));
  EXPECT_EQ(List(Plain(), "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(List(Plain(), "", "ada").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), Token("otto", Scope::kUser), &job, "ada").ok());
  EXPECT_EQ(job.owner(), "otto");
}

TEST_F(TransportTest, CallersOnTheSocketAreWhoseProcessTheyAre) {
  Start(ServerOptions({"unix:" + Path("s")}));
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), "", &job).ok());
  EXPECT_EQ(job.owner(), UserOfUid(geteuid()));
  ASSERT_TRUE(Create(Plain(), "", &job, "ada").ok());
  EXPECT_EQ(job.owner(), "ada");
  EXPECT_EQ(List(Plain(), "", "no user").error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TransportTest, LoopbackTakesTheTokenThatTheFirstStartMade) {
  Start(ServerOptions({"127.0.0.1:0"}));
  const std::string token = LocalToken();
  EXPECT_EQ(List(Plain(), "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(List(Plain(), token).ok());
  // The name that a caller gives is not believed here.
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), token, &job, "ada").ok());
  EXPECT_EQ(job.owner(), "local");
  server_.reset();
  Start(ServerOptions({"127.0.0.1:0"}));
  EXPECT_EQ(LocalToken(), token);
}

TEST_F(TransportTest, RevokedTokenFailsTheNextCallAndEndsItsWatches) {
  Start(ServerOptions({"127.0.0.1:0"}));
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), LocalToken(), &job).ok());
  const std::string viewer = Token("vera", Scope::kViewer);
  Stream watch(Plain(), viewer, job.name());
  Stream other(Plain(), LocalToken(), job.name());
  ASSERT_TRUE(watch.reader->Read(&watch.message));
  ASSERT_TRUE(other.reader->Read(&other.message));
  ASSERT_TRUE(RevokeToken(DataDir(), viewer.substr(4, 12)).ok());
  EXPECT_EQ(List(Plain(), viewer).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  while (watch.reader->Read(&watch.message)) {
  }
  const grpc::Status end = watch.reader->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(end.error_message(), HasSubstr("revoked"));
  // Another's watch goes on to the end of the job.
  ASSERT_TRUE(Cancel(Plain(), LocalToken(), job.name()).ok());
  while (other.reader->Read(&other.message)) {
  }
  EXPECT_TRUE(other.reader->Finish().ok());
  EXPECT_EQ(other.message.job().state(), v1::CANCELLED);
}

TEST_F(TransportTest, WatchBeyondTheLimitIsRefusedWithTheLimit) {
  OneLoopServer::Options options = ServerOptions({"unix:" + Path("s")});
  options.limits.max_watches_per_user = 1;
  Start(std::move(options));
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), "", &job).ok());
  Stream first(Plain(), "", job.name());
  ASSERT_TRUE(first.reader->Read(&first.message));
  Stream second(Plain(), "", job.name());
  EXPECT_FALSE(second.reader->Read(&second.message));
  const grpc::Status refused = second.reader->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(), AllOf(HasSubstr("max_watches_per_user"), HasSubstr("at most 1")));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(refused.error_details()));
  ASSERT_EQ(details.details_size(), 2);
  google::rpc::QuotaFailure quota_failure;
  ASSERT_TRUE(details.details(0).UnpackTo(&quota_failure));
  EXPECT_EQ(quota_failure.violations(0).subject(), "max_watches_per_user");
  google::rpc::RetryInfo retry_info;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry_info));
  EXPECT_EQ(retry_info.retry_delay().seconds(), 30);
}

TEST_F(TransportTest, EveryChangeLeavesALineWhoeverMadeIt) {
  Start(ServerOptions({"127.0.0.1:0"}));
  const std::string user = Token("ada", Scope::kUser);
  const std::string viewer = Token("vera", Scope::kViewer);
  v1::Job job;
  ASSERT_TRUE(Create(Plain(), user, &job).ok());
  ASSERT_FALSE(Cancel(Plain(), viewer, job.name()).ok());
  ASSERT_FALSE(Cancel(Plain(), "", job.name()).ok());
  ASSERT_TRUE(List(Plain(), viewer).ok());
  ASSERT_TRUE(Create(Plain(), user, &job, "", /*validate_only=*/true).ok());
  const auto lines_of = [this](const std::string& name) {
    std::istringstream log(ReadFile(DataDir() + "/" + name).value());
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    return lines;
  };
  const std::vector<std::string> done = lines_of("audit.log");
  ASSERT_EQ(done.size(), 1u);
  EXPECT_THAT(done[0], AllOf(HasSubstr(R"("user":"ada","token":")" + user.substr(4, 12)), HasSubstr("127.0.0.1:"),
                             HasSubstr(R"("call":"SearchService.CreateJob")"),
                             HasSubstr(R"("resource":"projects/p/jobs/1","result":"OK")")));
  EXPECT_THAT(done[0], Not(HasSubstr(user.substr(17)))) << "no secret is written";
  const std::vector<std::string> refused = lines_of("refused.log");
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_THAT(refused[0], AllOf(HasSubstr(R"("user":"vera")"), HasSubstr("SearchService.CancelJob"),
                                HasSubstr(R"("resource":"projects/p/jobs/1","result":"PERMISSION_DENIED")")));
  EXPECT_THAT(refused[1], AllOf(Not(HasSubstr("\"user\"")), HasSubstr("UNAUTHENTICATED")));
}

TEST_F(TransportTest, TlsServesCallersWithAToken) {
  Start(TlsOptions(/*with_clients=*/false));
  EXPECT_TRUE(List(Tls(authority_), LocalToken()).ok());
  EXPECT_EQ(List(Tls(authority_), "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(List(Plain(), LocalToken()).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(List(Tls(MakeAuthority("another")), LocalToken()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TransportTest, ClientCertificateSaysWhoTheCallerIs) {
  Start(TlsOptions(/*with_clients=*/true));
  v1::Job job;
  const auto ada = Tls(authority_, MakeCertificate(authority_, "ada", ""));
  ASSERT_TRUE(Create(ada, "", &job).ok());
  EXPECT_EQ(job.owner(), "ada");
  const auto eve = Tls(authority_, MakeCertificate(authority_, "eve", ""));
  EXPECT_EQ(Cancel(eve, "", job.name()).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  // A token says more than the certificate.
  EXPECT_TRUE(Cancel(eve, Token("root", Scope::kAdmin), job.name()).ok());
  EXPECT_EQ(List(Tls(authority_, MakeCertificate(authority_, "Not a user", "")), "").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TransportTest, ClientsWithoutAGoodCertificateAreNotLetIn) {
  Start(TlsOptions(/*with_clients=*/true));
  const TestCertificate other = MakeAuthority("other");
  EXPECT_EQ(List(Tls(authority_), LocalToken()).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(List(Tls(authority_, MakeCertificate(other, "ada", "")), LocalToken()).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(List(Tls(authority_, MakeCertificate(authority_, "ada", "", -1)), LocalToken()).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TransportTest, NewCertificateIsServedWithoutARestart) {
  Start(TlsOptions(/*with_clients=*/false));
  const auto before = Tls(authority_);
  ASSERT_TRUE(List(before, LocalToken()).ok());
  const TestCertificate next = MakeAuthority("next");
  const TestCertificate renewed = MakeCertificate(next, "server", "DNS:localhost,IP:127.0.0.1");
  WriteFile(Path("key"), renewed.key);
  WriteFile(Path("cert"), renewed.cert);
  const grpc::Status status = List(Tls(next), LocalToken(), "", /*wait=*/true);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(List(before, LocalToken()).ok()) << "connections that are open go on";
}

TEST_F(TransportTest, PairThatDoesNotFitIsRefusedAndTheOldOneGoesOnServing) {
  Start(TlsOptions(/*with_clients=*/false));
  const TestCertificate next = MakeAuthority("next");
  const TestCertificate renewed = MakeCertificate(next, "server", "DNS:localhost,IP:127.0.0.1");
  testing::internal::CaptureStderr();
  WriteFile(Path("key"), renewed.key);
  // Until the daemon has looked at it.
  std::string errors;
  while (errors.find("is not taken") == std::string::npos) {
    EXPECT_TRUE(List(Tls(authority_), LocalToken()).ok());
    errors += testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
  }
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(errors, HasSubstr("--tls_key: " + Path("key") + " is not the key of the certificate in " + Path("cert")));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(List(Tls(authority_), LocalToken()).ok());
  WriteFile(Path("cert"), renewed.cert);
  const grpc::Status status = List(Tls(next), LocalToken(), "", /*wait=*/true);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace oneloop
