#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/convert/library.h"
#include "common/hardware/template.h"
#include "common/workload/workload.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;

struct NetworkRow {
  LayerShape shape;
  std::int64_t count = 0;
  std::string name;
};

// Rows "R S P Q C K N Wstride Hstride count  # name".
std::vector<NetworkRow> ReadNetwork(const std::string& path) {
  std::vector<NetworkRow> rows;
  std::ifstream stream(path);
  std::string line;
  while (std::getline(stream, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    NetworkRow row;
    for (const Dim dim : {Dim::kR, Dim::kS, Dim::kP, Dim::kQ, Dim::kC, Dim::kK, Dim::kN}) {
      fields >> row.shape.bounds[static_cast<std::size_t>(dim)];
    }
    std::string hash;
    fields >> row.shape.w_stride >> row.shape.h_stride >> row.count >> hash >> row.name;
    EXPECT_TRUE(fields) << path << ": " << line;
    rows.push_back(row);
  }
  return rows;
}

std::vector<std::string> ShippedWorkloadNames() {
  std::vector<std::string> names;
  for (const v1::Workload& workload : ShippedLibrary().workloads()) names.push_back(workload.name());
  return names;
}

TEST(ShippedLibraryTest, HoldsTheDocumentedNamesInOrder) {
  EXPECT_THAT(ShippedWorkloadNames(),
              ElementsAre("alexnet", "bert", "bert_base", "bert_large", "convnext_tiny", "deepbench", "densenet121",
                          "dlrm", "efficientnet_b0", "gpt2_decode", "gpt2_prefill", "llama3_8b_decode",
                          "llama3_8b_prefill", "mixtral_block", "mobilenet_v2", "mobilenet_v3_large", "resnet152",
                          "resnet18", "resnet50", "resnext50_32x4d", "retinanet", "retinanet_r50_fpn",
                          "stable_diffusion_unet", "swin_t", "unet", "vgg16", "vit_b_16", "whisper_base_encoder"));
  std::vector<std::string> templates;
  for (const v1::Template& message : ShippedLibrary().templates()) templates.push_back(message.name());
  EXPECT_THAT(templates, ElementsAre("diannao_like", "edge_tpu_like", "eyeriss", "gemmini", "nvdla_large",
                                     "nvdla_small", "simba", "tensor_core_like", "tpu_v1"));
}

TEST(ShippedLibraryTest, WorkloadsThatWereMeasuredEqualTheTable) {
  if (SharedDataDir().empty()) GTEST_SKIP() << "../shared/data is not here";
  for (const std::string name : {"alexnet", "bert", "deepbench", "resnet50", "retinanet", "unet"}) {
    const Workload workload = ShippedWorkload(name);
    const std::vector<NetworkRow> rows = ReadNetwork(SharedDataDir() + "/networks/" + name + ".txt");
    ASSERT_EQ(workload.layers.size(), rows.size()) << name;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(workload.layers[i].name, rows[i].name) << name;
      EXPECT_EQ(workload.layers[i].count, rows[i].count) << name << " " << rows[i].name;
      EXPECT_EQ(workload.layers[i].shape, rows[i].shape) << name << " " << rows[i].name;
    }
  }
}

TEST(ShippedLibraryTest, ResNet50HasItsKnownSize) {
  const Workload workload = ShippedWorkload("resnet50");
  std::int64_t macs = 0;
  for (const Layer& layer : workload.layers) macs += layer.count * Macs(layer.shape);
  EXPECT_EQ(workload.layers.size(), 24u);
  EXPECT_EQ(macs, 4089184256);
}

TEST(ShippedTemplateTest, GemminiIsTheReferenceHierarchy) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  ASSERT_THAT(gemmini->parameter_names(), ElementsAre("pe_dim", "scratchpad_kib", "accumulator_kib"));
  EXPECT_EQ(gemmini->parameter(0).min, 2);
  EXPECT_EQ(gemmini->parameter(0).max, 128);
  for (const int p : {1, 2}) {
    EXPECT_EQ(gemmini->parameter(p).min, 1);
    EXPECT_EQ(gemmini->parameter(p).max, 8192);
    EXPECT_EQ(gemmini->parameter(p).start_max, 2048);
  }
  ASSERT_EQ(gemmini->num_levels(), 4);
  EXPECT_EQ(gemmini->level(0).keeps, (TensorSet{Tensor::kW}));
  EXPECT_EQ(gemmini->level(0).temporal, (DimSet{Dim::kP, Dim::kQ, Dim::kN}));
  EXPECT_EQ(gemmini->level(1).keeps, (TensorSet{Tensor::kO}));
  EXPECT_EQ(gemmini->level(1).word_bits, (std::array<int, 3>{8, 8, 32}));
  EXPECT_EQ(gemmini->level(2).keeps, (TensorSet{Tensor::kW, Tensor::kI}));
  EXPECT_EQ(gemmini->level(3).block_words->Evaluate(HardwarePoint{16, 256, 64}), 64);
  EXPECT_EQ(gemmini->level(2).block_words->Evaluate(HardwarePoint{16, 256, 64}), 16);
  ASSERT_EQ(gemmini->axes().size(), 2u);
  EXPECT_EQ(gemmini->axes()[0].dims, (DimSet{Dim::kC}));
  EXPECT_EQ(gemmini->axes()[1].dims, (DimSet{Dim::kK}));
}

// At 16 x 16, 256 KiB and 64 KiB: the figures of the reference table, worked out by hand.
TEST(ShippedTemplateTest, GemminiFormulasGiveTheReferenceFigures) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  const HardwarePoint point = {16, 256, 64};
  ASSERT_TRUE(gemmini->ValidateHardware(point).ok());
  EXPECT_DOUBLE_EQ(gemmini->spec().mac_energy_pj->Evaluate(point), 0.5608);
  EXPECT_DOUBLE_EQ(gemmini->level(0).capacity_words->Evaluate(point), 1);
  EXPECT_DOUBLE_EQ(gemmini->level(0).energy_pj->Evaluate(point), 0.48746172);
  EXPECT_FALSE(gemmini->level(0).words_per_cycle.has_value());
  EXPECT_DOUBLE_EQ(gemmini->level(1).capacity_bytes->Evaluate(point), 4096);
  EXPECT_DOUBLE_EQ(gemmini->level(1).words_per_cycle->Evaluate(point), 2);
  EXPECT_DOUBLE_EQ(gemmini->level(1).energy_pj->Evaluate(point), (388 + 20 * 4) / 199.0);
  EXPECT_DOUBLE_EQ(gemmini->level(2).capacity_bytes->Evaluate(point), 262144);
  EXPECT_DOUBLE_EQ(gemmini->level(2).words_per_cycle->Evaluate(point), 32);
  EXPECT_DOUBLE_EQ(gemmini->level(2).energy_pj->Evaluate(point), (97 + 5 * 256) / 199.0);
  EXPECT_DOUBLE_EQ(gemmini->level(3).words_per_cycle->Evaluate(point), 8);
  EXPECT_DOUBLE_EQ(gemmini->level(3).energy_pj->Evaluate(point), 100);
  for (const Resource& resource : gemmini->resources()) {
    if (resource.is_axis()) {
      EXPECT_DOUBLE_EQ(resource.limit.Evaluate(point), 16);
    }
  }
}

// docs/MODEL.md, "Area", states these errors.
TEST(ShippedTemplateTest, GemminiAreaIsNearTheMeasuredPoints) {
  if (SharedDataDir().empty()) GTEST_SKIP() << "../shared/data is not here";
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  const absl::StatusOr<std::vector<TableRow>> rows = ReadTable(SharedDataDir() + "/timeloop_gemmini.csv.gz");
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::map<HardwarePoint, double> areas;
  for (const TableRow& row : *rows) {
    HardwarePoint hardware;
    for (const std::string& name : gemmini->parameter_names()) hardware.push_back(std::stod(row.at(name)));
    areas[hardware] = std::stod(row.at("area_mm2"));
  }
  ASSERT_EQ(areas.size(), 95u);
  double sum = 0;
  double most = 0;
  for (const auto& [hardware, area_mm2] : areas) {
    const double error = std::abs(gemmini->AreaMm2(hardware) / area_mm2 - 1);
    sum += error;
    most = std::max(most, error);
  }
  EXPECT_LE(sum / static_cast<double>(areas.size()), 0.0376);
  EXPECT_LE(most, 0.2057);
}

TEST(FixtureTemplateTest, FourHierarchiesLoad) {
  EXPECT_EQ(FixtureTemplate("unified")->num_levels(), 3);
  EXPECT_EQ(FixtureTemplate("row_stationary")->axes().size(), 2u);
  EXPECT_EQ(FixtureTemplate("output_stationary")->level(0).name, "ACC");
  EXPECT_EQ(FixtureTemplate("simba")->num_levels(), 6);
}

}  // namespace
}  // namespace oneloop
