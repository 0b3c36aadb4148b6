#include "common/model/exact/input_corners.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/dims.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_costs.h"
#include "tests/common/model/walked_copies.h"

namespace oneloop {
namespace {

using Shift = NeighbourLinks::Shift;

constexpr std::int64_t kMostSteps = 20000;

// One mapping, taken apart anew: what the corners are about, by walking every step of the loops outside a tile and
// every copy of a fan-out.
class Walk {
 public:
  struct Loop {
    Dim dim;
    std::int64_t factor;
    Shift shift{};
    Shift move{};  // as if every loop inside had two steps: Timeloop's extrapolation
  };

  Walk(const CostModel& model, const LayerShape& shape, const Mapping& mapping)
      : model_(model), shape_(shape), mapping_(mapping) {}

  std::array<std::int64_t, kNumDims> ExtentsInside(int level, bool with_loops) const {
    std::array<std::int64_t, kNumDims> extents;
    extents.fill(1);
    for (int l = 0; l < level + (with_loops ? 1 : 0); ++l) Grow(l, &extents);
    return extents;
  }

  Shift TileOf(int level) const {
    const auto e = ExtentsInside(level, true);
    const auto at = [&e](Dim dim) { return e[ToIndex(dim)]; };
    return {at(Dim::kN), at(Dim::kC), at(Dim::kG),
            (at(Dim::kP) - 1) * shape_.w_stride + (at(Dim::kR) - 1) * shape_.w_dilation + 1,
            (at(Dim::kQ) - 1) * shape_.h_stride + (at(Dim::kS) - 1) * shape_.h_dilation + 1};
  }

  std::vector<Loop> LoopsOutside(int level) const {
    std::vector<Loop> loops;
    auto extents = ExtentsInside(level, true);
    Shift behind{};
    for (int l = level + 1; l < model_.structure().num_levels(); ++l) {
      for (std::size_t a = 0; a < mapping_.spatial.size() && a < Axes().size(); ++a) {
        if (Axes()[a].level != l) continue;
        for (const Dim dim : kAllDims) extents[ToIndex(dim)] *= mapping_.s(static_cast<int>(a), dim);
      }
      const LoopOrder& order = mapping_.order[ToIndex(l)];
      for (auto dim = order.rbegin(); dim != order.rend(); ++dim) {
        const std::int64_t factor = mapping_.t(l, *dim);
        if (factor == 1) continue;
        Loop loop{*dim, factor, {}, {}};
        if (DirectionOf(*dim) >= 0)
          loop.shift[ToIndex(DirectionOf(*dim))] = extents[ToIndex(*dim)] * UnitStep(shape_, *dim);
        extents[ToIndex(*dim)] *= factor;
        for (std::size_t a = 0; a < behind.size(); ++a) loop.move[a] = loop.shift[a] - behind[a];
        for (std::size_t a = 0; a < behind.size(); ++a) behind[a] += loop.shift[a];
        loops.push_back(loop);
      }
    }
    return loops;
  }

  // Calls visit(j) for every step of all loops together, j the outermost that advances. False when there are too many.
  template <class Visit>
  static bool ForEachStep(const std::vector<Loop>& loops, Visit visit) {
    double steps = 1;
    for (const Loop& loop : loops) steps *= static_cast<double>(loop.factor);
    if (steps > static_cast<double>(kMostSteps)) return false;
    std::vector<std::int64_t> at(loops.size());
    for (;;) {
      std::size_t j = 0;
      while (j < loops.size() && ++at[j] == loops[j].factor) at[j++] = 0;
      if (j == loops.size()) return true;
      visit(j);
    }
  }

  // Offsets of a fan-out's copies, the first axis fastest.
  std::vector<NeighbourLinks::Digit> DigitsOf(int fan_out) const {
    std::vector<NeighbourLinks::Digit> digits;
    auto extents = ExtentsInside(fan_out, false);
    for (std::size_t a = 0; a < Axes().size(); ++a) {
      if (Axes()[a].level != fan_out) continue;
      for (const Dim dim : kAllDims) {
        const std::int64_t factor = mapping_.s(static_cast<int>(a), dim);
        if (factor == 1) continue;
        std::int64_t& extent = extents[ToIndex(dim)];
        digits.push_back({factor, DirectionOf(dim), dim == Dim::kR || dim == Dim::kS, extent * UnitStep(shape_, dim)});
        extent *= factor;
      }
    }
    return digits;
  }

 private:
  const std::vector<Template::Axis>& Axes() const { return model_.hardware_template().axes(); }
  void Grow(int level, std::array<std::int64_t, kNumDims>* extents) const {
    for (const Dim dim : kAllDims) {
      (*extents)[ToIndex(dim)] *= mapping_.t(level, dim);
      for (std::size_t a = 0; a < Axes().size(); ++a) {
        if (Axes()[a].level == level) (*extents)[ToIndex(dim)] *= mapping_.s(static_cast<int>(a), dim);
      }
    }
  }

  const CostModel& model_;
  const LayerShape& shape_;
  const Mapping& mapping_;
};

double WordsOf(const Shift& tile) {
  double words = 1;
  for (const std::int64_t extent : tile) words *= static_cast<double>(extent);
  return words;
}

// Words that a step of the innermost loop brings.
double FirstWords(const std::vector<Walk::Loop>& loops, const Shift& tile) {
  for (std::size_t a = 0; a < tile.size(); ++a) {
    if (loops[0].shift[a] == 0) continue;
    return WordsOf(tile) / static_cast<double>(tile[a]) * static_cast<double>(std::min(loops[0].shift[a], tile[a]));
  }
  return 0;
}

std::int64_t CountOf(const std::vector<NeighbourLinks::Digit>& digits) {
  std::int64_t copies = 1;
  for (const auto& digit : digits) copies *= digit.factor;
  return copies;
}

// Small layers whose windows overlap, skip and coincide.
LayerShape SlidingShape(Random& random) {
  LayerShape shape;
  constexpr std::int64_t kSizes[] = {1, 2, 3, 4, 6};
  for (const Dim dim : kAllDims) shape.bounds[ToIndex(dim)] = random.Below(3) == 0 ? 1 : kSizes[random.Below(5)];
  shape.w_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.h_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.w_dilation = static_cast<std::int64_t>(1 + random.Below(3));
  shape.h_dilation = static_cast<std::int64_t>(1 + random.Below(3));
  return shape;
}

// Calls check(model, shape, mapping, walk) for random ones.
template <class Check>
void ForRandomMappings(std::uint64_t seed, int trials, Check check) {
  Random random(seed);
  for (int trial = 0; trial < trials && !testing::Test::HasFailure(); ++trial) {
    const CostModel model{std::shared_ptr<const Template>(RandomCosts(random, true).Draw())};
    for (int i = 0; i < 20; ++i) {
      const LayerShape shape = SlidingShape(random);
      const Mapping mapping = RandomPerfectMapping(model.hardware_template(), shape, random);
      SCOPED_TRACE(FormatMapping(model.hardware_template(), mapping));
      check(model, shape, mapping, Walk(model, shape, mapping));
    }
  }
}

// (C1, C2, I1): what a keeper of inputs loads, step by step.
TEST(InputCornersTest, LoadsAreWhatEachStepOfTheLoopsBrings) {
  int compared = 0;
  int repeated = 0;
  ForRandomMappings(1, 600,
                    [&](const CostModel& model, const LayerShape& shape, const Mapping& mapping, const Walk& walk) {
                      const bool rests_end_overlap = model.structure().rests_end_overlap();
                      const InputCorners corners(model.hardware_template(), model.structure(), shape, mapping);
                      for (int level = 0; level < model.structure().outermost(); ++level) {
                        std::vector<Walk::Loop> loops = walk.LoopsOutside(level);
                        const Shift tile = walk.TileOf(level);
                        const double words = WordsOf(tile);
                        std::size_t resting = 0;
                        while (!rests_end_overlap && resting < loops.size() && loops[resting].shift == Shift{})
                          ++resting;
                        loops.erase(loops.begin(), loops.begin() + static_cast<std::ptrdiff_t>(resting));
                        double plain = 0;
                        double loads = 0;
                        const double first = loops.empty() ? 0 : FirstWords(loops, tile);
                        const bool counted = Walk::ForEachStep(loops, [&](std::size_t j) {
                          bool moved = false;
                          for (std::size_t i = 0; i <= j; ++i) moved = moved || loops[i].shift != Shift{};
                          const double whole = j == 0 ? first : moved ? words : 0;
                          plain += whole;
                          const bool repeats = j > 0 && moved && loops[j].move == loops[0].move;
                          const bool rests = !rests_end_overlap && j > 0 && loops[j].move == Shift{};
                          loads += rests ? 0 : repeats ? first : whole;
                        });
                        if (!counted) continue;
                        EXPECT_NEAR(corners.RepeatedMoves(level), plain - loads, 1e-9 * plain) << "level " << level;
                        ++compared;
                        if (plain != loads) ++repeated;
                      }
                    });
  EXPECT_GT(compared, 10000);
  EXPECT_GT(repeated, 100);
}

// (I2): copies by the window that they look at.
TEST(InputCornersTest, CopiesShareARequestWhereTheirWindowsCoincide) {
  int coinciding = 0;
  ForRandomMappings(2, 600,
                    [&](const CostModel& model, const LayerShape& shape, const Mapping& mapping, const Walk& walk) {
                      const InputCorners corners(model.hardware_template(), model.structure(), shape, mapping);
                      for (int level = 0; level <= model.structure().outermost(); ++level) {
                        std::vector<Shift> offsets = {Shift{}};
                        for (const NeighbourLinks::Digit& digit : walk.DigitsOf(level)) {
                          const std::size_t inner = offsets.size();
                          for (std::int64_t k = 1; k < digit.factor; ++k) {
                            for (std::size_t i = 0; i < inner; ++i) {
                              Shift offset = offsets[i];
                              if (digit.direction >= 0) offset[ToIndex(digit.direction)] += k * digit.step;
                              offsets.push_back(offset);
                            }
                          }
                        }
                        std::map<Shift, double> windows;
                        for (const Shift& offset : offsets) windows[offset] += 1;
                        EXPECT_DOUBLE_EQ(corners.Multicast(level),
                                         static_cast<double>(offsets.size()) / static_cast<double>(windows.size()));
                        std::map<double, double> expected;
                        for (const auto& [offset, copies] : windows) expected[copies] += 1;
                        std::map<double, double> classes;
                        for (const SharingClass& of : corners.SharingClasses(level)) classes[of.copies] += of.words;
                        EXPECT_EQ(classes, expected);
                        if (expected.size() > 1) ++coinciding;
                      }
                    });
  EXPECT_GT(coinciding, 100);
}

// (I3): words handed over by walking all copies at each kind of step.
TEST(InputCornersTest, NeighboursHandOverWhatTheyHeldBefore) {
  int linked = 0;
  ForRandomMappings(
      3, 2500, [&](const CostModel& model, const LayerShape& shape, const Mapping& mapping, const Walk& walk) {
        const InputCorners corners(model.hardware_template(), model.structure(), shape, mapping);
        for (int child = 0; child < model.structure().outermost(); ++child) {
          const std::vector<Walk::Loop> loops = walk.LoopsOutside(child);
          const std::vector<NeighbourLinks::Digit> digits = walk.DigitsOf(child + 1);
          if (CountOf(digits) > 256) continue;
          InputCorners::Links expected;
          const bool slides = !loops.empty() && IsSliding(loops[0].dim);
          if (slides && CountOf(digits) > 1 && model.structure().HandsOver(child + 1)) {
            const Shift tile = walk.TileOf(child);
            const double words = WordsOf(tile);
            const double first = FirstWords(loops, tile);
            std::map<Shift, NeighbourLinks::Links> known;
            const auto links_of = [&](const Shift& move) {
              const auto [links, is_new] = known.try_emplace(move);
              if (is_new) links->second = WalkedLinks(digits, corners.RowLength(child + 1), move);
              return links->second;
            };
            const bool counted = Walk::ForEachStep(loops, [&](std::size_t j) {
              double factor = words;
              if (first != words)
                factor = j > 0 && loops[j].move == loops[0].move ? first * static_cast<double>(loops[0].factor) : 0;
              if (factor == 0) return;
              const NeighbourLinks::Links links = links_of(loops[j].move);
              expected.saved += factor * static_cast<double>(links.saved);
              expected.linked += factor * static_cast<double>(links.linked);
            });
            if (!counted) continue;
            // Tiles meet again only when both dimensions of one direction move them.
            bool meets = false;
            for (const Walk::Loop& loop : loops) {
              if (!IsSliding(loop.dim)) continue;
              const Dim partner = PartnerOf(loop.dim);
              for (const Walk::Loop& other : loops) meets = meets || other.dim == partner;
              for (std::size_t a = 0; a < model.hardware_template().axes().size(); ++a) {
                meets = meets || (model.hardware_template().axes()[a].level == child + 1 &&
                                  mapping.s(static_cast<int>(a), partner) > 1);
              }
            }
            if (!meets) expected = {};
          }
          const InputCorners::Links links = corners.LinksOf(child);
          EXPECT_NEAR(links.saved, expected.saved, 1e-9 * expected.saved) << "child " << child;
          EXPECT_NEAR(links.linked, expected.linked, 1e-9 * expected.linked) << "child " << child;
          if (expected.linked > 0) ++linked;
        }
      });
  EXPECT_GT(linked, 50);
}

}  // namespace
}  // namespace oneloop
