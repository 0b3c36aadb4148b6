#include "common/model/bound/loop_steps.h"

#include <algorithm>
#include <cstddef>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"

namespace oneloop {
namespace {

// Beyond, neighbours are merged.
constexpr std::size_t kMostSteps = 32;
constexpr double kCoarser = 0.05;
// Iterations of a dimension of which each number of loops inside is looked at.
constexpr std::int64_t kMostRunsApart = 4096;

// How often loops are run, at least, by how many are inside, up to all but one of a dimension's iterations, of which
// there are no copies (B45).
std::vector<double> RunsOutside(std::int64_t bound) {
  std::vector<double> runs = {0};
  const auto all = static_cast<double>(bound);
  for (std::int64_t loops = 1; loops < bound; ++loops) {
    const std::int64_t rest = bound % loops;
    const std::int64_t whole = bound / loops;
    auto least = static_cast<double>(whole);
    if (2 * rest > loops) {
      least += 1;
    } else if (rest > 0) {
      // The last run may be one tile that stays.
      const std::int64_t in_tile = LeftOutside(loops, loops / rest);
      const auto last = static_cast<double>(rest);
      least = (all * (least + 1) - last * runs[static_cast<std::size_t>(in_tile)]) / (all - last);
    }
    runs.push_back(loops == 1 ? least : std::min(least, runs.back()));
  }
  return runs;
}

}  // namespace

LoopSteps PerfectSteps(std::int64_t loops) {
  LoopSteps steps;
  for (const std::int64_t inside : Divisors(loops)) {
    const std::int64_t outside = loops / inside;
    steps.push_back({inside, inside, static_cast<double>(outside)});
  }
  return steps;
}

// (B44)
LoopSteps UnevenSteps(std::int64_t bound, std::int64_t copies) {
  const std::int64_t all = LeftOutside(bound, copies);
  const double real_loops = static_cast<double>(bound) / static_cast<double>(copies);
  std::vector<double> runs;
  if (copies == 1 && bound <= kMostRunsApart) runs = RunsOutside(bound);
  const auto outside = [&](std::int64_t loops) {
    return runs.empty() ? real_loops / static_cast<double>(loops) : runs[static_cast<std::size_t>(loops)];
  };
  LoopSteps steps;
  for (double ratio = 1;; ratio += kCoarser) {
    steps.clear();
    for (std::int64_t least = 1; least < all && steps.size() <= kMostSteps;) {
      std::int64_t most = least;
      if (runs.empty()) {
        most = std::clamp(static_cast<std::int64_t>(static_cast<double>(least) * ratio), least, all - 1);
      } else {
        while (most + 1 < all && outside(least) <= outside(most + 1) * ratio) ++most;
      }
      steps.push_back({least, most, outside(most)});
      least = most + 1;
    }
    if (steps.size() <= kMostSteps) break;
  }
  steps.push_back({all, all, 1});
  return steps;
}

}  // namespace oneloop
