#ifndef ONELOOP_CLIENT_DESIGN_CSV_H_
#define ONELOOP_CLIENT_DESIGN_CSV_H_

#include <string>

#include "oneloop/v1/design.pb.h"

namespace oneloop {

// A design as CSV, a row per layer, with the columns that `oneloop evaluate` reads and the figures of one occurrence.
std::string DesignCsv(const v1::Design& design);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_DESIGN_CSV_H_
