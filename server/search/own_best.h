#ifndef ONELOOP_SERVER_SEARCH_OWN_BEST_H_
#define ONELOOP_SERVER_SEARCH_OWN_BEST_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "server/search/search_spec.h"

namespace oneloop {

// What each of several networks could have on a chip of its own: what sharing costs is measured against it.

// At most so many starts of the job are run for each network.
inline constexpr int kMostOwnBestStarts = 7;

// The spec for one of its networks alone: its layers, its limits, and those on the area, which are the chip's. Others
// of the whole workload say nothing of one network.
SearchSpec AloneSpec(const SearchSpec& spec, std::size_t network);

// By network, the best value of the objective that searches of AloneSpec find, with the spec's algorithm, samples and
// seed; infinite where they find no design. Empty for a workload of one network. A pure function, unless
// stop_requested, asked every few milliseconds, ends it: then nothing. Thread-safe.
std::optional<std::vector<double>> FindOwnBests(const SearchSpec& spec, const std::function<bool()>& stop_requested);

// Whether the objective is a ratio to own bests that are not given.
bool LacksReferences(const SearchSpec& spec);
// The spec with those references that it lacks, by network; itself when it lacks none or `own_bests` is empty.
std::shared_ptr<const SearchSpec> WithReferences(std::shared_ptr<const SearchSpec> spec,
                                                 const std::vector<double>& own_bests);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_OWN_BEST_H_
