// kill -9 at random moments: a child process appends and reports every acknowledgement through a pipe, the parent
// kills it after a random number of them and looks at what is left.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kStarts = 3;
constexpr int kRounds = 20;

// One acknowledgement: short enough for the pipe to pass it whole.
struct Acknowledgement {
  std::int64_t start;
  std::int64_t points;  // of this start, committed
};

std::unique_ptr<RunStore> TryOpenStore(const std::string& directory) {
  SqliteRunStore::Options options;
  options.data_dir = directory;
  // So that a round adds hundreds of points and not tens of thousands, which are all compared in pairs.
  options.max_queued_rows = 400;
  auto store = SqliteRunStore::Create(options);
  return store.ok() ? *std::move(store) : nullptr;
}

// Appends to every start until it is killed, some batches replayed as after a restart. Never returns.
[[noreturn]] void AppendUntilKilled(const std::string& directory, std::int64_t job_id, std::uint64_t seed, int pipe) {
  const std::unique_ptr<RunStore> store = TryOpenStore(directory);
  if (store == nullptr) _exit(1);
  Random random(seed);
  const auto starts = store->ListStarts(job_id);
  if (!starts.ok()) _exit(2);
  std::array<std::int64_t, kStarts> next = {};
  for (const StartRecord& start : *starts) {
    next.at(static_cast<std::size_t>(start.start)) = std::max<std::int64_t>(0, start.points - 25);
  }
  for (;;) {
    const int start = static_cast<int>(random.Below(kStarts));
    const auto count = static_cast<std::int64_t>(1 + random.Below(60));
    std::int64_t& first = next.at(static_cast<std::size_t>(start));
    const Acknowledgement acknowledgement = {start, first + count};
    store->AppendPoints(TestBatch(job_id, start, first, count), [pipe, acknowledgement](const absl::Status& status) {
      if (!status.ok() || write(pipe, &acknowledgement, sizeof(acknowledgement)) < 0) _exit(3);
    });
    first += count;
  }
}

// Points acknowledged per start until the child was killed, which happens after `kill_after` acknowledgements.
std::array<std::int64_t, kStarts> RunAndKill(const std::string& directory, std::int64_t job_id, std::uint64_t seed,
                                             std::int64_t kill_after) {
  std::array<std::int64_t, kStarts> acknowledged = {};
  std::array<int, 2> ends = {};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    AppendUntilKilled(directory, job_id, seed, ends[1]);
  }
  close(ends[1]);
  Acknowledgement one = {};
  std::int64_t count = 0;
  // What the child still wrote between the order to kill it and its end counts too.
  while (read(ends[0], &one, sizeof(one)) == sizeof(one)) {
    std::int64_t& points = acknowledged.at(static_cast<std::size_t>(one.start));
    points = std::max(points, one.points);
    if (++count == kill_after) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
  return acknowledged;
}

TEST(SqliteCrashTest, NoAcknowledgedPointIsLostOrDoubledWhenTheProcessIsKilled) {
  TempDirectory directory;
  std::int64_t job_id = 0;
  {
    const std::unique_ptr<RunStore> store = TryOpenStore(directory.path());
    ASSERT_NE(store, nullptr);
    const auto job = store->CreateJob(TestJob(kStarts));
    ASSERT_TRUE(job.ok());
    job_id = job->record.id;
  }
  Random random(7);
  for (int round = 0; round < kRounds; ++round) {
    const auto kill_after = static_cast<std::int64_t>(1 + random.Below(40));
    const auto acknowledged = RunAndKill(directory.path(), job_id, random.Next(), kill_after);
    const std::unique_ptr<RunStore> store = TryOpenStore(directory.path());
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(IntegrityCheck(directory.path() + "/oneloop.db"), "ok");
    const auto starts = store->ListStarts(job_id);
    ASSERT_TRUE(starts.ok()) << starts.status();
    for (const StartRecord& start : *starts) {
      EXPECT_GE(start.points, acknowledged.at(static_cast<std::size_t>(start.start))) << "round " << round;
    }
    ExpectConsistent(*store, job_id);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

}  // namespace
}  // namespace oneloop
