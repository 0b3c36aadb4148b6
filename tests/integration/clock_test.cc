// The wall clock is set while a daemon works: what waits and measures does not notice. Needs libfaketime, which sets
// the clock of one process.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/integration/daemon.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

std::optional<std::string> FindFaketime() {
  std::error_code error;
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib", error)) {
    const std::filesystem::path library = folder.path() / "faketime/libfaketime.so.1";
    if (std::filesystem::exists(library, error)) return library.string();
  }
  return std::nullopt;
}

// Moves the daemon's wall clock away from this process's.
void SetClock(const std::string& file, const std::string& offset) {
  std::ofstream(file + ".new") << offset << '\n';
  std::filesystem::rename(file + ".new", file);
}

std::string SubmitEndlessJob(Daemon& daemon) {
  grpc::ClientContext context;
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.mutable_spec()->set_workload_name("alexnet");
  request.mutable_spec()->set_template_name("gemmini");
  request.mutable_spec()->set_starts(1000);
  request.mutable_spec()->set_steps(8000);
  v1::Job job;
  const grpc::Status status = daemon.stub().CreateJob(&context, request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job.name();
}

TEST(ClockTest, WatchGoesOnWhenTheWallClockIsSetBackAndForward) {
  const std::optional<std::string> faketime = FindFaketime();
  if (!faketime.has_value()) GTEST_SKIP() << "libfaketime is not installed";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "no other library may come before a sanitizer's";
#endif
  const TempDirectory directory;
  const std::string offset = directory.path() + "/offset";
  SetClock(offset, "+0");
  Daemon::Options options;
  options.environment = {"LD_PRELOAD=" + *faketime, "FAKETIME_TIMESTAMP_FILE=" + offset,
                         "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"};
  Daemon daemon(directory.path() + "/data", options);
  ASSERT_TRUE(daemon.serves());
  const std::string job = SubmitEndlessJob(daemon);

  grpc::ClientContext context;
  // Before the clock is set back by more than this.
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  v1::WatchRequest request;
  request.set_name(job);
  const auto reader = daemon.stub().Watch(&context, request);
  v1::WatchResponse message;
  for (const char* setting : {"+0", "-3600", "+7200", "-60"}) {
    SetClock(offset, setting);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(reader->Read(&message)) << setting << ", message " << i;
  }
  grpc::ClientContext cancel_context;
  v1::CancelJobRequest cancel;
  cancel.set_name(job);
  v1::Job cancelled;
  EXPECT_TRUE(daemon.stub().CancelJob(&cancel_context, cancel, &cancelled).ok());
  while (reader->Read(&message)) {
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(message.job().state(), v1::CANCELLED);
  EXPECT_EQ(daemon.Stop(), 0);
}

}  // namespace
}  // namespace oneloop
