// The shipped templates are the accelerators that docs/ACCELERATORS.md says, and can be searched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/convert/library.h"
#include "common/hardware/template.h"
#include "server/search/run_start.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/published_points.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

class ShippedTemplatesTest : public testing::TestWithParam<PublishedPoint> {
 protected:
  ShippedTemplatesTest() : hardware_template_(ShippedTemplate(GetParam().template_name)) {}

  std::shared_ptr<const Template> hardware_template_;
};

// In bytes or words, of a level that has a capacity of that kind.
double CapacityOf(const Template& hardware_template, const PublishedPoint::Memory& memory,
                  const HardwarePoint& hardware) {
  for (const Resource& resource : hardware_template.resources()) {
    if (resource.is_axis() || hardware_template.level(resource.level).name != memory.level) continue;
    if ((memory.unit == "B") == (resource.unit == Resource::Unit::kBytes)) return resource.limit.Evaluate(hardware);
  }
  ADD_FAILURE() << memory.level << " has no capacity in " << memory.unit;
  return 0;
}

TEST_P(ShippedTemplatesTest, PublishedPointIsReachedWithItsFigures) {
  const PublishedPoint& published = GetParam();
  ASSERT_TRUE(hardware_template_->ValidateHardware(published.hardware).ok())
      << hardware_template_->ValidateHardware(published.hardware);
  double macs = hardware_template_->spec().macs_per_cycle;
  for (const Resource& resource : hardware_template_->resources()) {
    if (resource.is_axis()) macs *= resource.limit.Evaluate(published.hardware);
  }
  EXPECT_DOUBLE_EQ(macs, published.macs_per_cycle);
  ASSERT_TRUE(hardware_template_->spec().clock_mhz.has_value());
  EXPECT_NEAR(2 * macs * *hardware_template_->spec().clock_mhz / 1000, published.peak_gops, 1e-6 * published.peak_gops);
  for (const PublishedPoint::Memory& memory : published.memories) {
    EXPECT_NEAR(CapacityOf(*hardware_template_, memory, published.hardware), memory.size, 1e-9 * memory.size)
        << memory.level;
  }
  EXPECT_GT(hardware_template_->AreaMm2(published.hardware), 0);
}

TEST_P(ShippedTemplatesTest, NothingIsProbablyNotMeant) {
  EXPECT_THAT(TemplateWarnings(*hardware_template_, /*energy_counts=*/true), testing::IsEmpty());
}

constexpr char kSmallNetwork[] = R"(name: small
layers:
  - {name: conv, bounds: [R: 3, S: 3, P: 14, Q: 14, C: 16, K: 32, N: 1]}
  - {name: grouped, bounds: [R: 3, S: 3, P: 7, Q: 7, C: 1, K: 1, N: 1, G: 64]}
  - {name: product, bounds: [R: 1, S: 1, P: 20, Q: 1, C: 64, K: 50, N: 1]}
)";

TEST_P(ShippedTemplatesTest, SmallSearchFindsADesign) {
  for (const bool fixed : {false, true}) {
    SearchSpec spec = SpecFor(WorkloadFromYaml(kSmallNetwork), hardware_template_);
    spec.starts = 1;
    spec.samples_per_start = 60;
    if (fixed) {
      for (std::size_t p = 0; p < spec.hardware_range.size(); ++p) {
        spec.hardware_range[p] = {GetParam().hardware[p], GetParam().hardware[p]};
      }
    }
    ASSERT_TRUE(ValidateSearchSpec(spec).ok()) << ValidateSearchSpec(spec);
    RecordingSink sink;
    RunStart(spec, 0, sink);
    EXPECT_TRUE(std::isfinite(sink.best())) << (fixed ? "published sizes" : "free sizes");
    EXPECT_GT(sink.best(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ShippedTemplatesTest, testing::ValuesIn(PublishedPoints()),
                         [](const auto& test) { return test.param.template_name; });

TEST(ShippedTemplatesListTest, EveryTemplateIsToldAndOneIsForBenchmarks) {
  std::vector<std::string> told;
  for (const PublishedPoint& point : PublishedPoints()) told.push_back(point.template_name);
  std::vector<std::string> shipped;
  std::vector<std::string> benchmarks;
  for (const v1::Template& message : ShippedLibrary().templates()) {
    shipped.push_back(message.name());
    if (message.benchmark()) benchmarks.push_back(message.name());
  }
  EXPECT_THAT(told, testing::UnorderedElementsAreArray(shipped));
  EXPECT_THAT(benchmarks, testing::ElementsAre("gemmini"));
}

}  // namespace
}  // namespace oneloop
