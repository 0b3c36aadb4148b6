// ExplainDesign on real designs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/search_handlers.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

class ExplainDesignTest : public testing::Test {
 protected:
  ExplainDesignTest() {
    JobManager::Options options;
    options.store = &store_;
    options.decode_spec = DecodeSearch;
    options.num_threads = 1;
    jobs_ = JobManager::Create(std::move(options)).value();
    handlers_ =
        std::make_unique<SearchHandlers>(SearchHandlers::Options{&store_, jobs_.get(), &catalog_, &calibrations_, {}});
  }

  static v1::JobSpec Spec(int steps = 60) {
    v1::JobSpec spec;
    spec.set_workload_name("alexnet");
    spec.set_template_name("gemmini");
    spec.set_starts(1);
    spec.set_steps(steps);
    return spec;
  }
  // The name of a job that has run to its end.
  std::string Finished(const v1::JobSpec& spec) {
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    *request.mutable_spec() = spec;
    v1::Job job;
    const absl::Status status = handlers_->CreateJob(request, "ada", &job);
    EXPECT_TRUE(status.ok()) << status;
    watcher_.AwaitState(std::stoll(job.name().substr(job.name().rfind('/') + 1)), JobState::kSucceeded);
    return job.name();
  }
  absl::StatusOr<v1::DesignExplanation> Explain(const std::string& design, int samples, const CallContext& call = {}) {
    v1::ExplainDesignRequest request;
    request.set_name(design);
    request.set_no_sensitivities(samples == 0);
    if (samples != 0) request.set_samples(samples);
    v1::DesignExplanation explanation;
    const absl::Status status = handlers_->ExplainDesign(request, call, &explanation);
    if (!status.ok()) return status;
    return explanation;
  }

  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_;
  StoreWatcher watcher_{&store_};
  const std::unique_ptr<CalibrationManager> calibration_manager_ =
      CalibrationManager::Create(&store_, TrainCalibration).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, calibration_manager_.get()};
  std::unique_ptr<JobManager> jobs_;
  std::unique_ptr<SearchHandlers> handlers_;
};

TEST_F(ExplainDesignTest, JobOfSeveralNetworksIsExplainedByNetwork) {
  v1::JobSpec spec = Spec();
  spec.clear_workload_source();
  for (const char* name : {"alexnet", "bert"}) spec.add_networks()->set_workload_name(name);
  spec.mutable_networks(1)->set_weight(10);
  spec.set_combination(v1::GEOMETRIC_MEAN);
  v1::Limit* const limit = spec.add_limits();
  limit->set_network("bert");
  limit->set_quantity("energy_uj");
  limit->set_max(1e5);
  const std::string job = Finished(spec);
  const auto explained = Explain(job + "/designs/best", 20);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->layers(0).network(), "alexnet");
  EXPECT_EQ(explained->layers(explained->layers_size() - 1).network(), "bert");
  double energy_share = 0;
  double latency_share = 0;
  for (const v1::LayerExplanation& layer : explained->layers()) {
    energy_share += layer.energy_share();
    latency_share += layer.latency_share();
  }
  EXPECT_NEAR(energy_share, 1, 1e-9);
  EXPECT_NEAR(latency_share, 1, 1e-9);
  double components = 0;
  for (const v1::ComponentExplanation& component : explained->components()) components += component.energy_uj();
  EXPECT_NEAR(components, explained->energy_uj(), 1e-9 * components);
  ASSERT_EQ(explained->limits_size(), 1);
  EXPECT_EQ(explained->limits(0).limit().network(), "bert");
  EXPECT_LT(explained->limits(0).figure(), 1e5);
  v1::GetDesignRequest request;
  request.set_name(job + "/designs/best");
  v1::Design design;
  ASSERT_EQ(handlers_->GetDesign(request, &design), absl::OkStatus());
  EXPECT_EQ(explained->limits(0).figure(), design.networks(1).energy_uj()) << "of one run of the network";
  EXPECT_EQ(explained->sensitivities().parameters_size(), 3);
}

TEST_F(ExplainDesignTest, PartsAddUpToTheDesign) {
  const std::string job = Finished(Spec());
  v1::GetDesignRequest request;
  request.set_name(job + "/designs/best");
  v1::Design design;
  ASSERT_EQ(handlers_->GetDesign(request, &design), absl::OkStatus());
  const auto explained = Explain(job + "/designs/best", 0);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->name(), design.name());
  EXPECT_EQ(explained->energy_uj(), design.energy_uj());
  EXPECT_EQ(explained->latency_cycles(), design.latency_cycles());
  EXPECT_EQ(explained->area_mm2(), design.area_mm2());
  EXPECT_EQ(explained->power_w(), design.power_w());
  EXPECT_EQ(explained->certificate().gap(), design.certificate().gap());
  EXPECT_FALSE(explained->has_sensitivities());

  double energy_uj = 0;
  double bound_share = 0;
  ASSERT_EQ(explained->components_size(), 5);
  EXPECT_EQ(explained->components(0).name(), "macs");
  EXPECT_EQ(explained->components(4).name(), "dram");
  for (const v1::ComponentExplanation& component : explained->components()) {
    energy_uj += component.energy_uj();
    bound_share += component.bounds_latency_share();
    double tensors = 0;
    for (const v1::TensorEnergy& tensor : component.tensors()) tensors += tensor.energy_uj();
    if (component.name() != "macs") {
      EXPECT_NEAR(tensors, component.energy_uj(), 1e-9 * component.energy_uj());
    }
  }
  EXPECT_NEAR(energy_uj, design.energy_uj(), 1e-9 * design.energy_uj());
  EXPECT_NEAR(bound_share, 1, 1e-9);

  ASSERT_EQ(explained->layers_size(), design.layers_size());
  double energy_share = 0;
  double latency_share = 0;
  for (int i = 0; i < design.layers_size(); ++i) {
    const v1::LayerExplanation& layer = explained->layers(i);
    EXPECT_EQ(layer.energy_uj(), design.layers(i).energy_uj());
    EXPECT_EQ(layer.latency_cycles(), design.layers(i).latency_cycles());
    energy_share += layer.energy_share();
    latency_share += layer.latency_share();
    EXPECT_EQ(std::ceil(layer.bound_cycles()), layer.latency_cycles());
    EXPECT_GE(layer.bound_cycles(), layer.next_cycles());
    EXPECT_LE(layer.utilisation(), layer.units_in_use() * (1 + 1e-12));
    for (const v1::LayerComponent& component : layer.components()) {
      if (component.name() == layer.bound_by()) {
        EXPECT_EQ(component.cycles(), layer.bound_cycles());
      }
    }
  }
  EXPECT_NEAR(energy_share, 1, 1e-9);
  EXPECT_NEAR(latency_share, 1, 1e-9);
}

TEST_F(ExplainDesignTest, ParametersAreSizedByLayersThatNeedThem) {
  const auto explained = Explain(Finished(Spec()) + "/designs/best", 0);
  ASSERT_TRUE(explained.ok()) << explained.status();
  ASSERT_EQ(explained->parameter_explanations_size(), 3);
  EXPECT_EQ(explained->parameter_explanations(0).name(), "pe_dim");
  EXPECT_EQ(explained->parameter_explanations(0).resources_size(), 2) << "two axes";
  for (const v1::ParameterExplanation& parameter : explained->parameter_explanations()) {
    double needed = 0;
    for (const v1::ResourceExplanation& resource : parameter.resources()) {
      EXPECT_GT(resource.full(), 0);
      EXPECT_LE(resource.full(), 1);
      EXPECT_GE(resource.layer_count(), 1);
      EXPECT_LE(resource.needed_value(), parameter.value());
      if (resource.has_next_value()) {
        EXPECT_LE(resource.next_value(), resource.needed_value());
      }
      needed = std::max(needed, resource.needed_value());
    }
    EXPECT_EQ(needed, parameter.value()) << parameter.name() << ": no more than some layer needs";
  }
  ASSERT_EQ(explained->constant_resources_size(), 1);
  EXPECT_EQ(explained->constant_resources(0).level(), "registers");
}

TEST_F(ExplainDesignTest, TheDistanceToTheBoundIsEnergysAndLatencys) {
  const auto explained = Explain(Finished(Spec()) + "/designs/best", 0);
  ASSERT_TRUE(explained.ok()) << explained.status();
  const v1::BoundDistance& distance = explained->distance();
  EXPECT_EQ(distance.gap(), explained->certificate().gap());
  EXPECT_DOUBLE_EQ(distance.energy_excess(), explained->energy_uj() / explained->certificate().energy_uj_bound() - 1);
  EXPECT_DOUBLE_EQ(distance.latency_excess(),
                   explained->latency_cycles() / explained->certificate().latency_cycles_bound() - 1);
  EXPECT_NEAR(distance.energy_share() + distance.latency_share(), 1, 1e-12);
}

TEST_F(ExplainDesignTest, SensitivitiesAndLimitsHaveTheirNames) {
  v1::JobSpec spec = Spec(200);
  v1::Limit* limit = spec.add_limits();
  limit->set_quantity("area_mm2");
  limit->set_max(0.7);
  limit = spec.add_limits();
  limit->set_quantity("throughput_per_s");
  limit->set_min(1);
  const auto explained = Explain(Finished(spec) + "/designs/best", 30);
  ASSERT_TRUE(explained.ok()) << explained.status();
  ASSERT_EQ(explained->limits_size(), 2);
  EXPECT_EQ(explained->limits(0).limit().quantity(), "area_mm2");
  EXPECT_EQ(explained->limits(0).figure(), explained->area_mm2());
  EXPECT_DOUBLE_EQ(explained->limits(0).used(), explained->area_mm2() / 0.7);
  EXPECT_EQ(explained->limits(1).limit().min(), 1);
  EXPECT_LT(explained->limits(1).used(), 1);
  const v1::Sensitivities& sensitivities = explained->sensitivities();
  ASSERT_EQ(sensitivities.parameters_size(), 3);
  EXPECT_EQ(sensitivities.parameters(1).name(), "scratchpad_kib");
  EXPECT_TRUE(sensitivities.parameters(1).more().has_predicted());
  EXPECT_TRUE(sensitivities.parameters(1).more().has_searched());
  ASSERT_EQ(sensitivities.limits_size(), 2);
  EXPECT_EQ(sensitivities.limits(0).quantity(), "area_mm2");
  EXPECT_TRUE(sensitivities.limits(0).active());
  EXPECT_DOUBLE_EQ(sensitivities.limits(0).wider().value(), 0.77);
  EXPECT_FALSE(sensitivities.limits(1).active());
  EXPECT_GT(sensitivities.samples(), 30);
}

// A predicted latency does not say what bounds it, and holds where it was measured.
TEST_F(ExplainDesignTest, PredictedLatenciesAreBoundByNothingKnown) {
  v1::JobSpec spec = Spec();
  spec.set_calibration_name("gemmini_rtl");
  (*spec.mutable_fixed_parameters())["pe_dim"] = 16;
  const auto explained = Explain(Finished(spec) + "/designs/best", 10);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->calibration(), "gemmini_rtl");
  for (const v1::LayerExplanation& layer : explained->layers()) {
    EXPECT_EQ(layer.bound_by(), "");
    EXPECT_GT(layer.utilisation(), 0);
  }
  EXPECT_TRUE(explained->sensitivities().parameters(0).held());
  EXPECT_FALSE(explained->sensitivities().parameters(0).has_less());
  EXPECT_FALSE(explained->sensitivities().parameters(1).held());
  EXPECT_TRUE(explained->sensitivities().parameters(1).has_more());
  EXPECT_FALSE(explained->distance().has_latency_excess());
}

TEST_F(ExplainDesignTest, WorksForEachObjectiveAndAlgorithm) {
  for (const char* const objective : {"area", "power", "energy^0.5*latency^2*area"}) {
    v1::JobSpec spec = Spec(40);
    spec.set_objective(v1::PRODUCT);
    spec.set_objective_product(objective);
    const auto explained = Explain(Finished(spec) + "/designs/best", 5);
    ASSERT_TRUE(explained.ok()) << objective << explained.status();
    for (const v1::ParameterSensitivity& parameter : explained->sensitivities().parameters()) {
      EXPECT_TRUE(std::isfinite(parameter.direct_slope())) << objective;
      EXPECT_TRUE(std::isfinite(parameter.room_slope())) << objective;
    }
  }
  for (const v1::Algorithm algorithm : {v1::RANDOM, v1::BAYESIAN}) {
    v1::JobSpec spec = Spec(5);
    spec.set_algorithm(algorithm);
    const auto explained = Explain(Finished(spec) + "/designs/best", 5);
    ASSERT_TRUE(explained.ok()) << explained.status();
    EXPECT_LE(explained->sensitivities().settled(), 0);
  }
}

TEST_F(ExplainDesignTest, WhatHasNoDesignIsRefusedWithTheReason) {
  EXPECT_EQ(Explain("projects/p/jobs/7/designs/best", 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FieldOf(Explain("projects/p/jobs/7", 0).status()), "name");
  const std::string job = Finished(Spec());
  EXPECT_EQ(Explain(job + "/designs/100000", 0).status().code(), absl::StatusCode::kNotFound);
  for (const int samples : {-1, 10001}) {
    const absl::Status status = Explain(job + "/designs/best", samples).status();
    EXPECT_EQ(FieldOf(status), "samples");
    EXPECT_THAT(Message(status), HasSubstr("valid for 8 layers: 1 to 10000"));
  }
  // Steps of the descent have numbers, too.
  bool refused = false;
  for (int number = 0; number < 60 && !refused; ++number) {
    const absl::Status status = Explain(absl::StrCat(job, "/designs/", number), 0).status();
    refused = status.code() == absl::StatusCode::kFailedPrecondition;
    if (refused) {
      EXPECT_THAT(Message(status), HasSubstr("step of the descent"));
    }
  }
  EXPECT_TRUE(refused);
}

TEST_F(ExplainDesignTest, AnInterruptedCallEndsWithTheReason) {
  const std::string job = Finished(Spec());
  int asked = 0;
  CallContext call;
  call.interrupted = [&asked]() -> absl::Status {
    return ++asked > 50 ? absl::CancelledError("the client has left") : absl::OkStatus();
  };
  EXPECT_EQ(Explain(job + "/designs/best", 10000, call).status(), absl::CancelledError("the client has left"));
  EXPECT_LT(asked, 100) << "soon, and not asked again and again";
}

}  // namespace
}  // namespace oneloop
