// A parameter left free costs nothing against fixing it well.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "gtest/gtest.h"
#include "server/search/costless_parameters.h"
#include "tests/common/model/all_mappings.h"
#include "tests/common/model/perfect_template.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// Registers with room for a few words below an axis that three dimensions share; the array's size is free.
std::string SmallTemplate(const std::string& dims, const std::string& buffer_energy) {
  return "name: small\nparameters: [{name: pe, min: 1, max: 4}]\ncompute: {energy_pj: 0.3}\nlevels:\n"
         "  - {name: rf, keeps: [I, W], capacity_words: 8, energy_pj: 1, words_per_cycle: 2}\n"
         "  - {name: glb, keeps: [W, I, O], capacity_words: 24, energy_pj: " +
         buffer_energy + ", words_per_cycle: 4,\n     spatial: [{name: X, size: pe, dims: " + dims +
         "}]}\n  - {name: dram, keeps: [W, I, O], energy_pj: 40, words_per_cycle: 1}\n";
}

// One layer; dimensions that are not named have a bound of 1.
SearchSpec OneLayer(const std::vector<std::pair<Dim, std::int64_t>>& bounds, const std::string& hardware_template) {
  Workload workload{"w", "", {{"l", 1, {}}}};
  for (const auto& [dim, bound] : bounds) workload.layers[0].shape.bounds[static_cast<std::size_t>(dim)] = bound;
  return SpecFor(std::move(workload), TemplateFromYaml(hardware_template));
}

double BestOfAllDesigns(const SearchSpec& spec) {
  const CostModel model(spec.hardware_template);
  const LayerShape& shape = spec.workload->layers.front().shape;
  double best = std::numeric_limits<double>::infinity();
  AllMappings(*Perfect(*spec.hardware_template), shape).ForEach([&](const Mapping& mapping) {
    const LayerUse use = model.Use(shape, mapping);
    const std::optional<HardwarePoint> hardware = model.SmallestHardware(use.need, spec.hardware_range);
    if (!hardware.has_value()) return;
    const LayerFigures figures = model.Score(use, model.CostsAt(*hardware));
    best = std::min(best, figures.energy_uj * figures.latency_cycles);
  });
  return best;
}

TEST(FreeAndFixedTest, FindsTheBestOfAllDesignsOnAnAxisThatDimensionsShare) {
  const std::vector<std::string> axes = {"[K, Q, C]", "[P, R, S]", "[K, C, R]"};
  const std::vector<std::vector<std::pair<Dim, std::int64_t>>> bounds = {
      {{Dim::kP, 2}, {Dim::kQ, 3}, {Dim::kK, 4}, {Dim::kG, 2}},
      {{Dim::kR, 3}, {Dim::kS, 2}, {Dim::kP, 2}},
      {{Dim::kC, 3}, {Dim::kK, 2}, {Dim::kR, 3}, {Dim::kQ, 2}}};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    // Whether a larger array costs nothing, or energy.
    for (const char* energy : {"3", "3 + 0.2 * pe"}) {
      SCOPED_TRACE(axes[i] + " " + energy);
      SearchSpec spec = OneLayer(bounds[i], SmallTemplate(axes[i], energy));
      spec.samples_per_start = 149;
      EXPECT_NEAR(BestOf(spec).score, BestOfAllDesigns(spec), 1e-9 * BestOfAllDesigns(spec));
    }
  }
}

TEST(FreeAndFixedTest, CasesOfUseAreAtTheirOptimum) {
  const std::string folder = SourceDir() + "/../shared/cases/one_axis/";
  const std::vector<std::pair<std::string, double>> cases = {{"30", 0}, {"64", 0.02413}, {"76", 0}, {"91", 0}};
  for (const auto& [number, optimum] : cases) {
    const auto hardware = ReadFile(absl::StrCat(folder, "small_", number, "_template.yaml"));
    const auto workload = ReadFile(absl::StrCat(folder, "small_", number, "_workload.yaml"));
    if (!hardware.ok() || !workload.ok()) GTEST_SKIP() << "the cases of ../shared/cases/one_axis are not here";
    SearchSpec spec = SpecFor(WorkloadFromYaml(*workload), TemplateFromYaml(*hardware));
    spec.samples_per_start = 149;
    const double best = BestOfAllDesigns(spec);
    if (optimum > 0) {
      EXPECT_NEAR(best, optimum, 1e-5);
    }
    for (spec.seed = 0; spec.seed < 3; ++spec.seed) EXPECT_NEAR(BestOf(spec).score, best, 1e-9 * best) << number;
  }
}

TEST(FreeAndFixedTest, AnArrayThatCostsNothingIsSearchedAtItsLargestAndReportedAtItsSmallest) {
  SearchSpec spec = OneLayer({{Dim::kP, 2}, {Dim::kQ, 3}, {Dim::kK, 3}}, SmallTemplate("[K, Q, C]", "3"));
  spec.samples_per_start = 149;
  const Found free = BestOf(spec);
  EXPECT_EQ(free.score, BestFixed(spec, 0, {4}).score);
  const CostModel model(spec.hardware_template);
  const std::optional<HardwarePoint> smallest =
      model.SmallestHardware(model.Needs(spec.workload->layers[0].shape, free.mappings[0]), spec.hardware_range);
  EXPECT_EQ(free.hardware, *smallest);
  EXPECT_LT(free.hardware[0], 4);
}

TEST(CostlessParametersTest, AreThoseThatOnlyGiveRoom) {
  const auto costless = [](const std::string& energy, const std::string& words_per_cycle, const std::string& capacity,
                           std::optional<double> area_limit) {
    SearchSpec spec = OneLayer({{Dim::kK, 3}},
                               "name: t\nparameters: [{name: pe, min: 1, max: 4}, {name: kib, min: 1, max: 64}]\n"
                               "area_mm2: 0.1 * pe + kib\nlevels:\n  - {name: glb, keeps: [W, I, O], capacity_words: " +
                                   capacity + ", energy_pj: " + energy + ", words_per_cycle: " + words_per_cycle +
                                   ", spatial: [{name: X, size: pe, dims: [K]}]}\n"
                                   "  - {name: dram, keeps: [W, I, O], energy_pj: 40}\n");
    if (area_limit.has_value()) spec.limits = {{Quantity::kAreaMm2, *area_limit}};
    return CostlessParameters(spec);
  };
  using Parameters = std::vector<std::size_t>;
  EXPECT_EQ(costless("1", "2", "8 * kib", {}), (Parameters{0, 1}));
  EXPECT_EQ(costless("1 + kib", "2", "8 * kib", {}), (Parameters{0}));
  EXPECT_EQ(costless("1", "2 * pe", "8 * kib", {}), (Parameters{1})) << "a smaller array would be slower";
  EXPECT_EQ(costless("1", "2", "8 * kib / pe", {}), (Parameters{1})) << "a larger array takes room";
  EXPECT_EQ(costless("1", "2", "8 * kib", 3.0), (Parameters{})) << "area is what the job has little of";
}

}  // namespace
}  // namespace oneloop
