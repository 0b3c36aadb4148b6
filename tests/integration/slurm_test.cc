// Pilots on a real Slurm: how they are placed and ended, and that no secret is seen on the way.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/integration/slurm_fixture.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

// Every text below a folder, but for those of the pilots' own folder.
std::string AllTexts(const std::string& folder) {
  std::string all;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_regular_file()) absl::StrAppend(&all, ReadFile(entry->path().string()).value_or(""));
  }
  return all;
}

TEST_F(SlurmTest, PilotsArePlacedShownAndEndedAtASafePoint) {
  const auto other = cluster_->Run("sbatch", {"--parsable", "--output=/dev/null"}, "#!/bin/sh\nsleep 1000\n");
  ASSERT_TRUE(other.ok()) << other.status();
  // The first array is of three, as the cluster allows; three cores are left.
  const ProgramOutcome started = Start({"--count", "4"});
  EXPECT_EQ(started.exit_code, 0) << started.err;
  EXPECT_EQ(started.out, "array 2: 3 pilots\narray 3: 1 pilot\n");
  EXPECT_TRUE(WaitForCount(3, "RUNNING")) << cluster_->Logs();
  EXPECT_THAT(PilotsThatAre("RUNNING"), UnorderedElementsAre("2_0", "2_1", "2_2"));
  EXPECT_THAT(PilotsThatAre("PENDING"), UnorderedElementsAre("3_0"));
  for (const char* const pilot : {"2_0", "2_1", "2_2"}) {
    ASSERT_TRUE(WaitForNote(pilot, "start node")) << pilot << cluster_->Logs();
    EXPECT_THAT(Notes(pilot), HasSubstr(absl::StrCat(" 127.0.0.1:7070 1 slurm-", pilot)));
  }
  EXPECT_EQ(Run({"workers", "stop", "2_1"}).out, "stopped 2_1\n");
  EXPECT_TRUE(WaitForNote("2_1", "term\nsafe\n")) << Notes("2_1");
  EXPECT_TRUE(WaitForNote("3_0", "start node")) << "the core is free again";
  EXPECT_EQ(Run({"workers", "stop", "--all"}).out, "stopped 2 3\n");
  for (const char* const pilot : {"2_0", "2_2", "3_0"}) EXPECT_TRUE(WaitForNote(pilot, "term\nsafe\n")) << Notes(pilot);
  EXPECT_EQ(Run({"workers", "list", "--format", "csv"}).out.find("RUNNING"), std::string::npos);
  EXPECT_EQ(Run({"workers", "stop", "1"}).exit_code, 3) << "the user's own job is none of the pilots";
  const auto left = cluster_->Run("squeue", {"--noheader", "--states=RUNNING", "--format=%i"});
  EXPECT_EQ(*left, "1\n");
}

TEST_F(SlurmTest, NoSecretIsSeenByOthersOrRecorded) {
  ASSERT_EQ(Start({"--count", "1"}).exit_code, 0);
  ASSERT_TRUE(WaitForNote("1_0", "start")) << "the pilot reads its token";
  std::string seen;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"show", "job", "--details"}, {"write", "batch_script", "1", "-"}}) {
    const auto text = cluster_->Run("scontrol", arguments);
    ASSERT_TRUE(text.ok()) << text.status();
    absl::StrAppend(&seen, *text);
  }
  const auto queue = cluster_->Run("squeue", {"--format=%all"});
  ASSERT_TRUE(queue.ok()) << queue.status();
  absl::StrAppend(&seen, *queue);
  for (const pid_t pid : cluster_->Processes()) {
    for (const char* const file : {"/cmdline", "/environ"}) {
      absl::StrAppend(&seen, ReadFile(absl::StrCat("/proc/", pid, file)).value_or(""));
    }
  }
  // What the controller keeps of jobs, and the nodes' copies of their scripts.
  for (const char* const folder : {"state", "node1", "node2", "logs", "files/virtual/logs"}) {
    absl::StrAppend(&seen, AllTexts(Path(folder)));
  }
  EXPECT_THAT(seen, HasSubstr("exec '" + Path("pilot"))) << "the script is among what was looked at";
  EXPECT_THAT(seen, HasSubstr("HOME=" + cluster_->folder())) << "and the job's environment";
  EXPECT_THAT(seen, AllOf(Not(HasSubstr("workersecret")), Not(HasSubstr("ownsecret")), Not(HasSubstr("ONELOOP_"))));
  ASSERT_EQ(Run({"workers", "stop", "--all", "--dir", Path("files")}).exit_code, 0);
  EXPECT_THAT(AllTexts(Path("files")), Not(HasSubstr("workersecret")));
}

TEST_F(SlurmTest, RefusalsAreTheClustersOwnWords) {
  const ProgramOutcome no_partition = Start({"--count", "1", "--partition", "nowhere"});
  EXPECT_EQ(no_partition.exit_code, 4);
  EXPECT_EQ(no_partition.out, "");
  EXPECT_THAT(no_partition.err, HasSubstr("Invalid partition name specified"));
  EXPECT_THAT(Start({"--count", "1", "--cpus", "3"}).err, HasSubstr("Requested node configuration is not available"));
  EXPECT_THAT(Start({"--count", "1", "--time", "soon"}).err, HasSubstr("Invalid --time specification"));
  EXPECT_EQ(Run({"workers", "list", "--format", "csv"}).out.find("PENDING"), std::string::npos);
}

}  // namespace
}  // namespace oneloop
