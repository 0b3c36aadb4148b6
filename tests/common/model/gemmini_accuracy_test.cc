// Energy and latency against 20,000 published Timeloop evaluations (../shared/data/timeloop_gemmini.csv.gz).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

TEST(GemminiAccuracyTest, FiguresEqualTimeloops) {
  if (SharedDataDir().empty()) GTEST_SKIP() << "no ../shared/data: the evaluations are not part of the project";
  const CostModel model(ShippedTemplate("gemmini"));
  const Template& hardware_template = model.hardware_template();
  const auto rows = ReadTable(SharedDataDir() + "/timeloop_gemmini.csv.gz");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_FALSE(rows->empty());
  double energy_error = 0;
  double latency_error = 0;
  double worst_energy = 0;
  for (const TableRow& row : *rows) {
    LayerShape shape;
    for (const Dim dim : kAllDims) {
      if (dim == Dim::kG) continue;
      shape.bounds[static_cast<std::size_t>(dim)] = std::stoll(row.at(std::string(1, Name(dim))));
    }
    shape.w_stride = std::stoll(row.at("Wstride"));
    shape.h_stride = std::stoll(row.at("Hstride"));
    HardwarePoint hardware;
    for (const std::string& name : hardware_template.parameter_names()) hardware.push_back(std::stod(row.at(name)));
    const auto mapping = ParseMapping(hardware_template, row.at("mapping"));
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    ASSERT_TRUE(ValidateMapping(hardware_template, shape, *mapping).ok());
    const LayerUse use = model.Use(shape, *mapping);
    const ComponentCosts costs = model.CostsAt(hardware);
    EXPECT_EQ(model.FirstShortage(use.need, costs), -1) << row.at("mapping");
    const LayerFigures figures = model.Score(use, costs);
    const double energy = std::stod(row.at("energy_uj"));
    const double cycles = std::stod(row.at("cycles"));
    energy_error += std::abs(figures.energy_uj / energy - 1);
    latency_error += std::abs(figures.latency_cycles / cycles - 1);
    worst_energy = std::max(worst_energy, std::abs(figures.energy_uj / energy - 1));
  }
  const auto count = static_cast<double>(rows->size());
  std::cout << rows->size() << " rows: mean absolute error of energy " << energy_error / count * 100 << " % (worst "
            << worst_energy * 100 << " %), of latency " << latency_error / count * 100 << " %\n";
  EXPECT_LT(energy_error / count, 1e-6);
  EXPECT_LT(worst_energy, 1e-5);
  EXPECT_EQ(latency_error, 0);
}

}  // namespace
}  // namespace oneloop
