// Four designs that Timeloop's authors publish with its outputs (tests/data/goldens): every count, energy, leakage and
// cycle that is printed there, from the architecture files and tables as they are written.
#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/convert/convert.h"
#include "common/formats/timeloop_template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/dims.h"
#include "tests/common/model/kept_figures.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

// Figures are printed to so much.
constexpr double kPrintedPj = 0.01;
constexpr double kPrintedUj = 0.01;

struct Golden {
  std::string name;  // of the folder
  std::string
      bypass;  // what the mapping passes by where the architecture leaves it open, as constraints; "" for nothing
  std::string mapping;  // of mapping.yaml; a fan-out without memory is one of the next level that has none itself
};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

// The layer of all four.
LayerShape Layer() {
  LayerShape shape;
  shape.bounds = {3, 3, 112, 112, 3, 32, 1, 1};  // R S P Q C K N G
  shape.w_stride = 2;
  shape.h_stride = 2;
  return shape;
}

class AcceleratorGoldensTest : public testing::TestWithParam<Golden> {};

void CompareKept(const KeptFigures& ours, const YAML::Node& theirs) {
  ASSERT_TRUE(theirs.IsDefined());
  const std::array<const char*, kNumFlowKinds> kinds = {"reads", "fills", "updates"};
  for (std::size_t k = 0; k < kinds.size(); ++k) EXPECT_EQ(ours.words[k], theirs[kinds[k]].as<double>()) << kinds[k];
  EXPECT_EQ(ours.capacity, theirs["capacity"].as<double>());
  EXPECT_EQ(ours.instances, theirs["instances"].as<double>());
  EXPECT_NEAR(ours.energy_pj, theirs["energy_pj"].as<double>(), kPrintedPj);
}

TEST_P(AcceleratorGoldensTest, EveryPrintedFigureIsReproduced) {
  const std::string folder = SourceDir() + "/tests/data/goldens/" + GetParam().name;
  const YAML::Node expected = YAML::LoadFile(folder + "/expected.json");
  TemplateImportOptions options;
  options.name = GetParam().name;
  options.costs = {{folder + "/ert.yaml", "", {}}, {folder + "/art.yaml", "", {}}};
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  files.push_back(ValueOrDie(TimeloopFile::Read(folder + "/arch.yaml")));
  files.push_back(
      ValueOrDie(TimeloopFile::Parse("constraints: {targets: [" + GetParam().bypass + "]}", "bypass.yaml")));
  const TemplateImport imported = ValueOrDie(ImportTimeloopTemplate(files, options));
  const CostModel model(std::shared_ptr<const Template>(ValueOrDie(TemplateFromProto(imported.hardware_template))));
  const Template& hardware = model.hardware_template();
  const auto mapping = ParseMapping(hardware, GetParam().mapping);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const LayerShape shape = Layer();
  ASSERT_TRUE(ValidateMapping(hardware, shape, *mapping).ok()) << ValidateMapping(hardware, shape, *mapping);
  const LayerUse use = model.Use(shape, *mapping);
  const ComponentCosts costs = model.CostsAt({});
  EXPECT_EQ(model.FirstShortage(use.need, costs), -1);
  const LayerFigures figures = model.Score(use, costs);
  const LayerParts parts = model.PartsOf(use, costs);

  EXPECT_EQ(figures.latency_cycles, expected["cycles"].as<double>());
  EXPECT_NEAR(figures.energy_uj, expected["energy_uj"].as<double>(), kPrintedUj / 2);
  EXPECT_EQ(use.lanes, expected["levels"]["mac"]["instances"].as<double>());
  EXPECT_NEAR(parts.mac_energy_pj, expected["levels"]["mac"]["energy_pj"].as<double>(), kPrintedPj);
  for (int level = 0; level < hardware.num_levels(); ++level) {
    const LevelSpec& spec = hardware.level(level);
    if (spec.keeps.empty()) continue;
    const YAML::Node theirs = expected["levels"][spec.name];
    ASSERT_TRUE(theirs.IsDefined()) << spec.name;
    EXPECT_NEAR(parts.leak_pj[ToIndex(level)], theirs["leakage_pj"].as<double>(), kPrintedPj) << spec.name;
    for (const Tensor tensor : kAllTensors) {
      if (!spec.keeps.Has(tensor)) continue;
      SCOPED_TRACE(std::string(1, Name(tensor)) + " at " + spec.name);
      CompareKept(FiguresOf(model, shape, *mapping, use, parts, level, tensor), theirs[std::string(1, Name(tensor))]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    PublishedDesigns, AcceleratorGoldensTest,
    testing::Values(
        Golden{"eyeriss_like", "",
               "L5[WIO] P8 Q2 K4 - L4[IO] P14 Q4 Q14X - L3[] C3Y S3Y - L2[I] N1 - L1[W] R3 - L0[O] K8"},
        Golden{"simba_like", "",
               "L5[WIO] Q28 - L4[IO] P4 C3X K4X - L3[I] Q4 K4Y - L2[W] R3 P4 S3 - L1[O] K2 P7 - L0[W] N1"},
        Golden{"simple_output_stationary", "{target: shared_glb, type: dataspace, bypass: [Outputs]}",
               "L5[WIO] Q8 P2 K2 - L4[WI] Q14 R3 K16Y - L3[O] C3 P4 S3 - L2[W] P14 - L1[I] N1 - L0[O] N1"},
        Golden{"simple_weight_stationary", "",
               "L5[WIO] Q14 - L4[WIO] S3 P2 K8 C3Y K4Y - L3[W] R3 Q2 P2 - L2[W] P28 Q4 - L1[I] N1 - L0[O] N1"}),
    [](const testing::TestParamInfo<Golden>& golden) { return golden.param.name; });

}  // namespace
}  // namespace oneloop
