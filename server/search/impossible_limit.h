#ifndef ONELOOP_SERVER_SEARCH_IMPOSSIBLE_LIMIT_H_
#define ONELOOP_SERVER_SEARCH_IMPOSSIBLE_LIMIT_H_

#include <functional>
#include <optional>
#include <string>

#include "server/search/search.h"

namespace oneloop {

// What is proven of every design; of a quantity of which nothing is, 0.
struct ProvenLeast {
  double energy_uj = 0;
  double latency_cycles = 0;
  double objective = 0;  // of the spec's
};

// A limit of a job that no design can meet.
struct ImpossibleLimit {
  MetricLimit limit;
  double proven = 0;  // in the limit's unit: no design is better
};

// The first of the spec's limits that contradicts what is proven, by more than rounding explains. Those on area and
// parameters are known to be possible from the beginning (ValidateSearchSpec).
std::optional<ImpossibleLimit> FindImpossibleLimit(const SearchSpec& spec, const ProvenLeast& proven);

// What to tell about it: the limit, what is proven, and the nearest value that a short search finds with limits on the
// area alone. A pure function, unless stop_requested ends the search: then nullopt.
std::optional<std::string> TellImpossibleLimit(const SearchSpec& spec, const ImpossibleLimit& limit,
                                               const std::function<bool()>& stop_requested);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_IMPOSSIBLE_LIMIT_H_
