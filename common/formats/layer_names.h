#ifndef ONELOOP_COMMON_FORMATS_LAYER_NAMES_H_
#define ONELOOP_COMMON_FORMATS_LAYER_NAMES_H_

#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// Gives each layer a name of its own, which other tools' files need not have: "layer" to one without, "conv#2" to the
// second "conv".
void NameLayersApart(v1::Workload* workload);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_LAYER_NAMES_H_
