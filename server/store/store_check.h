#ifndef ONELOOP_SERVER_STORE_STORE_CHECK_H_
#define ONELOOP_SERVER_STORE_STORE_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

struct StoreReport {
  std::vector<std::string> findings;  // each one thing that is wrong, in words; the first kMostFindings
  std::int64_t omitted = 0;           // findings beyond those
  std::int64_t jobs = 0;
  std::int64_t points = 0;
  std::int64_t revision = 0;
};

inline constexpr std::size_t kMostFindings = 1000;

// Looks at everything in a data directory's store and changes nothing: SQLite's own integrity check, references between
// tables, and for each job its points (without gaps and doubles, packs readable), its front, its best point and what
// overviews show against ones computed from all points, its counters, its states, and that revisions only rise; and
// calibrations and counts of crashes. Reads every page; the memory that it takes goes with the exact points of the
// largest job, about 50 bytes for each.
//
// NOT_FOUND when there is no store, FAILED_PRECONDITION when a daemon has it or it is of another version than this
// program's. A store that is damaged is a report, not an error.
absl::StatusOr<StoreReport> CheckStore(const std::string& data_dir);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_STORE_CHECK_H_
