#ifndef ONELOOP_SERVER_SEARCH_DESIGN_EVALUATION_H_
#define ONELOOP_SERVER_SEARCH_DESIGN_EVALUATION_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/metrics.h"
#include "server/search/layer_evaluation.h"
#include "server/search/search_spec.h"

namespace oneloop {

// A whole design, scored by the exact model: to the bit what a search gave the same design.
struct DesignEvaluation {
  HardwarePoint hardware;
  double units = 0;                          // multiply-accumulate units
  std::vector<Mapping> mappings;             // one a layer; each fits
  std::vector<LayerEvaluation> evaluations;  // one a layer
  WorkloadMetrics metrics;
};

// `model` is of the search's template; `parameters` by parameter index; `text` has one line of mapping text per layer.
// INVALID_ARGUMENT, with the field or the layer, for what is no design of the search, or does not fit.
absl::StatusOr<DesignEvaluation> EvaluateDesign(const SearchSpec& search, const CostModel& model,
                                                std::span<const double> parameters, std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DESIGN_EVALUATION_H_
