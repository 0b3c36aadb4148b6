#ifndef ONELOOP_SERVER_WIRE_SEARCH_BUILD_H_
#define ONELOOP_SERVER_WIRE_SEARCH_BUILD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "oneloop/v1/job.pb.h"
#include "oneloop/v1/library.pb.h"
#include "server/search/search_spec.h"

namespace oneloop {

// With every default filled in. INVALID_ARGUMENT, with the field's path in JobSpec, for what cannot be together.
absl::StatusOr<v1::JobSpec> WithDefaults(v1::JobSpec spec);

// The search that a job is. `spec` has its defaults, `resolved` a workload or one for each network, one template and,
// if one is named, a calibration. INVALID_ARGUMENT, with the field's path in JobSpec, for anything that is unknown, out
// of range or impossible.
absl::StatusOr<std::shared_ptr<const SearchSpec>> BuildSearch(const v1::JobSpec& spec, const v1::Library& resolved);

// A job's search as bytes: what the store keeps of it, and what a worker elsewhere gets.
struct EncodedSearch {
  std::string spec;               // JobSpec, as submitted, with defaults
  std::string resolved;           // Library of workloads, template and calibration
  std::vector<double> own_bests;  // by network, once they are known with the job's bound
};
// The same search, whatever the shipped library holds by now. DATA_LOSS when the bytes cannot be read.
absl::StatusOr<std::shared_ptr<const SearchSpec>> ReadSearch(const EncodedSearch& encoded);
absl::StatusOr<v1::JobSpec> ReadSpec(const std::string& spec);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WIRE_SEARCH_BUILD_H_
