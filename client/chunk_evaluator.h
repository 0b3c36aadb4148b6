#ifndef ONELOOP_CLIENT_CHUNK_EVALUATOR_H_
#define ONELOOP_CLIENT_CHUNK_EVALUATOR_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/service_client.h"

namespace oneloop {

// Scores rows in order. Sends them in chunks that fit one message, a few at a time, each with the template of `base`.
// On errors returns that of the earliest wrong row; its field counts the rows from the first of all:
// "rows[2345].bounds.R".
absl::StatusOr<std::vector<v1::MappingScore>> EvaluateInChunks(ServiceClient& client,
                                                               const v1::EvaluateDesignsRequest& base,
                                                               const std::vector<v1::MappingRow>& rows);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_CHUNK_EVALUATOR_H_
