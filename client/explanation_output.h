#ifndef ONELOOP_CLIENT_EXPLANATION_OUTPUT_H_
#define ONELOOP_CLIENT_EXPLANATION_OUTPUT_H_

#include <ostream>

#include "oneloop/v1/explanation.pb.h"

namespace oneloop {

// For people: figures and the distance to the bound, layers by what they cost (the ten largest unless all_layers), what
// sizes each parameter, limits, and what changes would buy.
void PrintExplanation(const v1::DesignExplanation& explanation, bool all_layers, std::ostream& out);

// A header and a row for each layer, figures of one occurrence.
void PrintLayersCsv(const v1::DesignExplanation& explanation, std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_EXPLANATION_OUTPUT_H_
