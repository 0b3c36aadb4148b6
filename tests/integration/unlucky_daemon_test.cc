// The daemon as a program, when what it writes to, or its data directory, is taken away.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "tests/client/process.h"
#include "tests/integration/daemon.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Has the standard error of children that are started during its life go into a pipe, which is read only when asked.
class ErrorPipe {
 public:
  ErrorPipe() : saved_(dup(STDERR_FILENO)) {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~ErrorPipe() {
    Restore();
    CloseReader();
  }
  ErrorPipe(const ErrorPipe&) = delete;
  ErrorPipe& operator=(const ErrorPipe&) = delete;

  // Of this process; the children keep the pipe.
  void Restore() {
    if (saved_ < 0) return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(ends_[1]);
    saved_ = -1;
  }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  int saved_;
  std::array<int, 2> ends_{};
};

class UnluckyDaemonTest : public testing::Test {
 protected:
  std::string DataDir() const { return directory_.path() + "/data"; }

  static grpc::Status Create(Daemon& daemon, bool validate_only = false) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    request.mutable_spec()->set_starts(1);
    request.mutable_spec()->set_steps(10);
    request.set_validate_only(validate_only);
    v1::Job job;
    return daemon.stub().CreateJob(&context, request, &job);
  }
  // A line of the log for each, more than a pipe holds.
  static void MakeManyCalls(Daemon& daemon) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(Create(daemon, /*validate_only=*/true).ok());
    }
  }

  const TempDirectory directory_;
};

TEST_F(UnluckyDaemonTest, ReaderOfStandardErrorThatLeavesDoesNotEndTheDaemon) {
  ErrorPipe errors;
  Daemon daemon(DataDir());
  errors.Restore();
  errors.CloseReader();
  ASSERT_TRUE(daemon.serves());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Create(daemon).ok());
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(UnluckyDaemonTest, ReaderOfStandardErrorThatStopsHoldsUpNobodyAndSigtermIsObeyed) {
  ErrorPipe errors;
  Daemon daemon(DataDir());
  errors.Restore();
  ASSERT_TRUE(daemon.serves());
  MakeManyCalls(daemon);
  EXPECT_TRUE(Create(daemon).ok());
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(UnluckyDaemonTest, RemovedDataDirectoryEndsTheDaemonAndNothingMoreIsAcknowledged) {
  Daemon daemon(DataDir());
  ASSERT_TRUE(daemon.serves());
  ASSERT_TRUE(Create(daemon).ok());
  std::filesystem::remove_all(DataDir());
  const grpc::Status status = Create(daemon);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(daemon.Await(), 1);
  EXPECT_FALSE(std::filesystem::exists(DataDir()));
}

TEST_F(UnluckyDaemonTest, DaemonOfAReplacedDirectoryLeavesTheNewOneAlone) {
  Daemon old_daemon(DataDir());
  ASSERT_TRUE(old_daemon.serves());
  // Connects, and gives the old one nothing to store by which it would notice before it is asked.
  ASSERT_TRUE(Create(old_daemon, /*validate_only=*/true).ok());
  std::filesystem::rename(DataDir(), directory_.path() + "/moved");
  Daemon new_daemon(DataDir());
  ASSERT_TRUE(new_daemon.serves());
  ASSERT_TRUE(Create(new_daemon).ok());
  // The old one's stub names the same socket, but is connected to the old one.
  EXPECT_FALSE(Create(old_daemon).ok());
  EXPECT_EQ(old_daemon.Await(), 1);
  EXPECT_TRUE(Create(new_daemon).ok());
  EXPECT_TRUE(std::filesystem::exists(DataDir() + "/oneloop.sock"));
  EXPECT_EQ(new_daemon.Stop(), 0);
  const std::string fsck = BuiltProgram("oneloopd") + " fsck --data_dir ";
  EXPECT_THAT(RunShell(fsck + DataDir()).out, HasSubstr("2 jobs"));
  EXPECT_EQ(RunShell(fsck + DataDir()).code, 0);
  EXPECT_EQ(RunShell(fsck + directory_.path() + "/moved").code, 0);
}

TEST_F(UnluckyDaemonTest, OutputThatCannotBeWrittenIsAFailure) {
  const std::string program = BuiltProgram("oneloopd") + " ";
  const std::string dir = " --data_dir " + directory_.path();
  ASSERT_EQ(RunShell(program + "token create --user ada" + dir).code, 0);
  for (const std::string& command : {std::string("--help"), std::string("--version"), "--print_config" + dir,
                                     std::string("token --help"), "token list" + dir}) {
    for (const char* output : {" >/dev/full", " >&-"}) {
      const ProcessResult result = RunShell(absl::StrCat("(", program, command, output, ") 2>&1"));
      EXPECT_EQ(result.code, 1) << command << output;
      EXPECT_THAT(result.out, HasSubstr("oneloopd: the output cannot be written")) << command << output;
    }
  }
}

TEST_F(UnluckyDaemonTest, TokenWhoseSecretIsLostIsRevoked) {
  const std::string program = BuiltProgram("oneloopd");
  const std::string dir = " --data_dir " + directory_.path();
  const ProcessResult full = RunShell("(" + program + " token create --user ada" + dir + " >/dev/full) 2>&1");
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.out, AllOf(HasSubstr("No space left on device"), HasSubstr("was revoked")));
  EXPECT_EQ(RunShell("(" + program + " token create --user ada" + dir + " >&-) 2>&1").code, 1);
  EXPECT_THAT(RunShell(program + " token list" + dir).out, Not(HasSubstr("ada")));
}

TEST_F(UnluckyDaemonTest, PrintConfigRefusesWhatAStartWouldRefuse) {
  const std::string program = BuiltProgram("oneloopd") + " --print_config --data_dir " + directory_.path();
  EXPECT_EQ(RunShell(program).code, 0);
  for (const char* flags : {" --metrics_listen 0.0.0.0:1", " --listen 0.0.0.0:7070",
                            " --listen 0.0.0.0:7070 --tls_cert /none.crt --tls_key /none.key", " --tls_cert /none.crt",
                            " --tls_client_ca /none.crt"}) {
    const ProcessResult result = RunShell("(" + program + flags + ") 2>/dev/null");
    EXPECT_EQ(result.code, 2) << flags;
    EXPECT_THAT(result.out, IsEmpty()) << flags;
  }
}

}  // namespace
}  // namespace oneloop
