#ifndef ONELOOP_CLIENT_SWEEP_JOBS_H_
#define ONELOOP_CLIENT_SWEEP_JOBS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/service_client.h"
#include "google/protobuf/map.h"

namespace oneloop {

// A set of jobs with one name. The daemon knows it by the labels of its jobs alone: `sweep` is the name, `sweep_place`
// the job's place from 1, `sweep_size` how many there are to be, `sweep_plan` a hash of all their specs, `sweep_vary1`
// and so on what is varied.
struct SweepIdentity {
  std::string name;
  std::string plan;
  std::size_t size = 0;
  std::vector<std::string> axes;
};

struct SweepJob {
  std::size_t place = 0;  // from 0
  v1::Job job;
};

struct Sweep {
  SweepIdentity identity;
  std::vector<SweepJob> jobs;  // by place; those that are stored
};

// INVALID_ARGUMENT unless it is 1 to 40 letters, digits, '_', '-' and '.'.
absl::Status CheckSweepName(const std::string& name);

using LabelMap = google::protobuf::Map<std::string, std::string>;
void SetSweepLabels(const SweepIdentity& identity, std::size_t place, LabelMap* labels);
// Whether a label is one of those above.
bool IsSweepLabel(const std::string& name);

// The command that shows a sweep of a project: "oneloop sweeps chip --project p".
std::string SweepsCommandText(const std::string& parent, const std::string& name);

// With it, the job at a place is made once, however often the command is repeated.
std::string SweepRequestId(const std::string& name, std::size_t place);

// The sweep of this name in a project; without jobs when there is none.
absl::StatusOr<Sweep> ReadSweep(ServiceClient& client, const std::string& parent, const std::string& name,
                                bool with_deleted);
// The same, but NOT_FOUND when there is none; without jobs that are deleted.
absl::StatusOr<Sweep> FindSweep(ServiceClient& client, const std::string& parent, const std::string& name);

// What a list of sweeps says of one.
struct SweepOverview {
  std::string name;
  std::string owner;
  std::size_t size = 0;
  std::size_t stored = 0;
  std::size_t over = 0;                     // of those stored
  std::size_t succeeded = 0;                // of those over
  google::protobuf::Timestamp create_time;  // of its newest job
};
// All sweeps of a project, newest first. Jobs are counted page by page.
absl::StatusOr<std::vector<SweepOverview>> ListSweeps(ServiceClient& client, const std::string& parent);

// What a job of a sweep has for one of its axes, as text: "0.5", "energy", the name of a workload.
std::string VariedValue(const v1::Job& job, const std::string& axis);
// Whether the axis is a limit on the job's designs, not what they are made with.
bool IsLimitAxis(const v1::Job& job, const std::string& axis);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SWEEP_JOBS_H_
