#ifndef ONELOOP_SERVER_SEARCH_LIMIT_CONFLICT_H_
#define ONELOOP_SERVER_SEARCH_LIMIT_CONFLICT_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/search/search_spec.h"

namespace oneloop {

// Limits of a job, on figures or on parameters, that no design keeps together, though one was found for all but any one
// of them.
struct LimitConflict {
  struct Part {
    std::string name;   // "area_mm2", "pe_dim"
    std::string limit;  // "area_mm2 <= 2", "throughput_per_s >= 30", "pe_dim = 64"
    bool at_least = false;
    // Of designs that keep the other limits of the conflict: the nearest value that one was found for, and what is
    // proven that none betters.
    std::optional<double> found;
    std::optional<double> proven;
  };
  std::vector<Part> parts;
  // Otherwise it is an estimate: a search found none.
  bool proven = false;
  // The design that is the least beyond, with its hardware and figures; "" when none was found.
  std::string nearest;

  std::string ToString() const;
};

// Looks into why nothing was found. `conflict` is empty when a design within all limits is found after all, or no limit
// is to blame. Short searches of the spec with fewer limits, and proofs: a pure function, unless stop_requested, asked
// every few milliseconds, ends it: then nothing. Thread-safe.
struct Diagnosis {
  std::optional<LimitConflict> conflict;
};
std::optional<Diagnosis> DiagnoseLimits(const SearchSpec& spec, const std::function<bool()>& stop_requested);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_LIMIT_CONFLICT_H_
