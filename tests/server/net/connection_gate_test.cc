// What one silent, slow or merely numerous client does to the others, over real sockets.
#include "server/net/connection_gate.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/mutex.h"
#include "common/base/status.h"
#include "server/net/descriptor_limit.h"
#include "tests/server/net/silent_crowd.h"

namespace oneloop {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Longer than any test takes: what does not come by itself is waited for until then.
constexpr milliseconds kForever{60000};

// Keeps what is handed over, for a test to look at or to drop.
class Receiver {
 public:
  std::function<void(AcceptedConnection)> HandOver() {
    return [this](AcceptedConnection connection) {
      const MutexLock lock(&mutex_);
      connections_.push_back(std::move(connection));
      changed_.SignalAll();
    };
  }
  // The peer of the one with this index.
  ConnectionPeer Await(std::size_t index) {
    const MutexLock lock(&mutex_);
    while (connections_.size() <= index) changed_.Wait(mutex_);
    return connections_[index].peer;
  }
  std::size_t count() {
    const MutexLock lock(&mutex_);
    return connections_.size();
  }
  int NumberOf(std::size_t index) {
    const MutexLock lock(&mutex_);
    return connections_[index].socket.number();
  }
  std::string Read(std::size_t index) {
    std::array<char, 256> buffer = {};
    const ssize_t size = recv(NumberOf(index), buffer.data(), buffer.size(), 0);
    return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }
  void Close(std::size_t index) {
    const MutexLock lock(&mutex_);
    connections_[index].socket.Reset();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<AcceptedConnection> connections_ ABSL_GUARDED_BY(mutex_);
};

Descriptor TcpSocket() { return Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool ConnectTcp(const Descriptor& client, int port, const char* host = "127.0.0.1", const char* from = nullptr) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  if (from != nullptr) {
    inet_pton(AF_INET, from, &address.sin_addr);
    if (bind(client.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return false;
  }
  address.sin_port = htons(static_cast<in_port_t>(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  return connect(client.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

Descriptor ConnectedTcp(int port, const char* from = nullptr) {
  Descriptor client = TcpSocket();
  EXPECT_TRUE(ConnectTcp(client, port, "127.0.0.1", from)) << std::strerror(errno);
  return client;
}

Descriptor ConnectedUnix(const std::string& path) {
  Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (connect(client.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) client.Reset();
  return client;
}

void Say(const Descriptor& client, std::string_view text) {
  EXPECT_EQ(send(client.number(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

// Waits until the other end has closed the connection.
bool WasClosed(const Descriptor& client) {
  char byte = 0;
  return recv(client.number(), &byte, 1, 0) <= 0;
}

bool IsOpen(const Descriptor& client) {
  char byte = 0;
  return recv(client.number(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

class ConnectionGateTest : public testing::Test {
 protected:
  ConnectionGateTest() {
    std::string path = testing::TempDir() + "gateXXXXXX";
    directory_ = mkdtemp(path.data());
  }
  ~ConnectionGateTest() override {
    gate_.reset();
    std::filesystem::remove_all(directory_);
  }

  static ConnectionGate::Options TcpOptions() {
    ConnectionGate::Options options;
    options.listeners.push_back({{"", "127.0.0.1", 0}, Opening::kHttp2});
    options.silence_timeout = kForever;
    options.unused_timeout = kForever;
    options.stranger_age = milliseconds(0);
    options.sweep_interval = milliseconds(10);
    return options;
  }
  std::string SocketPath() const { return directory_ + "/socket"; }
  ConnectionGate::Options UnixOptions() const {
    ConnectionGate::Options options = TcpOptions();
    options.listeners[0].address = {SocketPath(), "", 0};
    return options;
  }
  void Start(ConnectionGate::Options options) {
    absl::StatusOr<std::unique_ptr<ConnectionGate>> gate = ConnectionGate::Create(std::move(options));
    ASSERT_TRUE(gate.ok()) << gate.status();
    gate_ = *std::move(gate);
    gate_->Start(receiver_.HandOver());
  }
  int port() const { return gate_->ports()[0]; }
  std::int64_t Refused(Refusal reason) const { return gate_->counts().refused_for(reason); }
  void AwaitRefused(Refusal reason, std::int64_t count) const {
    while (Refused(reason) < count) std::this_thread::yield();
    EXPECT_EQ(Refused(reason), count);
  }
  // Until the gate has noticed.
  void AwaitOpen(std::int64_t open) const {
    while (gate_->counts().open != open) std::this_thread::yield();
  }

  std::string directory_;
  Receiver receiver_;
  std::unique_ptr<ConnectionGate> gate_;
};

TEST_F(ConnectionGateTest, ClientThatSpeaksIsHandedOverWithAllThatItSaid) {
  Start(TcpOptions());
  const Descriptor client = ConnectedTcp(port());
  Say(client, std::string(kPreface) + "and more");
  const ConnectionPeer peer = receiver_.Await(0);
  EXPECT_THAT(peer.address, HasSubstr("127.0.0.1:"));
  EXPECT_EQ(peer.shared, "127.0.0.1");
  EXPECT_EQ(receiver_.Read(0), std::string(kPreface) + "and more");
  EXPECT_EQ(gate_->PeerOf(receiver_.NumberOf(0))->key, peer.key);
  EXPECT_EQ(gate_->PeerOf(peer.address)->key, peer.key);
}

TEST_F(ConnectionGateTest, PeerOfAUnixSocketIsWhoRunsTheClient) {
  Start(UnixOptions());
  const Descriptor client = ConnectedUnix(SocketPath());
  Say(client, kPreface);
  const ConnectionPeer peer = receiver_.Await(0);
  EXPECT_TRUE(peer.is_unix);
  EXPECT_EQ(peer.uid, geteuid());
  EXPECT_EQ(peer.pid, getpid());
  EXPECT_EQ(UserOfUid(4000000000), "uid4000000000");
}

TEST_F(ConnectionGateTest, ClientOverIpv6IsServed) {
  ConnectionGate::Options options = TcpOptions();
  options.listeners[0].address.host = "[::1]";
  absl::StatusOr<std::unique_ptr<ConnectionGate>> gate = ConnectionGate::Create(std::move(options));
  if (!gate.ok()) GTEST_SKIP() << "this machine has no IPv6";
  gate_ = *std::move(gate);
  gate_->Start(receiver_.HandOver());
  const Descriptor client(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(static_cast<in_port_t>(port()));
  ASSERT_EQ(connect(client.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  Say(client, kPreface);
  const ConnectionPeer peer = receiver_.Await(0);
  EXPECT_THAT(peer.address, HasSubstr("[::1]:"));
  EXPECT_EQ(peer.shared, "::/64");
}

// A part of the greeting is none, however often another byte of it comes.
TEST_F(ConnectionGateTest, PrefaceByDripsIsTakenWholeOrNotAtAll) {
  Start(UnixOptions());
  const Descriptor client = ConnectedUnix(SocketPath());
  for (const char byte : kPreface) {
    EXPECT_EQ(receiver_.count(), 0);
    Say(client, std::string_view(&byte, 1));
  }
  receiver_.Await(0);
  EXPECT_EQ(receiver_.Read(0), kPreface);
}

TEST_F(ConnectionGateTest, SlowDripOfAPrefaceEndsWithTheTimeForSilence) {
  ConnectionGate::Options options = TcpOptions();
  options.silence_timeout = milliseconds(50);
  Start(std::move(options));
  const Descriptor client = ConnectedTcp(port());
  Say(client, kPreface.substr(0, 23));
  EXPECT_TRUE(WasClosed(client));
  EXPECT_EQ(receiver_.count(), 0);
  EXPECT_EQ(Refused(Refusal::kSilent), 1);
}

TEST_F(ConnectionGateTest, OtherProtocolIsClosedAtOnce) {
  Start(TcpOptions());
  const Descriptor client = ConnectedTcp(port());
  Say(client, "GET / HTTP/1.1\r\n");
  EXPECT_TRUE(WasClosed(client));
  EXPECT_EQ(Refused(Refusal::kMalformed), 1);
}

TEST_F(ConnectionGateTest, ClientThatLeavesIsCountedNoMore) {
  Start(TcpOptions());
  Descriptor silent = ConnectedTcp(port());
  AwaitOpen(1);
  Descriptor speaking = ConnectedTcp(port());
  Say(speaking, kPreface);
  receiver_.Await(0);
  silent.Reset();
  AwaitOpen(1);
  receiver_.Close(0);
  AwaitOpen(0);
}

// Item S1: 1,100 silent connections at 1,024 descriptors made the daemon deaf until a restart.
TEST_F(ConnectionGateTest, SilentConnectionsBeyondTheDescriptorsKeepNobodyOut) {
  SilentCrowd crowd(1100);
  const ScopedDescriptorLimit limit(1024);
  ConnectionGate::Options options = TcpOptions();
  options.silence_timeout = milliseconds(300);
  Start(std::move(options));
  EXPECT_EQ(gate_->max_connections(), 824);
  EXPECT_EQ(crowd.Connect(port()), 1100);
  const Descriptor during = ConnectedTcp(port());
  Say(during, kPreface);
  receiver_.Await(0);
  EXPECT_EQ(crowd.AwaitClosed(), 1100);
  EXPECT_EQ(Refused(Refusal::kSilent) + Refused(Refusal::kDisplaced), 1100);
  EXPECT_TRUE(IsOpen(during));
  const Descriptor after = ConnectedTcp(port());
  Say(after, kPreface);
  receiver_.Await(1);
  AwaitOpen(2);
}

// Item S1: connections that speak, but never call.
TEST_F(ConnectionGateTest, ConnectionsThatNeverCallEndByThemselves) {
  ConnectionGate::Options options = TcpOptions();
  options.unused_timeout = milliseconds(100);
  Start(std::move(options));
  const Descriptor caller = ConnectedTcp(port());
  Say(caller, kPreface);
  gate_->MarkUsed(receiver_.Await(0).key);
  std::vector<Descriptor> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(ConnectedTcp(port()));
    Say(idle.back(), kPreface);
  }
  for (const Descriptor& client : idle) EXPECT_TRUE(WasClosed(client));
  AwaitRefused(Refusal::kUnused, 300);
  EXPECT_TRUE(IsOpen(caller));
}

TEST_F(ConnectionGateTest, FullGateTakesACallerInTheStrangersPlace) {
  ConnectionGate::Options options = TcpOptions();
  options.max_connections = 4;
  options.max_connections_per_peer = 4;
  options.max_silent = 4;
  Start(std::move(options));
  std::vector<Descriptor> clients;
  for (std::size_t i = 0; i < 6; ++i) {
    clients.push_back(ConnectedTcp(port()));
    Say(clients.back(), kPreface);
    const ConnectionPeer peer = receiver_.Await(i);
    if (i < 3) gate_->MarkAuthenticated(peer.key);
    if (i >= 3) gate_->MarkUsed(peer.key);
  }
  EXPECT_TRUE(WasClosed(clients[3]));
  EXPECT_TRUE(WasClosed(clients[4]));
  AwaitRefused(Refusal::kStranger, 2);
  for (const std::size_t i : {0U, 1U, 2U, 5U}) EXPECT_TRUE(IsOpen(clients[i])) << i;
  // All of them were let in: now there is no room.
  gate_->MarkAuthenticated(receiver_.Await(5).key);
  const Descriptor late = ConnectedTcp(port());
  EXPECT_TRUE(WasClosed(late));
  EXPECT_EQ(Refused(Refusal::kPeerBound), 1);
}

TEST_F(ConnectionGateTest, OnePeerLeavesRoomForOthers) {
  ConnectionGate::Options options = TcpOptions();
  options.max_connections = 8;
  Start(std::move(options));  // six of one address
  std::vector<Descriptor> clients;
  for (std::size_t i = 0; i < 6; ++i) {
    clients.push_back(ConnectedTcp(port()));
    Say(clients.back(), kPreface);
    gate_->MarkAuthenticated(receiver_.Await(i).key);
  }
  EXPECT_TRUE(WasClosed(ConnectedTcp(port())));
  EXPECT_EQ(Refused(Refusal::kPeerBound), 1);
  const Descriptor other = ConnectedTcp(port(), "127.0.0.2");
  Say(other, kPreface);
  EXPECT_EQ(receiver_.Await(6).shared, "127.0.0.2");
  // One that has gone makes room.
  receiver_.Close(0);
  AwaitOpen(6);
  const Descriptor next = ConnectedTcp(port());
  Say(next, kPreface);
  receiver_.Await(7);
}

TEST_F(ConnectionGateTest, ProcessWithoutDescriptorsSendsAwayAndGoesOn) {
  Start(TcpOptions());
  const Descriptor refused = TcpSocket();
  const Descriptor served = TcpSocket();
  {
    // No number below the limit is free.
    const Descriptor lowest(dup(STDIN_FILENO));
    const ScopedDescriptorLimit limit(static_cast<rlim_t>(lowest.number()));
    ASSERT_TRUE(ConnectTcp(refused, port()));
    EXPECT_TRUE(WasClosed(refused));
  }
  EXPECT_EQ(Refused(Refusal::kDescriptors), 1);
  ASSERT_TRUE(ConnectTcp(served, port()));
  Say(served, kPreface);
  receiver_.Await(0);
}

TEST_F(ConnectionGateTest, DeletedSocketIsMadeAnew) {
  Start(UnixOptions());
  ASSERT_EQ(unlink(SocketPath().c_str()), 0);
  Descriptor client;
  while (!client.is_open()) client = ConnectedUnix(SocketPath());
  Say(client, kPreface);
  receiver_.Await(0);
}

TEST_F(ConnectionGateTest, FolderThatIsGoneIsWaitedFor) {
  ConnectionGate::Options options = UnixOptions();
  const std::string folder = directory_ + "/run";
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/socket";
  options.listeners[0].address.path = path;
  Start(std::move(options));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  Descriptor client;
  while (!client.is_open()) client = ConnectedUnix(path);
  Say(client, kPreface);
  receiver_.Await(0);
}

TEST_F(ConnectionGateTest, SocketIsItsOwnersAndGroupsWhateverTheUmaskAndGoesWithTheGate) {
  const mode_t before = umask(0077);
  Start(UnixOptions());
  umask(before);
  struct stat info = {};
  ASSERT_EQ(stat(SocketPath().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660);
  gate_->Stop();
  EXPECT_FALSE(std::filesystem::exists(SocketPath()));
}

TEST_F(ConnectionGateTest, SecondGateOnTheSameAddressFails) {
  Start(TcpOptions());
  ConnectionGate::Options options = TcpOptions();
  options.listeners[0].address.port = port();
  const auto second = ConnectionGate::Create(std::move(options));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(second.status()), HasSubstr("taken by another program"));

  Start(UnixOptions());
  EXPECT_EQ(ConnectionGate::Create(UnixOptions()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(SocketPath()));
}

TEST(ConnectionPeerTest, AddressesOfOneNetworkShareABound) {
  sockaddr_storage storage = {};
  auto* const ipv6 = reinterpret_cast<sockaddr_in6*>(&storage);
  ipv6->sin6_family = AF_INET6;
  ipv6->sin6_port = htons(99);
  ConnectionPeer peer;
  inet_pton(AF_INET6, "2001:db8:1:2:3:4:5:6", &ipv6->sin6_addr);
  SetAddress(storage, &peer);
  EXPECT_EQ(peer.address, "[2001:db8:1:2:3:4:5:6]:99");
  EXPECT_EQ(peer.shared, "2001:db8:1:2::/64");
  inet_pton(AF_INET6, "::ffff:192.0.2.7", &ipv6->sin6_addr);
  SetAddress(storage, &peer);
  EXPECT_EQ(peer.address, "192.0.2.7:99");
  EXPECT_EQ(peer.shared, "192.0.2.7");
}

TEST(DescriptorLimitTest, SoftLimitIsRaisedAndNeverLowered) {
  const ScopedDescriptorLimit limit(256);
  EXPECT_EQ(RaiseDescriptorLimit(512), 512);
  EXPECT_EQ(DescriptorLimit(), 512);
  EXPECT_EQ(RaiseDescriptorLimit(300), 512);
}

}  // namespace
}  // namespace oneloop
