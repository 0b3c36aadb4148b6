#ifndef ONELOOP_TESTS_TESTING_SLURM_CLUSTER_H_
#define ONELOOP_TESTS_TESTING_SLURM_CLUSTER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/descriptor.h"

namespace oneloop {

// A Slurm of its own on the loopback interface: munged, slurmctld and a slurmd for each virtual node, in a folder that
// is removed with the object. Their processes and those of jobs end with it, also when the test dies. Without
// accounting. Several may run at once. Runs as whoever runs the test. Not thread-safe.
class SlurmCluster {
 public:
  struct Options {
    int nodes = 2;  // "node1", "node2", ...
    int cpus = 2;   // of each node
    int max_array_size = 1001;
    int kill_wait_s = 5;      // from SIGTERM to SIGKILL of a job that is cancelled
    std::string more_config;  // lines of slurm.conf
  };

  // "" where Slurm is installed; else what is missing.
  static std::string Missing();
  // Returns when all nodes are idle. INTERNAL with the logs' ends when they do not become so.
  static absl::StatusOr<std::unique_ptr<SlurmCluster>> Start(const Options& options);
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  // Of this user alone; tests may keep files there.
  const std::string& folder() const { return folder_; }
  // For programs that use the cluster: "SLURM_CONF=...", "PATH=...", "HOME=" its folder.
  std::vector<std::string> environment() const;

  // Runs one of Slurm's commands ("squeue") and returns its standard output; INTERNAL with its words when it fails.
  absl::StatusOr<std::string> Run(const std::string& program, const std::vector<std::string>& arguments,
                                  const std::string& input = "") const;
  // "IDLE", "DOWN", "ALLOCATED", ...; "" when it is not told.
  std::string NodeState(const std::string& node) const;
  // As when the power goes: the slurmd and all its jobs' processes are killed.
  void KillNode(int number);
  absl::Status StartNode(int number);
  // As an administrator does: the controller ends the node's jobs.
  absl::Status SetNodeDown(const std::string& node) const;
  absl::Status ResumeNode(const std::string& node) const;
  // Every process that belongs to the cluster or one of its jobs.
  std::vector<pid_t> Processes() const;
  // Those of one job, "12" or "12_3": its script and what that started.
  std::vector<pid_t> JobProcesses(const std::string& id) const;
  // Those that hold the daemons and end all of them with this one.
  std::vector<pid_t> Keepers() const;
  // The ends of all logs, for failure messages.
  std::string Logs() const;

 private:
  // A program under end_with_parent.
  struct Service {
    pid_t pid = -1;
    Descriptor lifeline;
  };

  SlurmCluster(Options options, std::string folder);
  // With all of these in their environment, each "NAME=value".
  static std::vector<pid_t> ProcessesWith(const std::vector<std::string>& variables);
  std::string ConfigText(const std::vector<int>& ports) const;
  absl::Status WriteFiles() const;
  absl::StatusOr<Service> Launch(const std::string& name, const std::string& program,
                                 const std::vector<std::string>& arguments) const;
  static void End(Service* service);
  absl::Status StartAll();

  const Options options_;
  const std::string folder_;
  Service munged_;
  Service controller_;
  std::vector<Service> nodes_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_SLURM_CLUSTER_H_
