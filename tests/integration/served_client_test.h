#ifndef ONELOOP_TESTS_INTEGRATION_SERVED_CLIENT_TEST_H_
#define ONELOOP_TESTS_INTEGRATION_SERVED_CLIENT_TEST_H_

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/client/process.h"

namespace oneloop {

// A message that the client printed as JSON.
template <class Message>
Message FromJson(const std::string& json) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json.substr(0, 400);
  return message;
}

// One daemon, with a data directory of its own, serves the client in all tests: a test finds its own jobs by their
// names.
class ServedClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = "/tmp/oneloop_served_XXXXXX";
    folder_ = new std::string(mkdtemp(pattern.data()));
    daemon_ = new ChildProcess({BuiltProgram("oneloopd"), "--data_dir", Path("data")}, /*merge_errors=*/false);
    ASSERT_THAT(daemon_->ReadLine(), ::testing::HasSubstr("listening on"));
    setenv("ONELOOP_SERVER", ("unix:" + Path("data/oneloop.sock")).c_str(), 1);
  }
  static void TearDownTestSuite() {
    daemon_->Signal(SIGTERM);
    EXPECT_EQ(daemon_->Wait(), 0);
    delete daemon_;
    std::filesystem::remove_all(*folder_);
    delete folder_;
  }

  // In the folder of the test program, beside the data directory.
  static std::string Path(const std::string& name) { return *folder_ + "/" + name; }

  static ProcessResult Run(const std::string& arguments) { return RunShell("$ONELOOP " + arguments); }
  // Standard output and standard error together.
  static ProcessResult RunMerged(const std::string& arguments) { return RunShell("$ONELOOP " + arguments + " 2>&1"); }

  inline static std::string* folder_ = nullptr;
  inline static ChildProcess* daemon_ = nullptr;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_INTEGRATION_SERVED_CLIENT_TEST_H_
