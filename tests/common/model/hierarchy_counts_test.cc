// Access counts against Timeloop's, on random mappings of four hierarchies. The sample in tests/data is part of
// ../shared/data/timeloop_hierarchies.jsonl.gz, which is used whole when it is there; ONELOOP_HIERARCHY_ROWS names
// other rows of the same form.
#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "tests/common/model/reference/reference_counts.h"
#include "tests/common/model/row_models.h"
#include "tests/common/model/row_shape.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

class HierarchyCountsTest : public testing::Test {
 protected:
  void Compare(const YAML::Node& row) {
    const CostModel& model = models_.Of(row["hierarchy"].as<std::string>());
    const Template& hardware = model.hardware_template();
    const LayerShape shape = ShapeOf(row);
    const auto mapping = ParseMapping(hardware, row["mapping"].as<std::string>());
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    ASSERT_TRUE(ValidateMapping(hardware, shape, *mapping).ok());
    EXPECT_EQ(FormatMapping(hardware, *mapping), row["mapping"].as<std::string>());
    const LayerUse use = model.Use(shape, *mapping);
    cycles_.Add(model.Score(use, model.CostsAt({})).latency_cycles == row["cycles"].as<double>());
    const NestCounts<ExactFactor> counts = ReferenceCounts(model, shape, *mapping);
    for (int level = 0; level < hardware.num_levels(); ++level) {
      for (const auto& entry : row["levels"][hardware.level(level).name]) {
        const auto tensor = kTensorNames.find(entry.first.as<std::string>());
        const TensorCounts<double>& ours = counts.tensors[static_cast<std::size_t>(level)][tensor];
        const auto theirs = [&entry](const char* name) { return entry.second[name].as<double>(); };
        instances_.Add(counts.instances[static_cast<std::size_t>(level)].value == theirs("instances"));
        Tally& tally = tensor == 1 ? input_ : weight_and_output_;
        tally.Add(ours.tile == theirs("capacity"));
        tally.Add(ours.reads == theirs("reads"));
        tally.Add(ours.fills == theirs("fills"));
        tally.Add(ours.updates == theirs("updates"));
      }
    }
  }

  RowModels models_;
  Tally cycles_;
  Tally instances_;
  Tally weight_and_output_;
  Tally input_;
};

TEST_F(HierarchyCountsTest, CountsEqualTimeloops) {
  const char* given = std::getenv("ONELOOP_HIERARCHY_ROWS");
  std::string path = SourceDir() + "/tests/data/timeloop_hierarchies_sample.jsonl.gz";
  if (!SharedDataDir().empty()) path = SharedDataDir() + "/timeloop_hierarchies.jsonl.gz";
  if (given != nullptr) path = given;
  const auto lines = ReadLines(path);
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_FALSE(lines->empty());
  for (const std::string& line : *lines) {
    SCOPED_TRACE(line);
    Compare(YAML::Load(line));
    if (HasFatalFailure()) return;
  }
  std::cout << lines->size() << " rows: cycles " << cycles_.share() * 100 << " %, instances "
            << instances_.share() * 100 << " %, W and O " << weight_and_output_.share() * 100 << " %, inputs "
            << input_.share() * 100 << " % (" << input_.seen - input_.equal << " of " << input_.seen << " differ)\n";
  EXPECT_EQ(cycles_.equal, cycles_.seen);
  EXPECT_EQ(instances_.equal, instances_.seen);
  EXPECT_EQ(weight_and_output_.equal, weight_and_output_.seen);
  EXPECT_EQ(input_.equal, input_.seen);
}

}  // namespace
}  // namespace oneloop
