#ifndef ONELOOP_SERVER_SEARCH_RACE_H_
#define ONELOOP_SERVER_SEARCH_RACE_H_

#include <vector>

#include "common/base/random.h"
#include "server/search/design_state.h"
#include "server/search/evaluator.h"
#include "server/search/layer_search.h"

namespace oneloop {

// Chooses among designs on arrays of different sizes: the most promising of each are polished for a while, then the
// better half of them for longer, until one is left. Under a limit on the area, what an array takes its memories give
// up, so that nothing good lies between two sizes and no step from one to the other pays at once; and how good a size
// is shows only once its mappings are. Used by one thread.
class Race {
 public:
  // All must outlive the race.
  Race(Evaluator& evaluator, LayerSearch& layers, Random& random);

  // At least one runner. Reports what is found, and returns the winner.
  DesignState Run(std::vector<DesignState> runners);

 private:
  // The best of each array size, best first, at most so many.
  std::vector<DesignState> BestOfArrays(std::vector<DesignState> designs, std::size_t most) const;
  bool HaveEqualArrays(const DesignState& a, const DesignState& b) const;

  Evaluator& evaluator_;
  LayerSearch& layers_;
  Random& random_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_RACE_H_
