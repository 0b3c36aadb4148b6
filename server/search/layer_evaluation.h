#ifndef ONELOOP_SERVER_SEARCH_LAYER_EVALUATION_H_
#define ONELOOP_SERVER_SEARCH_LAYER_EVALUATION_H_

#include <optional>

#include "absl/status/statusor.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/latency/latency_predictor.h"
#include "common/workload/workload.h"

namespace oneloop {

// One occurrence of a layer.
struct LayerEvaluation {
  LayerFigures figures;
  double steps = 0;                             // of the busiest multiply-accumulate unit
  std::optional<LatencyPrediction> prediction;  // of the latency, unless that is the model's
};

// Energy and latency by the exact model, the latency by `latency` unless that is null. INVALID_ARGUMENT, with field
// "mapping", for a mapping that does not fit the hardware; the text names the resource, the need and the limit.
// Precondition: ValidateMapping is OK.
absl::StatusOr<LayerEvaluation> EvaluateLayer(const CostModel& model, const ComponentCosts& costs,
                                              const LayerShape& shape, const Mapping& mapping,
                                              const LatencyPredictor* latency);

// Message: one with latency_sigma and latency_trust.
template <class Message>
void SetUncertainty(const LayerEvaluation& evaluation, Message* message) {
  if (!evaluation.prediction.has_value()) return;
  message->set_latency_sigma(evaluation.prediction->log_sigma);
  message->set_latency_trust(evaluation.prediction->trust);
}

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_LAYER_EVALUATION_H_
