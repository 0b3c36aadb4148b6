// The program itself, as a process: standard streams, signals, exit codes.

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"
#include "tests/client/process.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

class BinaryTest : public ::testing::Test {
 protected:
  BinaryTest() { setenv("ONELOOP_SERVER", daemon_.address().c_str(), 1); }
  FakeDaemon daemon_;
};

TEST_F(BinaryTest, TalksToTheDaemonOverItsSocket) {
  daemon_.get_job = [](const v1::GetJobRequest&) { return MakeJob(12, v1::RUNNING, 250); };
  const ProcessResult result = RunShell("$ONELOOP get 12");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("state     RUNNING"));
}

TEST_F(BinaryTest, PrintsErrorsOnStandardErrorOnly) {
  EXPECT_EQ(RunShell("$ONELOOP get nonsense 2>/dev/null").out, "");
  const ProcessResult result = RunShell("$ONELOOP get nonsense 2>&1 >/dev/null");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, ::testing::StartsWith("oneloop: 'nonsense' is no job"));
}

TEST_F(BinaryTest, EndsQuietlyWhenTheReaderHasSeenEnough) {
  std::atomic<int> pages = 0;
  daemon_.list_points = [&](const v1::ListPointsRequest&) {
    v1::ListPointsResponse response;
    for (int i = 0; i < 2000; ++i) *response.add_points() = MakePoint(i, 1, 1);
    if (++pages < 10000) response.set_next_page_token("more");
    return response;
  };
  const ProcessResult result =
      RunShell("exec 3>&1; { $ONELOOP points 12 --format csv 2>&3; echo code $? >&3; } | head -1 >/dev/null");
  EXPECT_EQ(result.out, "code 0\n");
  EXPECT_LT(pages, 10000);
}

TEST_F(BinaryTest, SaysWhenTheOutputCannotBeWritten) {
  const ProcessResult result = RunShell("$ONELOOP help 2>&1 >/dev/full");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "oneloop: the output cannot be written: No space left on device\n");
}

TEST_F(BinaryTest, CtrlCEndsTheWatchOnly) {
  daemon_.watch = [](const v1::WatchRequest&, const FakeDaemon::Send& send) {
    v1::WatchResponse message;
    message.set_resume_revision(20);
    *message.mutable_job() = MakeJob(12, v1::RUNNING, 250);
    while (send(message)) {
    }
    return absl::OkStatus();
  };
  ChildProcess client({BuiltProgram("oneloop"), "watch", "12"}, /*merge_errors=*/true);
  // The first line shows that the watch has begun.
  EXPECT_THAT(client.ReadLine(), HasSubstr("revision 20  RUNNING"));
  client.Signal(SIGINT);
  EXPECT_THAT(client.ReadToEnd(),
              HasSubstr("the job goes on; see it with `oneloop watch projects/default/jobs/12 --from 20`"));
  EXPECT_EQ(client.Wait(), 130);
}

}  // namespace
}  // namespace oneloop
