#ifndef ONELOOP_SERVER_GRPC_STATUS_CONVERT_H_
#define ONELOOP_SERVER_GRPC_STATUS_CONVERT_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace oneloop {

// The one place where errors become gRPC's. Same code and text; the details carry a google.rpc.Status, with a
// BadRequest that names the field of a FieldError, or a QuotaFailure and a RetryInfo for a LimitError. Texts too long
// for a trailer are cut.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_STATUS_CONVERT_H_
