// `oneloop explain`.
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() : client_(daemon_.address()) {
    daemon_.explain_design = [this](const v1::ExplainDesignRequest& request) -> absl::StatusOr<v1::DesignExplanation> {
      requests_.push_back(request);
      return explanation_;
    };
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  std::vector<v1::ExplainDesignRequest> requests_;
  v1::DesignExplanation explanation_;
};

void AddLayer(const std::string& name, double energy_share, double latency_share, v1::DesignExplanation* explanation) {
  v1::LayerExplanation* const layer = explanation->add_layers();
  layer->set_name(name);
  layer->set_count(2);
  layer->set_energy_uj(0.25);
  layer->set_latency_cycles(100);
  layer->set_energy_share(energy_share);
  layer->set_latency_share(latency_share);
  layer->set_bound_by("dram");
  layer->set_bound_cycles(99.5);
  layer->set_next("macs");
  layer->set_next_cycles(50);
  layer->set_utilisation(0.25);
  layer->set_units_in_use(0.5);
}

v1::DesignExplanation MakeExplanation() {
  v1::DesignExplanation explanation;
  explanation.set_name("projects/default/jobs/12/designs/7");
  (*explanation.mutable_parameters())["pe_dim"] = 16;
  explanation.set_energy_uj(1);
  explanation.set_latency_cycles(400);
  explanation.set_area_mm2(1.9);
  explanation.set_edp(400);
  explanation.set_utilisation(0.2);
  v1::ComponentExplanation* component = explanation.add_components();
  component->set_name("macs");
  component->set_energy_uj(0.1);
  component->set_energy_share(0.1);
  component = explanation.add_components();
  component->set_name("dram");
  component->set_energy_uj(0.9);
  component->set_energy_share(0.9);
  component->set_bounds_latency_share(1);
  for (const auto& [tensor, energy_uj] : {std::pair{"W", 0.6}, std::pair{"I", 0.3}}) {
    component->add_tensors()->set_tensor(tensor);
    component->mutable_tensors(component->tensors_size() - 1)->set_energy_uj(energy_uj);
  }
  AddLayer("small", 0.1, 0.2, &explanation);
  AddLayer("large", 0.7, 0.6, &explanation);
  v1::ParameterExplanation* const parameter = explanation.add_parameter_explanations();
  parameter->set_name("pe_dim");
  parameter->set_value(16);
  v1::ResourceExplanation* const resource = parameter->add_resources();
  resource->set_level("scratchpad");
  resource->set_axis("X");
  resource->set_unit("copies");
  resource->set_full(0.875);
  resource->add_layers("large");
  resource->set_layer_count(3);
  resource->set_needed_value(14);
  resource->set_next_value(8);
  resource->set_next_layer("small");
  v1::LimitExplanation* const limit = explanation.add_limits();
  limit->mutable_limit()->set_quantity("area_mm2");
  limit->mutable_limit()->set_max(2);
  limit->set_figure(1.9);
  limit->set_used(0.95);
  explanation.mutable_distance()->set_energy_excess(0.02);
  explanation.mutable_distance()->set_latency_excess(0.01);
  explanation.mutable_distance()->set_energy_share(0.66);
  explanation.mutable_distance()->set_latency_share(0.34);
  v1::Certificate* const certificate = explanation.mutable_certificate();
  certificate->set_lower_bound(390);
  certificate->set_gap(0.0256);
  v1::Sensitivities* const sensitivities = explanation.mutable_sensitivities();
  sensitivities->set_resolution(0.001);
  sensitivities->set_samples(12345);
  sensitivities->set_settled(-0.004);
  v1::ParameterSensitivity* const pe_dim = sensitivities->add_parameters();
  pe_dim->set_name("pe_dim");
  pe_dim->set_value(16);
  pe_dim->mutable_less()->set_value(14);
  pe_dim->mutable_more()->set_value(18);
  pe_dim->mutable_more()->set_predicted(-0.0123);
  pe_dim->mutable_more()->set_searched(0.0004);
  pe_dim->mutable_more()->add_broken_limits("area_mm2");
  v1::LimitSensitivity* const area = sensitivities->add_limits();
  area->set_quantity("area_mm2");
  area->set_active(true);
  area->set_price(0.25);
  area->mutable_wider()->set_value(2.2);
  area->mutable_wider()->set_predicted(-0.2);
  area->mutable_wider()->set_searched(-0.25);
  return explanation;
}

TEST_F(ExplainTest, AsksForTheBestOrForAPoint) {
  ASSERT_EQ(client_.Run({"explain", "12"}).code, ExitCode::kOk);
  ASSERT_EQ(client_.Run({"explain", "12", "--point", "7", "--samples", "30", "--no_sensitivities"}).code,
            ExitCode::kOk);
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[0].name(), "projects/default/jobs/12/designs/best");
  EXPECT_FALSE(requests_[0].no_sensitivities());
  EXPECT_FALSE(requests_[0].has_samples());
  EXPECT_EQ(requests_[1].name(), "projects/default/jobs/12/designs/7");
  EXPECT_TRUE(requests_[1].no_sensitivities());
  EXPECT_EQ(requests_[1].samples(), 30);
}

TEST_F(ExplainTest, TellsPeopleWhy) {
  explanation_ = MakeExplanation();
  const auto result = client_.Run({"explain", "12"});
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("energy    1 uJ: dram 90.0 % (W 60.0 %, I 30.0 %), macs 10.0 %\n"),
                                HasSubstr("latency   400 cycles: 100.0 % bound by dram\n"),
                                HasSubstr("energy 2.0 % above its own bound, latency 1.0 % above its own; the distance "
                                          "is 66 % the energy's, 34 % the latency's\n")));
  // The largest first.
  EXPECT_THAT(result.out,
              HasSubstr("layer  count  energy  latency  bound by  over next  next  MACs used  units in use\n"
                        "large      2  70.0 %   60.0 %  dram          1.99x  macs     25.0 %        50.0 %\n"
                        "small      2  10.0 %   20.0 %  dram          1.99x  macs     25.0 %        50.0 %\n"));
  EXPECT_THAT(result.out, HasSubstr("pe_dim        16  scratchpad axis X  87.5 %      14  large and 2 more"));
  EXPECT_THAT(result.out, HasSubstr("area_mm2 <= 2     1.9  95.0 %  0.250\n"));
  EXPECT_THAT(result.out, HasSubstr("(12,345 samples; below 0.1 %: none)"));
  EXPECT_THAT(result.out, HasSubstr("pe_dim 16        14  no design  no design\n"));
  EXPECT_THAT(result.out, HasSubstr("pe_dim 16        18    -1.23 %       none  area_mm2\n"));
  EXPECT_THAT(result.out, HasSubstr("limit area_mm2  2.2    -20.0 %    -25.0 %\n"));
  EXPECT_THAT(result.out, HasSubstr("The design itself is not done: other mappings on its hardware make the objective "
                                    "0.4 % smaller"));
}

TEST_F(ExplainTest, SaysWhereAParameterIsAtItsEnd) {
  explanation_ = MakeExplanation();
  v1::ParameterExplanation* const parameter = explanation_.mutable_parameter_explanations(0);
  parameter->set_min(2);
  parameter->set_max(16);
  EXPECT_THAT(client_.Run({"explain", "12"}).out, HasSubstr("16 max  scratchpad axis X"));
  parameter->set_min(16);
  parameter->clear_resources();
  EXPECT_THAT(client_.Run({"explain", "12"}).out, HasSubstr("pe_dim     16 fixed"));
}

TEST_F(ExplainTest, SaysThatPredictedLatenciesAreBoundByNothingKnown) {
  explanation_ = MakeExplanation();
  explanation_.set_calibration("chip");
  explanation_.mutable_components(1)->clear_bounds_latency_share();
  for (v1::LayerExplanation& layer : *explanation_.mutable_layers()) {
    layer.clear_bound_by();
    layer.clear_next();
    layer.clear_next_cycles();
  }
  explanation_.mutable_sensitivities()->mutable_parameters(0)->set_held(true);
  const std::string out = client_.Run({"explain", "12"}).out;
  EXPECT_THAT(out,
              AllOf(HasSubstr("400 cycles, predicted by calibration chip: what bounds them is not known\n"),
                    HasSubstr("60.0 %  unknown"), HasSubstr("pe_dim: latencies were measured at this value alone\n")));
}

TEST_F(ExplainTest, ShowsTheTenLargestLayersUnlessAskedForAll) {
  for (int i = 0; i < 13; ++i) AddLayer(absl::StrCat("layer", i), i == 12 ? 0.5 : 0.01, 0.01, &explanation_);
  const std::string out = client_.Run({"explain", "12"}).out;
  EXPECT_THAT(out, AllOf(HasSubstr("layer12"), HasSubstr("layer0"), Not(HasSubstr("layer11")),
                         HasSubstr("and 3 smaller layers: --all shows them\n")));
  EXPECT_THAT(client_.Run({"explain", "12", "--all"}).out, AllOf(HasSubstr("layer11"), Not(HasSubstr("--all"))));
}

TEST_F(ExplainTest, JsonIsTheMessageAndCsvHasARowPerLayer) {
  explanation_ = MakeExplanation();
  EXPECT_THAT(client_.Run({"explain", "12", "--format", "json"}).out,
              AllOf(HasSubstr("\"bound_by\": \"dram\","), HasSubstr("\"searched\": -0.25"),
                    HasSubstr("\"direct_slope\": 0,"), HasSubstr("\"next_value\": 8")));
  EXPECT_EQ(client_.Run({"explain", "12", "--format", "csv"}).out,
            "layer,count,energy_uj,latency_cycles,energy_share,latency_share,bound_by,bound_cycles,next,next_cycles,"
            "utilisation,units_in_use\n"
            "small,2,0.25,100,0.1,0.2,dram,99.5,macs,50,0.25,0.5\n"
            "large,2,0.25,100,0.7,0.6,dram,99.5,macs,50,0.25,0.5\n");
}

TEST_F(ExplainTest, PassesTheDaemonsErrorOn) {
  daemon_.explain_design = [](const v1::ExplainDesignRequest&) -> absl::StatusOr<v1::DesignExplanation> {
    return absl::FailedPreconditionError("projects/default/jobs/12 has no exact, feasible point yet");
  };
  const auto result = client_.Run({"explain", "12"});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_THAT(result.err, HasSubstr("no exact, feasible point yet"));
  EXPECT_EQ(client_.Run({"explain"}).code, ExitCode::kUsage);
  EXPECT_EQ(client_.Run({"explain", "12", "--samples", "many"}).code, ExitCode::kUsage);
}

}  // namespace
}  // namespace oneloop
