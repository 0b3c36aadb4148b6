#include "server/net/reply_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

namespace oneloop {
namespace {

using std::chrono::milliseconds;

// More than the kernel keeps for a client that does not read.
constexpr std::size_t kLarge = std::size_t{4} << 20;

struct Pair {
  Descriptor server;
  Descriptor client;
};

Pair MakePair() {
  std::array<int, 2> numbers = {};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()), 0);
  return {Descriptor(numbers[0]), Descriptor(numbers[1])};
}

void Say(const Descriptor& client, std::string_view text) {
  EXPECT_EQ(send(client.number(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

std::string ReadAll(const Descriptor& client) {
  std::string all;
  std::array<char, 65536> buffer = {};
  for (ssize_t size = 0; (size = recv(client.number(), buffer.data(), buffer.size(), 0)) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return all;
}

TEST(ReplyLoopTest, EachRequestGetsItsReplyAndTheEnd) {
  ReplyLoop loop([](std::string_view request) { return "re: " + std::string(request); }, milliseconds(60000));
  for (const char* request : {"one", "two"}) {
    Pair pair = MakePair();
    Say(pair.client, request);
    loop.Add(std::move(pair.server));
    EXPECT_EQ(ReadAll(pair.client), std::string("re: ") + request);
  }
}

TEST(ReplyLoopTest, ReplyThatIsNotTakenHoldsUpNoOtherAndEndsWithItsTime) {
  ReplyLoop loop([](std::string_view request) { return std::string(request == "large" ? kLarge : 1, 'x'); },
                 milliseconds(100));
  Pair stuck = MakePair();
  Say(stuck.client, "large");
  loop.Add(std::move(stuck.server));
  Pair other = MakePair();
  Say(other.client, "small");
  loop.Add(std::move(other.server));
  EXPECT_EQ(ReadAll(other.client), "x");
  // What was sent can be read still, and is not all.
  char byte = 0;
  while (send(stuck.client.number(), &byte, 1, MSG_NOSIGNAL) == 1) {
  }
  EXPECT_LT(ReadAll(stuck.client).size(), kLarge);
}

TEST(ReplyLoopTest, ClientThatNeverEndsItsConnectionIsClosed) {
  ReplyLoop loop([](std::string_view) { return std::string("yes"); }, milliseconds(50));
  Pair pair = MakePair();
  Say(pair.client, "?");
  loop.Add(std::move(pair.server));
  EXPECT_EQ(ReadAll(pair.client), "yes");
  char byte = 0;
  while (send(pair.client.number(), &byte, 1, MSG_NOSIGNAL) == 1) {
  }
}

TEST(ReplyLoopTest, EndOfTheLoopClosesWhatIsOpen) {
  Pair pair = MakePair();
  {
    ReplyLoop loop([](std::string_view) { return std::string(kLarge, 'x'); }, milliseconds(60000));
    Say(pair.client, "?");
    loop.Add(std::move(pair.server));
  }
  EXPECT_LT(ReadAll(pair.client).size(), kLarge);
}

}  // namespace
}  // namespace oneloop
