#include "server/handlers/open_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "common/base/limit_error.h"
#include "common/base/mutex.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kLargest = 100;

OpenCalls::Options SmallOptions() {
  OpenCalls::Options options;
  options.largest_request_bytes = kLargest;
  options.most_request_bytes = 4 * kLargest;
  options.most_reply_bytes = 4000;
  return options;
}

OpenCalls::CallId OpenOne(OpenCalls& calls, const std::string& user) {
  return calls.Open(user, [] {}).value();
}

TEST(OpenCallsTest, CallsOfAUserAreBoundedUntilTheyClose) {
  OpenCalls::Options options = SmallOptions();
  options.most_calls_per_user = 2;
  options.most_calls = 3;
  OpenCalls calls(options);
  const OpenCalls::CallId first = OpenOne(calls, "ada");
  OpenOne(calls, "ada");
  const absl::Status refused = calls.Open("ada", [] {}).status();
  ASSERT_TRUE(LimitOf(refused).has_value()) << refused;
  EXPECT_EQ(LimitOf(refused)->limit, "open_calls_per_user");
  EXPECT_THAT(Message(refused), HasSubstr("ada"));
  OpenOne(calls, "bob");
  EXPECT_EQ(LimitOf(calls.Open("eve", [] {}).status())->limit, "open_calls");
  calls.Close(first);
  calls.Close(first);
  EXPECT_EQ(calls.count(), 2);
  OpenOne(calls, "ada");
}

// S3: whatever its size will be, a request is read only when there is room for the largest.
TEST(OpenCallsTest, RequestsAreReadWhenThereIsRoomAndUsersTakeTurns) {
  OpenCalls calls(SmallOptions());
  std::vector<std::string> going;
  const auto read = [&](const std::string& name) {
    const OpenCalls::CallId id = OpenOne(calls, name.substr(0, 3));
    calls.StartReading(id, [&going, name] { going.push_back(name); });
    return id;
  };
  // A user has a quarter.
  const OpenCalls::CallId ada1 = read("ada1");
  const OpenCalls::CallId ada2 = read("ada2");
  read("ada3");
  const OpenCalls::CallId bob1 = read("bob1");
  EXPECT_THAT(going, ElementsAre("ada1", "bob1"));
  // What has been read takes its own size.
  going.clear();
  calls.OnRead(ada1, 10);
  EXPECT_THAT(going, IsEmpty());
  calls.OnHandled(ada1);
  EXPECT_THAT(going, ElementsAre("ada2"));
  // One that leaves makes room, whether it was being read or waited.
  going.clear();
  calls.Close(ada2);
  EXPECT_THAT(going, ElementsAre("ada3"));
  read("cat1");
  read("dan1");
  const OpenCalls::CallId eve1 = read("eve1");
  const OpenCalls::CallId fay1 = read("fay1");
  EXPECT_THAT(going, ElementsAre("ada3", "cat1", "dan1"));
  calls.Close(eve1);
  calls.Close(bob1);
  EXPECT_THAT(going, ElementsAre("ada3", "cat1", "dan1", "fay1"));
  calls.Close(fay1);
}

// S2, S4: clients that send their requests by drips.
TEST(OpenCallsTest, SlowRequestsOfAFewUsersHoldUpNobodyElse) {
  OpenCalls::Options options = SmallOptions();
  options.most_request_bytes = 16 * kLargest;
  OpenCalls calls(options);
  int reading = 0;
  const auto read = [&](const std::string& user) {
    calls.StartReading(OpenOne(calls, user), [&reading] { ++reading; });
  };
  for (const char* const user : {"ada", "bob", "cat", "dan"}) {
    for (int i = 0; i < 20; ++i) read(user);
  }
  const int before = reading;
  read("eve");
  EXPECT_EQ(reading, before + 1);
}

TEST(OpenCallsTest, SlowRequestsAreGivenUpSoonWhenOthersWaitForTheirRoom) {
  std::atomic<OpenCalls::Clock::rep> now{0};
  OpenCalls::Options options = SmallOptions();
  options.most_request_bytes = kLargest;
  options.check_interval = std::chrono::milliseconds(1);
  options.clock = [&now] { return OpenCalls::Clock::time_point(OpenCalls::Clock::duration(now.load())); };
  Mutex mutex;
  CondVar changed;
  bool cancelled = false;
  OpenCalls calls(options);
  const OpenCalls::CallId slow = calls
                                     .Open("ada",
                                           [&] {
                                             MutexLock lock(&mutex);
                                             cancelled = true;
                                             changed.SignalAll();
                                           })
                                     .value();
  calls.StartReading(slow, [] {});
  bool is_read = false;
  calls.StartReading(OpenOne(calls, "bob"), [&is_read] { is_read = true; });
  EXPECT_FALSE(is_read);
  now = OpenCalls::Clock::duration(options.pressed_read_timeout).count();
  {
    MutexLock lock(&mutex);
    while (!cancelled) changed.Wait(mutex);
  }
  calls.Close(slow);
  EXPECT_TRUE(is_read);
}

// S2: replies that nobody takes.
TEST(OpenCallsTest, UntakenRepliesOfAUserAreBounded) {
  OpenCalls calls(SmallOptions());
  const OpenCalls::CallId first = OpenOne(calls, "ada");
  EXPECT_EQ(calls.StartReply(first, 1500), absl::OkStatus()) << "one reply is always sent";
  const OpenCalls::CallId second = OpenOne(calls, "ada");
  const absl::Status refused = calls.StartReply(second, 1);
  ASSERT_TRUE(LimitOf(refused).has_value()) << refused;
  EXPECT_EQ(LimitOf(refused)->limit, "reply_memory");
  EXPECT_LT(LimitOf(refused)->retry_after, absl::InfiniteDuration());
  EXPECT_EQ(calls.StartReply(OpenOne(calls, "bob"), 900), absl::OkStatus());
  calls.Close(first);
  EXPECT_EQ(calls.StartReply(second, 900), absl::OkStatus());
}

TEST(OpenCallsTest, CallsOfSlowClientsAreGivenUp) {
  std::atomic<OpenCalls::Clock::rep> now{0};
  OpenCalls::Options options = SmallOptions();
  options.most_request_bytes = kLargest;
  options.check_interval = std::chrono::milliseconds(1);
  options.clock = [&now] { return OpenCalls::Clock::time_point(OpenCalls::Clock::duration(now.load())); };
  Mutex mutex;
  CondVar changed;
  std::vector<std::string> cancelled;
  OpenCalls calls(options);
  const auto open = [&](const std::string& name) {
    return calls
        .Open(name,
              [&, name] {
                MutexLock lock(&mutex);
                cancelled.push_back(name);
                changed.SignalAll();
              })
        .value();
  };
  const auto await = [&](std::size_t count) {
    MutexLock lock(&mutex);
    while (cancelled.size() < count) changed.Wait(mutex);
  };
  const OpenCalls::CallId reader = open("reader");
  calls.StartReading(reader, [] {});
  // Who waits for room is not late.
  const OpenCalls::CallId queued = open("queued");
  calls.StartReading(queued, [] {});
  now = std::chrono::nanoseconds(std::chrono::seconds(31)).count();
  await(1);
  calls.Close(reader);
  // Neither is one whose work takes long.
  calls.OnRead(queued, 10);
  now = std::chrono::nanoseconds(std::chrono::hours(1)).count();
  EXPECT_EQ(calls.StartReply(queued, 10), absl::OkStatus());
  calls.OnHandled(queued);
  now = std::chrono::nanoseconds(std::chrono::hours(2)).count();
  await(2);
  EXPECT_THAT(cancelled, ElementsAre("reader", "queued"));
  EXPECT_EQ(calls.given_up(), 2);
}

}  // namespace
}  // namespace oneloop
