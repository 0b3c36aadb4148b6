#include "server/handlers/design_builder.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/job_convert.h"
#include "tests/server/store/memory_run_store.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// 13 times 16 for 197 of them.
constexpr char kImperfect[] = "L3[WIO] K13 - L2[WI] K16X - L1[O] C16X - L0[W] P64";
constexpr char kPerfect[] = "L3[WIO] N1 - L2[WI] K8X - L1[O] C16X - L0[W] P64";

// A design by hand, of two layers on 16 by 16 units.
class DesignBuilderTest : public ::testing::Test {
 protected:
  static v1::JobSpec Spec(v1::Factors factors) {
    v1::JobSpec spec;
    spec.set_template_name("gemmini");
    spec.set_factors(factors);
    spec.mutable_workload()->set_name("two");
    const struct {
      const char* name;
      int count;
      int k;
    } layers[] = {{"imperfect", 2, 197}, {"perfect", 3, 8}};
    for (const auto& [name, count, k] : layers) {
      v1::Layer* const layer = spec.mutable_workload()->add_layers();
      layer->set_name(name);
      layer->set_count(count);
      v1::Bounds* const bounds = layer->mutable_bounds();
      for (const auto set : {&v1::Bounds::set_r, &v1::Bounds::set_s, &v1::Bounds::set_q, &v1::Bounds::set_n}) {
        (bounds->*set)(1);
      }
      bounds->set_p(64);
      bounds->set_c(16);
      bounds->set_k(k);
    }
    return spec;
  }

  absl::StatusOr<v1::Design> Build(const v1::JobSpec& spec, const std::string& text) {
    absl::StatusOr<PreparedJob> prepared = PrepareJob(spec, catalog_, calibrations_, "p");
    if (!prepared.ok()) return prepared.status();
    JobRecord job;
    job.id = 1;
    job.job = prepared->job;
    PointRecord point;
    point.point.parameters = {16, 256, 64};
    v1::Design design;
    if (const absl::Status status = BuildDesign(job, point, text, &design); !status.ok()) return status;
    return design;
  }

  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_;
  const std::unique_ptr<CalibrationManager> manager_ = CalibrationManager::Create(&store_, TrainCalibration).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, manager_.get()};
};

TEST_F(DesignBuilderTest, IdleUnitsAndPaddingAreThoseOfTheMappings) {
  const absl::StatusOr<v1::Design> design = Build(Spec(v1::IMPERFECT), absl::StrCat(kImperfect, "\n", kPerfect));
  ASSERT_TRUE(design.ok()) << design.status();
  ASSERT_EQ(design->layers_size(), 2);
  // 13 · 64 steps on 256 units for 197 · 16 · 64 multiply-accumulates.
  const v1::LayerDesign& imperfect = design->layers(0);
  EXPECT_DOUBLE_EQ(imperfect.idle_share(), 1 - 197.0 / 208);
  EXPECT_DOUBLE_EQ(imperfect.padding_share(), 208.0 / 197 - 1);
  ASSERT_EQ(imperfect.padding_size(), 1);
  EXPECT_EQ(imperfect.padding(0).ShortDebugString(), "dim: \"K\" bound: 197 padded: 208");
  const v1::LayerDesign& perfect = design->layers(1);
  EXPECT_DOUBLE_EQ(perfect.idle_share(), 0.5) << "half of the columns are left out";
  EXPECT_EQ(perfect.padding_share(), 0);
  EXPECT_EQ(perfect.padding_size(), 0);
  // Twice 197, and three times 8 columns that have 16 places.
  EXPECT_DOUBLE_EQ(design->idle_share(), 1 - (2 * 197.0 + 3 * 8) / (2 * 208 + 3 * 16));
  EXPECT_DOUBLE_EQ(design->padding_share(), (2 * 208.0 + 3 * 8) / (2 * 197 + 3 * 8) - 1);
}

TEST_F(DesignBuilderTest, NetworksCountAsOftenAsTheyRun) {
  v1::JobSpec spec = Spec(v1::IMPERFECT);
  const v1::Workload two = spec.workload();
  spec.clear_workload();
  for (const int layer : {0, 1}) {
    v1::JobNetwork* const network = spec.add_networks();
    network->mutable_workload()->set_name(two.layers(layer).name());
    *network->mutable_workload()->add_layers() = two.layers(layer);
    network->set_weight(layer == 0 ? 5 : 1);
  }
  const absl::StatusOr<v1::Design> design = Build(spec, absl::StrCat(kImperfect, "\n", kPerfect));
  ASSERT_TRUE(design.ok()) << design.status();
  EXPECT_DOUBLE_EQ(design->idle_share(), 1 - (5 * 2 * 197.0 + 3 * 8) / (5 * 2 * 208 + 3 * 16));
}

// What is stored of a job for perfect factors has no others.
TEST_F(DesignBuilderTest, AMappingThatTheJobCouldNotFindIsUnreadable) {
  const absl::Status status = Build(Spec(v1::PERFECT), absl::StrCat(kImperfect, "\n", kPerfect)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), HasSubstr("loop K16X at level scratchpad (L2) does not divide the 197"));
}

}  // namespace
}  // namespace oneloop
