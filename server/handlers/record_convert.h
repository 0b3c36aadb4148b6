#ifndef ONELOOP_SERVER_HANDLERS_RECORD_CONVERT_H_
#define ONELOOP_SERVER_HANDLERS_RECORD_CONVERT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "oneloop/v1/certificate.pb.h"
#include "oneloop/v1/design.pb.h"
#include "oneloop/v1/job.pb.h"
#include "oneloop/v1/search_service.pb.h"
#include "server/jobs/watch_hub.h"
#include "server/store/run_store.h"

namespace oneloop {

// What the store holds, as messages.

v1::JobState JobStateToProto(JobState state);
// INVALID_ARGUMENT, without a field, for JOB_STATE_UNSPECIFIED and unknown numbers.
absl::StatusOr<JobState> JobStateFromProto(int state);

// With the spec as it is, or as Summarize makes it. DATA_LOSS when the stored spec cannot be read.
absl::StatusOr<v1::Job> JobToProto(const JobRecord& record, const std::optional<PointRecord>& best, SpecDetail detail);
// `score` is of the design whose gap it gives; infinite for none.
v1::Certificate CertificateToProto(const JobBound& bound, const v1::JobSpec& spec, double score);
v1::EvaluatedPoint PointToProto(const PointRecord& point, const JobRecord& job);
absl::StatusOr<v1::WatchResponse> WatchUpdateToProto(const WatchUpdate& update);

// A job's etag changes with its revision.
std::string FormatEtag(std::int64_t revision);
// The revision that an etag stands for; none when it is empty. ABORTED for one that FormatEtag does not make.
absl::StatusOr<std::optional<std::int64_t>> ParseEtag(const std::string& etag);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_RECORD_CONVERT_H_
