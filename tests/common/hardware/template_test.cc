#include "common/hardware/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TemplateTest, LimitsBelongToTheParameterThatGrowsThem) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  for (const Resource& resource : gemmini->resources()) {
    const std::string owner = resource.owner < 0 ? "" : gemmini->parameter(resource.owner).name;
    if (resource.level == 0) {
      EXPECT_EQ(owner, "");
      EXPECT_EQ(resource.unit, Resource::Unit::kWords);
    } else if (resource.is_axis()) {
      EXPECT_EQ(owner, "pe_dim");
    } else {
      EXPECT_EQ(owner, resource.level == 1 ? "accumulator_kib" : "scratchpad_kib");
    }
  }
  EXPECT_EQ(gemmini->resources().size(), 5u);
}

TEST(TemplateTest, SizingOrderPutsAParameterAfterThoseInItsLimits) {
  // The accumulator's limit depends on pe_dim, whatever the order of declaration.
  const std::unique_ptr<const Template> reversed = TemplateFromYaml(R"(
name: reversed
parameters:
  - {name: rows, min: 1, max: 64}
  - {name: depth_kib, min: 1, max: 64}
  - {name: banks, min: 1, max: 64}
levels:
  - name: buffer
    keeps: [O]
    capacity_bytes: 1024 * depth_kib / banks
    spatial: [{name: X, size: rows, dims: [C]}]
  - name: shared
    keeps: [W, I]
    spatial: [{name: X, size: banks, dims: [K]}]
  - {name: dram, keeps: [W, I, O]}
)");
  EXPECT_THAT(reversed->sizing_order(), ElementsAre(0, 2, 1));
  EXPECT_THAT(ShippedTemplate("gemmini")->sizing_order(), ElementsAre(0, 1, 2));
}

// macs_per_cycle: 1e308 gave an EDP of 0, below the proven bound.
TEST(TemplateTest, NumbersThatNoAcceleratorHasAreRefused) {
  const struct {
    std::function<void(TemplateSpec&)> change;
    const char* field;
    const char* valid;
  } cases[] = {
      {[](auto& s) { s.macs_per_cycle = 1e308; }, "compute.macs_per_cycle", "1e-15 to 1e+15"},
      {[](auto& s) { s.macs_per_cycle = 1e-308; }, "compute.macs_per_cycle", "1e-15 to 1e+15"},
      {[](auto& s) { s.macs_per_cycle = std::numeric_limits<double>::quiet_NaN(); }, "compute.macs_per_cycle", "valid"},
      {[](auto& s) { s.mac_energy_pj = Formula::Constant(1e300, 3); }, "compute.energy_pj", "1e-18 to 1e+18"},
      {[](auto& s) { s.area_mm2 = Formula::Constant(1e-300, 3); }, "area_mm2", "1e-18 to 1e+18"},
      {[](auto& s) { s.levels[1].words_per_cycle = Formula::Constant(1e200, 3); }, "levels[1].words_per_cycle",
       "valid"},
      {[](auto& s) { s.levels[3].block_words = Formula::Constant(1e-30, 3); }, "levels[3].block_words", "valid"},
      {[](auto& s) {
         s.levels[1].capacity_bytes = *Formula::Parse("a^16", {"a", "b", "c"});
       },
       "levels[1].capacity_bytes", "valid"},
      {[](auto& s) {
         s.levels[1].energy_pj = *Formula::Parse("a^-16 / b^16", {"a", "b", "c"});
       },
       "levels[1].energy_pj", "valid"},
      {[](auto& s) { s.parameters[0].min = 1e-300; }, "parameters[0].min", "1e-12 to 1e+12"},
      {[](auto& s) { s.parameters[1].step = 1e-12; }, "parameters[1].step", "steps"},
  };
  for (const auto& c : cases) {
    TemplateSpec spec = ShippedTemplate("gemmini")->spec();
    c.change(spec);
    const absl::Status status = Template::Create(std::move(spec)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.field;
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr(c.field), HasSubstr(c.valid)));
  }
}

TEST(TemplateTest, AxesAreNumberedFromTheInnermostLevel) {
  const std::unique_ptr<const Template> simba = FixtureTemplate("simba");
  ASSERT_EQ(simba->axes().size(), 3u);
  EXPECT_EQ(simba->axes()[0].level, 1);
  EXPECT_EQ(simba->axes()[1].level, 3);
  EXPECT_EQ(simba->axes()[2].level, 4);
  EXPECT_EQ(simba->axes()[2].dims, (DimSet{Dim::kP, Dim::kK, Dim::kC, Dim::kQ}));
  EXPECT_TRUE(simba->sizing_order().empty());
}

TEST(TemplateTest, HardwareMustBeInRangeAndOnTheGrid) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  EXPECT_TRUE(gemmini->ValidateHardware({2, 1, 1}).ok());
  EXPECT_TRUE(gemmini->ValidateHardware({128, 8192, 8192}).ok());
  EXPECT_THAT(Message(gemmini->ValidateHardware({129, 1, 1})), HasSubstr("parameters.pe_dim: is 129; valid: 2 to 128"));
  EXPECT_EQ(FieldOf(gemmini->ValidateHardware({16, 0, 1})), "parameters.scratchpad_kib");
  EXPECT_THAT(Message(gemmini->ValidateHardware({16, 1, 1.5})),
              AllOf(HasSubstr("parameters.accumulator_kib"), HasSubstr("multiples of 1")));
  EXPECT_FALSE(gemmini->ValidateHardware({std::numeric_limits<double>::quiet_NaN(), 1, 1}).ok());
  EXPECT_FALSE(gemmini->ValidateHardware({16, 1}).ok());
}

TEST(TemplateTest, UnusedParametersAndFreeComputeAreWarnedOf) {
  constexpr char kText[] = R"(
name: tiny
parameters:
  - {name: pes, min: 1, max: 64}
  - {name: spare, min: 1, max: 64}
  - {name: nothing, min: 1, max: 64}
levels:
  - {name: buffer, keeps: [W, I, O], capacity_bytes: "1024 * pes", energy_pj: "1 + 0 * nothing"}
  - {name: dram, keeps: [W, I, O], energy_pj: 100}
)";
  const auto warned = TemplateFromYaml(kText);
  EXPECT_THAT(TemplateWarnings(*warned, /*energy_counts=*/true),
              ElementsAre(HasSubstr("parameter 'spare' of template 'tiny' is in no formula"),
                          HasSubstr("parameter 'nothing'"), HasSubstr("gives no compute.energy_pj")));
  EXPECT_EQ(TemplateWarnings(*warned, /*energy_counts=*/false).size(), 2u);
  EXPECT_TRUE(TemplateWarnings(*ShippedTemplate("gemmini"), true).empty());
}

TEST(TemplateTest, FindsParametersByName) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  EXPECT_EQ(gemmini->FindParameter("accumulator_kib"), 2);
  EXPECT_EQ(gemmini->FindParameter("accumulator"), -1);
}

}  // namespace
}  // namespace oneloop
