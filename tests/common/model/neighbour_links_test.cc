#include "common/model/exact/neighbour_links.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/model/exact/window_grid.h"
#include "tests/common/model/walked_copies.h"

namespace oneloop {
namespace {

using Digit = NeighbourLinks::Digit;
using Links = NeighbourLinks::Links;
using Shift = NeighbourLinks::Shift;

// Numbers of small offsets that coincide, cancel and carry often.
struct Case {
  std::vector<Digit> digits;
  std::int64_t copies = 1;
  std::int64_t row = 1;
  Shift move{};
};

std::int64_t From(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(high - low + 1)));
}

Case RandomCase(Random& random, std::int64_t most_copies, bool once_each) {
  Case result;
  // By direction and whether it is R or S; -1, K, last. A dimension may stand on several axes.
  std::array<std::array<std::int64_t, 2>, 6> steps{};
  std::array<std::array<bool, 2>, 6> used{};
  for (auto& pair : steps) {
    for (std::int64_t& step : pair) step = From(random, 1, 4);
  }
  for (int i = static_cast<int>(From(random, 1, 7)); i > 0; --i) {
    const int direction = static_cast<int>(random.Below(3)) > 0 ? static_cast<int>(From(random, 3, 4))
                                                                : static_cast<int>(From(random, -1, 2));
    const bool is_filter = direction >= 3 && random.Below(2) == 0;
    const std::size_t slot = direction < 0 ? 5 : static_cast<std::size_t>(direction);
    const std::int64_t factor = From(random, 2, 9);
    if (result.copies * factor > most_copies || (once_each && used[slot][is_filter ? 1 : 0])) continue;
    used[slot][is_filter ? 1 : 0] = true;
    std::int64_t& step = steps[slot][is_filter ? 1 : 0];
    result.digits.push_back({factor, direction, is_filter, direction < 0 ? 0 : step});
    step *= factor;
    result.copies *= factor;
  }
  // Rows of whole digits, of any length, or all in one.
  std::int64_t whole = 1;
  for (std::size_t k = random.Below(result.digits.size() + 1); k > 0; --k) whole *= result.digits[k - 1].factor;
  const std::uint64_t kind = random.Below(4);
  result.row = kind < 2 ? whole : kind == 2 ? From(random, 1, result.copies + 1) : whole * From(random, 1, 3);
  // Often what lies between two copies.
  const auto offset = [&](std::int64_t number) {
    Shift shift{};
    for (const Digit& digit : result.digits) {
      if (digit.direction >= 0) shift[static_cast<std::size_t>(digit.direction)] += number % digit.factor * digit.step;
      number /= digit.factor;
    }
    return shift;
  };
  const std::int64_t p = From(random, 0, result.copies - 1);
  const std::int64_t q = random.Below(2) == 0 ? p + From(random, -1, 1) : p + result.row * From(random, -1, 1);
  const Shift a = offset(p);
  const Shift b = offset(std::clamp<std::int64_t>(q, 0, result.copies - 1));
  for (std::size_t d = 0; d < a.size(); ++d) result.move[d] = b[d] - a[d];
  if (random.Below(8) == 0) result.move[3] += From(random, -2, 2);
  return result;
}

std::string TextOf(const Case& c) {
  std::string text = absl::StrCat("row ", c.row, ", move");
  for (const std::int64_t part : c.move) absl::StrAppend(&text, " ", part);
  for (const Digit& digit : c.digits) {
    absl::StrAppend(&text, "; ", digit.factor, " in ", digit.direction, digit.is_filter ? "f" : "", " by ", digit.step);
  }
  return text;
}

void ExpectEqualToWalk(std::uint64_t seed, int trials, std::int64_t most_copies, bool once_each) {
  Random random(seed);
  int linked = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Case c = RandomCase(random, most_copies, once_each);
    if (c.digits.empty()) continue;
    SCOPED_TRACE(TextOf(c));
    const Links expected = WalkedLinks(c.digits, c.row, c.move);
    const Links counted = NeighbourLinks(c.digits, c.row).Count(c.move);
    ASSERT_EQ(counted.saved, expected.saved);
    ASSERT_EQ(counted.linked, expected.linked);
    linked += expected.saved > 0 ? 1 : 0;
  }
  EXPECT_GT(linked, trials / 10);
}

TEST(NeighbourLinksTest, EqualTheWalkOverAllCopies) { ExpectEqualToWalk(1, 40000, 100, false); }

TEST(NeighbourLinksTest, EqualTheWalkWhereEachDimensionHasOneAxis) { ExpectEqualToWalk(2, 40000, 150, true); }

TEST(NeighbourLinksTest, EqualTheWalkOverManyCopies) { ExpectEqualToWalk(3, 1500, 3000, false); }

// One row of 2^31 - 1 outputs by 3 filters: after a step by one output, each copy's window is its neighbour's.
TEST(NeighbourLinksTest, CountsCopiesThatNoMemoryHolds) {
  constexpr std::int64_t kOutputs = 2147483647;
  const std::vector<Digit> digits = {{kOutputs, 3, false, 1}, {3, 3, true, 1}};
  const Links links = NeighbourLinks(digits, 3 * kOutputs).Count({0, 0, 0, 1, 0});
  EXPECT_EQ(links.saved, kOutputs - 1);
  EXPECT_EQ(links.linked, 3 * (kOutputs - 1));
}

// The same shape in small, so that the figures above have a witness.
TEST(NeighbourLinksTest, LargeRowsFollowTheSmallOnes) {
  for (const std::int64_t outputs : {5, 17, 100}) {
    const std::vector<Digit> digits = {{outputs, 3, false, 1}, {3, 3, true, 1}};
    const Links links = WalkedLinks(digits, 3 * outputs, {0, 0, 0, 1, 0});
    EXPECT_EQ(links.saved, outputs - 1);
    EXPECT_EQ(links.linked, 3 * (outputs - 1));
  }
}

TEST(WindowGridTest, CountsWindowsAndKindsOfChainsAsAWalkDoes) {
  Random random(4);
  for (int trial = 0; trial < 20000; ++trial) {
    const std::int64_t outputs = From(random, 2, 12);
    const std::int64_t filters = From(random, 2, 12);
    const std::int64_t output_step = From(random, 1, 6);
    const std::int64_t filter_step = From(random, 1, 6);
    SCOPED_TRACE(absl::StrCat(outputs, " by ", output_step, ", ", filters, " by ", filter_step));
    const WindowGrid grid(outputs, filters, output_step, filter_step);
    std::set<std::int64_t> windows;
    std::map<std::set<std::pair<int, int>>, std::int64_t> expected;
    const auto place = [](std::int64_t at, std::int64_t size) {
      return at == 0 ? WindowGrid::kFirst : at == size - 1 ? WindowGrid::kLast : WindowGrid::kBetween;
    };
    for (std::int64_t i = 0; i < outputs; ++i) {
      for (std::int64_t j = 0; j < filters; ++j) {
        if (!windows.insert(i * output_step + j * filter_step).second) continue;
        std::set<std::pair<int, int>> hits;
        grid.VisitChain(i, j, [&](std::int64_t x, std::int64_t y) {
          ASSERT_EQ(x * output_step + y * filter_step, i * output_step + j * filter_step);
          hits.insert({place(x, outputs), place(y, filters)});
        });
        ++expected[hits];
      }
    }
    ASSERT_EQ(grid.Distinct(), static_cast<std::int64_t>(windows.size()));
    std::map<std::set<std::pair<int, int>>, std::int64_t> counted;
    for (const WindowGrid::ChainKind& kind : grid.ChainKinds()) {
      std::set<std::pair<int, int>> hits;
      for (const WindowGrid::Hit& hit : kind.hits) hits.insert({hit.output, hit.filter});
      counted[hits] += kind.count;
    }
    ASSERT_EQ(counted, expected);
  }
}

}  // namespace
}  // namespace oneloop
