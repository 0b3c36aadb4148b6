#ifndef ONELOOP_SERVER_SEARCH_RANGE_PROJECTION_H_
#define ONELOOP_SERVER_SEARCH_RANGE_PROJECTION_H_

#include <cstddef>
#include <span>
#include <vector>

#include "common/model/smooth/smooth_model.h"

namespace oneloop {

// Brings real-valued factors into the ranges that a template asks for: each into its own; what they are above a bound
// is taken from those above their least, in proportion; and where the outermost level has no loop over a dimension, its
// last place has what is left. Does nothing to dimensions that are free. Immutable; thread-safe.
class RangeProjection {
 public:
  explicit RangeProjection(const SmoothModel& model);

  // x: log2 of the factors, as SmoothModel::index says.
  void Apply(std::span<double> x) const;

 private:
  struct Factor {
    std::size_t index;  // in x
    double least;       // log2
    double most;
  };
  // Of one dimension of one layer.
  struct Group {
    std::vector<Factor> factors;
    double bound;          // log2
    bool last_takes_rest;  // the last of them
  };
  std::vector<Group> groups_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_RANGE_PROJECTION_H_
