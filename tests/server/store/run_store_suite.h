#ifndef ONELOOP_TESTS_SERVER_STORE_RUN_STORE_SUITE_H_
#define ONELOOP_TESTS_SERVER_STORE_RUN_STORE_SUITE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "server/store/run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {

// An implementation of RunStore under test.
struct StoreKind {
  struct Options {
    std::string directory;  // empty, for this store alone
    std::function<absl::Time()> clock;
    std::int64_t max_queued_rows = 65536;
  };
  std::string name;
  std::function<std::unique_ptr<RunStore>(const Options&)> create;
};
inline void PrintTo(const StoreKind& kind, std::ostream* os) { *os << kind.name; }

// What every RunStore promises. Instantiate it with INSTANTIATE_TEST_SUITE_P over StoreKind.
class RunStoreSuite : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { Open(65536); }

  void Open(std::int64_t max_queued_rows) {
    store_ = nullptr;
    directories_.push_back(std::make_unique<TempDirectory>());
    store_ = GetParam().create({directories_.back()->path(), [this] { return clock_.Now(); }, max_queued_rows});
    ASSERT_NE(store_, nullptr);
  }

  JobRecord CreateJob(const NewJob& job) {
    const auto result = store_->CreateJob(job);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->record : JobRecord{};
  }
  JobRecord CreateJob(int num_starts) { return CreateJob(TestJob(num_starts)); }

  JobRecord GetJob(std::int64_t id) {
    const auto job = store_->GetJob(id);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? *job : JobRecord{};
  }

  // From any state that is not final.
  JobRecord Move(std::int64_t id, JobState to, const std::string& message = "") {
    const auto job =
        store_->SetJobState(id, {JobState::kPending, JobState::kRunning, JobState::kPaused}, to, message, {});
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? *job : JobRecord{};
  }

  FakeClock clock_;
  std::vector<std::unique_ptr<TempDirectory>> directories_;
  std::unique_ptr<RunStore> store_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_RUN_STORE_SUITE_H_
