#ifndef ONELOOP_SERVER_SEARCH_IMPOSSIBLE_LIMIT_H_
#define ONELOOP_SERVER_SEARCH_IMPOSSIBLE_LIMIT_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

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
  std::string_view quantity;
  double most = 0;   // as the limit asks
  double least = 0;  // as is proven
};

// The first of the spec's limits on energy, latency and EDP that contradicts what is proven, by more than rounding
// explains. Those on area and parameters are known to be possible from the beginning (ValidateSearchSpec).
std::optional<ImpossibleLimit> FindImpossibleLimit(const SearchSpec& spec, const ProvenLeast& proven);

// What to tell about it: the limit, what is proven, and the least value that a short search finds with all limits but
// those on energy, latency and EDP. A pure function, unless stop_requested ends the search: then nullopt.
std::optional<std::string> TellImpossibleLimit(const SearchSpec& spec, const ImpossibleLimit& limit,
                                               const std::function<bool()>& stop_requested);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_IMPOSSIBLE_LIMIT_H_
