#ifndef ONELOOP_CLIENT_SWEEP_REQUEST_H_
#define ONELOOP_CLIENT_SWEEP_REQUEST_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/flag_set.h"
#include "client/service_client.h"
#include "client/submit_request.h"
#include "client/sweep_axis.h"

namespace oneloop {

// A job of a sweep that is to be made.
struct PlannedJob {
  SubmitRequest flags;  // that its errors are about
  v1::CreateJobRequest request;
};

// The flags that describe a sweep: those of `submit`, and --vary; and the requests for its jobs.
class SweepRequest {
 public:
  // `flags` is asked later which of them were given.
  void Declare(FlagSet* flags);

  // Understands --vary. What it names is a flag of `submit`, or else a parameter of the template, which is fixed, or
  // else the quantity of a limit, which the daemon knows.
  absl::Status Prepare(ServiceClient& client, const Environment& env);

  std::size_t size() const { return NumCombinations(axes_); }
  std::vector<std::string> AxisNames() const;

  // The request for the job at a place, from 0, but for `parent`, `request_id` and the labels that all sweeps have.
  // Files are read once. Errors say which job it is.
  absl::StatusOr<PlannedJob> JobAt(std::size_t place, const Environment& env);

  // Says of an error of the daemon about the job at a place which job it is, and names the flag or FILE:LINE.
  absl::Status Locate(std::size_t place, const PlannedJob& job, const absl::Status& status) const;

 private:
  // A request whose workload and template are read.
  struct Sources {
    SubmitRequest request;
    v1::JobSpec spec;
  };

  absl::Status CheckFlags() const;
  absl::StatusOr<const Sources*> SourcesAt(std::size_t place, const Environment& env);
  absl::Status FindParameters(ServiceClient& client, const v1::JobSpec& spec);
  // With all that is varied set.
  absl::StatusOr<SubmitRequest> RequestAt(std::size_t place, const SubmitRequest& base) const;
  absl::Status CheckSpec(const v1::CreateJobRequest& request) const;
  const std::string& ValueAt(std::size_t place, std::size_t axis) const;
  // "job 3 of 12 (area_mm2 2)"
  std::string Context(std::size_t place) const;

  SubmitRequest request_{"sweep"};
  std::vector<std::string> vary_;
  FlagSet* flags_ = nullptr;
  std::vector<SweepAxis> axes_;
  std::set<std::string> parameters_;        // of the template
  std::map<std::string, Sources> sources_;  // by the values of the axes that they depend on
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SWEEP_REQUEST_H_
