// A gate in front of a gRPC server that has no port of its own, with gRPC's client over real connections.
#include "server/grpc/connection_handover.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "server/grpc/steady_poller.h"
#include "tests/server/access/test_certificates.h"
#include "tests/server/net/silent_crowd.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Refuses every call, and says who made it; a call of "/wait" is left waiting until it is cancelled.
class WhoAreYou : public grpc::CallbackGenericService {
 public:
  explicit WhoAreYou(const ConnectionGate* gate) : gate_(gate) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    class Answer : public grpc::ServerGenericBidiReactor {
     public:
      void OnCancel() override {
        if (waits) Finish(grpc::Status(grpc::StatusCode::CANCELLED, ""));
      }
      void OnDone() override { delete this; }
      bool waits = false;
    };
    auto answer = std::make_unique<Answer>();
    answer->waits = context->method() == "/wait";
    if (!answer->waits) answer->Finish(grpc::Status(grpc::StatusCode::ABORTED, Describe(context->peer())));
    return answer.release();
  }

 private:
  std::string Describe(const std::string& grpc_peer) const {
    const std::optional<ConnectionPeer> peer = PeerOfCall(*gate_, grpc_peer);
    if (!peer.has_value()) return "nobody, " + grpc_peer;
    if (peer->is_unix) return absl::StrCat("uid ", peer->uid, ", ", grpc_peer);
    return absl::StrCat(peer->address, ", ", grpc_peer);
  }

  const ConnectionGate* const gate_;
};

class ConnectionHandoverTest : public testing::Test {
 protected:
  ~ConnectionHandoverTest() override {
    if (gate_ != nullptr) gate_->Stop();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  ConnectionGate::Options Options(ListenAddress address, Opening opening) const {
    ConnectionGate::Options options;
    options.listeners.push_back({std::move(address), opening});
    options.sweep_interval = milliseconds(10);
    return options;
  }
  ConnectionGate::Options UnixOptions() const { return Options({SocketPath(), "", 0}, Opening::kHttp2); }
  std::string SocketPath() const { return directory_.path() + "/socket"; }

  void Start(ConnectionGate::Options options, std::shared_ptr<grpc::ServerCredentials> credentials = nullptr) {
    auto gate = ConnectionGate::Create(std::move(options));
    ASSERT_TRUE(gate.ok()) << gate.status();
    gate_ = *std::move(gate);
    service_ = std::make_unique<WhoAreYou>(gate_.get());
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(service_.get());
    if (keepalive_ms_ > 0) {
      builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms_);
      builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms_);
      builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    }
    handover_ = std::make_unique<ConnectionHandover>(
        &builder, std::vector<std::shared_ptr<grpc::ServerCredentials>>{std::move(credentials), nullptr});
    poller_ = std::make_unique<SteadyPoller>(&builder, [] { return false; });
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    poller_->Start();
    gate_->Start([this](AcceptedConnection connection) { handover_->HandOver(server_.get(), std::move(connection)); });
  }
  std::shared_ptr<grpc::Channel> Channel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials = grpc::InsecureChannelCredentials()) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(gate_->addresses()[0], credentials, arguments);
  }
  static grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method = "/who",
                           milliseconds timeout = milliseconds(60000)) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    grpc::CompletionQueue queue;
    auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(), &queue);
    call->StartCall();
    grpc::ByteBuffer reply;
    grpc::Status status;
    call->Finish(&reply, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }
  Descriptor Connected() const {
    Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(gate_->ports()[0]));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(connect(client.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return client;
  }
  void AwaitOpen(std::int64_t open) const {
    while (gate_->counts().open != open) std::this_thread::yield();
  }

  const TempDirectory directory_;
  int keepalive_ms_ = 0;  // 0: gRPC's own
  std::unique_ptr<ConnectionGate> gate_;
  std::unique_ptr<WhoAreYou> service_;
  std::unique_ptr<ConnectionHandover> handover_;
  std::unique_ptr<SteadyPoller> poller_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ConnectionHandoverTest, CallsOverTheUnixSocketNameTheirUser) {
  Start(UnixOptions());
  const grpc::Status status = Call(Channel());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED) << status.error_message();
  EXPECT_THAT(status.error_message(), StartsWith(absl::StrCat("uid ", geteuid(), ", fd:")));
}

TEST_F(ConnectionHandoverTest, CallsOverTcpNameTheirAddress) {
  Start(Options({"", "127.0.0.1", 0}, Opening::kHttp2));
  const auto channel = Channel();
  const std::string first = Call(channel).error_message();
  EXPECT_THAT(first, StartsWith("127.0.0.1:"));
  EXPECT_THAT(first, HasSubstr(", fd:"));
  // The same connection.
  EXPECT_EQ(Call(channel).error_message(), first);
}

TEST_F(ConnectionHandoverTest, CallsOverTlsNameTheirAddress) {
  const TestCertificate authority = MakeAuthority("authority");
  const TestCertificate certificate = MakeCertificate(authority, "server", "DNS:localhost,IP:127.0.0.1");
  grpc::SslServerCredentialsOptions server_options;
  server_options.pem_key_cert_pairs.push_back({certificate.key, certificate.cert});
  Start(Options({"", "127.0.0.1", 0}, Opening::kTls), grpc::SslServerCredentials(server_options));
  grpc::SslCredentialsOptions client_options;
  client_options.pem_root_certs = authority.cert;
  const grpc::Status status = Call(Channel(grpc::SslCredentials(client_options)));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED) << status.error_message();
  EXPECT_THAT(status.error_message(), StartsWith("127.0.0.1:"));
  EXPECT_THAT(status.error_message(), HasSubstr(", ipv4:127.0.0.1:"));
}

TEST_F(ConnectionHandoverTest, CallsOverTlsAndIpv6NameTheirAddress) {
  const TestCertificate authority = MakeAuthority("authority");
  const TestCertificate certificate = MakeCertificate(authority, "server", "DNS:localhost,IP:::1");
  grpc::SslServerCredentialsOptions server_options;
  server_options.pem_key_cert_pairs.push_back({certificate.key, certificate.cert});
  auto options = Options({"", "[::1]", 0}, Opening::kTls);
  if (!ConnectionGate::Create(options).ok()) GTEST_SKIP() << "this machine has no IPv6";
  Start(std::move(options), grpc::SslServerCredentials(server_options));
  grpc::SslCredentialsOptions client_options;
  client_options.pem_root_certs = authority.cert;
  EXPECT_THAT(Call(Channel(grpc::SslCredentials(client_options))).error_message(), StartsWith("[::1]:"));
}

// Item S1: 1,100 silent connections at 1,024 descriptors made the server deaf until a restart.
TEST_F(ConnectionHandoverTest, CallsAreServedWhileAndAfterSilentConnectionsTakeTheDescriptors) {
  SilentCrowd crowd(1100);
  const ScopedDescriptorLimit limit(1024);
  auto options = Options({"", "127.0.0.1", 0}, Opening::kHttp2);
  options.listeners.push_back({{SocketPath(), "", 0}, Opening::kHttp2});
  options.silence_timeout = milliseconds(300);
  Start(std::move(options));
  EXPECT_EQ(crowd.Connect(gate_->ports()[0]), 1100);
  EXPECT_THAT(Call(Channel()).error_message(), StartsWith("127.0.0.1:"));
  EXPECT_EQ(crowd.AwaitClosed(), 1100);
  EXPECT_THAT(Call(Channel()).error_message(), StartsWith("127.0.0.1:"));
  const auto unix_channel = grpc::CreateChannel(gate_->addresses()[1], grpc::InsecureChannelCredentials());
  EXPECT_THAT(Call(unix_channel).error_message(), StartsWith("uid "));
}

// The numbers of descriptors that name connections are used again; each call finds its own peer all the same.
TEST_F(ConnectionHandoverTest, ConnectionsThatComeAndGoHaveTheirPeers) {
  Start(Options({"", "127.0.0.1", 0}, Opening::kHttp2));
  std::vector<std::thread> clients;
  std::array<int, 4> found = {};
  clients.reserve(found.size());
  for (int& count : found) {
    clients.emplace_back([this, &count] {
      for (int i = 0; i < 50; ++i) count += Call(Channel()).error_message().starts_with("127.0.0.1:") ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_THAT(found, ::testing::Each(50));
  AwaitOpen(0);
}

TEST_F(ConnectionHandoverTest, ConnectionThatItsClientClosedIsCountedNoMore) {
  Start(UnixOptions());
  auto channel = Channel();
  Call(channel);
  EXPECT_EQ(gate_->counts().open, 1);
  channel.reset();
  AwaitOpen(0);
}

// Item S1: gRPC itself sets no time within which a client's settings must follow the preface.
TEST_F(ConnectionHandoverTest, ClientThatSendsThePrefaceAndNothingElseIsClosed) {
  auto options = Options({"", "127.0.0.1", 0}, Opening::kHttp2);
  options.unused_timeout = milliseconds(50);
  Start(std::move(options));
  const Descriptor client = Connected();
  ASSERT_EQ(send(client.number(), kPreface.data(), kPreface.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kPreface.size()));
  std::array<char, 4096> buffer = {};
  // The server's settings come first.
  while (recv(client.number(), buffer.data(), buffer.size(), 0) > 0) {
  }
  AwaitOpen(0);
}

// The server's channel arguments hold for connections that it was given, too.
TEST_F(ConnectionHandoverTest, ClientThatAnswersNoPingIsClosed) {
  keepalive_ms_ = 100;
  auto options = Options({"", "127.0.0.1", 0}, Opening::kHttp2);
  options.unused_timeout = milliseconds(600000);
  Start(std::move(options));
  const Descriptor client = Connected();
  const std::string greeting = std::string(kPreface) + std::string("\0\0\0\4\0\0\0\0\0", 9);
  ASSERT_EQ(send(client.number(), greeting.data(), greeting.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(greeting.size()));
  std::array<char, 4096> buffer = {};
  while (recv(client.number(), buffer.data(), buffer.size(), 0) > 0) {
  }
  AwaitOpen(0);
  EXPECT_EQ(gate_->counts().refused_for(Refusal::kUnused), 0);
}

TEST_F(ConnectionHandoverTest, ShutConnectionEndsItsCallsToo) {
  auto options = UnixOptions();
  options.unused_timeout = milliseconds(50);
  Start(std::move(options));
  // Nobody marks its connection as used.
  EXPECT_EQ(Call(Channel(), "/wait").error_code(), grpc::StatusCode::UNAVAILABLE);
  AwaitOpen(0);
}

TEST_F(ConnectionHandoverTest, NamesOfOtherFormsAreNobodys) {
  Start(UnixOptions());
  for (const char* name : {"", "fd:", "fd:x", "fd:-1", "fd:99999999999", "unix:", "ipv4:", "ipv6:%5B%5", "ipv6:%"}) {
    EXPECT_EQ(PeerOfCall(*gate_, name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace oneloop
