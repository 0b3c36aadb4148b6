// Hundreds of people, or a script in parallel, submit at the same moment: everybody's job is taken.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/client/process.h"
#include "tests/integration/daemon.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kProcesses = 500;

class SubmitBurstTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string DataDir() const { return directory_.path() + "/data"; }
  // For the client; the listener of the parameter.
  std::vector<std::string> ServerFlags() const {
    if (std::string(GetParam()) == "unix") return {"--server", "unix:" + DataDir() + "/oneloop.sock"};
    return {"--server", GetParam(), "--token_file", DataDir() + "/local.token"};
  }

  const TempDirectory directory_;
};

TEST_P(SubmitBurstTest, EverybodysJobIsTaken) {
  Daemon::Options options;
  options.flags = {"--listen", absl::StrCat("unix:", DataDir(), "/oneloop.sock")};
  if (std::string(GetParam()) != "unix") options.flags.insert(options.flags.end(), {"--listen", GetParam()});
  Daemon daemon(DataDir(), options);
  ASSERT_TRUE(daemon.serves());
  std::vector<std::string> command = {BuiltProgram("oneloop"),
                                      "submit",
                                      "--workload",
                                      "alexnet",
                                      "--template",
                                      "gemmini",
                                      "--starts",
                                      "1",
                                      "--steps",
                                      "1"};
  for (const std::string& flag : ServerFlags()) command.push_back(flag);
  std::vector<std::unique_ptr<ChildProcess>> processes;
  processes.reserve(kProcesses);
  for (int i = 0; i < kProcesses; ++i) processes.push_back(std::make_unique<ChildProcess>(command, true));
  std::set<std::string> jobs;
  int failed = 0;
  for (const auto& process : processes) {
    const std::string output = process->ReadToEnd();
    if (process->Wait() == 0) {
      jobs.insert(output.substr(output.find("projects/")));
    } else if (++failed <= 5) {
      ADD_FAILURE() << output;
    }
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(jobs.size(), static_cast<std::size_t>(kProcesses)) << "each is a job of its own";
  EXPECT_EQ(daemon.Stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Listeners, SubmitBurstTest, ::testing::Values("unix", "127.0.0.1:27077"),
                         [](const auto& listener) {
                           return std::string(listener.param) == "unix" ? "UnixSocket" : "Port";
                         });

}  // namespace
}  // namespace oneloop
