#include "common/base/log_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

class LogWriterTest : public testing::Test {
 protected:
  LogWriterTest() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(pipe(ends_.data()), 0);
  }
  // A writer's thread, which nobody waits for, may still use the other end: it stays open until the program ends.
  ~LogWriterTest() override { CloseReader(); }

  LogWriter::Options Options() const {
    LogWriter::Options options;
    options.descriptor = ends_[1];
    options.max_queued_bytes = 1000;
    options.notice = [](std::int64_t dropped) { return absl::StrCat("[", dropped, " dropped]\n"); };
    return options;
  }
  // Nothing more goes into the pipe until it is read from.
  void FillPipe() const {
    const std::string text(4096, 'p');
    ASSERT_EQ(fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends_[1], text.data(), text.size()) > 0) {
    }
    ASSERT_EQ(fcntl(ends_[1], F_SETFL, 0), 0);
  }
  static void FillQueue(LogWriter* log) {
    while (log->dropped() == 0) log->Write(std::string(99, 'x') + "\n");
  }
  std::string ReadSome() const {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(ends_[0], text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

  std::array<int, 2> ends_{};
};

TEST_F(LogWriterTest, LinesComeInOrder) {
  LogWriter log(Options());
  for (const char* line : {"a\n", "b\n", "c\n"}) log.Write(line);
  EXPECT_TRUE(log.Flush(absl::InfiniteDuration()));
  EXPECT_EQ(ReadSome(), "a\nb\nc\n");
  EXPECT_EQ(log.dropped(), 0);
}

TEST_F(LogWriterTest, NobodyWaitsForAReaderThatHasStopped) {
  FillPipe();
  LogWriter log(Options());
  FillQueue(&log);
  for (int i = 0; i < 50; ++i) log.Write(std::string(99, 'x') + "\n");
  // One line may have been taken for writing since the queue was full.
  EXPECT_GE(log.dropped(), 50);
  EXPECT_FALSE(log.Flush(absl::Milliseconds(1)));
}

TEST_F(LogWriterTest, WhatWasDroppedIsSaidInTheNextLine) {
  FillPipe();
  LogWriter log(Options());
  FillQueue(&log);
  std::string seen = ReadSome();
  while (!log.Flush(absl::Milliseconds(1))) seen += ReadSome();
  log.Write("again\n");
  ASSERT_TRUE(log.Flush(absl::InfiniteDuration()));
  seen += ReadSome();
  EXPECT_THAT(seen, HasSubstr(absl::StrCat("[", log.dropped(), " dropped]\n")));
  EXPECT_THAT(seen, HasSubstr("again\n"));
}

TEST_F(LogWriterTest, ReaderThatHasLeftCostsLinesOnly) {
  LogWriter log(Options());
  CloseReader();
  for (int i = 0; i < 3; ++i) log.Write("line\n");
  EXPECT_TRUE(log.Flush(absl::InfiniteDuration()));
  EXPECT_EQ(log.dropped(), 3);
}

TEST_F(LogWriterTest, DescriptorThatDoesNotWaitGetsWholeLines) {
  ASSERT_EQ(fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
  LogWriter::Options options = Options();
  options.max_queued_bytes = 1 << 20;
  LogWriter log(options);
  const std::string line = std::string(200000, 'x') + "\n";
  log.Write(line);
  std::string seen;
  while (seen.size() < line.size()) seen += ReadSome();
  EXPECT_EQ(seen, line);
}

TEST_F(LogWriterTest, DestructionDoesNotWaitForTheReader) {
  FillPipe();
  LogWriter log(Options());
  FillQueue(&log);
}

}  // namespace
}  // namespace oneloop
