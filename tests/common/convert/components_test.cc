// Components of templates: what they expand to, and what is wrong with them.
#include "common/convert/components.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/hardware/template.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// At 45 nm, where all scales are 1.
constexpr char kTemplate[] = R"(name: parts
parameters:
  - {name: pes, min: 1, max: 64}
  - {name: glb_kib, min: 4, max: 1024}
word_bits: {O: 16}
clock_mhz: 500
node_nm: 45
compute: {mac: {bits: 8, sum_bits: 16}}
levels:
  - name: registers
    keeps: [W]
    register_file: {words: 16, width_bits: 8}
    words_per_cycle: 2
  - name: buffer
    keeps: [I, O]
    spatial: [{name: X, size: pes, dims: [C]}]
    sram: {kib: glb_kib, width_bits: 64}
  - name: dram
    keeps: [W, I, O]
    dram: {type: lpddr4}
    spatial: [{name: X, size: 2, dims: [K]}]
    link: {wire: {bits: 8, mm: 2}}
dialect: 2023
)";

v1::Template Read(const std::string& from = "", const std::string& to = "") {
  const std::string text = from.empty() ? kTemplate : absl::StrReplaceAll(kTemplate, {{from, to}});
  EXPECT_TRUE(from.empty() || text != kTemplate) << from;
  return ValueOrDie(ReadTemplateText(text, "t.yaml"));
}

v1::Template Expanded(const std::string& from = "", const std::string& to = "") {
  return ValueOrDie(ExpandComponents(Read(from, to)));
}

std::string ErrorOf(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kTemplate, {{from, to}});
  EXPECT_NE(text, kTemplate) << from;
  const absl::Status status = ReadTemplateText(text, "t.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << to;
  return Message(status);
}

std::vector<std::string> PortsOf(const v1::Level& level) {
  std::vector<std::string> ports;
  for (const v1::Port& port : level.ports()) ports.push_back(port.ShortDebugString());
  return ports;
}

TEST(ComponentsTest, RegistersBecomePortsCapacityAndLeakage) {
  const v1::Level registers = Expanded().levels(0);
  // 0.009 * 8 + 0.00092 * 16 * 8 and 0.006 * 8 + 0.0009 * 16 * 8 pJ a word.
  EXPECT_THAT(PortsOf(registers),
              ElementsAre("words_per_cycle: \"2\"", "flows: \"read\" access_pj: \"0.18976\" block_words: \"1\"",
                          "flows: \"fill\" access_pj: \"0.1632\" block_words: \"1\""));
  EXPECT_EQ(registers.words_per_cycle(), "");
  EXPECT_EQ(registers.capacity_bytes(), "16");
  // 1.11e-6 * 16 * 8 mW for 2 ns.
  EXPECT_EQ(registers.leak_pj(), "0.00028416");
}

TEST(ComponentsTest, MemoriesFollowTheirSizeAndWordsTheirWidth) {
  const v1::Level buffer = Expanded().levels(1);
  EXPECT_EQ(buffer.capacity_bytes(), "1024 * glb_kib");
  EXPECT_THAT(PortsOf(buffer),
              ElementsAre(HasSubstr("flows: \"read\" tensors: \"I\""), HasSubstr("flows: \"fill\" tensors: \"I\""),
                          HasSubstr("flows: \"read\" tensors: \"O\""),
                          HasSubstr("flows: \"fill\" flows: \"update\" tensors: \"O\"")));
  EXPECT_EQ(buffer.ports(0).block_words(), "8");
  EXPECT_EQ(buffer.ports(2).block_words(), "4");
  EXPECT_EQ(buffer.ports(0).access_pj(), buffer.ports(2).access_pj());
  EXPECT_EQ(buffer.ports(0).access_pj(), "0.981199 + 1.65127 * glb_kib^0.65");
  EXPECT_EQ(buffer.leak_pj(), "8.8e-05 * glb_kib");
}

TEST(ComponentsTest, BanksAreAccessedSideBySide) {
  const v1::Level one = Expanded("{kib: glb_kib, width_bits: 64}", "{kib: 64, width_bits: 64}").levels(1);
  const v1::Level four = Expanded("{kib: glb_kib, width_bits: 64}", "{kib: 256, width_bits: 64, banks: 4}").levels(1);
  EXPECT_EQ(four.ports(0).block_words(), "32");
  EXPECT_NEAR(std::stod(four.ports(0).access_pj()), 4 * std::stod(one.ports(0).access_pj()), 1e-3);
}

TEST(ComponentsTest, DramMacAndWireHaveOnePrice) {
  const v1::Template expanded = Expanded();
  EXPECT_EQ(expanded.levels(2).ports(0).access_pj(), "512");
  EXPECT_EQ(expanded.levels(2).capacity_bytes(), "");
  EXPECT_EQ(expanded.levels(2).leak_pj(), "");
  EXPECT_EQ(expanded.levels(2).link().hop_pj(), "1.3488");
  EXPECT_NEAR(std::stod(expanded.compute().energy_pj()), 0.2 + 0.03 * std::pow(2, 0.868), 1e-4);
}

// Of 2 * pes registers and units, and of 2 buffers.
TEST(ComponentsTest, AreasAreMultipliedAndAdded) {
  EXPECT_EQ(Expanded().area_mm2(), "0.00882 * glb_kib^0.95 + 0.00223533 * pes");
  EXPECT_EQ(Expanded("word_bits:", "area_mm2: 0.5 + 0.01 * pes\nword_bits:").area_mm2(),
            "0.00882 * glb_kib^0.95 + 0.0122353 * pes + 0.5");
  EXPECT_EQ(Expanded("width_bits: 64}", "width_bits: 64, area_mm2: 1}").area_mm2(), "2 + 0.00223533 * pes");
  EXPECT_EQ(Expanded("width_bits: 64}", "width_bits: 64, area_mm2: 0}").area_mm2(), "0.00223533 * pes");
}

TEST(ComponentsTest, WhatALevelSaysItselfStays) {
  const v1::Level priced =
      Expanded("    sram:", "    energy_pj: 3\n    leak_pj: 1\n    capacity_words: 7\n    sram:").levels(1);
  EXPECT_EQ(priced.energy_pj(), "3");
  EXPECT_EQ(priced.ports_size(), 0);
  EXPECT_EQ(priced.leak_pj(), "1");
  EXPECT_EQ(priced.capacity_bytes(), "");
  const v1::Level limited = Expanded("    sram:", "    ports: [{words_per_cycle: 16}]\n    sram:").levels(1);
  EXPECT_EQ(limited.ports_size(), 5);
  // Limits of the same flows and tensors get the price.
  const v1::Level alike =
      Expanded("    sram:", "    ports: [{flows: [update, fill], tensors: O, words_per_cycle: 16}]\n    sram:")
          .levels(1);
  ASSERT_EQ(alike.ports_size(), 4);
  EXPECT_THAT(alike.ports(0).ShortDebugString(), HasSubstr("tensors: \"O\" access_pj: \""));
  EXPECT_EQ(alike.ports(0).words_per_cycle(), "16");
  const v1::Level own = Expanded("    sram:", "    ports: [{access_pj: 5}]\n    sram:").levels(1);
  EXPECT_EQ(own.ports_size(), 1);
  EXPECT_EQ(Expanded("{mac:", "{energy_pj: 9, mac:").compute().energy_pj(), "9");
  EXPECT_EQ(Expanded("link: {wire", "link: {hop_pj: 4, wire").levels(2).link().hop_pj(), "4");
}

TEST(ComponentsTest, LeakageNeedsAClockAndADialectThatKnowsIt) {
  EXPECT_EQ(Expanded("clock_mhz: 500\n", "").levels(0).leak_pj(), "");
  EXPECT_EQ(Expanded("dialect: 2023\n", "").levels(0).leak_pj(), "");
}

TEST(ComponentsTest, NodesScale) {
  const v1::Level at_32 = Expanded("node_nm: 45", "node_nm: 32").levels(0);
  EXPECT_NEAR(std::stod(at_32.ports(1).access_pj()), 0.6593 * 0.18976, 1e-5);
  // Half way between two nodes of the table, in the logarithm: the geometric mean of both.
  const v1::Level between = Expanded("node_nm: 45", absl::StrCat("node_nm: ", std::sqrt(32.0 * 45))).levels(0);
  EXPECT_NEAR(std::stod(between.ports(1).access_pj()), std::sqrt(0.6593) * 0.18976, 1e-5);
  // A component's own node counts for it alone.
  const v1::Template own = Expanded("width_bits: 8}", "width_bits: 8, node_nm: 32}");
  EXPECT_EQ(own.levels(0).ports(1).access_pj(), at_32.ports(1).access_pj());
  EXPECT_EQ(own.levels(1).ports(0).access_pj(), Expanded().levels(1).ports(0).access_pj());
}

TEST(ComponentsTest, ExpandingTwiceChangesNothing) {
  const v1::Template once = Expanded();
  const v1::Template twice = ValueOrDie(ExpandComponents(once));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(once, twice));
  const std::unique_ptr<const Template> from_short = ValueOrDie(TemplateFromProto(Read()));
  const std::unique_ptr<const Template> from_long = ValueOrDie(TemplateFromProto(once));
  EXPECT_EQ(from_short->AreaMm2({16, 64}), from_long->AreaMm2({16, 64}));
  EXPECT_EQ(from_short->ports().size(), from_long->ports().size());
}

TEST(ComponentsTest, MistakesNameTheFieldAndTheFix) {
  const struct {
    const char* from;
    const char* to;
    const char* error;
  } mistakes[] = {
      {"kib: glb_kib", "kib: 64 * glb_kib",
       "t.yaml:17:12: levels[1].sram.kib: reaches 65536 in the parameters' ranges; the table has 0.125 to 32768"},
      {"width_bits: 64}", "width_bits: 1024}", "levels[1].sram.width_bits: is 1024; the table has 8 to 512"},
      {"kib: glb_kib, ", "", "t.yaml:17:5: levels[1].sram.kib: is missing; expected a formula of one term"},
      {"kib: glb_kib", "kib: glb_kib + 1", "levels[1].sram.kib: has more than one term; valid: one term"},
      {"kib: glb_kib", "kib: glb_kb",
       "levels[1].sram.kib: formula 'glb_kb', column 1: unknown parameter 'glb_kb' (did you mean 'glb_kib'?)"},
      {"kib: glb_kib", "size: glb_kib",
       "t.yaml:17:12: unknown key 'size' in levels[1].sram (valid: kib, width_bits, banks"},
      {"words: 16", "words: 0", "levels[0].register_file.words: is 0; valid: above 0"},
      {"words: 16", "words: 300", "levels[0].register_file.words: is 300; the table has 1 to 256"},
      {"node_nm: 45", "node_nm: 3", "levels[2].link.wire.node_nm: is 3; valid: 13 to 130 nm, which its table has"},
      {"node_nm: 45\n", "", "is missing, here and in the template; valid: "},
      {"width_bits: 64}", "width_bits: 64, node_nm: 90}", "levels[1].sram.node_nm: is 90; valid: 7 to 65 nm"},
      {"type: lpddr4", "type: lpddr5",
       "levels[2].dram.type: is 'lpddr5' (did you mean 'lpddr'?); valid: ddr3, gddr5, "},
      {"{type: lpddr4}", "{width_bits: 8}", "levels[2].dram.type: is missing; valid: ddr3"},
      {"bits: 8, sum_bits: 16", "type: fixed, bits: 8", "compute.mac.type: is 'fixed'; valid: float, integer"},
      {"{wire: {bits: 8, mm: 2}}", "{wire: {bits: 8}}", "levels[2].link.wire.mm: is missing"},
      {"    sram:", "    dram: {type: hbm2}\n    sram:", "levels[1].dram: stands beside sram; a level is one of them"},
      {"    sram:", "    block_words: 4\n    sram:", "levels[1].block_words: stands beside sram"},
      {"    keeps: [I, O]\n", "", "levels[1].sram: is in a level that keeps nothing"},
      {"width_bits: 64}", "width_bits: 64, area_mm2: x}", "levels[1].sram.area_mm2: formula 'x'"},
      {"word_bits:", "area_mm2: 0.5 +\nword_bits:", "area_mm2: formula '0.5 +'"},
      {"size: pes", "size: pes + 1", "levels[1].spatial[0].size: has more than one term"},
      {"min: 1, max: 64", "min: 0, max: 64", "parameters[0].min: is 0; valid: above 0"},
  };
  for (const auto& mistake : mistakes) {
    EXPECT_THAT(ErrorOf(mistake.from, mistake.to), HasSubstr(mistake.error)) << mistake.to;
  }
}

}  // namespace
}  // namespace oneloop
