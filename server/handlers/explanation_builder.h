#ifndef ONELOOP_SERVER_HANDLERS_EXPLANATION_BUILDER_H_
#define ONELOOP_SERVER_HANDLERS_EXPLANATION_BUILDER_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "oneloop/v1/explanation.pb.h"
#include "server/handlers/design_builder.h"
#include "server/search/sensitivity.h"
#include "server/store/run_store.h"

namespace oneloop {

// Of a re-search: samples, and evaluations of a layer, some ten microseconds each.
inline constexpr std::int64_t kMostSensitivitySamples = 10000;
inline constexpr std::int64_t kMostSensitivityEvaluations = 4000000;

// INVALID_ARGUMENT with field "samples" for another number than 1 to what both allow.
absl::Status CheckSensitivitySamples(std::int64_t samples, const DecodedDesign& design);

// All but the sensitivities, from the design's own figures: milliseconds.
void BuildExplanation(const JobRecord& job, const PointRecord& point, const DecodedDesign& design,
                      v1::DesignExplanation* explanation);

// Searches near the design. Adds nothing when `stopped`, asked every few milliseconds, has ended it. `options`: without
// what may not change, which follows from the design.
void AddSensitivities(const DecodedDesign& design, SensitivityOptions options, const std::function<bool()>& stopped,
                      v1::DesignExplanation* explanation);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_EXPLANATION_BUILDER_H_
