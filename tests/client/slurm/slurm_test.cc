#include "client/slurm/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Lines of `scontrol show config` of 22.05.
std::string Config(const std::string& size, const std::string& parameters) {
  return "Configuration data as of 2026-11-27T22:24:52\nAccountingStorageBackupHost = (null)\n"
         "ClusterName             = virtual\nMaxArraySize            = " +
         size + "\nSchedulerParameters     = " + parameters + "\n\nSlurmctld(primary) at vm is UP\n";
}

TEST(ParseClusterConfigTest, ReadsTheLimitOfArrays) {
  const auto plain = ParseClusterConfig(Config("1001", "(null)"));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->name, "virtual");
  EXPECT_EQ(plain->most_array_tasks, 1001);
  EXPECT_EQ(ParseClusterConfig(Config("100001", "bf_continue,max_array_tasks=500,defer"))->most_array_tasks, 500);
  EXPECT_EQ(ParseClusterConfig(Config("10", "max_array_tasks=500"))->most_array_tasks, 10);
  EXPECT_EQ(ParseClusterConfig(Config("10", "max_array_tasks=x"))->most_array_tasks, 10);
  EXPECT_EQ(ParseClusterConfig(Config("0", ""))->most_array_tasks, 0);
}

TEST(ParseClusterConfigTest, RefusesWhatTellsNone) {
  for (const std::string& text :
       {std::string(), std::string("ClusterName = x\n"), std::string("MaxArraySize = 5\n"), Config("many", ""),
        Config("-1", ""), std::string("ClusterName = ../x\nMaxArraySize = 5\n"),
        std::string("ClusterName = ..\nMaxArraySize = 5\n")}) {
    EXPECT_EQ(ParseClusterConfig(text).status().code(), absl::StatusCode::kInternal) << text;
  }
}

TEST(ParseSubmittedTest, FindsTheArray) {
  EXPECT_EQ(*ParseSubmitted("12\n"), "12");
  EXPECT_EQ(*ParseSubmitted("4294967294;hpc\n"), "4294967294");
  EXPECT_EQ(*ParseSubmitted("Welcome to the cluster.\n12\n"), "12");
  for (const char* const text : {"", "\n", "Submitted batch job 12\n", "12_3", ";12", "-1"}) {
    EXPECT_EQ(ParseSubmitted(text).status().code(), absl::StatusCode::kInternal) << text;
  }
}

TEST(SubmitRefusalTest, SaysWhatSlurmSaysWithoutItsPrefixes) {
  // As sbatch 22.05 writes them.
  const absl::Status partition = SubmitRefusal(
      "sbatch: error: invalid partition specified: none\n"
      "sbatch: error: Batch job submission failed: Invalid partition name specified\n");
  EXPECT_EQ(partition.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Message(partition),
      "Slurm refuses the pilots: invalid partition specified: none; Batch job submission failed: Invalid partition "
      "name specified");
  const absl::Status limit = SubmitRefusal(
      "sbatch: error: AssocMaxSubmitJobLimit\n"
      "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size "
      "and/or time limits)\n");
  EXPECT_EQ(limit.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(limit),
              AllOf(HasSubstr("AssocMaxSubmitJobLimit"), HasSubstr("--count"), Not(HasSubstr("error:"))));
  EXPECT_EQ(SubmitRefusal("sbatch: error: QOSMaxSubmitJobPerUserLimit\n").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(SubmitRefusal("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n").code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(SubmitRefusal("sbatch: fatal: Could not establish a configuration source\n").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(SubmitRefusal("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_LT(Message(SubmitRefusal(std::string(100000, 'x'))).size(), 1000u);
}

TEST(SlurmEnvironmentTest, HasNoneOfOneLoopsOrOthersSecrets) {
  EXPECT_THAT(SlurmEnvironment({"PATH=/bin", "ONELOOP_TOKEN=olt_1_2", "ONELOOP_SERVER=h:1", "CLOUD_KEY=x",
                                "SLURM_CONF=/x", "SBATCH_ACCOUNT=chip", "SBATCH_WAIT=1", "SQUEUE_FORMAT=%i",
                                "SCANCEL_INTERACTIVE=1", "SLURM_JOB_ID=7", "LC_ALL=C", "HOME=/home/a=b", "PATHS=/x"}),
              ElementsAre("PATH=/bin", "SLURM_CONF=/x", "SBATCH_ACCOUNT=chip", "LC_ALL=C", "HOME=/home/a=b"));
}

}  // namespace
}  // namespace oneloop
