#ifndef ONELOOP_SERVER_WIRE_WORK_CONVERT_H_
#define ONELOOP_SERVER_WIRE_WORK_CONVERT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "oneloop/v1/worker_service.pb.h"
#include "server/results/point_batch.h"
#include "server/search/search_spec.h"
#include "server/work/lease.h"
#include "server/work/lease_source.h"
#include "server/work/outcome.h"

namespace oneloop {

// Leases, batches and outcomes on their way between the daemon and its workers. Pure functions; thread-safe. What comes
// in is INVALID_ARGUMENT, with the field, when it has not the form; whether it fits its job, CheckBatch says.

v1::WorkLease ToProto(const NamedLease& named);
NamedLease FromProto(const v1::WorkLease& message);

v1::GrantedLease GrantToProto(const HeldLease& held);
// `search` of the job, with what the lease says of it.
std::shared_ptr<const SearchSpec> SearchOfGrant(std::shared_ptr<const SearchSpec> search,
                                                const v1::GrantedLease& granted);

void BatchToProto(const PointBatch& batch, v1::ReportPointsRequest* request);
// Job and start are the lease's. `parameters`: of each point.
absl::StatusOr<PointBatch> BatchFromProto(const v1::ReportPointsRequest& request, std::size_t parameters);

void OutcomeToProto(const absl::StatusOr<Outcome>& outcome, v1::EndLeaseRequest* request);
// An outer error for a message that says nothing; an inner one is what the unit came to.
absl::StatusOr<absl::StatusOr<Outcome>> OutcomeFromProto(const v1::EndLeaseRequest& request);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WIRE_WORK_CONVERT_H_
