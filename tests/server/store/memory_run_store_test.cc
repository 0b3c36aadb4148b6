#include "tests/server/store/memory_run_store.h"

#include <utility>

#include "gtest/gtest.h"
#include "tests/server/store/run_store_suite.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, RunStoreSuite,
                         ::testing::Values(StoreKind{"Memory", [](const StoreKind::Options& options) {
                                                       WriteQueue::Options queue;
                                                       queue.max_queued_rows = options.max_queued_rows;
                                                       return std::make_unique<MemoryRunStore>(options.clock, queue);
                                                     }}));

TEST(MemoryRunStoreTest, WriteErrorFailsEveryWriteUntilItIsCleared) {
  MemoryRunStore store;
  const auto job = store.CreateJob(TestJob(1));
  ASSERT_TRUE(job.ok());
  const std::int64_t id = job->record.id;
  store.SetWriteError(absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(store.CreateJob(TestJob(1)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Append(store, TestBatch(id, 0, 0, 5)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store.revision(), 1);
  store.SetWriteError(absl::OkStatus());
  EXPECT_EQ(Append(store, TestBatch(id, 0, 0, 5)), absl::OkStatus());
  ExpectConsistent(store, id);
}

}  // namespace
}  // namespace oneloop
