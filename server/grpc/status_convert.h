#ifndef ONELOOP_SERVER_GRPC_STATUS_CONVERT_H_
#define ONELOOP_SERVER_GRPC_STATUS_CONVERT_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace oneloop {

// As ToRpcStatus, with the whole of it as gRPC's error details.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_STATUS_CONVERT_H_
