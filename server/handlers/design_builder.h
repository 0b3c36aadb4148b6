#ifndef ONELOOP_SERVER_HANDLERS_DESIGN_BUILDER_H_
#define ONELOOP_SERVER_HANDLERS_DESIGN_BUILDER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mapping/mapping.h"
#include "common/model/goal/metrics.h"
#include "oneloop/v1/design.pb.h"
#include "oneloop/v1/job.pb.h"
#include "server/search/design_evaluation.h"
#include "server/search/search_spec.h"
#include "server/store/run_store.h"

namespace oneloop {

// A stored design with what it was searched for.
struct DecodedDesign : DesignEvaluation {
  std::shared_ptr<const SearchSpec> search;
  v1::JobSpec spec;
};

// From a stored exact point. `text` is the stored design, one line of mapping text per layer. DATA_LOSS when what is
// stored cannot be read.
absl::StatusOr<DecodedDesign> DecodeDesign(const JobRecord& job, const PointRecord& point, const std::string& text);

// Energy, latency, EDP and, where the template has a clock, power and time. Message: Design, DesignExplanation or
// NetworkFigures.
template <class Message>
void SetFigures(const WorkloadMetrics& metrics, const Template& hardware_template, Message* message) {
  message->set_energy_uj(metrics.energy_uj);
  message->set_latency_cycles(metrics.latency_cycles);
  message->set_edp(metrics.edp());
  const std::optional<double> clock_mhz = hardware_template.spec().clock_mhz;
  if (!clock_mhz.has_value()) return;
  message->set_power_w(MetricForm(MetricProduct::Of(Metric::kPower), hardware_template).Value(metrics));
  message->set_latency_ms(InfoOf(Quantity::kLatencyMs).ValueAt(metrics.latency_cycles, *clock_mhz));
}

// The design behind a stored exact point, scored anew by the exact model: the figures of the answer are the model's,
// and a difference from the stored ones is logged. `text` is the stored design, one line of mapping text per layer.
// DATA_LOSS when what is stored cannot be read.
absl::Status BuildDesign(const JobRecord& job, const PointRecord& point, const std::string& text, v1::Design* design);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_DESIGN_BUILDER_H_
