#include "client/slurm/worker_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace oneloop {
namespace {

using ::testing::ElementsAre;

Pilot MakePilot(const std::string& id, const std::string& state) {
  Pilot pilot;
  pilot.id = id;
  pilot.array = "12";
  pilot.state = state;
  pilot.cpus = 4;
  pilot.server = "box:7070";
  return pilot;
}

std::vector<Pilot> SomePilots() {
  std::vector<Pilot> pilots = {MakePilot("12_0", "RUNNING"), MakePilot("12_1", "PENDING"),
                               MakePilot("12_2", "COMPLETED"), MakePilot("12_3", "FAILED")};
  pilots[0].node = "node1";
  pilots[0].run_time = absl::Seconds(90);
  pilots[0].time_left = absl::Hours(2);
  pilots[1].reason = "Priority";
  pilots[3].reason = "NonZeroExitCode";
  return pilots;
}

std::string Printed(const std::vector<WorkerRow>& rows, OutputFormat format) {
  std::ostringstream out;
  PrintWorkers(rows, format, out);
  return out.str();
}

TEST(WorkerListTest, ShowsPilotsThatWaitRunOrFailed) {
  const std::vector<WorkerRow> rows = WorkerRows(SomePilots(), {});
  EXPECT_EQ(Printed(rows, OutputFormat::kTable),
            "worker  state    node         time       left  cpus  reason           daemon\n"
            "12_0    RUNNING  node1  1 min 30 s  2 h 0 min     4  -                box:7070\n"
            "12_1    PENDING  -             0 s          -     4  Priority         box:7070\n"
            "12_3    FAILED   -             0 s          -     4  NonZeroExitCode  box:7070\n");
  EXPECT_EQ(
      Printed(rows, OutputFormat::kCsv),
      "pilot,state,node,run_time_s,time_left_s,cpus,reason,name,server,worker,leases,points_per_second,unheard_s\n"
      "12_0,RUNNING,node1,90,7200,4,,,box:7070,,,,\n"
      "12_1,PENDING,,0,,4,Priority,,box:7070,,,,\n"
      "12_3,FAILED,,0,,4,NonZeroExitCode,,box:7070,,,,\n");
}

TEST(WorkerListTest, JoinsWhatTheDaemonKnows) {
  const std::vector<DaemonWorker> workers = {{"box:4711", 2, 1500, absl::Seconds(1)},
                                             {"slurm-12_0", 4, 2500, absl::Seconds(3)}};
  const std::vector<WorkerRow> rows = WorkerRows(SomePilots(), workers);
  EXPECT_EQ(
      Printed(rows, OutputFormat::kTable),
      "worker    state    node         time       left  cpus  reason           daemon    leases  points/s  heard\n"
      "12_0      RUNNING  node1  1 min 30 s  2 h 0 min     4  -                box:7070       4      2.5k  3 s ago\n"
      "12_1      PENDING  -             0 s          -     4  Priority         box:7070       -         -  never\n"
      "12_3      FAILED   -             0 s          -     4  NonZeroExitCode  box:7070       -         -  never\n"
      "box:4711  -        -               -          -     -  -                -              2      1.5k  1 s ago\n");
  const std::string json = Printed(rows, OutputFormat::kJson);
  EXPECT_THAT(json, ::testing::HasSubstr("\"pilot\":\"12_0\""));
  EXPECT_THAT(json, ::testing::HasSubstr("\"worker\":\"box:4711\""));
}

TEST(WorkerListTest, KnowsWhichPilotsAreIdle) {
  EXPECT_THAT(IdlePilots(SomePilots(), {}), ElementsAre());
  EXPECT_THAT(IdlePilots(SomePilots(), {{"slurm-12_0", 0, 0, {}}, {"slurm-12_1", 1, 0, {}}, {"x", 0, 0, {}}}),
              ElementsAre("12_0"));
}

}  // namespace
}  // namespace oneloop
