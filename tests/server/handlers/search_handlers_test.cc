#include "server/handlers/search_handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "common/mapping/factor_space.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/deterministic_bytes.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/record_convert.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct BadCreate {
  const char* field;
  const char* text;  // says what would be valid
  std::function<void(v1::CreateJobRequest&)> spoil;
};

class SearchHandlersTest : public testing::Test {
 protected:
  // Every start stops at the gate before its first sample.
  SearchHandlersTest() {
    JobManager::Options options;
    options.store = &store_;
    options.decode_spec = DecodeSearch;
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    // Below all that the runner reports, which no search would find.
    options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) -> std::optional<LowerBound> {
      LowerBound bound;
      bound.objective = 0.02;
      bound.energy_uj = 0.01;
      bound.latency_cycles = 0.01;
      bound.boxes = 1;
      return bound;
    };
    options.num_threads = 2;
    jobs_ = JobManager::Create(std::move(options)).value();
    SetLimits({});
  }

  static v1::CreateJobRequest Request() {
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    return request;
  }
  void SetLimits(const Limits& limits) {
    handlers_ = std::make_unique<SearchHandlers>(
        SearchHandlers::Options{&store_, jobs_.get(), &catalog_, &calibrations_, limits});
  }
  // The error of a CreateJob that must go beyond a limit.
  absl::Status Refused(const v1::CreateJobRequest& request, const std::string& owner = "ada") {
    v1::Job job;
    absl::Status status = handlers_->CreateJob(request, owner, &job);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    return status;
  }
  void ExpectRefused(const std::vector<BadCreate>& cases) {
    for (const BadCreate& bad : cases) {
      v1::CreateJobRequest request = Request();
      bad.spoil(request);
      v1::Job job;
      const absl::Status status = handlers_->CreateJob(request, "ada", &job);
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.field;
      EXPECT_EQ(FieldOf(status), bad.field) << status;
      EXPECT_THAT(Message(status), HasSubstr(bad.text));
    }
    EXPECT_TRUE(store_.ListJobs(JobQuery())->empty());
  }

  v1::Job Create(const v1::CreateJobRequest& request) {
    v1::Job job;
    const absl::Status status = handlers_->CreateJob(request, "ada", &job);
    EXPECT_TRUE(status.ok()) << status;
    return job;
  }
  // A job that has run to its end.
  v1::Job Finished(int starts, int steps) {
    runner_.Open();
    v1::CreateJobRequest request = Request();
    request.mutable_spec()->set_starts(starts);
    request.mutable_spec()->set_steps(steps);
    const v1::Job job = Create(request);
    watcher_.AwaitState(std::stoll(job.name().substr(job.name().rfind('/') + 1)), JobState::kSucceeded);
    return Get(job.name());
  }
  v1::Job Get(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    v1::Job job;
    const absl::Status status = handlers_->GetJob(request, &job);
    EXPECT_TRUE(status.ok()) << status;
    return job;
  }

  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_;
  StoreWatcher watcher_{&store_};
  GatedRunner runner_{0};
  const std::unique_ptr<CalibrationManager> calibration_manager_ =
      CalibrationManager::Create(&store_, TrainCalibration).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, calibration_manager_.get()};
  std::unique_ptr<JobManager> jobs_;
  std::unique_ptr<SearchHandlers> handlers_;
};

// S10: one large spec broke the list of its whole project.
TEST_F(SearchHandlersTest, LargeSpecsAreWholeInGetJobAndSummariesElsewhere) {
  v1::CreateJobRequest request = Request();
  v1::Workload* const workload = request.mutable_spec()->mutable_workload();
  workload->set_name("mine");
  workload->set_description(std::string(60000, 'd'));
  v1::Layer* const layer = workload->add_layers();
  layer->set_name("conv");
  for (auto set : {&v1::Bounds::set_r, &v1::Bounds::set_s, &v1::Bounds::set_p, &v1::Bounds::set_q, &v1::Bounds::set_c,
                   &v1::Bounds::set_k, &v1::Bounds::set_n}) {
    (layer->mutable_bounds()->*set)(2);
  }
  v1::Job created;
  v1::Job got;
  for (int i = 0; i < 40; ++i) {
    request.set_request_id(absl::StrCat("request ", i));
    ASSERT_EQ(handlers_->CreateJob(request, "ada", &created), absl::OkStatus());
  }
  EXPECT_EQ(created.spec().workload().name(), "mine");
  EXPECT_EQ(created.spec().workload().layers_size(), 0);
  v1::GetJobRequest get;
  get.set_name(created.name());
  ASSERT_EQ(handlers_->GetJob(get, &got), absl::OkStatus());
  EXPECT_EQ(got.spec().workload().SerializeAsString(), workload->SerializeAsString());
  v1::ListJobsRequest list;
  list.set_parent("projects/p");
  v1::ListJobsResponse response;
  ASSERT_EQ(handlers_->ListJobs(list, &response), absl::OkStatus());
  EXPECT_EQ(response.jobs_size(), 40);
  EXPECT_LT(response.ByteSizeLong(), 100000u);
  EXPECT_EQ(response.jobs(0).spec().workload().name(), "mine");
  EXPECT_EQ(response.jobs(0).spec().starts(), got.spec().starts());
}

TEST_F(SearchHandlersTest, DescriptionsAreBounded) {
  v1::CreateJobRequest request = Request();
  request.mutable_spec()->mutable_workload()->set_name("mine");
  request.mutable_spec()->mutable_workload()->set_description(std::string(65537, 'd'));
  v1::Job job;
  const absl::Status status = handlers_->CreateJob(request, "ada", &job);
  EXPECT_EQ(FieldOf(status), "spec.workload.description");
  EXPECT_THAT(Message(status), testing::HasSubstr("at most 65536"));
}

TEST_F(SearchHandlersTest, JobBelongsToTheUserWhoSubmittedIt) {
  EXPECT_EQ(Get(Create(Request()).name()).owner(), "ada");
  v1::CreateJobRequest preview = Request();
  preview.set_validate_only(true);
  EXPECT_EQ(Create(preview).owner(), "ada");
}

TEST_F(SearchHandlersTest, JobOfTooManySamplesIsRefusedAlsoInAPreview) {
  Limits limits;
  limits.max_samples_per_job = 100;
  SetLimits(limits);
  v1::CreateJobRequest request = Request();
  request.mutable_spec()->set_starts(10);
  request.mutable_spec()->set_steps(11);
  request.set_validate_only(true);
  const absl::Status status = Refused(request);
  EXPECT_EQ(LimitOf(status)->limit, "max_samples_per_job");
  EXPECT_EQ(LimitOf(status)->retry_after, absl::InfiniteDuration());
  EXPECT_THAT(Message(status), HasSubstr("at most 100"));
  request.mutable_spec()->set_steps(10);
  Create(request);
}

TEST_F(SearchHandlersTest, UserHasSoManyUnfinishedJobs) {
  Limits limits;
  limits.max_unfinished_jobs_per_user = 2;
  SetLimits(limits);
  v1::CreateJobRequest first = Request();
  first.set_request_id("first");
  const v1::Job job = Create(first);
  Create(Request());
  const absl::Status status = Refused(Request());
  EXPECT_EQ(LimitOf(status)->limit, "max_unfinished_jobs_per_user");
  EXPECT_GT(LimitOf(status)->retry_after, absl::ZeroDuration());
  EXPECT_THAT(Message(status), HasSubstr("user ada has 2"));
  // A retry of what was taken is no new job, and another user has their own count.
  EXPECT_EQ(Create(first).name(), job.name());
  v1::Job other;
  EXPECT_EQ(handlers_->CreateJob(Request(), "eve", &other), absl::OkStatus());
  v1::CancelJobRequest cancel;
  cancel.set_name(job.name());
  v1::Job cancelled;
  ASSERT_EQ(handlers_->CancelJob(cancel, &cancelled), absl::OkStatus());
  Create(Request());
}

TEST_F(SearchHandlersTest, FullProjectTakesNoNewJobs) {
  Finished(1, 20);
  Limits limits;
  limits.max_points_per_project = 10;
  SetLimits(limits);
  EXPECT_EQ(LimitOf(Refused(Request()))->limit, "max_points_per_project");
  limits = {};
  const std::int64_t bytes = Get("projects/p/jobs/1").progress().bytes();
  limits.max_bytes_per_project = bytes;
  SetLimits(limits);
  EXPECT_EQ(LimitOf(Refused(Request()))->limit, "max_bytes_per_project");
  v1::CreateJobRequest other = Request();
  other.set_parent("projects/q");
  Create(other);
}

TEST_F(SearchHandlersTest, CreateFillsEveryDefault) {
  const v1::Job job = Create(Request());
  EXPECT_EQ(job.name(), "projects/p/jobs/1");
  EXPECT_EQ(job.spec().workload_name(), "alexnet");
  EXPECT_EQ(job.spec().starts(), 7);
  EXPECT_EQ(job.spec().steps(), 1490);
  EXPECT_FALSE(job.spec().has_samples());
  EXPECT_EQ(job.spec().round_period(), 100);
  EXPECT_EQ(job.spec().learning_rate(), 0.5);
  EXPECT_EQ(job.spec().descent_share(), 0.3);
  EXPECT_EQ(job.spec().parametrization(), v1::LOG);
  EXPECT_EQ(job.spec().objective(), v1::EDP);
  EXPECT_EQ(job.spec().algorithm(), v1::GRADIENT);
  EXPECT_EQ(job.spec().order_strategy(), v1::ITERATE);
  EXPECT_EQ(job.progress().starts_total(), 7);
  EXPECT_EQ(job.progress().samples_total(), 7 * 1490);
  EXPECT_EQ(job.workload_display_name(), "alexnet");
  EXPECT_EQ(job.template_display_name(), "gemmini");
  EXPECT_FALSE(job.etag().empty());
  EXPECT_GT(job.create_time().seconds(), 0);
}

TEST_F(SearchHandlersTest, SamplesOfTheWholeJobAreSharedByItsStarts) {
  v1::CreateJobRequest request = Request();
  request.mutable_spec()->set_samples(1000);
  request.mutable_spec()->set_starts(3);
  const v1::Job job = Create(request);
  EXPECT_EQ(job.spec().samples(), 1000);
  EXPECT_FALSE(job.spec().has_steps());
  EXPECT_EQ(job.progress().samples_total(), 3 * 334);
}

TEST_F(SearchHandlersTest, StoredJobDecodesToTheSameSearch) {
  v1::CreateJobRequest request = Request();
  v1::JobSpec& spec = *request.mutable_spec();
  spec.set_objective(v1::LATENCY);
  spec.set_order_strategy(v1::SOFTMAX);
  spec.set_seed(99);
  spec.set_descent_share(0);
  spec.set_parametrization(v1::RAW);
  spec.set_starts(2);
  spec.set_steps(10);
  (*spec.mutable_fixed_parameters())["pe_dim"] = 16;
  v1::Limit* area = spec.add_limits();
  area->set_quantity("area_mm2");
  area->set_max(40);
  v1::Limit* scratchpad = spec.add_limits();
  scratchpad->set_quantity("scratchpad_kib");
  scratchpad->set_max(100.5);
  Create(request);
  const auto search = DecodeSearch(store_.GetJob(1).value()).value();
  EXPECT_EQ(search->workload->name, "alexnet");
  EXPECT_EQ(search->objective, MetricProduct::Of(Metric::kLatency));
  EXPECT_EQ(search->order_strategy, OrderStrategy::kSoftmax);
  EXPECT_EQ(search->seed, 99u);
  EXPECT_EQ(search->descent_share, 0);
  EXPECT_EQ(search->parametrization, Parametrization::kRaw);
  EXPECT_EQ(search->samples_per_start, 10);
  ASSERT_EQ(search->limits.size(), 1);
  EXPECT_EQ(search->limits[0].quantity, Quantity::kAreaMm2);
  EXPECT_EQ(search->limits[0].bound, 40);
  const auto range = [&](const char* name) {
    return search->hardware_range.at(static_cast<std::size_t>(search->hardware_template->FindParameter(name)));
  };
  EXPECT_EQ(range("pe_dim").min, 16);
  EXPECT_EQ(range("pe_dim").max, 16);
  EXPECT_EQ(range("scratchpad_kib").max, 100);
  EXPECT_EQ(range("accumulator_kib").max, 8192);
}

TEST_F(SearchHandlersTest, AStoredJobWithoutLaterFieldsDecodesWithTheirDefaults) {
  Create(Request());
  JobRecord record = store_.GetJob(1).value();
  v1::JobSpec spec = DecodeSpec(record).value();
  spec.clear_descent_share();
  spec.clear_parametrization();
  record.job.spec = DeterministicBytes(spec);
  const auto search = DecodeSearch(record).value();
  EXPECT_EQ(search->descent_share, 0.3);
  EXPECT_EQ(search->parametrization, Parametrization::kLog);
}

// Where factors must divide in what is searched.
bool AllFactorsDivide(const SearchSpec& search) {
  return FactorSpace(*search.hardware_template).perfect() == kEveryDim;
}

TEST_F(SearchHandlersTest, TheTemplateOfAJobForPerfectFactorsAsksForThemEverywhere) {
  v1::CreateJobRequest request = Request();
  request.mutable_spec()->set_factors(v1::PERFECT);
  EXPECT_EQ(Create(request).spec().factors(), v1::PERFECT);
  EXPECT_TRUE(AllFactorsDivide(*DecodeSearch(store_.GetJob(1).value()).value()));
  request.mutable_spec()->set_factors(v1::IMPERFECT);
  request.set_request_id("imperfect");
  EXPECT_EQ(Create(request).spec().factors(), v1::IMPERFECT);
  const auto search = DecodeSearch(store_.GetJob(2).value()).value();
  EXPECT_TRUE(FactorSpace(*search->hardware_template).perfect().empty());
}

// Every design keeps them, and what no design can keep is refused by layer and place.
TEST_F(SearchHandlersTest, ConstraintsAreAddedToTheTemplateThatIsSearched) {
  v1::CreateJobRequest request = Request();
  v1::LevelConstraints* const level = request.mutable_spec()->mutable_constraints()->add_levels();
  level->set_level("accumulator");
  v1::AxisConstraints* const axis = level->add_spatial();
  axis->set_name("X");
  axis->add_factors("C>=2");
  EXPECT_EQ(Create(request).spec().constraints().levels_size(), 1);
  const auto search = DecodeSearch(store_.GetJob(1).value()).value();
  EXPECT_EQ(search->hardware_template->axes()[0].factors[ToIndex(Dim::kC)].least, 2);
  axis->set_factors(0, "C>=100000");
  request.set_request_id("infeasible");
  v1::Job job;
  const absl::Status infeasible = handlers_->CreateJob(request, "ada", &job);
  EXPECT_THAT(Message(infeasible), HasSubstr("(layers[0]) has C = "));
  EXPECT_THAT(Message(infeasible),
              HasSubstr("which no factors split as is asked for: C>=100000 along X of accumulator"));
  level->set_level("l1");
  EXPECT_EQ(FieldOf(handlers_->CreateJob(request, "ada", &job)), "spec.constraints.levels[0].level");
}

// What an earlier version stored was searched and proven with perfect factors, whatever new jobs get.
TEST_F(SearchHandlersTest, AStoredJobThatDoesNotSayItsFactorsHasPerfectOnes) {
  Create(Request());
  JobRecord record = store_.GetJob(1).value();
  v1::JobSpec spec;
  ASSERT_TRUE(spec.ParseFromString(record.job.spec));
  EXPECT_NE(spec.factors(), v1::FACTORS_UNSPECIFIED) << "new jobs store what they have";
  spec.clear_factors();
  record.job.spec = DeterministicBytes(spec);
  EXPECT_TRUE(AllFactorsDivide(*DecodeSearch(record).value()));
  EXPECT_EQ(DecodeSpec(record)->factors(), v1::PERFECT) << "and is shown with them";
}

// A workload of one layer of 197 tokens, on columns of 16 at most.
v1::CreateJobRequest TokensRequest(v1::Factors factors) {
  v1::CreateJobRequest request;
  request.set_parent("projects/p");
  v1::JobSpec& spec = *request.mutable_spec();
  spec.set_template_name("gemmini");
  spec.set_factors(factors);
  spec.mutable_workload()->set_name("tokens");
  v1::Layer* const layer = spec.mutable_workload()->add_layers();
  layer->set_name("scores");
  v1::Bounds& bounds = *layer->mutable_bounds();
  for (const auto set : {&v1::Bounds::set_r, &v1::Bounds::set_s, &v1::Bounds::set_q, &v1::Bounds::set_n}) {
    (bounds.*set)(1);
  }
  bounds.set_p(64);
  bounds.set_c(64);
  bounds.set_k(197);
  (*spec.mutable_fixed_parameters())["pe_dim"] = 16;
  request.set_validate_only(true);
  return request;
}

TEST_F(SearchHandlersTest, PerfectFactorsThatAreAskedForAreWarnedOfWhereBoundsAreAwkward) {
  const v1::Job warned = Create(TokensRequest(v1::PERFECT));
  EXPECT_THAT(warned.warnings(),
              ElementsAre("layer 'scores' has K = 197, a prime: its largest divisor for axis X of level scratchpad, of "
                          "16 at most, is 1; padded to 208 it would be 16",
                          "factors IMPERFECT takes all bounds as they are"));
  EXPECT_THAT(Create(TokensRequest(v1::IMPERFECT)).warnings(), IsEmpty());
  EXPECT_THAT(Create(TokensRequest(v1::FACTORS_UNSPECIFIED)).warnings(), IsEmpty()) << "nobody asked for them";
  v1::CreateJobRequest request = TokensRequest(v1::IMPERFECT);
  v1::Template* const chip = request.mutable_spec()->mutable_template_();
  *chip = *catalog_.FindTemplate("gemmini");
  chip->mutable_levels(2)->mutable_spatial(0)->add_perfect_dims("K");
  EXPECT_THAT(Create(request).warnings(), ElementsAre(HasSubstr("has K = 197"), HasSubstr("perfect_dims")));
}

TEST_F(SearchHandlersTest, AStoredJobKeepsThePricesOfItsComponents) {
  v1::CreateJobRequest request = Request();
  v1::Template* const chip = request.mutable_spec()->mutable_template_();
  *chip = *catalog_.FindTemplate("gemmini");
  chip->mutable_compute()->clear_energy_pj();
  chip->mutable_compute()->mutable_mac()->set_bits("8");
  chip->set_node_nm(45);
  Create(request);
  v1::Library stored;
  ASSERT_TRUE(stored.ParseFromString(store_.GetJob(1)->job.resolved));
  EXPECT_EQ(stored.templates(0).compute().energy_pj(), "0.277899");
  EXPECT_FALSE(stored.templates(0).compute().has_mac());
}

TEST_F(SearchHandlersTest, ValidateOnlyStoresNothing) {
  v1::CreateJobRequest request = Request();
  request.set_validate_only(true);
  const v1::Job job = Create(request);
  EXPECT_EQ(job.name(), "");
  EXPECT_EQ(job.spec().starts(), 7);
  EXPECT_TRUE(store_.ListJobs(JobQuery())->empty());
}

TEST_F(SearchHandlersTest, RequestIdOfAnotherUserOfTheProjectIsAnotherJob) {
  v1::CreateJobRequest request = Request();
  request.set_request_id("nightly");
  const v1::Job of_ada = Create(request);
  v1::Job of_otto;
  request.mutable_spec()->set_starts(3);
  const absl::Status status = handlers_->CreateJob(request, "otto", &of_otto);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_NE(of_otto.name(), of_ada.name());
  EXPECT_EQ(of_otto.owner(), "otto");
}

TEST_F(SearchHandlersTest, RequestIdMakesARetrySafe) {
  v1::CreateJobRequest request = Request();
  request.set_request_id("r1");
  const v1::Job first = Create(request);
  EXPECT_EQ(Create(request).name(), first.name());
  request.mutable_spec()->set_starts(7);
  EXPECT_EQ(Create(request).name(), first.name()) << "a default that is spelled out is the same spec";
  request.mutable_spec()->set_seed(1);
  v1::Job job;
  const absl::Status status = handlers_->CreateJob(request, "ada", &job);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Message(status), HasSubstr(first.name()));
  EXPECT_EQ(store_.ListJobs(JobQuery())->size(), 1u);
}

void AddLimit(v1::CreateJobRequest& request, const char* quantity, double max) {
  v1::Limit* limit = request.mutable_spec()->add_limits();
  limit->set_quantity(quantity);
  limit->set_max(max);
}

void SetProduct(v1::CreateJobRequest& request, const char* product) {
  request.mutable_spec()->clear_objective();
  request.mutable_spec()->set_objective_product(product);
}

void SetFront(v1::CreateJobRequest& request, const char* front) {
  request.mutable_spec()->clear_objective();
  request.mutable_spec()->set_objective_front(front);
}

v1::Template WithoutClock() {
  v1::Template hardware_template = *Catalog(&ShippedLibrary()).FindTemplate("gemmini");
  hardware_template.clear_clock_mhz();
  return hardware_template;
}

TEST_F(SearchHandlersTest, ObjectivesAndLimitsOfEveryMetricAreTaken) {
  std::int64_t created = 0;
  const auto search_of = [this, &created](const std::function<void(v1::CreateJobRequest&)>& change) {
    v1::CreateJobRequest request = Request();
    change(request);
    Create(request);
    return DecodeSearch(store_.GetJob(++created).value()).value();
  };
  for (const auto& [objective, product] :
       {std::pair(v1::AREA, MetricProduct::Of(Metric::kArea)), std::pair(v1::POWER, MetricProduct::Of(Metric::kPower)),
        std::pair(v1::THROUGHPUT, MetricProduct::Of(Metric::kLatency))}) {
    EXPECT_EQ(search_of([o = objective](auto& r) { r.mutable_spec()->set_objective(o); })->objective, product);
  }
  EXPECT_EQ(search_of([](auto& r) { SetProduct(r, "energy*latency^2"); })->objective, (MetricProduct{{1, 2, 0, 0}}));
  const auto limited = search_of([](auto& r) {
    AddLimit(r, "power_w", 2);
    AddLimit(r, "latency_ms", 500);
    AddLimit(r, "latency_ms", 400);
    v1::Limit* throughput = r.mutable_spec()->add_limits();
    throughput->set_quantity("throughput_per_s");
    throughput->set_min(1);
  });
  ASSERT_EQ(limited->limits.size(), 3);
  EXPECT_EQ(limited->limits[0].quantity, Quantity::kPowerW);
  EXPECT_EQ(limited->limits[1].quantity, Quantity::kLatencyMs);
  EXPECT_EQ(limited->limits[1].bound, 400) << "of two the tighter one counts";
  EXPECT_EQ(limited->limits[2].quantity, Quantity::kThroughput);
}

// Makes the job one of these shipped workloads together.
void SetNetworks(v1::JobSpec* spec, const std::vector<std::string>& names) {
  spec->clear_workload_source();
  for (const std::string& name : names) spec->add_networks()->set_workload_name(name);
}

TEST_F(SearchHandlersTest, JobOfSeveralNetworksHasTheLayersOfEach) {
  v1::CreateJobRequest request = Request();
  SetNetworks(request.mutable_spec(), {"alexnet", "bert"});
  request.mutable_spec()->mutable_networks(1)->set_weight(2.5);
  v1::Limit* const limit = request.mutable_spec()->add_limits();
  limit->set_network("bert");
  limit->set_quantity("latency_cycles");
  limit->set_max(1e9);
  const v1::Job job = Create(request);
  EXPECT_EQ(job.workload_display_name(), "alexnet-bert");
  EXPECT_EQ(job.spec().combination(), v1::SUM);
  EXPECT_EQ(job.spec().networks(0).weight(), 1);
  const auto search = DecodeSearch(store_.GetJob(1).value()).value();
  ASSERT_EQ(search->workload->networks.size(), 2u);
  EXPECT_EQ(search->workload->networks[1].name, "bert");
  EXPECT_EQ(search->workload->networks[1].weight, 2.5);
  EXPECT_EQ(search->workload->layers.front().network, 0);
  EXPECT_EQ(search->workload->layers.back().network, 1);
  ASSERT_EQ(search->limits.size(), 1u);
  EXPECT_EQ(search->limits[0].network, 1);
}

TEST_F(SearchHandlersTest, BadNetworksAreRefusedWithFieldAndRemedyAndStoreNothing) {
  const auto with = [](const std::vector<std::string>& names, auto change) {
    return [names, change](v1::CreateJobRequest& r) {
      SetNetworks(r.mutable_spec(), names);
      change(r.mutable_spec());
    };
  };
  const auto nothing = [](v1::JobSpec*) {};
  const auto weight = [](double value) {
    return [value](v1::JobSpec* s) { s->mutable_networks(1)->set_weight(value); };
  };
  const auto reference = [](double value) {
    return [value](v1::JobSpec* s) {
      s->set_combination(v1::WORST_RATIO);
      s->mutable_networks(0)->set_reference(value);
    };
  };
  const auto limit = [](const std::string& network, const std::string& quantity) {
    return [=](v1::JobSpec* s) {
      v1::Limit* const added = s->add_limits();
      added->set_network(network);
      added->set_quantity(quantity);
      added->set_max(4);
    };
  };
  const std::vector<BadCreate> cases = {
      {"spec.networks", "valid: at most 32", with(std::vector<std::string>(200, "bert"), nothing)},
      {"spec.networks", "together with a workload", [](auto& r) { r.mutable_spec()->add_networks(); }},
      {"spec.networks[1].workload_name", "did you mean 'bert'?", with({"alexnet", "brt"}, nothing)},
      {"spec.networks[1].workload_name", "missing",
       with({"alexnet"}, [](v1::JobSpec* s) { s->add_networks()->set_weight(2); })},
      {"spec.networks[1]", "which another network is already", with({"bert", "bert"}, nothing)},
      {"spec.networks[1].weight", "above 0", with({"alexnet", "bert"}, weight(0))},
      {"spec.networks[1].weight", "above 0", with({"alexnet", "bert"}, weight(-1))},
      {"spec.networks[1].weight", "above 0", with({"alexnet", "bert"}, weight(std::nan("")))},
      {"spec.networks[1].weight", "at most 1e+06", with({"alexnet", "bert"}, weight(1e7))},
      {"spec.combination", "SUM, GEOMETRIC_MEAN, WORST_RATIO",
       with({"bert"}, [](v1::JobSpec* s) { s->set_combination(static_cast<v1::Combination>(9)); })},
      {"spec.combination", "no `networks`", [](auto& r) { r.mutable_spec()->set_combination(v1::SUM); }},
      {"spec.networks[0].reference", "above 0", with({"alexnet", "bert"}, reference(0))},
      {"spec.networks[0].reference", "above 0", with({"alexnet", "bert"}, reference(std::nan("")))},
      {"spec.networks[0].reference", "only combination WORST_RATIO",
       with({"bert"}, [](v1::JobSpec* s) { s->mutable_networks(0)->set_reference(1); })},
      {"spec.limits[0].network", "did you mean 'bert'?", with({"alexnet", "bert"}, limit("brt", "latency_cycles"))},
      {"spec.limits[0].network", "all networks share", with({"alexnet", "bert"}, limit("bert", "pe_dim"))},
      {"spec.limits[0].network", "no `networks`",
       [limit](auto& r) { limit("bert", "latency_cycles")(r.mutable_spec()); }},
      {"spec.limits", "bert:latency_cycles <= 4 is impossible",
       with({"alexnet", "bert"}, limit("bert", "latency_cycles"))},
  };
  ExpectRefused(cases);
}

TEST_F(SearchHandlersTest, BadSpecsAreRefusedWithFieldAndRemedyAndStoreNothing) {
  const std::vector<BadCreate> cases = {
      {"parent", "projects/{project}", [](auto& r) { r.set_parent("p"); }},
      {"parent", "project of its own", [](auto& r) { r.set_parent("projects/-"); }},
      {"spec", "missing", [](auto& r) { r.clear_spec(); }},
      {"request_id", "at most 64", [](auto& r) { r.set_request_id(std::string(65, 'x')); }},
      {"spec.workload_name", "did you mean 'alexnet'?", [](auto& r) { r.mutable_spec()->set_workload_name("alexnt"); }},
      {"spec.workload_name", "missing", [](auto& r) { r.mutable_spec()->clear_workload_name(); }},
      {"spec.template_name", "did you mean 'gemmini'?", [](auto& r) { r.mutable_spec()->set_template_name("gemini"); }},
      {"spec.template_name", "missing", [](auto& r) { r.mutable_spec()->clear_template_name(); }},
      {"spec.starts", "1 to 10000", [](auto& r) { r.mutable_spec()->set_starts(0); }},
      {"spec.starts", "1 to 10000", [](auto& r) { r.mutable_spec()->set_starts(1000000000); }},
      {"spec.steps", "1 to 10000000", [](auto& r) { r.mutable_spec()->set_steps(0); }},
      {"spec.steps", "1 to 10000000", [](auto& r) { r.mutable_spec()->set_steps(10000001); }},
      {"spec.samples", "1 to", [](auto& r) { r.mutable_spec()->set_samples(0); }},
      {"spec.samples", "1 to",
       [](auto& r) { r.mutable_spec()->set_samples(std::numeric_limits<std::int64_t>::max()); }},
      {"spec.samples", "together with steps",
       [](auto& r) {
         r.mutable_spec()->set_samples(5);
         r.mutable_spec()->set_steps(5);
       }},
      {"spec.round_period", "1 or more", [](auto& r) { r.mutable_spec()->set_round_period(0); }},
      {"spec.learning_rate", "1e-6 to 10", [](auto& r) { r.mutable_spec()->set_learning_rate(0); }},
      {"spec.descent_share", "valid: 0 to 1", [](auto& r) { r.mutable_spec()->set_descent_share(-0.1); }},
      {"spec.descent_share", "valid: 0 to 1", [](auto& r) { r.mutable_spec()->set_descent_share(1.5); }},
      {"spec.descent_share", "valid: 0 to 1", [](auto& r) { r.mutable_spec()->set_descent_share(std::nan("")); }},
      {"spec.parametrization", "valid: LOG, RAW",
       [](auto& r) { r.mutable_spec()->set_parametrization(static_cast<v1::Parametrization>(7)); }},
      {"spec.learning_rate", "1e-6 to 10", [](auto& r) { r.mutable_spec()->set_learning_rate(std::nan("")); }},
      {"spec.stop_gap", "above 0, at most 1", [](auto& r) { r.mutable_spec()->set_stop_gap(0); }},
      {"spec.stop_gap", "above 0, at most 1", [](auto& r) { r.mutable_spec()->set_stop_gap(-0.01); }},
      {"spec.stop_gap", "above 0, at most 1", [](auto& r) { r.mutable_spec()->set_stop_gap(2); }},
      {"spec.stop_gap", "above 0, at most 1", [](auto& r) { r.mutable_spec()->set_stop_gap(std::nan("")); }},
      {"spec.objective", "EDP, ENERGY, LATENCY",
       [](auto& r) { r.mutable_spec()->set_objective(static_cast<v1::Objective>(77)); }},
      {"spec.algorithm", "GRADIENT", [](auto& r) { r.mutable_spec()->set_algorithm(static_cast<v1::Algorithm>(77)); }},
      {"spec.factors", "IMPERFECT, PERFECT",
       [](auto& r) { r.mutable_spec()->set_factors(static_cast<v1::Factors>(9)); }},
      {"spec.order_strategy", "FIXED",
       [](auto& r) { r.mutable_spec()->set_order_strategy(static_cast<v1::OrderStrategy>(77)); }},
      {"spec.fixed_parameters.pe_dmi", "did you mean 'pe_dim'?",
       [](auto& r) { (*r.mutable_spec()->mutable_fixed_parameters())["pe_dmi"] = 16; }},
      {"spec.fixed_parameters.pe_dim", "2 to 128",
       [](auto& r) { (*r.mutable_spec()->mutable_fixed_parameters())["pe_dim"] = 129; }},
      {"spec.fixed_parameters.pe_dim", "2 to 128",
       [](auto& r) { (*r.mutable_spec()->mutable_fixed_parameters())["pe_dim"] = std::nan(""); }},
      {"spec.fixed_parameters.pe_dim", "whole multiples of 1",
       [](auto& r) { (*r.mutable_spec()->mutable_fixed_parameters())["pe_dim"] = 16.5; }},
      {"spec.limits[0].quantity", "did you mean 'area_mm2'?", [](auto& r) { AddLimit(r, "area_mm", 4); }},
      {"spec.limits[1].max", "above 0",
       [](auto& r) {
         AddLimit(r, "area_mm2", 40);
         AddLimit(r, "edp", 0);
       }},
      {"spec.limits[0].max", "above 0", [](auto& r) { AddLimit(r, "edp", std::nan("")); }},
      {"spec.limits[0].max", "no design can meet", [](auto& r) { AddLimit(r, "pe_dim", 1); }},
      {"spec.limits[0].max", "fixed at 64",
       [](auto& r) {
         (*r.mutable_spec()->mutable_fixed_parameters())["pe_dim"] = 64;
         AddLimit(r, "pe_dim", 32);
       }},
      {"spec.limits", "impossible", [](auto& r) { AddLimit(r, "area_mm2", 1e-9); }},
      {"spec.limits[0].quantity", "did you mean 'power_w'?", [](auto& r) { AddLimit(r, "powr_w", 4); }},
      {"spec.limits[0].max", "no upper limits; valid: min", [](auto& r) { AddLimit(r, "throughput_per_s", 4); }},
      {"spec.limits[0].min", "no lower limits; valid: max",
       [](auto& r) {
         AddLimit(r, "area_mm2", 4);
         r.mutable_spec()->mutable_limits(0)->set_min(1);
       }},
      {"spec.limits[0].quantity", "has no clock_mhz",
       [](auto& r) {
         *r.mutable_spec()->mutable_template_() = WithoutClock();
         AddLimit(r, "power_w", 4);
       }},
      {"spec.objective", "has no clock_mhz",
       [](auto& r) {
         *r.mutable_spec()->mutable_template_() = WithoutClock();
         r.mutable_spec()->set_objective(v1::POWER);
       }},
      {"spec.objective_product", "did you mean 'energy'?", [](auto& r) { SetProduct(r, "enregy*latency"); }},
      {"spec.objective_product", "valid: 0 to 4", [](auto& r) { SetProduct(r, "latency^7"); }},
      {"spec.objective_product", "together with another objective",
       [](auto& r) {
         SetProduct(r, "latency^2");
         r.mutable_spec()->set_objective(v1::ENERGY);
       }},
      {"spec.objective_product", "is missing", [](auto& r) { r.mutable_spec()->set_objective(v1::PRODUCT); }},
      {"spec.objective_front", "has energy alone", [](auto& r) { SetFront(r, "energy"); }},
      {"spec.objective_front", "valid: two or three", [](auto& r) { r.mutable_spec()->set_objective(v1::FRONT); }},
      {"spec.objective_front", "did you mean 'latency'?", [](auto& r) { SetFront(r, "energy,latncy"); }},
      {"spec.objective_front", "has area twice", [](auto& r) { SetFront(r, "area,area"); }},
      {"spec.objective_front", "power, which fronts are not over", [](auto& r) { SetFront(r, "energy,power"); }},
      {"spec.objective_front", "together with another objective",
       [](auto& r) {
         SetFront(r, "energy,area");
         r.mutable_spec()->set_objective(v1::ENERGY);
       }},
      {"spec.objective_product", "together with another objective",
       [](auto& r) {
         SetFront(r, "energy,area");
         r.mutable_spec()->set_objective_product("energy");
       }},
      {"spec.objective_front", "has no formula area_mm2",
       [](auto& r) {
         SetFront(r, "energy,area");
         *r.mutable_spec()->mutable_template_() = WithoutClock();
         r.mutable_spec()->mutable_template_()->clear_area_mm2();
       }},
      {"spec.stop_gap", "no one best",
       [](auto& r) {
         SetFront(r, "energy,area");
         r.mutable_spec()->set_stop_gap(0.01);
       }},
      {"spec.algorithm", "makes one design and no front",
       [](auto& r) {
         SetFront(r, "energy,area");
         r.mutable_spec()->set_algorithm(v1::DEFAULT_TILER);
         for (const auto& parameter : Catalog(&ShippedLibrary()).FindTemplate("gemmini")->parameters()) {
           (*r.mutable_spec()->mutable_fixed_parameters())[parameter.name()] = parameter.max();
         }
       }},
      {"spec.workload.layers[0].bounds.K", "missing",
       [](auto& r) {
         v1::Workload* workload = r.mutable_spec()->mutable_workload();
         workload->set_name("w");
         v1::Layer* layer = workload->add_layers();
         layer->set_name("a");
         v1::Bounds* bounds = layer->mutable_bounds();
         for (auto set : {&v1::Bounds::set_r, &v1::Bounds::set_s, &v1::Bounds::set_p, &v1::Bounds::set_q,
                          &v1::Bounds::set_c, &v1::Bounds::set_n}) {
           (bounds->*set)(1);
         }
       }},
      {"spec.algorithm", "declares no default_tiler",
       [](auto& r) {
         r.mutable_spec()->set_algorithm(v1::DEFAULT_TILER);
         *r.mutable_spec()->mutable_template_() = *Catalog(&ShippedLibrary()).FindTemplate("gemmini");
         r.mutable_spec()->mutable_template_()->clear_default_tiler();
         for (const auto& parameter : r.spec().template_().parameters()) {
           (*r.mutable_spec()->mutable_fixed_parameters())[parameter.name()] = parameter.max();
         }
       }},
      {"spec.template.default_tiler.streamed", "valid: N, P",
       [](auto& r) {
         *r.mutable_spec()->mutable_template_() = *Catalog(&ShippedLibrary()).FindTemplate("gemmini");
         v1::DefaultTiler& tiler = *r.mutable_spec()->mutable_template_()->mutable_default_tiler();
         tiler.clear_dims();
         tiler.clear_whole_arrays();
         tiler.add_dims("N");
         tiler.add_dims("P");
         tiler.set_streamed("C");
       }},
      {"spec.template.levels", "2 to 8", [](auto& r) { r.mutable_spec()->mutable_template_()->set_name("t"); }},
      {"spec.template.compute.mac.node_nm", "valid: 7 to 130 nm",
       [](auto& r) {
         *r.mutable_spec()->mutable_template_() = *Catalog(&ShippedLibrary()).FindTemplate("gemmini");
         r.mutable_spec()->mutable_template_()->mutable_compute()->mutable_mac()->set_bits("8");
       }},
  };
  ExpectRefused(cases);
}

TEST_F(SearchHandlersTest, UnknownJobsAreNotFound) {
  Create(Request());
  for (const char* name : {"projects/p/jobs/77", "projects/other/jobs/1"}) {
    v1::GetJobRequest get;
    get.set_name(name);
    v1::Job job;
    const absl::Status status = handlers_->GetJob(get, &job);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(Message(status), HasSubstr(name));
    v1::CancelJobRequest cancel;
    cancel.set_name(name);
    EXPECT_EQ(handlers_->CancelJob(cancel, &job).code(), absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(Get("projects/-/jobs/1").name(), "projects/p/jobs/1");
}

TEST_F(SearchHandlersTest, ChangesAskForThePresentEtag) {
  const v1::Job created = Create(Request());
  // The last change that is none of this test's.
  watcher_.Await([&] { return store_.GetJob(1)->bound.has_value(); });
  v1::PauseJobRequest pause;
  pause.set_name(created.name());
  v1::Job job;
  for (const char* stale : {"r0", "x", "r01"}) {
    pause.set_etag(stale);
    EXPECT_EQ(handlers_->PauseJob(pause, &job).code(), absl::StatusCode::kAborted) << stale;
  }
  pause.clear_etag();
  ASSERT_TRUE(handlers_->PauseJob(pause, &job).ok());
  EXPECT_EQ(job.state(), v1::PAUSED);
  v1::CancelJobRequest cancel;
  cancel.set_name(created.name());
  cancel.set_etag(Get(created.name()).etag());
  ASSERT_TRUE(handlers_->CancelJob(cancel, &job).ok());
  EXPECT_EQ(job.state(), v1::CANCELLED);
  cancel.clear_etag();
  EXPECT_EQ(handlers_->CancelJob(cancel, &job).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SearchHandlersTest, OnlyAJobThatIsOverCanBeDeleted) {
  const v1::Job created = Create(Request());
  v1::DeleteJobRequest request;
  request.set_name(created.name());
  request.set_purge(true);
  v1::Job deleted;
  EXPECT_EQ(handlers_->DeleteJob(request, &deleted).code(), absl::StatusCode::kFailedPrecondition);
  v1::CancelJobRequest cancel;
  cancel.set_name(created.name());
  v1::Job job;
  ASSERT_TRUE(handlers_->CancelJob(cancel, &job).ok());
  EXPECT_TRUE(handlers_->DeleteJob(request, &deleted).ok());
  EXPECT_EQ(deleted.name(), created.name());
  EXPECT_EQ(handlers_->DeleteJob(request, &deleted).code(), absl::StatusCode::kNotFound);
}

TEST_F(SearchHandlersTest, JobsAreListedNewestFirstPageByPage) {
  for (int i = 0; i < 5; ++i) Create(Request());
  v1::ListJobsRequest request;
  request.set_parent("projects/p");
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    v1::ListJobsResponse page;
    ASSERT_TRUE(handlers_->ListJobs(request, &page).ok());
    EXPECT_LE(page.jobs_size(), 2);
    for (const v1::Job& job : page.jobs()) names.push_back(job.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, testing::ElementsAre("projects/p/jobs/5", "projects/p/jobs/4", "projects/p/jobs/3",
                                          "projects/p/jobs/2", "projects/p/jobs/1"));
}

TEST_F(SearchHandlersTest, PageTokenOfAnotherQueryIsRefused) {
  for (int i = 0; i < 3; ++i) Create(Request());
  v1::ListJobsRequest request;
  request.set_parent("projects/p");
  request.set_page_size(1);
  v1::ListJobsResponse page;
  ASSERT_TRUE(handlers_->ListJobs(request, &page).ok());
  request.set_page_token(page.next_page_token());
  request.set_parent("projects/-");
  absl::Status status = handlers_->ListJobs(request, &page);
  EXPECT_EQ(FieldOf(status), "page_token");
  EXPECT_THAT(Message(status), HasSubstr("another query"));
  v1::ListPointsRequest points;
  points.set_parent("projects/p/jobs/1");
  points.set_page_token(request.page_token());
  v1::ListPointsResponse response;
  EXPECT_EQ(FieldOf(handlers_->ListPoints(points, &response)), "page_token");
}

TEST_F(SearchHandlersTest, ListJobsFiltersByStateAndRefusesUnknownOnes) {
  Create(Request());
  v1::ListJobsRequest request;
  request.set_parent("projects/p");
  request.add_states(v1::SUCCEEDED);
  v1::ListJobsResponse response;
  ASSERT_TRUE(handlers_->ListJobs(request, &response).ok());
  EXPECT_EQ(response.jobs_size(), 0);
  request.add_states(v1::JOB_STATE_UNSPECIFIED);
  EXPECT_EQ(FieldOf(handlers_->ListJobs(request, &response)), "states[1]");
}

TEST_F(SearchHandlersTest, EveryPointIsListedOnceInOrder) {
  const v1::Job job = Finished(3, 50);
  v1::ListPointsRequest request;
  request.set_parent(job.name());
  request.set_page_size(17);
  std::int64_t expected = 0;
  do {
    v1::ListPointsResponse page;
    ASSERT_TRUE(handlers_->ListPoints(request, &page).ok());
    for (const v1::EvaluatedPoint& point : page.points()) {
      EXPECT_EQ(point.number(), expected++);
      EXPECT_EQ(point.name(), job.name() + "/points/" + std::to_string(point.number()));
      EXPECT_EQ(point.edp(), point.energy_uj() * point.latency_cycles());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(expected, 150);
}

TEST_F(SearchHandlersTest, PointsAreFilteredByStartOriginAndFront) {
  const v1::Job job = Finished(3, 50);
  v1::ListPointsRequest request;
  request.set_parent(job.name());
  request.set_start(1);
  request.set_exact_only(true);
  v1::ListPointsResponse response;
  ASSERT_TRUE(handlers_->ListPoints(request, &response).ok());
  EXPECT_EQ(response.points_size(), 10);
  for (const v1::EvaluatedPoint& point : response.points()) {
    EXPECT_EQ(point.start(), 1);
    EXPECT_EQ(point.origin(), v1::ROUNDED);
  }
  v1::ListPointsRequest front;
  front.set_parent(job.name());
  front.set_pareto_only(true);
  v1::ListPointsResponse pareto;
  ASSERT_TRUE(handlers_->ListPoints(front, &pareto).ok());
  EXPECT_EQ(pareto.points_size(), job.progress().front_size());
  for (const v1::EvaluatedPoint& point : pareto.points()) EXPECT_TRUE(point.pareto());
  request.set_start(3);
  EXPECT_EQ(FieldOf(handlers_->ListPoints(request, &response)), "start");
  request.set_start(0);
  request.set_page_size(-1);
  EXPECT_EQ(FieldOf(handlers_->ListPoints(request, &response)), "page_size");
}

TEST_F(SearchHandlersTest, PointIsFoundByItsName) {
  const v1::Job job = Finished(1, 10);
  v1::GetPointRequest request;
  request.set_name(job.best().name());
  v1::EvaluatedPoint point;
  ASSERT_TRUE(handlers_->GetPoint(request, &point).ok());
  EXPECT_EQ(point.SerializeAsString().size(), job.best().SerializeAsString().size());
  request.set_name(job.name() + "/points/10");
  EXPECT_EQ(handlers_->GetPoint(request, &point).code(), absl::StatusCode::kNotFound);
}

TEST_F(SearchHandlersTest, CertificateComesWithTheJobItsListingAndItsDesigns) {
  const v1::Job job = Finished(1, 10);
  const v1::Certificate& certificate = job.certificate();
  EXPECT_EQ(certificate.objective(), v1::EDP);
  EXPECT_GT(certificate.lower_bound(), certificate.energy_uj_bound());
  EXPECT_GT(certificate.energy_uj_bound(), 0);
  EXPECT_GT(certificate.latency_cycles_bound(), 0);
  EXPECT_GT(certificate.boxes(), 0);
  EXPECT_TRUE(certificate.has_gap());
  EXPECT_EQ(certificate.gap(), job.best().edp() / certificate.lower_bound() - 1);
  v1::ListJobsRequest list;
  list.set_parent("projects/p");
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(handlers_->ListJobs(list, &jobs).ok());
  EXPECT_EQ(jobs.jobs(0).certificate().SerializeAsString(), certificate.SerializeAsString());
}

TEST_F(SearchHandlersTest, CertificateIsOfTheObjectiveAndItsGapOfTheBestDesign) {
  const JobBound bound{100, 20, 4, 7, true};
  v1::JobSpec spec;
  spec.set_objective(v1::PRODUCT);
  spec.set_objective_product("energy^2");
  const v1::Certificate energy = CertificateToProto(bound, spec, 125);
  EXPECT_EQ(energy.objective(), v1::PRODUCT);
  EXPECT_EQ(energy.objective_product(), "energy^2");
  EXPECT_EQ(energy.gap(), 0.25);
  EXPECT_EQ(energy.boxes(), 7);
  EXPECT_TRUE(energy.exhausted());
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(CertificateToProto(bound, spec, infinity).has_gap()) << "no design, no gap";
  EXPECT_FALSE(CertificateToProto({0, 0, 0, 1, true}, spec, 200).has_gap());
  EXPECT_FALSE(CertificateToProto({infinity, infinity, infinity, 1, true}, spec, 200).has_gap());
}

TEST_F(SearchHandlersTest, JobsForAFrontTellHowLargeItIs) {
  runner_.Open();
  v1::CreateJobRequest request = Request();
  request.mutable_spec()->set_objective_front("area, energy");
  request.mutable_spec()->set_starts(1);
  request.mutable_spec()->set_steps(10);
  const v1::Job created = Create(request);
  EXPECT_EQ(created.spec().objective(), v1::FRONT);
  watcher_.AwaitState(1, JobState::kSucceeded);
  const v1::Job job = Get(created.name());
  ASSERT_TRUE(job.has_front());
  EXPECT_GT(job.front().points(), 0);
  EXPECT_LE(job.front().points(), job.progress().front_size());
  EXPECT_GT(job.front().hypervolume(), 0);
  EXPECT_GT(job.front().reference_energy_uj(), 0);
  EXPECT_EQ(job.front().reference_latency_cycles(), 0);
  EXPECT_EQ(job.certificate().objective_front(), "area, energy");
  EXPECT_EQ(job.message(), "") << "no one design says how far a front has come";
  EXPECT_FALSE(Finished(1, 10).has_front()) << "of another objective";
}

TEST_F(SearchHandlersTest, StopGapIsStoredWithTheJob) {
  v1::CreateJobRequest request = Request();
  EXPECT_FALSE(Create(request).spec().has_stop_gap());
  EXPECT_FALSE(store_.GetJob(1)->job.stop_gap.has_value());
  request.mutable_spec()->set_stop_gap(1);
  EXPECT_EQ(Create(request).spec().stop_gap(), 1);
  EXPECT_EQ(store_.GetJob(2)->job.stop_gap, 1);
}

TEST_F(SearchHandlersTest, DesignsOfDescentPointsAndOfEmptyJobsAreRefusedWithTheReason) {
  const v1::Job running = Create(Request());
  v1::GetDesignRequest request;
  v1::Design design;
  request.set_name(running.name() + "/designs/best");
  absl::Status status = handlers_->GetDesign(request, &design);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("yet"));
  const v1::Job job = Finished(1, 10);
  request.set_name(job.name() + "/designs/0");
  status = handlers_->GetDesign(request, &design);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("step of the descent"));
  request.set_name(job.name() + "/designs/1000");
  EXPECT_EQ(handlers_->GetDesign(request, &design).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace oneloop
