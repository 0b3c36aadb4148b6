// Counts, energies, links, leakage and cycles against Timeloop's, on random mappings of the accelerators of
// ../shared/data/accelerators.json: by Timeloop of 2022, and by that of 2025. Other rows of the same form are named by
// ONELOOP_ACCELERATOR_ROWS (and ONELOOP_ACCELERATOR_ROWS_2025), other accelerators by ONELOOP_ACCELERATORS.
#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/dims.h"
#include "tests/common/model/kept_figures.h"
#include "tests/common/model/row_shape.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/imported_accelerators.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

// Figures are printed to so much.
constexpr double kPrintedPj = 0.01;

class AcceleratorRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (AcceleratorsPath().empty()) GTEST_SKIP() << "no ../shared/data/accelerators.json beside the sources";
  }

  // Compares all rows; returns how many agree in every figure.
  // `imported`: with templates that are read from the files that Timeloop read.
  void CompareAll(const std::string& path, bool newer, bool imported) {
    const std::string folder = std::filesystem::path(AcceleratorsPath()).parent_path() / "accelerators";
    if (imported && !std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
    for (Accelerator& accelerator : ReadAccelerators(AcceleratorsPath())) {
      std::unique_ptr<const Template>& hardware = newer ? accelerator.newer : accelerator.hardware_template;
      if (imported) hardware = ImportedAccelerator(folder, accelerator.name, *hardware);
      models_[accelerator.name] = std::make_unique<CostModel>(std::shared_ptr<const Template>(std::move(hardware)));
    }
    const auto lines = ReadLines(path);
    ASSERT_TRUE(lines.ok()) << lines.status();
    ASSERT_FALSE(lines->empty());
    for (const std::string& line : *lines) {
      differs_.clear();
      Compare(YAML::Load(line));
      if (HasFatalFailure()) return;
      ++rows_;
      if (differs_.empty()) {
        ++equal_;
        continue;
      }
      if (rows_ - equal_ <= 5) std::cout << differs_ << "\n  in " << line << '\n';
    }
    std::cout << equal_ << " of " << rows_ << " rows agree in every figure, " << figures_ << " of them\n";
  }

  std::int64_t rows_ = 0;
  std::int64_t equal_ = 0;

 private:
  void Check(const std::string& what, double ours, double theirs, double tolerance = 0) {
    ++figures_;
    if (!(std::abs(ours - theirs) <= tolerance))
      differs_ += what + ": " + std::to_string(ours) + ", not " + std::to_string(theirs) + "; ";
  }

  void Compare(const YAML::Node& row) {
    const auto found = models_.find(row["accelerator"].as<std::string>());
    ASSERT_NE(found, models_.end()) << row["accelerator"];
    const CostModel& model = *found->second;
    const Template& hardware = model.hardware_template();
    const LayerShape shape = ShapeOf(row);
    const auto mapping = ParseMapping(hardware, row["mapping"].as<std::string>());
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    ASSERT_TRUE(ValidateMapping(hardware, shape, *mapping).ok()) << ValidateMapping(hardware, shape, *mapping);
    EXPECT_EQ(FormatMapping(hardware, *mapping), row["mapping"].as<std::string>());
    const LayerUse use = model.Use(shape, *mapping);
    const ComponentCosts costs = model.CostsAt({});
    EXPECT_EQ(model.FirstShortage(use.need, costs), -1);
    const LayerFigures figures = model.Score(use, costs);
    const LayerParts parts = model.PartsOf(use, costs);
    Check("cycles", figures.latency_cycles, row["cycles"].as<double>());
    Check("compute", parts.mac_energy_pj, row["compute_pj"].as<double>(), kPrintedPj);
    double printed = 2 * kPrintedPj;
    for (int level = 0; level < hardware.num_levels(); ++level) {
      if (hardware.level(level).keeps.empty()) continue;
      const YAML::Node theirs = row["levels"][hardware.level(level).name];
      for (const Tensor tensor : kAllTensors) {
        if (!hardware.level(level).keeps.Has(tensor)) continue;
        const std::string where = std::string(1, Name(tensor)) + " at " + hardware.level(level).name;
        CompareKept(where, FiguresOf(model, shape, *mapping, use, parts, level, tensor),
                    theirs[std::string(1, Name(tensor))]);
        printed += kPrintedPj;
      }
      if (!theirs["leak"].IsDefined()) continue;
      const double leak = theirs["leak"].as<double>();
      Check("leakage of " + hardware.level(level).name, parts.leak_pj[ToIndex(level)], leak, kPrintedPj + 1e-9 * leak);
      printed += kPrintedPj;
    }
    double routers = 0;
    for (std::size_t k = 0; k < model.structure().links().size(); ++k) {
      const LinkRow& link = model.structure().links()[k];
      const YAML::Node theirs = row["link_pj"][hardware.level(link.level).name];
      // Timeloop counts whole routers, cut after each kind of words.
      const double cut = 3 * costs.router_pj[k] * use.instances[ToIndex(link.level)];
      for (const Tensor tensor : kAllTensors) {
        const double pj = theirs.IsDefined() ? theirs[Index(tensor)].as<double>() : 0;
        Check(std::string("link of ") + Name(tensor) + " at " + hardware.level(link.level).name,
              parts.link_pj[k][ToIndex(tensor)], pj, kPrintedPj + 1e-9 * pj + cut);
        printed += kPrintedPj;
        routers += cut;
      }
    }
    const double total = row["energy_pj"].as<double>();
    Check("energy", figures.energy_uj * 1e6, total, printed + routers + 1e-9 * total);
  }

  void CompareKept(const std::string& where, const KeptFigures& ours, const YAML::Node& theirs) {
    Check("capacity of " + where, ours.capacity, theirs[0].as<double>());
    Check("instances of " + where, ours.instances, theirs[1].as<double>());
    Check("reads of " + where, ours.words[0], theirs[2].as<double>());
    Check("fills of " + where, ours.words[1], theirs[3].as<double>());
    Check("updates of " + where, ours.words[2], theirs[4].as<double>());
    const double pj = theirs[5].as<double>();
    Check("energy of " + where, ours.energy_pj, pj, kPrintedPj + 1e-9 * pj);
  }

  std::map<std::string, std::unique_ptr<CostModel>> models_;
  std::int64_t figures_ = 0;
  std::string differs_;
};

std::string RowsPath(const char* variable, const std::string& name) {
  const char* given = std::getenv(variable);
  return given != nullptr ? given : SharedDataDir() + "/" + name;
}

TEST_F(AcceleratorRowsTest, AgreesWithTimeloopOf2022) {
  CompareAll(RowsPath("ONELOOP_ACCELERATOR_ROWS", "timeloop_accelerators.jsonl.gz"), false, false);
  EXPECT_EQ(equal_, rows_);
}

TEST_F(AcceleratorRowsTest, AgreesWithTimeloopOf2022ThroughItsOwnFiles) {
  CompareAll(RowsPath("ONELOOP_ACCELERATOR_ROWS", "timeloop_accelerators.jsonl.gz"), false, true);
  EXPECT_EQ(equal_, rows_);
}

// Where neighbours hand over inputs, the hops of a mesh are its own (one row in 600).
TEST_F(AcceleratorRowsTest, AgreesWithTimeloopOf2025) {
  CompareAll(RowsPath("ONELOOP_ACCELERATOR_ROWS_2025", "timeloop_accelerators_v04.jsonl.gz"), true, false);
  EXPECT_GE(600 * equal_, 599 * rows_);
}

TEST_F(AcceleratorRowsTest, AgreesWithTimeloopOf2025ThroughItsOwnFiles) {
  CompareAll(RowsPath("ONELOOP_ACCELERATOR_ROWS_2025", "timeloop_accelerators_v04.jsonl.gz"), true, true);
  EXPECT_GE(600 * equal_, 599 * rows_);
}

}  // namespace
}  // namespace oneloop
