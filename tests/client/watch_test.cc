#include <algorithm>
#include <string>

#include "absl/strings/str_split.h"
#include "common/base/limit_error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::WatchResponse Message(int revision, v1::JobState state, int samples) {
  v1::WatchResponse message;
  message.set_resume_revision(revision);
  *message.mutable_job() = MakeJob(12, state, samples);
  return message;
}

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() : client_(daemon_.address()) {
    daemon_.get_job = [](const v1::GetJobRequest&) { return MakeJob(12, v1::RUNNING, 0); };
  }

  // Answers the first Watch call with scripts[0], and so on.
  using Script = std::function<absl::Status(const FakeDaemon::Send&)>;
  void Play(std::vector<Script> scripts) {
    daemon_.watch = [this, scripts = std::move(scripts)](const v1::WatchRequest& request,
                                                         const FakeDaemon::Send& send) -> absl::Status {
      start_revisions_.push_back(request.start_revision());
      if (start_revisions_.size() > scripts.size()) return absl::UnavailableError("going down");
      return scripts[start_revisions_.size() - 1](send);
    };
  }

  static absl::Status Finish(const FakeDaemon::Send& send) {
    v1::WatchResponse message = Message(31, v1::SUCCEEDED, 1000);
    message.add_state_changes()->set_state(v1::SUCCEEDED);
    send(message);
    return absl::OkStatus();
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  std::vector<std::int64_t> start_revisions_;
};

TEST_F(WatchTest, PrintsALinePerMessage) {
  Play({[](const FakeDaemon::Send& send) {
    v1::WatchResponse snapshot = Message(20, v1::RUNNING, 250);
    snapshot.set_snapshot(true);
    *snapshot.add_front_entered() = MakePoint(1, 2, 3);
    send(snapshot);
    v1::WatchResponse change = Message(30, v1::RUNNING, 500);
    *change.add_front_entered() = MakePoint(4, 1, 3);
    *change.add_front_entered() = MakePoint(5, 3, 1);
    change.add_front_left(1);
    *change.mutable_job()->mutable_best() = MakePoint(4, 1, 3);
    change.mutable_job()->mutable_progress()->set_front_size(2);
    *change.mutable_job()->mutable_certificate() = MakeCertificate(2.9, 0.0345);
    send(change);
    return Finish(send);
  }});
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out,
            "revision 20  RUNNING  250/1,000 samples  0 points  front 0  best EDP -\n"
            "revision 30  RUNNING  500/1,000 samples  0 points  front 2 (+2 -1)  best EDP 3, gap 3.5 %\n"
            "revision 31  SUCCEEDED  1,000/1,000 samples  0 points  front 0  best EDP -\n");
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(start_revisions_, ElementsAre(0));
}

TEST_F(WatchTest, IdleJobPrintsNoLineAgain) {
  for (const std::string format : {"table", "json", "csv"}) {
    Play({[](const FakeDaemon::Send& send) {
      for (const int samples : {250, 250, 250, 500, 500}) send(Message(20 + samples, v1::RUNNING, samples));
      return Finish(send);
    }});
    start_revisions_.clear();
    const auto result = client_.Run({"watch", "12", "--format", format});
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), format == "csv" ? 4 : 3) << result.out;
  }
}

TEST_F(WatchTest, PrintsEachMessageAsOneLineOfJson) {
  Play({Finish});
  const auto result = client_.Run({"watch", "12", "--from", "20", "--format", "json"});
  EXPECT_THAT(result.out, AllOf(StartsWith("{\"resume_revision\":\"31\",\"state_changes\":[{\"state\":\"SUCCEEDED\""),
                                ::testing::EndsWith("}\n")));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1);
  EXPECT_THAT(start_revisions_, ElementsAre(20));
}

TEST_F(WatchTest, TakesUpALostConnectionWhereItBroke) {
  Play({[](const FakeDaemon::Send& send) {
          send(Message(20, v1::RUNNING, 250));
          return absl::UnavailableError("going down");
        },
        [](const FakeDaemon::Send&) { return absl::UnavailableError("going down"); },
        [](const FakeDaemon::Send& send) {
          send(Message(25, v1::RUNNING, 300));
          return absl::CancelledError("shutting down");
        },
        Finish});
  const auto result = client_.Run({"watch", "12", "--format", "csv"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 4);
  EXPECT_THAT(start_revisions_, ElementsAre(0, 20, 20, 25));
  EXPECT_GT(client_.slept, absl::ZeroDuration());
  EXPECT_LE(client_.slept, absl::Milliseconds(100 + 200 + 100));
}

TEST_F(WatchTest, SaysThatTheDaemonIsGoneAndThatItIsBack) {
  std::vector<Script> scripts(45, [](const FakeDaemon::Send&) { return absl::UnavailableError("going down"); });
  scripts[0] = [](const FakeDaemon::Send& send) {
    send(Message(20, v1::RUNNING, 250));
    return absl::UnavailableError("going down");
  };
  scripts.back() = Finish;
  Play(scripts);
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::vector<std::string> lines = absl::StrSplit(result.err, '\n');
  ASSERT_GE(lines.size(), 3u) << result.err;
  EXPECT_THAT(lines[0], AllOf(HasSubstr("oneloop: the daemon at unix:"), HasSubstr("is gone (")));
  EXPECT_THAT(lines[1], AllOf(HasSubstr("is still gone ("))) << "after half a minute";
  EXPECT_THAT(lines[2], HasSubstr("is back"));
  EXPECT_EQ(lines.size(), 4u) << result.err;
}

TEST_F(WatchTest, WaitsForABusyDaemonAsLongAsItAsks) {
  const auto busy = [](const FakeDaemon::Send&) { return LimitError("watches", "1,000 are open", absl::Seconds(20)); };
  Play({busy, busy, busy, busy, busy, Finish});
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_GE(client_.slept, absl::Seconds(100));
  EXPECT_THAT(result.err, HasSubstr("the daemon is busy (limit watches"));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << "told once";
}

TEST_F(WatchTest, SeesTheEndOfAJobThatABusyDaemonDoesNotLetItWatch) {
  daemon_.get_job = [](const v1::GetJobRequest&) { return MakeJob(12, v1::SUCCEEDED, 1000); };
  Play({[](const FakeDaemon::Send&) { return LimitError("watches", "1,000 are open", absl::Seconds(20)); }});
  EXPECT_EQ(client_.Run({"watch", "12"}).code, ExitCode::kOk);
}

TEST_F(WatchTest, GoesOnAfterAStreamThatEndsBeforeTheJob) {
  Play({[](const FakeDaemon::Send& send) {
          send(Message(20, v1::RUNNING, 250));
          return absl::OkStatus();
        },
        Finish});
  EXPECT_EQ(client_.Run({"watch", "12"}).code, ExitCode::kOk);
  EXPECT_THAT(start_revisions_, ElementsAre(0, 20));
}

TEST_F(WatchTest, OfAJobThatWasOverBeforeEndsAtOnce) {
  daemon_.get_job = [](const v1::GetJobRequest&) { return MakeJob(12, v1::CANCELLED, 10); };
  Play({[](const FakeDaemon::Send&) { return absl::OkStatus(); }});
  const auto result = client_.Run({"watch", "12", "--from", "31"});
  EXPECT_EQ(result.code, ExitCode::kJobFailed);
  EXPECT_EQ(result.out, "");
}

TEST_F(WatchTest, GivesUpAfterAMinuteOfSilenceAndSaysHowToGoOn) {
  Play({[](const FakeDaemon::Send& send) {
    send(Message(20, v1::RUNNING, 250));
    return absl::UnavailableError("going down");
  }});
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, AllOf(HasSubstr("is not available: going down"),
                                HasSubstr("go on with `oneloop watch projects/default/jobs/12 --from 20`")));
  EXPECT_GT(client_.slept, absl::Minutes(1));
  EXPECT_LT(client_.slept, absl::Minutes(2));
}

TEST_F(WatchTest, DoesNotWaitForADaemonThatIsNotThere) {
  daemon_.Stop();
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_EQ(client_.slept, absl::ZeroDuration());
}

TEST_F(WatchTest, ReportsErrorsThatWillNotPass) {
  Play({[](const FakeDaemon::Send&) { return absl::NotFoundError("there is no job 12"); }});
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kNotFound);
  EXPECT_EQ(result.err, "oneloop: there is no job 12\n");
  EXPECT_EQ(client_.Run({"watch", "12", "--from", "-3"}).code, ExitCode::kUsage);
}

TEST_F(WatchTest, InterruptLeavesTheJobRunningAndSaysSo) {
  std::atomic<bool> gone = false;
  Play({[&](const FakeDaemon::Send& send) {
    send(Message(20, v1::RUNNING, 250));
    // The second message is read at the earliest after the interrupt; the stream must not be waited for.
    while (send(Message(21, v1::RUNNING, 260))) {
    }
    gone = true;
    return absl::OkStatus();
  }});
  int polls = 0;
  client_.interrupted = [&] { return ++polls > 3; };
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.code, ExitCode::kInterrupted);
  EXPECT_THAT(result.err, AllOf(HasSubstr("the job goes on"), HasSubstr("oneloop cancel projects/default/jobs/12")));
  daemon_.Stop();
  EXPECT_TRUE(gone);
}

TEST_F(WatchTest, DrawsABarOnATerminal) {
  client_.terminal = true;
  Play({[](const FakeDaemon::Send& send) {
          send(Message(20, v1::RUNNING, 250));
          return absl::UnavailableError("going down");
        },
        Finish});
  const auto result = client_.Run({"watch", "12"});
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, AllOf(StartsWith("\rjob 12 running  [######----"), HasSubstr("\rthe daemon is away"),
                                HasSubstr("\rjob 12 succeeded  [########################] 100 %"),
                                ::testing::EndsWith("\x1b[K\n")));
}

}  // namespace
}  // namespace oneloop
