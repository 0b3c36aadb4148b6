#include "server/handlers/front_figures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace oneloop {
namespace {

constexpr double kTenth = 1.1;

TEST(FrontFiguresTest, CountsAndMeasuresTheFrontOfTheSpace) {
  const FrontSpace space = *FrontSpace::Parse("energy,area");
  // The second one is on the front of all three figures for its latency alone.
  const v1::FrontFigures figures = FrontFiguresOf(space, {{2, 100, 8}, {4, 10, 8}, {8, 100, 2}}, {});
  EXPECT_EQ(figures.points(), 2);
  EXPECT_DOUBLE_EQ(figures.reference_energy_uj(), 8 * kTenth);
  EXPECT_DOUBLE_EQ(figures.reference_area_mm2(), 8 * kTenth);
  EXPECT_EQ(figures.reference_latency_cycles(), 0);
  // Two rectangles of 2 + t by t octaves, which share t by t.
  const double t = std::log2(kTenth);
  EXPECT_NEAR(figures.hypervolume(), 2 * (2 + t) * t - t * t, 1e-12);
  EXPECT_EQ(figures.ideal_hypervolume(), 0) << "nothing is proven";
}

TEST(FrontFiguresTest, NoFrontHasMoreThanTheIdealPoint) {
  v1::Certificate certificate;
  certificate.set_energy_uj_bound(1);
  certificate.set_latency_cycles_bound(50);
  certificate.set_area_mm2_bound(1);
  const v1::FrontFigures figures = FrontFiguresOf(FrontSpace(), {{2, 100, 8}, {8, 50, 2}}, certificate);
  EXPECT_NEAR(figures.ideal_hypervolume(), std::log2(8 * kTenth) * std::log2(2 * kTenth) * std::log2(8 * kTenth),
              1e-12);
  EXPECT_LT(figures.hypervolume(), figures.ideal_hypervolume());
}

}  // namespace
}  // namespace oneloop
