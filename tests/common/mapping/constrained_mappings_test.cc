// Ranges of factors and orders of loops, against all mappings of small layers.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/mapping/orders.h"
#include "common/mapping/random_mapping.h"
#include "gtest/gtest.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_constraints.h"

namespace oneloop {
namespace {

using Factors = std::vector<std::int64_t>;

// All factors of one dimension that are valid by the rules for a single one, and reach the bound.
std::vector<Factors> AllFactors(const FactorSpace& space, Dim dim, std::int64_t bound) {
  const std::span<const FactorPlace> places = space.places(dim);
  std::vector<Factors> all;
  Factors factors;
  const std::function<void(std::int64_t)> go_on = [&](std::int64_t inside) {
    if (factors.size() == places.size()) {
      if (inside >= bound) all.push_back(factors);
      return;
    }
    const FactorPlace& place = places[factors.size()];
    for (std::int64_t factor = 1; factor <= LeftOutside(bound, inside); ++factor) {
      if (!FactorSpace::MayStand(factor, LeftOutside(bound, inside), space.MustDivide(place, dim))) continue;
      if (!space.range(place, dim).Has(factor)) continue;
      factors.push_back(factor);
      go_on(inside * factor);
      factors.pop_back();
    }
  };
  go_on(1);
  return all;
}

// Random templates with constraints, some factors of which must divide.
std::unique_ptr<const Template> SomeTemplate(Random& random) {
  for (;;) {
    TemplateSpec spec = RandomTemplateSpec(random);
    if (random.Below(2) == 0) {
      for (LevelSpec& level : spec.levels) {
        for (const Dim dim : kAllDims) {
          if (level.temporal.Has(dim) && random.Below(2) == 0) level.perfect_dims.Add(dim);
        }
      }
    } else if (random.Below(2) == 0) {
      spec.perfect_dims = kEveryDim;
    }
    auto made = RandomConstraints(random).AddTo(**Template::Create(std::move(spec)), {});
    if (made != nullptr) return made;
  }
}

TEST(ConstrainedFactorsTest, WhatCanBeSplitIsWhatHasFactors) {
  std::int64_t none = 0;
  std::int64_t some = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const auto hardware_template = SomeTemplate(random);
    const FactorSpace space(*hardware_template);
    for (const Dim dim : kAllDims) {
      if (space.places(dim).size() > 5) continue;
      for (std::int64_t bound = 1; bound <= 24; ++bound) {
        const bool has_some = !AllFactors(space, dim, bound).empty();
        ASSERT_EQ(space.CanSplit(dim, bound), has_some) << "seed " << seed << " " << Name(dim) << " " << bound;
        ++(has_some ? some : none);
      }
    }
  }
  EXPECT_GT(none, 1000);
  EXPECT_GT(some, 1000);
}

// Ranges that ask for more than any bound has, and those of whose multiples few are bounds.
TEST(ConstrainedFactorsTest, LargeFactorsAreToldApartAndRefusedInTime) {
  TemplateSpec spec;
  spec.name = "large";
  LevelSpec level;
  level.keeps = kEveryTensor;
  for (int l = 0; l < 8; ++l) {
    level.name = "l" + std::to_string(l);
    spec.levels.push_back(level);
  }
  FactorRange& outermost = spec.levels[7].factors[ToIndex(Dim::kK)];
  outermost.least = outermost.most = 46341;
  const auto one = *Template::Create(spec);
  const FactorSpace space(*one);
  EXPECT_TRUE(space.CanSplit(Dim::kK, 46341));
  EXPECT_FALSE(space.CanSplit(Dim::kK, 46342));
  EXPECT_TRUE(space.CanSplit(Dim::kK, 2 * 46341 - 1));
  EXPECT_TRUE(space.CanSplit(Dim::kK, kMaxBound));
  spec.levels[3].factors[ToIndex(Dim::kK)] = {.least = 46341, .most = kMaxBound};
  const auto two = *Template::Create(spec);
  EXPECT_TRUE(FactorSpace(*two).CanSplit(Dim::kK, kMaxBound));
  spec.levels[2].factors[ToIndex(Dim::kK)] = {.least = 46341, .most = kMaxBound};
  const auto three = *Template::Create(std::move(spec));
  const FactorSpace none(*three);
  for (const std::int64_t bound : {std::int64_t{1}, std::int64_t{46341}, kMaxBound}) {
    EXPECT_FALSE(none.CanSplit(Dim::kK, bound)) << bound;
  }
}

// Factors to tell apart are some of those that begin valid ones, with each number of runs outside once; any factors are
// completed to valid ones, and valid ones stay.
TEST(ConstrainedFactorsTest, FactorsAndCompletionAreThoseOfValidMappings) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto hardware_template = SomeTemplate(random);
    const FactorSpace space(*hardware_template);
    for (const Dim dim : kAllDims) {
      if (space.places(dim).size() > 5 || space.places(dim).size() == 1) continue;
      const auto bound = static_cast<std::int64_t>(1 + random.Below(24));
      const std::vector<Factors> all = AllFactors(space, dim, bound);
      if (all.empty()) continue;
      const FactorPlace& first = space.places(dim).front();
      std::set<std::int64_t> begins;
      std::set<std::int64_t> runs;
      for (const Factors& factors : all) {
        begins.insert(factors.front());
        runs.insert(LeftOutside(bound, factors.front()));
      }
      std::set<std::int64_t> told_runs;
      for (const std::int64_t factor : space.Factors(first, dim, bound)) {
        EXPECT_EQ(begins.count(factor), 1U) << factor;
        EXPECT_TRUE(told_runs.insert(LeftOutside(bound, factor)).second) << factor;
      }
      EXPECT_EQ(told_runs, runs);
      for (std::int64_t most = 1; most <= bound; ++most) {
        const auto above = begins.upper_bound(most);
        const std::int64_t expected = above == begins.begin() ? *above : *std::prev(above);
        const std::int64_t largest = space.LargestWithin(first, dim, bound, static_cast<double>(most));
        EXPECT_TRUE(begins.contains(largest))
            << Name(dim) << " " << bound << " " << most << " " << largest << " " << expected;
        EXPECT_EQ(LeftOutside(bound, largest), LeftOutside(bound, expected));
      }
      const std::set<Factors> valid(all.begin(), all.end());
      for (int i = 0; i < 30; ++i) {
        Mapping mapping;
        const Factors* const chosen = i < 10 ? &all[random.Below(all.size())] : nullptr;
        for (std::size_t p = 0; p < space.places(dim).size(); ++p) {
          FactorAt(mapping, space.places(dim)[p], dim) =
              chosen != nullptr ? (*chosen)[p] : static_cast<std::int64_t>(random.Below(12));
        }
        space.Complete(dim, bound, &mapping);
        Factors completed;
        for (const FactorPlace& place : space.places(dim)) completed.push_back(FactorAt(mapping, place, dim));
        EXPECT_TRUE(valid.contains(completed));
        if (chosen != nullptr) {
          EXPECT_EQ(completed, *chosen);
        }
      }
    }
  }
}

TEST(ConstrainedFactorsTest, RandomMappingsAreValid) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const auto hardware_template = SomeTemplate(random);
    const FactorSpace space(*hardware_template);
    const LayerShape shape = SmallShape(random);
    if (!space.CheckShape(*hardware_template, shape).ok()) continue;
    const absl::Status valid =
        ValidateMapping(*hardware_template, shape, RandomMapping(*hardware_template, shape, random));
    EXPECT_TRUE(valid.ok()) << "seed " << seed << ": " << valid;
  }
}

bool IsAllowed(const Template& hardware_template, int level, const LoopOrder& order) {
  for (std::size_t outer = 0; outer < order.size(); ++outer) {
    for (std::size_t inner = outer + 1; inner < order.size(); ++inner) {
      if (hardware_template.loops_inside(level)[ToIndex(order[inner])].Has(order[outer])) return false;
    }
  }
  return std::set<Dim>(order.begin(), order.end()).size() == order.size();
}

TEST(ConstrainedOrdersTest, OrdersAreAllowedAndAllowedOnesStay) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const auto hardware_template = SomeTemplate(random);
    const OrderSpace orders(*hardware_template);
    for (int level = 0; level < hardware_template->num_levels(); ++level) {
      for (const Dim dim : kAllDims) EXPECT_TRUE(IsAllowed(*hardware_template, level, orders.Around(level, dim)));
      for (const Tensor tensor : kAllTensors) {
        EXPECT_TRUE(IsAllowed(*hardware_template, level, orders.Stationary(level, tensor)));
      }
      const LoopOrder nearest = orders.Nearest(level, RandomOrder(random));
      EXPECT_TRUE(IsAllowed(*hardware_template, level, nearest));
      EXPECT_EQ(orders.Nearest(level, nearest), nearest);
    }
  }
}

// Only what has to be inside a dimension is, and it stands as far inside as that lets it.
TEST(ConstrainedOrdersTest, AroundADimensionOnlyWhatMustBeIsInside) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const auto hardware_template = SomeTemplate(random);
    const OrderSpace orders(*hardware_template);
    for (int level = 0; level < hardware_template->num_levels(); ++level) {
      for (const Dim dim : kAllDims) {
        const LoopOrder order = orders.Around(level, dim);
        DimSet inside;
        for (std::size_t place = order.size(); order[--place] != dim;) inside.Add(order[place]);
        EXPECT_EQ(inside, hardware_template->loops_inside(level)[ToIndex(dim)]) << "seed " << seed;
      }
    }
  }
}

// Loops that run once stand anywhere.
TEST(ConstrainedOrdersTest, AMappingWithAnotherOrderIsRefused) {
  TemplateSpec spec;
  spec.name = "ordered";
  LevelSpec inner;
  inner.name = "inner";
  inner.keeps = kEveryTensor;
  LevelSpec outer = inner;
  outer.name = "outer";
  outer.order.innermost = {Dim::kR, Dim::kS};
  outer.order.outside = {{Dim::kK, Dim::kC}};
  spec.levels = {inner, outer};
  const auto hardware_template = *Template::Create(std::move(spec));
  LayerShape shape;
  for (const Dim dim : {Dim::kR, Dim::kS, Dim::kK, Dim::kC}) shape.bounds[ToIndex(dim)] = 3;
  const auto valid = [&](std::string_view text) { return ParseMapping(*hardware_template, shape, text).status(); };
  EXPECT_TRUE(valid("L1[WIO] K3 C3 S3 R3 - L0[WIO] N1").ok()) << valid("L1[WIO] K3 C3 S3 R3 - L0[WIO] N1");
  EXPECT_TRUE(valid("L1[WIO] K3 C3 S3 - L0[WIO] R3").ok());
  EXPECT_TRUE(valid("L1[WIO] C3 S3 - L0[WIO] K3 R3").ok());
  EXPECT_EQ(DescriptionOf(valid("L1[WIO] K3 C3 R3 S3 - L0[WIO] N1")),
            "the loop over R at level outer (L1) stands outside that over S; the template asks for it inside");
  EXPECT_FALSE(valid("L1[WIO] C3 K3 S3 R3 - L0[WIO] N1").ok());
  EXPECT_FALSE(valid("L1[WIO] S3 C3 - L0[WIO] K3 R3").ok());
}

}  // namespace
}  // namespace oneloop
