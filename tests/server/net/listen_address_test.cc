#include "server/net/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>

#include "common/base/status.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// A bound socket; the file stays when it is closed, as after a crash.
class BoundSocket {
 public:
  explicit BoundSocket(const std::string& path) : descriptor_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~BoundSocket() { close(descriptor_); }
  BoundSocket(const BoundSocket&) = delete;
  BoundSocket& operator=(const BoundSocket&) = delete;
  void Listen() { EXPECT_EQ(listen(descriptor_, 1), 0); }

 private:
  const int descriptor_;
};

TEST(ListenAddressTest, SocketsAndPortsAreValid) {
  EXPECT_EQ(ParseListenAddress("unix:/run/x/../o.sock")->Uri(), "unix:/run/o.sock");
  EXPECT_TRUE(ParseListenAddress("unix:relative.sock")->path.starts_with('/'));
  for (const char* address : {"127.0.0.1:7070", "0.0.0.0:0", "[::1]:65535", "box-1.example.org:7070"}) {
    EXPECT_EQ(ParseListenAddress(address)->Uri(), address);
    EXPECT_FALSE(ParseListenAddress(address)->is_unix());
  }
}

TEST(ListenAddressTest, OnlyLoopbackAddressesAreLoopback) {
  for (const char* address : {"127.0.0.1:7070", "[::1]:7070"}) {
    EXPECT_TRUE(ParseListenAddress(address)->is_loopback()) << address;
  }
  for (const char* address : {"0.0.0.0:1", "[::]:1", "localhost:1", "127.0.0.1.example.org:1", "10.0.0.1:1"}) {
    EXPECT_FALSE(ParseListenAddress(address)->is_loopback()) << address;
  }
}

TEST(ListenAddressTest, OtherAddressesAreRefused) {
  for (const char* address : {"host", "", ":7070", "[]:7070", "a b:7070", "http://host:7070", "::1:7070", "a/b:1"}) {
    EXPECT_THAT(Message(ParseListenAddress(address).status()), HasSubstr("unix:PATH or HOST:PORT")) << address;
  }
  for (const char* address : {"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1"}) {
    EXPECT_THAT(Message(ParseListenAddress(address).status()), HasSubstr("valid ports")) << address;
  }
  EXPECT_FALSE(ParseListenAddress("unix:").ok());
  EXPECT_THAT(Message(ParseListenAddress("unix:/" + std::string(200, 'x')).status()), HasSubstr("at most 107"));
}

TEST(RemoveStaleSocketTest, SocketThatADeadDaemonLeftIsRemoved) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/s";
  EXPECT_TRUE(RemoveStaleSocket(path).ok()) << "nothing there is fine";
  { const BoundSocket dead(path); }
  ASSERT_EQ(access(path.c_str(), F_OK), 0);
  EXPECT_TRUE(RemoveStaleSocket(path).ok());
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(RemoveStaleSocketTest, SocketOfALiveServerStays) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/s";
  BoundSocket live(path);
  live.Listen();
  EXPECT_EQ(RemoveStaleSocket(path).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

TEST(RemoveStaleSocketTest, OrdinaryFileStays) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/s";
  std::ofstream(path) << "precious";
  EXPECT_EQ(RemoveStaleSocket(path).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace oneloop
