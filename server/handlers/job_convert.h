#ifndef ONELOOP_SERVER_HANDLERS_JOB_CONVERT_H_
#define ONELOOP_SERVER_HANDLERS_JOB_CONVERT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/workload/workload.h"
#include "oneloop/v1/job.pb.h"
#include "server/handlers/calibration_catalog.h"
#include "server/handlers/catalog.h"
#include "server/search/search_spec.h"
#include "server/store/run_store.h"
#include "server/wire/search_build.h"

namespace oneloop {

// A job as asked for, checked and ready to be stored.
struct PreparedJob {
  v1::JobSpec spec;  // as submitted, with every default filled in
  NewJob job;        // without project, request_id, owner and settings
  std::shared_ptr<const SearchSpec> search;
  std::vector<std::string> warnings;  // what is allowed and probably not meant
};

// INVALID_ARGUMENT, with the field's path in JobSpec, for anything that is unknown, out of range or impossible.
// `project`: whose calibrations the job may use.
absl::StatusOr<PreparedJob> PrepareJob(const v1::JobSpec& spec, const Catalog& catalog,
                                       const CalibrationCatalog& calibrations,
                                       const std::string& project = kDefaultProject);

// The inverse, from the blobs that PrepareJob made. DATA_LOSS when they cannot be read.
EncodedSearch Encoded(const JobRecord& record);
absl::StatusOr<std::shared_ptr<const SearchSpec>> DecodeSearch(const JobRecord& record);
absl::StatusOr<v1::JobSpec> DecodeSpec(const JobRecord& record);

// Makes the spec what lists, watches and replies to changes have: of one with more than 16 KiB, the workload and the
// template are left with their names, and whatever else is large is left out.
void Summarize(v1::JobSpec* spec);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_JOB_CONVERT_H_
