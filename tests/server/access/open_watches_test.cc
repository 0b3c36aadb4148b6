#include "server/access/open_watches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <string>
#include <vector>

#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

Caller CallerOf(const std::string& user, const std::string& token_id) {
  return {user, Scope::kViewer, {"p"}, token_id};
}

void Ignore(const absl::Status&) {}

class OpenWatchesTest : public testing::Test {
 protected:
  OpenWatches::Options WatchOptions() {
    OpenWatches::Options options;
    options.max_per_user = 2;
    options.check_interval = absl::Milliseconds(1);
    options.check_token = [this](const std::string& id, absl::Time) {
      MutexLock lock(&mutex_);
      return revoked_.count(id) == 0 ? absl::OkStatus() : absl::UnauthenticatedError("revoked " + id);
    };
    return options;
  }
  void Revoke(const std::string& id) {
    MutexLock lock(&mutex_);
    revoked_.insert(id);
  }
  Mutex mutex_;
  std::set<std::string> revoked_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(OpenWatchesTest, EachUserHasSoManyAtATime) {
  OpenWatches watches(WatchOptions());
  const std::int64_t first = watches.Add(CallerOf("ada", "1"), Ignore).value();
  ASSERT_TRUE(watches.Add(CallerOf("ada", "2"), Ignore).ok());
  const absl::Status refused = watches.Add(CallerOf("ada", "1"), Ignore).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(refused), HasSubstr("at most 2"));
  EXPECT_EQ(LimitOf(refused)->limit, "max_watches_per_user");
  EXPECT_TRUE(watches.Add(CallerOf("eve", "3"), Ignore).ok());
  watches.Remove(first);
  watches.Remove(first);
  EXPECT_TRUE(watches.Add(CallerOf("ada", "1"), Ignore).ok());
  EXPECT_FALSE(watches.Add(CallerOf("ada", "1"), Ignore).ok());
}

TEST_F(OpenWatchesTest, WatchEndsWithItsTokenAndOthersGoOn) {
  std::promise<absl::Status> ended;
  OpenWatches watches(WatchOptions());
  bool other_ended = false;
  ASSERT_TRUE(watches.Add(CallerOf("eve", "2"), [&](const absl::Status&) { other_ended = true; }).ok());
  ASSERT_TRUE(watches.Add(LocalCaller("local"), [&](const absl::Status&) { other_ended = true; }).ok());
  std::int64_t id = 0;
  id = watches
           .Add(CallerOf("ada", "1"),
                [&](const absl::Status& reason) {
                  watches.Remove(id);
                  ended.set_value(reason);
                })
           .value();
  Revoke("1");
  EXPECT_EQ(Message(ended.get_future().get()), "revoked 1");
  EXPECT_FALSE(other_ended);
}

}  // namespace
}  // namespace oneloop
