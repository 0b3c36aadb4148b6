#ifndef ONELOOP_SERVER_HANDLERS_DESIGN_BUILDER_H_
#define ONELOOP_SERVER_HANDLERS_DESIGN_BUILDER_H_

#include <string>

#include "absl/status/status.h"
#include "oneloop/v1/design.pb.h"
#include "server/store/run_store.h"

namespace oneloop {

// The design behind a stored exact point, scored anew by the exact model: the figures of the answer are the model's,
// and a difference from the stored ones is logged. `text` is the stored design, one line of mapping text per layer.
// DATA_LOSS when what is stored cannot be read.
absl::Status BuildDesign(const JobRecord& job, const PointRecord& point, const std::string& text, v1::Design* design);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_DESIGN_BUILDER_H_
