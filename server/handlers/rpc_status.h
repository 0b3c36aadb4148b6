#ifndef ONELOOP_SERVER_HANDLERS_RPC_STATUS_H_
#define ONELOOP_SERVER_HANDLERS_RPC_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace oneloop {

// The one place where errors become messages, whatever the transport. Same code and text; details: a BadRequest that
// names the field of a FieldError, or a QuotaFailure and a RetryInfo for a LimitError. Texts too long for a trailer are
// cut.
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_RPC_STATUS_H_
