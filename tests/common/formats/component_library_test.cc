#include "common/formats/component_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/convert/convert.h"
#include "common/formats/timeloop_template.h"
#include "common/hardware/formula.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

ComponentUse Memory(const std::string& component_class, const std::string& words, int word_bits) {
  ComponentUse use;
  use.component_class = component_class;
  use.attributes["technology"] = "45nm";
  use.words = words;
  use.word_bits = word_bits;
  return use;
}

double At(const std::string& formula) { return ValueOrDie(Formula::Parse(formula, {})).Evaluate({}); }

TEST(ComponentLibraryTest, SramCostsMoreTheLargerAndWiderItIs) {
  ComponentUse use = Memory("smartbuffer_SRAM", "65536", 8);
  use.block_words = 8;
  const ComponentCostTexts costs = *ShippedComponentPrices().CostsOf(use);
  EXPECT_THAT(costs.source, HasSubstr("SRAM at 45 nm"));
  use.words = "262144";
  EXPECT_GT(At(ShippedComponentPrices().CostsOf(use)->read_pj), At(costs.read_pj));
  use.block_words = 32;
  EXPECT_GT(At(ShippedComponentPrices().CostsOf(use)->write_pj), At(costs.write_pj));
  EXPECT_GT(At(costs.area_um2), 1000);
  EXPECT_GT(At(costs.leak_pj), 0);
}

TEST(ComponentLibraryTest, SmallMemoriesAreRegisterFilesAndDramIsOfItsType) {
  EXPECT_THAT(ShippedComponentPrices().CostsOf(Memory("smartbuffer_RF", "192", 16))->source,
              HasSubstr("register files"));
  EXPECT_THAT(ShippedComponentPrices().CostsOf(Memory("SRAM", "16", 16))->source, HasSubstr("register files"));
  ComponentUse dram = Memory("DRAM", "", 8);
  dram.block_words = 8;
  EXPECT_EQ(At(ShippedComponentPrices().CostsOf(dram)->read_pj), 512);  // LPDDR4: 8 pJ a bit
  dram.attributes["type"] = "HBM2";
  EXPECT_EQ(At(ShippedComponentPrices().CostsOf(dram)->read_pj), 64 * 3.9);
}

TEST(ComponentLibraryTest, WhatNoTableHasIsNotKnown) {
  ComponentUse use = Memory("SRAM", "65536", 8);
  use.attributes.clear();
  EXPECT_FALSE(ShippedComponentPrices().CostsOf(use).has_value()) << "no node";
  use.attributes["technology"] = "3nm";
  EXPECT_FALSE(ShippedComponentPrices().CostsOf(use).has_value()) << "beyond the table";
  EXPECT_FALSE(ShippedComponentPrices().CostsOf(Memory("SRAM", "", 8)).has_value()) << "without limit";
}

TEST(ComponentLibraryTest, ASizeToSearchHasFormulasOfIt) {
  constexpr char kArchitecture[] = R"(architecture:
  version: 0.3
  subtree:
  - name: system
    attributes: {technology: 45nm}
    local:
    - {name: DRAM, class: DRAM, attributes: {word-bits: 8, block-size: 8}}
    subtree:
    - name: chip
      local:
      - {name: buffer, class: SRAM, attributes: {word-bits: 8, block-size: 8, entries: 65536}}
      - {name: "MAC[0..15]", class: intmac, attributes: {meshX: 4, datawidth: 8}}
)";
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  files.push_back(ValueOrDie(TimeloopFile::Parse(kArchitecture, "arch.yaml")));
  const ShippedComponentPrices shipped;
  TemplateImportOptions options;
  options.components = &shipped;
  options.varied = {{"buffer", "entries", 8192, 1048576}};
  const TemplateImport result = ValueOrDie(ImportTimeloopTemplate(files, options));
  EXPECT_THAT(result.hardware_template.levels(0).ports(0).access_pj(), HasSubstr("buffer_entries^"));
  EXPECT_THAT(result.warnings,
              Contains(HasSubstr("buffer: no ERT is given; its costs are those of the shipped table")));
  const auto hardware_template = ValueOrDie(TemplateFromProto(result.hardware_template));
  EXPECT_TRUE(hardware_template->GivesEnergy());
  EXPECT_GT(hardware_template->AreaMm2({1048576}), 2 * hardware_template->AreaMm2({65536}));
}

}  // namespace
}  // namespace oneloop
