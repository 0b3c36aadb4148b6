#ifndef ONELOOP_SERVER_STORE_OVERVIEW_CHOICE_H_
#define ONELOOP_SERVER_STORE_OVERVIEW_CHOICE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/run_store.h"

namespace oneloop {

// Which points an overview shows of more than it has room for, for all stores alike.

// At most `keep` of the places 0 to count - 1, ascending and evenly apart: the first, and the last when there is room
// for two.
std::vector<std::int64_t> EvenPlaces(std::int64_t count, std::int64_t keep);

// Of a start: how many improvements it has, and the score of the last one; infinite without any.
struct StartSize {
  std::int64_t improvements = 0;
  double best_score = 0;
};
// How many improvements of each start are shown, `most` in all: all of those with few, equally many of the others, and
// two at least; none of a start that is not shown at all.
std::vector<std::optional<std::int64_t>> ShareImprovements(const std::vector<StartSize>& starts, std::int64_t most);

// Picks results for RunStore::SamplePoints, a few of many. Not thread-safe.
class ResultSample {
 public:
  // Precondition: most >= kLeastSample.
  explicit ResultSample(int most) : most_(most) {}

  // First. `marked`: the best result and those of greatest figures, in any order and number of times; `front`: the
  // whole front.
  void AddFront(const std::vector<PointRecord>& marked, std::vector<PointRecord> front);

  // Then: others, evenly by number, with numbers below `end`. `next` finds the first result at or after a number; or
  // none, when that is far away, and the last number that it has looked at.
  struct Found {
    std::optional<PointRecord> point;
    std::int64_t passed = -1;
  };
  using Next = std::function<absl::StatusOr<Found>(std::int64_t number)>;
  absl::Status Fill(std::int64_t end, const Next& next);

  // By number.
  std::vector<PointRecord> Take();

 private:
  std::int64_t room() const { return most_ - static_cast<std::int64_t>(chosen_.size()); }
  // Of each of `cells` equal parts of the numbers the first result that is there. Counts calls of `next` in vain.
  absl::Status FillCells(std::int64_t end, std::int64_t cells, const Next& next, std::int64_t* in_vain);

  const std::int64_t most_;
  std::map<std::int64_t, PointRecord> chosen_;  // by number
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_OVERVIEW_CHOICE_H_
