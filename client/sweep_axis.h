#ifndef ONELOOP_CLIENT_SWEEP_AXIS_H_
#define ONELOOP_CLIENT_SWEEP_AXIS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// The most jobs of one sweep.
inline constexpr std::size_t kMostSweepJobs = 1000;

// One --vary NAME=VALUES: what is varied, and its values as the flags of `submit` take them, at least one.
struct SweepAxis {
  std::string name;
  bool at_least = false;  // NAME>=VALUES: lower limits
  std::vector<std::string> values;
};

// The flags of `submit` that can be varied, sorted: "algorithm", "seed", ...
std::vector<std::string> VariableFlags();
bool IsVariableFlag(const std::string& name);

// Reads every --vary. VALUES is a list "8,16,32" or, for numbers, a range: "0.5:16:x2" from 0.5 to at most 16, each
// twice the one before, or "0:9:+1", each 1 more. Values of ranges have 12 significant digits. What is no flag of
// `submit` takes numbers alone, and may be NAME<=VALUES or NAME>=VALUES. A usage error for another form and for a name
// or value that is there twice; INVALID_ARGUMENT for a range that is empty or never ends, and for more than
// kMostSweepJobs combinations. Both name the --vary.
absl::StatusOr<std::vector<SweepAxis>> ParseSweepAxes(const std::vector<std::string>& texts);

// How many combinations of values there are.
std::size_t NumCombinations(const std::vector<SweepAxis>& axes);

// For each axis, which of its values the combination at `place` has; the last axis changes first.
std::vector<std::size_t> CombinationAt(const std::vector<SweepAxis>& axes, std::size_t place);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SWEEP_AXIS_H_
