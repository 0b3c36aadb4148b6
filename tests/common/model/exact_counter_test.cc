#include "common/model/exact/exact_counter.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/exact/cost_model.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/reference/reference_counts.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

double WordsOf(const NestCounts<ExactFactor>& counts, const Flow& flow) {
  const auto& words = counts.tensors[static_cast<std::size_t>(flow.level)][static_cast<std::size_t>(flow.tensor)];
  switch (flow.kind) {
    case Flow::Kind::kRead:
      return words.reads;
    case Flow::Kind::kFill:
      return words.fills;
    case Flow::Kind::kUpdate:
      break;
  }
  return words.updates;
}

// Every bit of what is used must be what the templated rules say.
void ExpectEqualCounts(const CostModel& model, const LayerShape& shape, const Mapping& mapping) {
  const NestCounts<ExactFactor> counts = ReferenceCounts(model, shape, mapping);
  const LayerUse use = model.Use(shape, mapping);
  for (std::size_t f = 0; f < model.flows().size(); ++f) {
    EXPECT_EQ(use.words[f], WordsOf(counts, model.flows()[f])) << "flow " << f;
  }
  for (int level = 0; level < model.structure().num_levels(); ++level) {
    const auto l = static_cast<std::size_t>(level);
    EXPECT_EQ(use.instances[l], counts.instances[l].value);
  }
  EXPECT_EQ(use.lanes, counts.lanes.value);
  EXPECT_EQ(use.macs, static_cast<double>(Macs(shape)));
  EXPECT_EQ(use.need, model.Needs(shape, mapping));
}

TEST(ExactCounterTest, EqualsTheTemplatedRulesOnRandomHierarchies) {
  Random random(11);
  for (int trial = 0; trial < 300; ++trial) {
    const CostModel model{std::shared_ptr<const Template>(RandomTemplate(random))};
    for (int layer = 0; layer < 5; ++layer) {
      const LayerShape shape = RandomShape(random);
      for (int i = 0; i < 10; ++i) {
        const Mapping mapping = RandomPerfectMapping(model.hardware_template(), shape, random);
        SCOPED_TRACE(FormatMapping(model.hardware_template(), mapping));
        ExpectEqualCounts(model, shape, mapping);
        if (HasFailure()) return;
      }
    }
  }
}

TEST(ExactCounterTest, EqualsTheTemplatedRulesWhereProductsRound) {
  Random random(12);
  for (int trial = 0; trial < 100; ++trial) {
    const CostModel model{std::shared_ptr<const Template>(RandomTemplate(random))};
    LayerShape shape = RandomShape(random);
    // Products of odd bounds beyond 2^53.
    shape.bounds = {3, 5, 729, 625, 6561, 2401, 3, 1};
    shape.w_stride = static_cast<std::int64_t>(1 + random.Below(1000));
    ASSERT_TRUE(ValidateShape(shape).ok());
    for (int i = 0; i < 20; ++i) {
      ExpectEqualCounts(model, shape, RandomPerfectMapping(model.hardware_template(), shape, random));
      if (HasFailure()) return;
    }
  }
}

TEST(ExactCounterTest, EqualsTheTemplatedRulesOnShippedNetworks) {
  Random random(13);
  const CostModel model(ShippedTemplate("gemmini"));
  for (const char* name : {"resnet50", "bert", "unet", "retinanet"}) {
    for (const Layer& layer : ShippedWorkload(name).layers) {
      for (int i = 0; i < 200; ++i) {
        ExpectEqualCounts(model, layer.shape, RandomPerfectMapping(model.hardware_template(), layer.shape, random));
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace oneloop
