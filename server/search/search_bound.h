#ifndef ONELOOP_SERVER_SEARCH_SEARCH_BOUND_H_
#define ONELOOP_SERVER_SEARCH_SEARCH_BOUND_H_

#include <functional>
#include <optional>

#include "common/model/bound/lower_bound.h"
#include "server/search/search_spec.h"

namespace oneloop {

// A proven lower bound of the objective of every design that the search could find and that keeps the spec's limits,
// and of its energy, latency and area; infinite when there is none. For a front, a proof of its own for each of its
// figures makes these three the ideal point, which no front can go beyond. With predicted latencies it is of the energy
// alone, the others being 0, over the designs that keep those limits that no latency enters. A pure function of the
// spec: nullopt when stop_requested, asked every few milliseconds, has ended it. Precondition: ValidateSearchSpec(spec)
// is OK. Thread-safe.
std::optional<LowerBound> ProveSearchBound(const SearchSpec& spec, const std::function<bool()>& stop_requested);

// How far above the bound a score is: score / bound - 1. nullopt unless both are finite and above 0.
std::optional<double> GapOf(double score, double bound);

// Whether a design with this score contradicts the bound: it is below by more than rounding explains. One of the two is
// wrong then, and the bound must not be told as proven.
bool Contradicts(double score, double bound);

// The largest score whose gap is at most `gap`.
double LargestScoreWithin(double gap, double bound);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_SEARCH_BOUND_H_
