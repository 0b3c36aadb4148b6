#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

struct BadSpec {
  std::string what;
  std::function<void(SearchSpec&)> spoil;
  std::string field;
  std::string text;  // part of the message
};

TEST(ValidateSearchSpecTest, NamesTheFieldAndWhatWouldBeValid) {
  const std::vector<BadSpec> cases = {
      {"no starts", [](SearchSpec& s) { s.starts = 0; }, "starts", "is 0; valid: 1 to 10000"},
      {"a billion starts", [](SearchSpec& s) { s.starts = 1000000000; }, "starts", "valid: 1 to 10000"},
      {"no steps", [](SearchSpec& s) { s.samples_per_start = 0; }, "steps", "valid: 1 to 10000000"},
      {"no period", [](SearchSpec& s) { s.round_period = 0; }, "round_period", "valid: 1"},
      {"wild rate", [](SearchSpec& s) { s.learning_rate = 1e9; }, "learning_rate", "valid"},
      {"rate that is no number", [](SearchSpec& s) { s.learning_rate = 0.0 / 0.0; }, "learning_rate", "valid"},
      {"share above all", [](SearchSpec& s) { s.descent_share = 1.01; }, "descent_share", "is 1.01; valid: 0 to 1"},
      {"share that is no number", [](SearchSpec& s) { s.descent_share = 0.0 / 0.0; }, "descent_share", "valid: 0 to 1"},
      {"value beyond the range",
       [](SearchSpec& s) {
         s.hardware_range[0] = {256, 256};
       },
       "fixed_parameters.pe_dim", "is 256; valid: 2 to 128"},
      {"half a KiB",
       [](SearchSpec& s) {
         s.hardware_range[1] = {1.5, 1.5};
       },
       "fixed_parameters.scratchpad_kib", "whole multiples of 1"},
      {"empty range",
       [](SearchSpec& s) {
         s.hardware_range[1] = {64, 32};
       },
       "fixed_parameters.scratchpad_kib", "leaves no value"},
      {"area below the smallest",
       [](SearchSpec& s) {
         s.limits = {{Quantity::kAreaMm2, 1e-6}};
       },
       "limits", "is impossible"},
      {"energy below the arithmetic's",
       [](SearchSpec& s) {
         s.limits = {{Quantity::kEnergyUj, 1}};
       },
       "limits", "is impossible"},
      {"latency below full use",
       [](SearchSpec& s) {
         s.limits = {{Quantity::kLatencyCycles, 10}};
       },
       "limits", "is impossible"},
      {"product below both",
       [](SearchSpec& s) {
         s.limits = {{Quantity::kEdp, 10}};
       },
       "limits", "is impossible"},
      {"negative limit",
       [](SearchSpec& s) {
         s.limits = {{Quantity::kAreaMm2, -4}};
       },
       "limits", "valid: above 0"},
  };
  for (const BadSpec& bad : cases) {
    SCOPED_TRACE(bad.what);
    SearchSpec spec = ShippedSpec("resnet50");
    ASSERT_TRUE(ValidateSearchSpec(spec).ok());
    bad.spoil(spec);
    const absl::Status status = ValidateSearchSpec(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(FieldOf(status), bad.field);
    EXPECT_NE(Message(status).find(bad.text), std::string::npos) << status;
  }
}

TEST(ValidateSearchSpecTest, RefusesAnObjectiveThatTheTemplateCannotMeasure) {
  SearchSpec spec = SpecFor(ShippedWorkload("bert"), FixtureTemplate("unified"));
  EXPECT_EQ(FieldOf(ValidateSearchSpec(spec)), "objective");
  spec.objective = MetricProduct::Of(Metric::kLatency);
  EXPECT_TRUE(ValidateSearchSpec(spec).ok());
}

TEST(ValidateSearchSpecTest, RefusesHardwareTooSmallForSingleElements) {
  const std::string text = R"(
name: tiny
parameters: [{name: words, min: 1, max: 2}]
compute: {energy_pj: 1}
levels:
  - {name: buffer, keeps: [W, I, O], capacity_words: words}
  - {name: dram, keeps: [W, I, O], energy_pj: 100}
)";
  const SearchSpec spec = SpecFor(ShippedWorkload("bert"), TemplateFromYaml(text));
  const absl::Status status = ValidateSearchSpec(spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Message(status).find("layer 'mm_0' (layers[0]) fits no hardware of template 'tiny'"), std::string::npos)
      << status;
}

}  // namespace
}  // namespace oneloop
