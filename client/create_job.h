#ifndef ONELOOP_CLIENT_CREATE_JOB_H_
#define ONELOOP_CLIENT_CREATE_JOB_H_

#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/service_client.h"

namespace oneloop {

// CreateJob, tried a few times while the daemon is away; the request's id makes that safe. Codes are those of the call.
absl::StatusOr<v1::Job> CreateWithRetries(ServiceClient& client, const v1::CreateJobRequest& request, Environment& env);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_CREATE_JOB_H_
