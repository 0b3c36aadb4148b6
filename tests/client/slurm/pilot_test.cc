#include "client/slurm/pilot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace oneloop {
namespace {

// As squeue 22.05 prints them.
constexpr char kSqueue[] =
    "2|2|CANCELLED||0:00|UNLIMITED|8|PartitionConfig|job.sh|(null)\n"
    "3|3|FAILED||0:00|UNLIMITED|1|BadConstraints|job.sh|(null)\n"
    "7_1|7|PENDING||0:00|UNLIMITED|1|BeginTime|oneloop-worker|oneloop-worker box.example.org:7070\n"
    "7_0|7|RUNNING|node1|1:01|1-02:03:04|4|None|oneloop-worker-big|oneloop-worker 10.0.0.5:7070\n";

TEST(ParsePilotsTest, ReadsThemFromAmongOtherJobs) {
  const auto pilots = ParsePilots(kSqueue);
  ASSERT_TRUE(pilots.ok()) << pilots.status();
  ASSERT_EQ(pilots->size(), 2u);
  const Pilot& waits = (*pilots)[0];
  EXPECT_EQ(waits.id, "7_1");
  EXPECT_EQ(waits.array, "7");
  EXPECT_EQ(waits.node, "");
  EXPECT_EQ(waits.reason, "BeginTime");
  EXPECT_EQ(waits.name, "");
  EXPECT_EQ(waits.server, "box.example.org:7070");
  EXPECT_EQ(waits.time_left, absl::InfiniteDuration());
  EXPECT_TRUE(waits.is_pending());
  EXPECT_FALSE(waits.is_running());
  const Pilot& runs = (*pilots)[1];
  EXPECT_EQ(runs.node, "node1");
  EXPECT_EQ(runs.run_time, absl::Seconds(61));
  EXPECT_EQ(runs.time_left, absl::Seconds(((1 * 24 + 2) * 60 + 3) * 60 + 4));
  EXPECT_EQ(runs.cpus, 4);
  EXPECT_EQ(runs.reason, "");
  EXPECT_EQ(runs.name, "big");
  EXPECT_TRUE(runs.is_running());
}

TEST(ParsePilotsTest, TakesNoOtherJobForAPilot) {
  for (const std::string job : {
           "9|9|RUNNING|node1|0:01|UNLIMITED|1|None|oneloop-worker|(null)",
           "9|9|RUNNING|node1|0:01|UNLIMITED|1|None|oneloop-worker|oneloop-workers",
           "9|9|RUNNING|node1|0:01|UNLIMITED|1|None|oneloop-workers|oneloop-worker h:1",
           "9|9|RUNNING|node1|0:01|UNLIMITED|1|None|my|oneloop-worker|oneloop-worker h:1",
           "9|9|RUNNING|node1|0:01|UNLIMITED|1|None|my oneloop-worker",
           "CLUSTER: oneloop-worker",
           "",
       }) {
    const auto pilots = ParsePilots(job + "\n");
    ASSERT_TRUE(pilots.ok()) << job << ": " << pilots.status();
    EXPECT_THAT(*pilots, ::testing::IsEmpty()) << job;
  }
}

TEST(ParsePilotsTest, RefusesWhatItCannotReadOfAPilot) {
  for (const std::string line : {
           "7_0|7|RUNNING|node1|0:01|UNLIMITED|1|oneloop-worker",
           "7_0|7|RUNNING|node1|0:01|UNLIMITED|many|None|oneloop-worker|oneloop-worker h:1",
           "|7|RUNNING|node1|0:01|UNLIMITED|1|None|oneloop-worker|oneloop-worker h:1",
           "7_0||RUNNING|node1|0:01|UNLIMITED|1|None|oneloop-worker|oneloop-worker h:1",
       }) {
    EXPECT_EQ(ParsePilots(line).status().code(), absl::StatusCode::kInternal) << line;
  }
}

TEST(PilotTest, StatesSayWhetherItCounts) {
  const auto with = [](const std::string& state, const std::string& reason = "") {
    Pilot pilot;
    pilot.state = state;
    pilot.reason = reason;
    return pilot;
  };
  for (const char* const state : {"RUNNING", "CONFIGURING", "SUSPENDED", "REQUEUED"}) {
    EXPECT_TRUE(with(state).is_running()) << state;
    EXPECT_FALSE(with(state).has_failed()) << state;
  }
  for (const char* const state : {"COMPLETED", "COMPLETING", "CANCELLED", "TIMEOUT", "PREEMPTED"}) {
    EXPECT_FALSE(with(state).is_active()) << state;
    EXPECT_FALSE(with(state).has_failed()) << state;
  }
  for (const char* const state : {"FAILED", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY"}) {
    EXPECT_FALSE(with(state).is_active()) << state;
    EXPECT_TRUE(with(state).has_failed()) << state;
  }
  EXPECT_TRUE(with("PENDING", "launch failed requeued held").has_failed());
  EXPECT_FALSE(with("PENDING", "JobHeldUser").has_failed());
}

TEST(ParseSlurmTimeTest, ReadsEachForm) {
  EXPECT_EQ(ParseSlurmTime("0:00"), absl::ZeroDuration());
  EXPECT_EQ(ParseSlurmTime("59"), absl::Seconds(59));
  EXPECT_EQ(ParseSlurmTime("12:34"), absl::Seconds(12 * 60 + 34));
  EXPECT_EQ(ParseSlurmTime("2:00:01"), absl::Seconds(7201));
  EXPECT_EQ(ParseSlurmTime("10-00:00:00"), absl::Hours(240));
  EXPECT_EQ(ParseSlurmTime("2147483647-00:00:00"), absl::Hours(24) * 2147483647);
  for (const char* const text : {"UNLIMITED", "INVALID", "NOT_SET", "", ":", "1:2:3:4", "1-2:3", "-1:00", "1:-2"}) {
    EXPECT_EQ(ParseSlurmTime(text), absl::InfiniteDuration()) << text;
  }
}

}  // namespace
}  // namespace oneloop
