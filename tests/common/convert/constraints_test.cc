// What templates and jobs ask of mappings, from YAML.
#include "common/convert/constraints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/convert/yaml.h"
#include "common/hardware/template.h"
#include "common/mapping/factor_space.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// The comments are replaced by what a test is about.
constexpr char kTemplate[] = R"(name: asked
levels:
  - name: registers
    keeps: [W]
    capacity_words: 1
    energy_pj: 1
    # registers
  - name: buffer
    keeps: [I, O]
    spatial:
      - {name: X, size: 16, dims: [K, C]}
      - {name: Y, size: 16, dims: [C, P]}
    ports:
      - {flows: [read], tensors: [I], access_pj: 1}
      - {flows: [read, fill, update], access_pj: 2}
      - {flows: [update], tensors: [O], access_pj: 3}
    partitions: [{tensors: [O], capacity_words: 64}, {tensors: [I], capacity_words: 64}]
    leak_pj: 0.01
    # buffer
  - name: dram
    keeps: [W, I, O]
    energy_pj: 100
    # dram
)";

absl::StatusOr<v1::Template> Read(const std::vector<std::pair<std::string, std::string>>& changes) {
  v1::Template message;
  absl::Status status = ReadYamlText(absl::StrReplaceAll(kTemplate, changes), "t.yaml", &message, nullptr);
  if (!status.ok()) return status;
  return message;
}

absl::StatusOr<std::unique_ptr<const Template>> Make(const std::vector<std::pair<std::string, std::string>>& changes) {
  absl::StatusOr<v1::Template> message = Read(changes);
  if (!message.ok()) return message.status();
  return TemplateFromProto(*message);
}

std::string ErrorOf(const std::string& from, const std::string& to) {
  const auto made = Make({{from, to}});
  EXPECT_FALSE(made.ok()) << to;
  return Message(made.status());
}

TEST(FactorTextsTest, AreRangesOfEachDimension) {
  google::protobuf::RepeatedPtrField<std::string> texts;
  for (const char* const text : {"R=1", "K<=8", "K>=2", " C >= 3 ", "Q=0"}) *texts.Add() = text;
  const FactorRanges ranges = FactorRangesFromTexts(texts).value();
  EXPECT_EQ(ranges[ToIndex(Dim::kR)], (FactorRange{1, 1, false}));
  EXPECT_EQ(ranges[ToIndex(Dim::kK)], (FactorRange{2, 8, false}));
  EXPECT_EQ(ranges[ToIndex(Dim::kC)], (FactorRange{3, kMaxBound, false}));
  EXPECT_TRUE(ranges[ToIndex(Dim::kQ)].is_whole);
  EXPECT_TRUE(ranges[ToIndex(Dim::kS)].IsFree());
}

TEST(TemplateConstraintsTest, WhereAFactorCanOnlyBeOneThereIsNoLoop) {
  const auto made = Make({{"# registers", "factors: [K=1, C=0]"}, {"# dram", "factors: [N=1, P<=4]"}});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_FALSE((*made)->level(0).temporal.Has(Dim::kK));
  const FactorSpace space(**made);
  // The whole bound of C stands in the registers alone.
  EXPECT_EQ(space.places(Dim::kC).size(), 1U);
  EXPECT_EQ(space.last(Dim::kC), (FactorPlace{false, 0}));
  EXPECT_EQ(space.last(Dim::kN), (FactorPlace{false, 1}));
  EXPECT_EQ(space.range({false, 2}, Dim::kP).most, 4);
  EXPECT_FALSE((*made)->axes()[0].dims.Has(Dim::kC));
}

TEST(TemplateConstraintsTest, ADimensionWithoutAnyPlaceIsOneInLayers) {
  const auto made =
      Make({{"# registers", "factors: [G=1]"}, {"# buffer", "factors: [G=1]"}, {"# dram", "factors: [G=1]"}});
  ASSERT_TRUE(made.ok()) << made.status();
  const FactorSpace space(**made);
  EXPECT_TRUE(space.CanSplit(Dim::kG, 1));
  EXPECT_FALSE(space.CanSplit(Dim::kG, 2));
  LayerShape shape;
  shape.bounds[ToIndex(Dim::kG)] = 32;
  EXPECT_THAT(Message(space.CheckShape(**made, shape)),
              HasSubstr("has G = 32, which no factors split as is asked for: G=1 at level dram"));
}

TEST(TemplateConstraintsTest, ErrorsNameTheFieldAndWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"factors: [K<8]", "levels[1].factors[0]: 'K<8' is no factor; expected a dimension, one of = <= >="},
      {"factors: [M=8]", "levels[1].factors[0]: 'M' is no dimension; valid: R, S, P, Q, C, K, N, G"},
      {"factors: [K=]", "levels[1].factors[0]: 'K=' is no factor"},
      {"factors: [K>=0]", "levels[1].factors[0]: 'K>=0' is no factor"},
      {"factors: [K=99999999999]", "levels[1].factors[0]: 'K=99999999999' is no factor"},
      {"factors: [K=-1]", "levels[1].factors[0]: 'K=-1' is no factor"},
      {"factors: ['']", "levels[1].factors[0]: '' is no factor"},
      {"factors: [K>=4, K<=2]", "levels[1].factors: leave K no factor: 4 to 2"},
      {"factors: [K=0, K<=2]", "levels[1].factors: ask for the whole bound of K and for a range"},
      {"temporal: [P]\n    factors: [K>=2]", "levels[1].factors: ask for K>=2, which `temporal` does not take"},
      {"temporal: [P]\n    factors: [K=0]", "levels[1].factors: ask for all of K, which `temporal` does not take"},
      {"innermost: [R, R]", "levels[1].innermost[1]: 'R' is there twice"},
      {"innermost: [X]", "levels[1].innermost[0]: 'X' is no dimension"},
      {"outside: [K]", "levels[1].outside[0]: 'K' is no pair of dimensions"},
      {"outside: [K K]", "levels[1].outside[0]: has K outside K, which is itself"},
      {"outside: [K C, C P, P K]", "levels[1].outside[0]: has K outside C, which the others have outside it"},
      {"innermost: [K]\n    outside: [K C]", "levels[1].outside[0]: has K outside C"},
  };
  for (const auto& [text, error] : cases) EXPECT_THAT(ErrorOf("# buffer", text), HasSubstr(error)) << text;
  EXPECT_THAT(ErrorOf("dims: [K, C]}", "dims: [K, C], factors: [P>=2]}"),
              HasSubstr("levels[1].spatial[0].factors: ask for P>=2, which `dims` does not take"));
  const auto twice = Make({{"# buffer", "factors: [Q=0]"}, {"# dram", "factors: [Q=0]"}});
  EXPECT_THAT(Message(twice.status()), HasSubstr("levels[2].factors: ask for the whole bound of Q, as levels[1]"));
  const auto more = Make({{"# buffer", "factors: [Q=0]"}, {"# dram", "factors: [Q>=2]"}});
  EXPECT_THAT(Message(more.status()),
              HasSubstr("levels[2].factors: ask for Q>=2, and levels[1].factors for the whole"));
}

absl::StatusOr<v1::Template> Constrained(const std::string& yaml) {
  v1::Constraints constraints;
  const absl::Status read = ReadYamlText(yaml, "c.yaml", &constraints, nullptr);
  if (!read.ok()) return read;
  v1::Template message = Read({}).value();
  const absl::Status added = AddConstraints(constraints, &message);
  if (!added.ok()) return added;
  return message;
}

TEST(JobConstraintsTest, NarrowDownWhatTheTemplateAllows) {
  const auto message = Constrained(
      "levels:\n"
      "  - level: buffer\n"
      "    temporal: [P, Q, K]\n"
      "    factors: [P<=8]\n"
      "    innermost: [Q]\n"
      "    spatial: [{name: X, dims: [K], factors: [K=16]}]\n"
      "    unshared: [W]\n"
      "    unlinked: [I]\n");
  ASSERT_TRUE(message.ok()) << message.status();
  const auto made = TemplateFromProto(*message);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->level(1).temporal, (DimSet{Dim::kP, Dim::kQ, Dim::kK}));
  EXPECT_EQ((*made)->axes()[0].dims, DimSet{Dim::kK});
  EXPECT_EQ((*made)->axes()[0].factors[ToIndex(Dim::kK)], (FactorRange{16, 16, false}));
  EXPECT_TRUE((*made)->loops_inside(1)[ToIndex(Dim::kP)].Has(Dim::kQ));
  EXPECT_TRUE((*made)->level(1).link->unshared.Has(Tensor::kW));
  EXPECT_TRUE((*made)->level(1).link->unlinked.Has(Tensor::kI));
}

// What is passed by is no longer paid for, and a memory of nothing is a fan-out.
TEST(JobConstraintsTest, WhatIsPassedByIsTakenOutOfTheLevel) {
  const auto message = Constrained("levels: [{level: buffer, bypass: [O]}]");
  ASSERT_TRUE(message.ok()) << message.status();
  const auto made = TemplateFromProto(*message);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->level(1).keeps, TensorSet{Tensor::kI});
  ASSERT_EQ((*made)->level(1).ports.size(), 2U);
  EXPECT_EQ((*made)->level(1).ports[1].flows, (FlowSet{FlowKind::kRead, FlowKind::kFill}));
  ASSERT_EQ((*made)->level(1).partitions.size(), 1U);
  const auto none = Constrained("levels: [{level: buffer, bypass: [I, O]}, {level: registers, bypass: [W]}]");
  ASSERT_TRUE(none.ok()) << none.status();
  const auto fan_out = TemplateFromProto(*none);
  ASSERT_TRUE(fan_out.ok()) << fan_out.status();
  EXPECT_TRUE((*fan_out)->level(0).keeps.empty());
  EXPECT_EQ((*fan_out)->axes().size(), 2U);
}

TEST(TemplateConstraintsTest, UtilizationIsOfAnAxisOrOfAll) {
  const auto made = Make(
      {{"dims: [K, C]", "dims: [K, C], min_utilization: 0.5"}, {"name: asked", "name: asked\nmin_utilization: 0.25"}});
  ASSERT_TRUE(made.ok()) << made.status();
  const std::vector<UtilizationRule>& rules = (*made)->utilization_rules();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].share, 0.5);
  EXPECT_EQ(PlaceOf(**made, rules[0]), "along X of level buffer");
  EXPECT_EQ(rules[1].share, 0.25);
  EXPECT_EQ(rules[1].resources.size(), 2U);
  EXPECT_TRUE(Make({})->get()->utilization_rules().empty());
  EXPECT_THAT(ErrorOf("dims: [C, P]", "dims: [C, P], min_utilization: 50"),
              HasSubstr("levels[1].spatial[1].min_utilization: is 50; valid: 0 to 1"));
  EXPECT_THAT(ErrorOf("name: asked", "name: asked\nmin_utilization: -1"),
              HasSubstr("min_utilization: is -1; valid: 0 to 1"));
  EXPECT_THAT(ErrorOf("name: asked", "name: asked\nmin_utilization: .nan"), HasSubstr("min_utilization"));
}

TEST(TemplateConstraintsTest, UtilizationIsOfEachCapacityOfAMemory) {
  const auto made = Make({{"# buffer", "min_utilization: 0.5"}, {"# registers", "min_utilization: 1"}});
  ASSERT_TRUE(made.ok()) << made.status();
  const std::vector<UtilizationRule>& rules = (*made)->utilization_rules();
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0].share, 1);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(rules[i].share, 0.5);
    EXPECT_EQ(rules[i].unit, Resource::Unit::kWords);
    EXPECT_EQ(PlaceOf(**made, rules[i]), "of level buffer");
  }
  EXPECT_THAT(ErrorOf("# dram", "min_utilization: 0.5"),
              HasSubstr("levels[2].min_utilization: stands at a level without a capacity"));
  EXPECT_THAT(ErrorOf("# buffer", "min_utilization: 2"), HasSubstr("levels[1].min_utilization: is 2; valid: 0 to 1"));
}

TEST(JobConstraintsTest, TheLargerShareCounts) {
  const auto message = Constrained(
      "min_utilization: 0.5\n"
      "levels: [{level: buffer, spatial: [{name: X, min_utilization: 0.75}]}]");
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->min_utilization(), 0.5);
  EXPECT_EQ(message->levels(1).spatial(0).min_utilization(), 0.75);
  EXPECT_EQ(Constrained("levels: [{level: buffer, min_utilization: 0.5}]")->levels(1).min_utilization(), 0.5);
  // A level that keeps nothing has nothing to fill.
  const auto fan_out = Constrained("levels: [{level: registers, bypass: [W], min_utilization: 0}]");
  ASSERT_TRUE(fan_out.ok()) << fan_out.status();
  EXPECT_TRUE(TemplateFromProto(*fan_out).ok()) << TemplateFromProto(*fan_out).status();
  v1::Constraints less;
  less.set_min_utilization(0.25);
  EXPECT_EQ(ConstrainedTemplate(less, *message)->min_utilization(), 0.5);
  less.set_min_utilization(1);
  EXPECT_EQ(ConstrainedTemplate(less, *message)->min_utilization(), 1);
}

TEST(JobConstraintsTest, ErrorsNameTheFieldAndWhatWouldBeValid) {
  const std::pair<std::string, std::string> cases[] = {
      {"levels: [{level: bufer}]", "levels[0].level: 'bufer' is no level of template 'asked' (did you mean 'buffer'?)"},
      {"levels: [{level: dram}, {level: dram}]", "levels[1].level: 'dram' is there twice"},
      {"levels: [{level: dram, bypass: [W]}]", "levels[0].bypass[0]: has W, and the last level keeps all"},
      {"levels: [{level: buffer, keep: [W]}]", "levels[0].keep[0]: 'W' is not a tensor that level 'buffer' keeps"},
      {"levels: [{level: buffer, bypass: [V]}]", "levels[0].bypass[0]: 'V' is no tensor; valid: W, I, O"},
      {"levels: [{level: buffer, keep: [I], bypass: [I]}]", "levels[0].bypass[0]: has I, which `keep` has, too"},
      {"levels: [{level: buffer, spatial: [{name: Z}]}]",
       "levels[0].spatial[0].name: 'Z' is no axis of level 'buffer'; valid: X, Y"},
      {"levels: [{level: buffer, spatial: [{name: X}, {name: X}]}]", "levels[0].spatial[1].name: X is there twice"},
      {"levels: [{level: buffer, temporal: [M]}]", "levels[0].temporal[0]: 'M' is no dimension"},
      {"levels: [{level: buffer, factors: [K]}]", "levels[0].factors[0]: 'K' is no factor"},
      {"min_utilization: 1.5", "min_utilization: is 1.5; valid: 0 to 1"},
      {"levels: [{level: buffer, spatial: [{name: X, min_utilization: -0.5}]}]",
       "levels[0].spatial[0].min_utilization: is -0.5; valid: 0 to 1"},
  };
  for (const auto& [yaml, error] : cases) EXPECT_THAT(Message(Constrained(yaml).status()), HasSubstr(error)) << yaml;
}

TEST(JobConstraintsTest, OneOrderMustGoOnWhereTheOtherEnds) {
  v1::Template message = Read({{"# buffer", "innermost: [Q, P]"}}).value();
  v1::Constraints constraints;
  v1::LevelConstraints* const level = constraints.add_levels();
  level->set_level("buffer");
  for (const char* const dim : {"Q", "P", "K"}) level->add_innermost(dim);
  ASSERT_TRUE(AddConstraints(constraints, &message).ok());
  EXPECT_EQ(message.levels(1).innermost_size(), 3);
  level->set_innermost(0, "R");
  EXPECT_THAT(Message(AddConstraints(constraints, &message)),
              HasSubstr("levels[0].innermost[0]: is 'R', where the template has 'Q'"));
}

}  // namespace
}  // namespace oneloop
