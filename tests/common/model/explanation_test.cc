#include "common/model/exact/explanation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "tests/common/model/random_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

HardwarePoint RandomValues(const Template& hardware_template, Random& random) {
  HardwarePoint hardware;
  for (const ParameterSpec& parameter : hardware_template.spec().parameters) {
    const double value = parameter.min * std::pow(parameter.max / parameter.min, random.Uniform());
    hardware.push_back(std::max(parameter.min, std::floor(value / parameter.step) * parameter.step));
  }
  return hardware;
}

// The parts, added up in the documented order, are Score's figures to the bit, and what is told of them agrees.
void ExpectExactParts(const CostModel& model, const LayerUse& use, const ComponentCosts& costs) {
  const LayerFigures figures = model.Score(use, costs);
  const LayerParts parts = model.PartsOf(use, costs);
  double energy_pj = parts.mac_energy_pj;
  for (std::size_t f = 0; f < model.flows().size(); ++f) energy_pj += parts.energy_pj[f];
  EXPECT_EQ(energy_pj / 1e6, figures.energy_uj);
  double cycles = parts.compute_cycles;
  for (int l = 0; l < model.structure().num_levels(); ++l) {
    cycles = std::max(cycles, parts.cycles[static_cast<std::size_t>(l)]);
  }
  EXPECT_EQ(std::ceil(cycles), figures.latency_cycles);

  const LayerExplanation layer = ExplainLayer(model, use, costs);
  EXPECT_EQ(layer.figures.energy_uj, figures.energy_uj);
  double energy_uj = layer.mac_energy_uj;
  for (const auto& level : layer.energy_uj) {
    for (const double tensor : level) energy_uj += tensor;
  }
  EXPECT_NEAR(energy_uj, figures.energy_uj, 1e-12 * figures.energy_uj);
  ASSERT_TRUE(layer.bound_by.has_value());
  EXPECT_EQ(std::ceil(layer.bound_cycles), figures.latency_cycles);
  EXPECT_GE(layer.bound_cycles, layer.next_cycles);
  EXPECT_EQ(layer.bound_cycles,
            *layer.bound_by == kMacUnits ? layer.mac_cycles : layer.cycles[static_cast<std::size_t>(*layer.bound_by)]);
}

TEST(ExplanationTest, PartsAddUpToTheScoreOnRandomHierarchies) {
  Random random(21);
  for (int trial = 0; trial < 200; ++trial) {
    const CostModel model{std::shared_ptr<const Template>(RandomTemplate(random))};
    for (int i = 0; i < 10; ++i) {
      const LayerShape shape = RandomShape(random);
      const Mapping mapping = RandomMapping(model.hardware_template(), shape, random);
      ExpectExactParts(model, model.Use(shape, mapping),
                       model.CostsAt(RandomValues(model.hardware_template(), random)));
    }
    if (HasFailure()) return;
  }
}

TEST(ExplanationTest, PartsAddUpToTheScoreOnShippedTemplates) {
  Random random(22);
  for (const char* const name : {"gemmini"}) {
    const CostModel model{std::shared_ptr<const Template>(ShippedTemplate(name))};
    for (const char* const network : {"resnet50", "bert"}) {
      for (const Layer& layer : ShippedWorkload(network).layers) {
        const Mapping mapping = RandomMapping(model.hardware_template(), layer.shape, random);
        ExpectExactParts(model, model.Use(layer.shape, mapping),
                         model.CostsAt(RandomValues(model.hardware_template(), random)));
      }
    }
  }
  for (const char* const name : {"output_stationary", "row_stationary", "simba", "unified"}) {
    const CostModel model{std::shared_ptr<const Template>(FixtureTemplate(name))};
    for (const Layer& layer : ShippedWorkload("resnet50").layers) {
      const Mapping mapping = RandomMapping(model.hardware_template(), layer.shape, random);
      ExpectExactParts(model, model.Use(layer.shape, mapping),
                       model.CostsAt(RandomValues(model.hardware_template(), random)));
    }
  }
}

// 64 x 64 products of 64: on a 4 x 4 array with everything in DRAM's loops.
class SmallMatrixTest : public ::testing::Test {
 protected:
  SmallMatrixTest() : model_(ShippedTemplate("gemmini")) {
    for (const Dim dim : {Dim::kP, Dim::kC, Dim::kK}) shape_.bounds[static_cast<std::size_t>(dim)] = 64;
  }
  LayerUse Use(const std::string& mapping) const {
    return model_.Use(shape_, *ParseMapping(model_.hardware_template(), mapping));
  }

  CostModel model_;
  LayerShape shape_;
};

TEST_F(SmallMatrixTest, SaysWhatBoundsALayerAndByHowMuch) {
  const ComponentCosts costs = model_.CostsAt({8, 64, 64});
  const LayerExplanation layer =
      ExplainLayer(model_, Use("L3[WIO] C16 K16 P64 - L2[WI] K4X - L1[O] C4X - L0[W] N1"), costs);
  // Each multiply-accumulate fetches from DRAM, which gives 8 words a cycle.
  EXPECT_EQ(layer.bound_by, 3);
  EXPECT_EQ(layer.mac_cycles, 64 * 64 * 64 / 16);
  EXPECT_GT(layer.bound_cycles, layer.next_cycles);
  ASSERT_TRUE(layer.next.has_value());
  EXPECT_NE(layer.next, layer.bound_by);
  std::vector<double> cycles(layer.cycles.begin(), layer.cycles.end());
  cycles.push_back(layer.mac_cycles);
  std::sort(cycles.rbegin(), cycles.rend());
  EXPECT_EQ(layer.bound_cycles, cycles[0]);
  EXPECT_EQ(layer.next_cycles, cycles[1]);
  EXPECT_EQ(layer.next_cycles,
            *layer.next == kMacUnits ? layer.mac_cycles : layer.cycles[static_cast<std::size_t>(*layer.next)]);
  EXPECT_EQ(layer.units_in_use, 0.25);
  EXPECT_DOUBLE_EQ(layer.utilisation, 64 * 64 * 64 / layer.figures.latency_cycles / 64);
}

TEST_F(SmallMatrixTest, PredictedLatencyIsBoundByNothingKnown) {
  LayerUse use = Use("L3[WIO] C16 K16 P64 - L2[WI] K4X - L1[O] C4X - L0[W] N1");
  use.predicted_cycles = 1e6;
  const LayerExplanation layer = ExplainLayer(model_, use, model_.CostsAt({8, 64, 64}));
  EXPECT_FALSE(layer.bound_by.has_value());
  EXPECT_EQ(layer.figures.latency_cycles, 1e6);
}

TEST_F(SmallMatrixTest, ResourcesNameTheLayersThatSizeThemAndTheNext) {
  const std::vector<LayerUse> uses = {Use("L3[WIO] C16 K16 P64 - L2[WI] K4X - L1[O] C4X - L0[W] N1"),
                                      Use("L3[WIO] C8 K32 P64 - L2[WI] K2X - L1[O] C8X - L0[W] N1"),
                                      Use("L3[WIO] C8 K16 P64 - L2[WI] K4X - L1[O] C8X - L0[W] N1")};
  const std::vector<ResourceExplanation> resources = ExplainResources(model_, {10, 64, 64}, uses);
  int axes = 0;
  for (const ResourceExplanation& explained : resources) {
    const Resource& resource = model_.hardware_template().resources()[explained.resource];
    if (!resource.is_axis()) continue;
    ++axes;
    EXPECT_EQ(explained.limit, 10);
    const bool rows = resource.level == 1;
    EXPECT_EQ(explained.need, rows ? 8 : 4);
    EXPECT_EQ(explained.layers, rows ? (std::vector<std::size_t>{1, 2}) : (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(explained.next_need, rows ? 4 : 2);
    EXPECT_EQ(explained.next_layer, rows ? 0u : 1u);
    EXPECT_EQ(explained.needed_value, rows ? 8 : 4);
    EXPECT_EQ(explained.next_value, rows ? 4 : 2);
  }
  EXPECT_EQ(axes, 2);
}

}  // namespace
}  // namespace oneloop
