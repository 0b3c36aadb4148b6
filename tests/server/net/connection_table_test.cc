#include "server/net/connection_table.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "server/net/descriptor_numbers.h"

namespace oneloop {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Pair {
  Descriptor ours;
  Descriptor theirs;
};

Pair MakePair() {
  std::array<int, 2> numbers = {};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()), 0);
  return {Descriptor(numbers[0]), Descriptor(numbers[1])};
}

Pair MakeTcpPair() {
  const Descriptor listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(listening.number(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listening.number(), 1), 0);
  EXPECT_EQ(getsockname(listening.number(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  Descriptor theirs(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(theirs.number(), reinterpret_cast<sockaddr*>(&address), size), 0);
  Descriptor ours(accept4(listening.number(), nullptr, nullptr, SOCK_CLOEXEC));
  return {std::move(ours), std::move(theirs)};
}

// By parts that the kernel keeps for the reader.
void SendThrough(const Pair& pair, std::size_t bytes) {
  std::string part(4096, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += part.size()) {
    ASSERT_EQ(send(pair.theirs.number(), part.data(), part.size(), MSG_NOSIGNAL), static_cast<ssize_t>(part.size()));
    ASSERT_EQ(recv(pair.ours.number(), part.data(), part.size(), MSG_WAITALL), static_cast<ssize_t>(part.size()));
  }
}

ConnectionPeer PeerWith(ConnectionKey key, const std::string& address, const std::string& shared) {
  ConnectionPeer peer;
  peer.key = key;
  peer.address = address;
  peer.shared = shared;
  return peer;
}

bool WasShut(const Pair& pair) {
  char byte = 0;
  return recv(pair.theirs.number(), &byte, 1, MSG_DONTWAIT) == 0;
}

class ConnectionTableTest : public testing::Test {
 protected:
  // Of this many seconds after the beginning.
  void Add(const Pair& pair, ConnectionKey key, const std::string& shared, int at) {
    EXPECT_TRUE(table_.Add(pair.ours.number(), PeerWith(key, shared + ":" + std::to_string(key), shared), At(at)));
  }
  ConnectionTable::Time At(int at) const { return begin_ + seconds(at); }

  const ConnectionTable::Time begin_ = std::chrono::steady_clock::now();
  ConnectionTable table_;
};

TEST_F(ConnectionTableTest, NumberThatIsAnotherSocketsByNowIsNoLongerTheConnection) {
  Pair first = MakePair();
  Pair second = MakePair();
  const int number = first.ours.number();
  Add(first, 1, "a", 0);
  EXPECT_THAT(table_.Sweep(), IsEmpty());
  // In one step, as if closed and opened again between two sweeps.
  ASSERT_EQ(dup2(second.ours.number(), number), number);
  EXPECT_THAT(table_.Sweep(), ElementsAre(number));
  EXPECT_EQ(table_.FindByNumber(number), std::nullopt);
  EXPECT_EQ(table_.FindByAddress("a:1"), std::nullopt);
  EXPECT_EQ(table_.size(), 0);
  EXPECT_EQ(table_.CountOf("a"), 0);
}

TEST_F(ConnectionTableTest, ConnectionUnderANumberUsedAgainBeforeTheSweepKeepsItsName) {
  Pair first = MakePair();
  Pair second = MakePair();
  Add(first, 1, "a", 0);
  const int number = first.ours.number();
  ASSERT_EQ(dup2(second.ours.number(), number), number);
  ASSERT_TRUE(table_.Add(number, PeerWith(2, "b:2", "b"), At(1)));
  EXPECT_THAT(table_.Sweep(), ElementsAre(number));
  EXPECT_EQ(table_.FindByNumber(number)->key, 2);
  EXPECT_EQ(table_.size(), 1);
}

TEST_F(ConnectionTableTest, OnlyThoseWithoutACallAreShutAfterTheirTime) {
  const Pair idle = MakePair();
  const Pair used = MakePair();
  const Pair young = MakePair();
  Add(idle, 1, "a", 0);
  Add(used, 2, "a", 0);
  Add(young, 3, "a", 5);
  table_.MarkUsed(2, At(1));
  EXPECT_EQ(table_.ShutUnused(At(3)), 1);
  EXPECT_TRUE(WasShut(idle));
  EXPECT_FALSE(WasShut(used));
  EXPECT_FALSE(WasShut(young));
  EXPECT_EQ(table_.CountOf("a"), 2);
  EXPECT_EQ(table_.ShutUnused(At(3)), 0);
}

TEST_F(ConnectionTableTest, OldestStrangerOfThePeerMakesRoomAndNobodyWhoWasLetIn) {
  const Pair let_in = MakePair();
  const Pair other = MakePair();
  const Pair refused = MakePair();
  Add(let_in, 1, "a", 0);
  Add(other, 2, "b", 1);
  Add(refused, 3, "a", 2);
  table_.MarkAuthenticated(1);
  table_.MarkUsed(3, At(2));
  EXPECT_FALSE(table_.ShutStranger("a", At(2)));
  EXPECT_TRUE(table_.ShutStranger("a", At(3)));
  EXPECT_TRUE(WasShut(refused));
  EXPECT_FALSE(table_.ShutStranger("a", At(3)));
  EXPECT_TRUE(table_.ShutStranger("", At(3)));
  EXPECT_TRUE(WasShut(other));
  EXPECT_FALSE(table_.ShutStranger("", At(3)));
  EXPECT_FALSE(WasShut(let_in));
}

// S1, S3: calls that are given up as soon as they are made (rapid reset) come faster than anybody can refuse them.
TEST_F(ConnectionTableTest, StrangersWhoGiveUpCallAfterCallAreShutTogetherAndBarred) {
  const Pair greedy = MakePair();
  const Pair accomplice = MakePair();
  const Pair let_in = MakePair();
  const Pair other = MakePair();
  Add(greedy, 1, "a", 0);
  Add(accomplice, 2, "a", 0);
  Add(let_in, 3, "a", 0);
  Add(other, 4, "b", 0);
  table_.MarkAuthenticated(3);
  std::size_t shut = 0;
  for (int i = 0; i < 1000 && shut == 0; ++i) {
    table_.MarkUsed(1, At(1));
    shut = table_.MarkGivenUp(1, At(1));
  }
  EXPECT_EQ(shut, 2);
  EXPECT_TRUE(WasShut(greedy));
  EXPECT_TRUE(WasShut(accomplice));
  EXPECT_FALSE(WasShut(let_in));
  EXPECT_FALSE(WasShut(other));
  EXPECT_TRUE(table_.IsBarred("a", At(2)));
  EXPECT_FALSE(table_.IsBarred("b", At(2)));
  EXPECT_FALSE(table_.IsBarred("a", At(4)));
  EXPECT_EQ(table_.MarkGivenUp(1, At(2)), 0) << "it is over";
}

TEST_F(ConnectionTableTest, KnownCallerWhoGivesUpAThousandCallsIsNotShut) {
  const Pair pair = MakePair();
  Add(pair, 1, "a", 0);
  table_.MarkUsed(1, At(0));
  table_.MarkAuthenticated(1);
  for (int i = 0; i < 1000; ++i) {
    table_.MarkUsed(1, At(1));
    table_.MarkGivenUp(1, At(1));
  }
  EXPECT_FALSE(WasShut(pair));
  std::size_t shut = 0;
  for (int i = 0; i < 3000 && shut == 0; ++i) shut = table_.MarkGivenUp(1, At(1));
  EXPECT_EQ(shut, 1);
  EXPECT_TRUE(table_.IsBarred("a", At(1)));
}

// Loopback TCP, since the kernel counts only there.
TEST_F(ConnectionTableTest, StrangerWhoSendsMoreThanHeHasReasonToIsShut) {
  Pair pair = MakeTcpPair();
  Add(pair, 1, "a", 0);
  SendThrough(pair, 700 << 10);
  EXPECT_EQ(table_.ShutTalkative(At(1)), 0);
  EXPECT_TRUE(table_.HasStrangers());
  SendThrough(pair, 1400 << 10);
  EXPECT_EQ(table_.ShutTalkative(At(1)), 1);
  EXPECT_FALSE(table_.HasStrangers());
  EXPECT_TRUE(table_.IsBarred("a", At(2)));
}

TEST(DescriptorNumbersTest, NumberRestsBeforeItIsAnothers) {
  DescriptorNumbers numbers(300, 302);
  Descriptor first = numbers.Move(MakePair().ours);
  Descriptor second = numbers.Move(MakePair().ours);
  EXPECT_EQ(first.number(), 300);
  EXPECT_EQ(second.number(), 301);
  EXPECT_FALSE(numbers.Move(MakePair().ours).is_open());
  first.Reset();
  numbers.GiveBack(300, true);
  for (int tick = 1; tick < DescriptorNumbers::kRest; ++tick) numbers.Tick();
  EXPECT_FALSE(numbers.Move(MakePair().ours).is_open());
  numbers.Tick();
  EXPECT_EQ(numbers.Move(MakePair().ours).number(), 300);
}

TEST(DescriptorNumbersTest, NumberThatSomebodyElseHoldsIsPassedOver) {
  const Descriptor file(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 300));
  ASSERT_EQ(file.number(), 300);
  DescriptorNumbers numbers(300, 302);
  EXPECT_EQ(numbers.Move(MakePair().ours).number(), 301);
}

}  // namespace
}  // namespace oneloop
