// Counts of mappings whose factors do not divide their bounds, against Timeloop's (../shared/data/timeloop_imperfect)
// and a walk of every multiply-accumulate (imperfect_brute_force). ONELOOP_IMPERFECT_ROWS names other rows of the same
// form.
#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "tests/common/model/row_models.h"
#include "tests/common/model/row_shape.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

class ImperfectRowsTest : public testing::Test {
 protected:
  void CompareAll(const std::string& path) {
    const auto lines = ReadLines(path);
    ASSERT_TRUE(lines.ok()) << lines.status();
    ASSERT_FALSE(lines->empty());
    for (const std::string& line : *lines) {
      SCOPED_TRACE(line);
      Compare(YAML::Load(line));
      if (HasFatalFailure()) return;
    }
    std::cout << lines->size() << " rows, " << uneven_ << " of them imperfect: " << others_.equal << " of "
              << others_.seen << " figures equal; reads of inputs " << reads_of_inputs_.equal << " of "
              << reads_of_inputs_.seen << '\n';
    EXPECT_EQ(others_.equal, others_.seen);
  }

  void Check(const std::string& what, double ours, double theirs, Tally* tally) {
    tally->Add(ours == theirs);
    if (ours != theirs && ++shown_ <= 10) {
      std::cout << what << ": " << ours << ", not " << theirs << "; " << mapping_text_ << '\n';
    }
  }

  void Compare(const YAML::Node& row) {
    const CostModel& model = models_.Of(row["hierarchy"].as<std::string>());
    const Template& hardware = model.hardware_template();
    const LayerShape shape = ShapeOf(row);
    mapping_text_ = row["mapping"].as<std::string>();
    const auto mapping = ParseMapping(hardware, mapping_text_);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    ASSERT_TRUE(ValidateMapping(hardware, shape, *mapping).ok()) << ValidateMapping(hardware, shape, *mapping);
    EXPECT_EQ(FormatMapping(hardware, *mapping), mapping_text_);
    const LayerUse use = model.Use(shape, *mapping);
    uneven_ += use.is_even ? 0 : 1;
    Check("cycles", use.is_even ? use.macs / use.lanes : use.steps, row["cycles"].as<double>(), &others_);
    if (row["lanes"].IsDefined()) Check("lanes", use.lanes, row["lanes"].as<double>(), &others_);
    for (int level = 0; level < hardware.num_levels(); ++level) {
      for (const auto& entry : row["levels"][hardware.level(level).name]) {
        const auto tensor = kAllTensors[kTensorNames.find(entry.first.as<std::string>())];
        const std::string where = std::string(1, Name(tensor)) + " at " + hardware.level(level).name;
        CompareKept(where, model, use, level, tensor, entry.second);
      }
    }
  }

  void CompareKept(const std::string& where, const CostModel& model, const LayerUse& use, int level, Tensor tensor,
                   const YAML::Node& theirs) {
    const std::array<const char*, kNumFlowKinds> kinds = {"reads", "fills", "updates"};
    Check("instances of " + where, use.instances[ToIndex(level)], theirs["instances"].as<double>(), &others_);
    for (std::size_t f = 0; f < model.flows().size(); ++f) {
      const Flow& flow = model.flows()[f];
      if (flow.level != level || flow.tensor != tensor) continue;
      const auto kind = static_cast<std::size_t>(flow.kind);
      Tally* const tally = tensor == Tensor::kI && flow.kind == FlowKind::kRead ? &reads_of_inputs_ : &others_;
      Check(kinds[kind] + (" of " + where), std::round(use.words[f]), theirs[kinds[kind]].as<double>(), tally);
      if (!theirs["first"].IsDefined()) continue;
      constexpr std::array<std::size_t, kNumFlowKinds> kPlaces = {0, 2, 1};  // reads, updates, fills
      const double mean = use.words[f] / use.instances[ToIndex(level)];
      Check("first " + (kinds[kind] + (" of " + where)), std::round(use.is_even ? mean : use.busiest[f]),
            theirs["first"][kPlaces[kind]].as<double>(), tally);
    }
  }

  RowModels models_;
  Tally others_;
  Tally reads_of_inputs_;  // exact but where copies along both dimensions of a direction look at one window
  std::int64_t uneven_ = 0;
  std::int64_t shown_ = 0;
  std::string mapping_text_;
};

std::string PathOf(const std::string& name) {
  if (SharedDataDir().empty()) return SourceDir() + "/tests/data/" + name + "_sample.jsonl.gz";
  return SharedDataDir() + "/" + name + ".jsonl.gz";
}

TEST_F(ImperfectRowsTest, CountsEqualTimeloops) {
  const char* given = std::getenv("ONELOOP_IMPERFECT_ROWS");
  CompareAll(given != nullptr ? given : PathOf("timeloop_imperfect"));
  EXPECT_GE(reads_of_inputs_.share(), 0.998);
}

TEST_F(ImperfectRowsTest, CountsEqualAWalkOfTheNest) {
  CompareAll(PathOf("imperfect_brute_force"));
  EXPECT_GE(reads_of_inputs_.share(), 0.998);
}

}  // namespace
}  // namespace oneloop
