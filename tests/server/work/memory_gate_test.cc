#include "server/work/memory_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>

#include "absl/status/status.h"

namespace oneloop {
namespace {

TEST(MemoryGateTest, OutOfMemoryIsAnErrorAndFreesTheShare) {
  MemoryGate gate(1000);
  const auto stop = [] { return false; };
  const absl::Status status = gate.Run(600, stop, [] { throw std::bad_alloc(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_EQ(gate.bytes_in_use(), 0);
  EXPECT_TRUE(gate.Run(600, stop, [&gate] { EXPECT_EQ(gate.bytes_in_use(), 600); }).ok());
}

TEST(MemoryGateTest, WhatAloneIsTooLargeRunsAlone) {
  MemoryGate gate(1000);
  const auto stop = [] { return false; };
  bool ran = false;
  EXPECT_TRUE(gate.Run(5000, stop, [&ran] { ran = true; }).ok());
  EXPECT_TRUE(ran);
}

TEST(MemoryGateTest, WorkThatDoesNotFitWaitsUntilOtherWorkEnds) {
  MemoryGate gate(1000);
  const auto stop = [] { return false; };
  std::atomic<bool> first_is_over = false;
  std::atomic<bool> second_saw_it = false;
  std::thread second;
  EXPECT_TRUE(gate.Run(600, stop,
                       [&] {
                         second = std::thread([&] {
                           EXPECT_TRUE(gate.Run(600, stop, [&] { second_saw_it = first_is_over.load(); }).ok());
                         });
                         EXPECT_TRUE(gate.Run(400, stop, [] {}).ok());
                         first_is_over = true;
                       })
                  .ok());
  second.join();
  EXPECT_TRUE(second_saw_it);
}

TEST(MemoryGateTest, WaitingWorkObeysAStop) {
  MemoryGate gate(1000);
  const auto go_on = [] { return false; };
  const auto stop = [] { return true; };
  EXPECT_TRUE(gate.Run(600, go_on,
                       [&] {
                         bool ran = false;
                         EXPECT_TRUE(gate.Run(600, stop, [&ran] { ran = true; }).ok());
                         EXPECT_FALSE(ran);
                       })
                  .ok());
}

}  // namespace
}  // namespace oneloop
