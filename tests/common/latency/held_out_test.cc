#include "common/latency/held_out.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/common/latency/synthetic.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

HeldOutRow Line(const std::vector<HeldOutRow>& report, const std::string& split, const std::string& predictor) {
  for (const HeldOutRow& row : report) {
    if (row.split == split && row.predictor == predictor) return row;
  }
  ADD_FAILURE() << "no line " << split << ", " << predictor;
  return {};
}

TEST(SpearmanTest, ComparesRanks) {
  EXPECT_DOUBLE_EQ(Spearman(std::vector<double>{1, 2, 30}, std::vector<double>{-5, 0, 0.1}), 1);
  EXPECT_DOUBLE_EQ(Spearman(std::vector<double>{1, 2, 3}, std::vector<double>{3, 2, 1}), -1);
  // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: 4.5 / √(4.5 · 5).
  EXPECT_NEAR(Spearman(std::vector<double>{1, 2, 2, 3}, std::vector<double>{1, 2, 3, 4}), 0.9486832980505138, 1e-12);
  EXPECT_EQ(Spearman(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3}), 0);
}

TEST(HeldOutTest, ReportsEverySplitAndPredictor) {
  const CostModel model(ShippedTemplate("gemmini"));
  const auto measurements = Measurements::Create(model, SyntheticHardware(), SyntheticSamples(model, 400));
  HeldOutOptions options;
  options.random_repeats = 2;
  options.layer_repeats = 3;
  const auto report = ReportHeldOut(**measurements, QuickTrainer(), options, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->size(), 12U);
  EXPECT_EQ(Line(*report, "random", "combined").rows, 64);
  EXPECT_EQ(Line(*report, "layer", "combined").rows, 400) << "each layer is left out once";
  EXPECT_NEAR(Line(*report, "fastest", "combined").rows, 40, 4);
  for (const std::string split : {"random", "fastest"}) {
    const HeldOutRow combined = Line(*report, split, "combined");
    const HeldOutRow analytical = Line(*report, split, "analytical");
    EXPECT_GT(combined.spearman, analytical.spearman) << split;
    EXPECT_LT(combined.mape, analytical.mape) << split;
  }
  EXPECT_GT(Line(*report, "random", "combined").within_sigma, 0.5) << "the uncertainty is about right";
  EXPECT_EQ(Line(*report, "random", "analytical").within_sigma, 0) << "it has none";
}

TEST(HeldOutTest, StopsWhenAsked) {
  const CostModel model(ShippedTemplate("gemmini"));
  const auto measurements = Measurements::Create(model, SyntheticHardware(), SyntheticSamples(model, 80));
  double last = -1;
  const auto report = ReportHeldOut(**measurements, QuickTrainer(), {}, [&last](double done) {
    EXPECT_GE(done, last);
    last = done;
    return done > 0.1;
  });
  EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled);
}

// What docs/RESULTS.md says of measured latencies, with room for other machines' last digits.
TEST(HeldOutTest, PredictsMeasuredLatencies) {
  if (SharedDataDir().empty()) GTEST_SKIP() << "no ../shared/data: the measurements are not part of the project";
  const CostModel model(ShippedTemplate("gemmini"));
  const auto samples = ReadSamples(SharedDataDir() + "/gemmini_rtl.csv", model.hardware_template());
  ASSERT_TRUE(samples.ok()) << samples.status();
  const auto measurements = Measurements::Create(model, SyntheticHardware(), *samples);
  ASSERT_TRUE(measurements.ok()) << measurements.status();
  HeldOutOptions options;
  options.random_repeats = 3;
  options.layer_repeats = 0;
  const auto report = ReportHeldOut(**measurements, {}, options, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  const HeldOutRow random = Line(*report, "random", "combined");
  EXPECT_GT(random.spearman, 0.97);
  EXPECT_LT(random.mape, 0.32);
  const HeldOutRow fastest = Line(*report, "fastest", "combined");
  EXPECT_GT(fastest.spearman, Line(*report, "fastest", "analytical").spearman);
  EXPECT_LT(fastest.mape, Line(*report, "fastest", "analytical").mape);
}

}  // namespace
}  // namespace oneloop
