// What tests make of accelerators.json.
#include "tests/testing/accelerators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "common/hardware/template.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;

constexpr char kFile[] = R"({"accelerators": [{
  "name": "small", "compute": {"energy_pj": 0.25, "lanes": 8}, "levels": [
    {"name": "accumulators", "keeps": ["O"], "word_bits": 24, "instances": 8, "capacity_words": 16,
     "ports": [{"flows": ["read"], "energy_pj": 1.5, "block_words": 1, "cluster": 4},
               {"flows": ["fill", "update"], "energy_pj": 2.5, "block_words": 4, "cluster": 4, "words_per_cycle": 2},
               {"flows": ["read", "fill"], "tensors": ["W", "I"], "energy_pj": 9},
               {"flows": ["fill", "update"], "tensors": ["O"], "energy_pj": 0.125}],
     "newer": {"update_pj": 3.5, "leak_pj": 0.001}},
    {"name": "fan", "keeps": [], "word_bits": 8, "instances": 2, "spatial": [{"name": "Y", "size": 4, "dims": ["C"]}],
     "private": ["W"], "private_links": ["W", "I"], "newer": {"update_pj": 1, "leak_pj": 1}},
    {"name": "buffer", "keeps": ["W", "I"], "word_bits": 8, "instances": 1,
     "spatial": [{"name": "X", "size": 2, "dims": ["K"]}], "link": {"hop_pj": 0.5, "router_pj": 0},
     "ports": [{"flows": ["fill", "update"], "energy_pj": 7, "block_words": 8}],
     "newer": {"update_pj": 8, "leak_pj": 0.01}},
    {"name": "DRAM", "keeps": ["W", "I", "O"], "word_bits": 8, "instances": 1,
     "ports": [{"flows": ["read", "fill", "update"], "words_per_cycle": 8}]}]}]})";

std::vector<Accelerator> ReadSmall() {
  const std::string path = testing::TempDir() + "/accelerators_test.json";
  std::ofstream(path) << kFile;
  return ReadAccelerators(path);
}

// "read,fill W 1.5/4" and so on: flows, tensors, energy, words in a cycle.
std::vector<std::string> PortsOf(const Template& hardware_template, int level) {
  std::vector<std::string> texts;
  for (const Template::Port& port : hardware_template.ports()) {
    if (port.level != level) continue;
    std::string text;
    for (const FlowKind flow : kAllFlows) {
      if (port.spec.flows.Has(flow)) text += text.empty() ? NameOf(flow) : std::string(",") + NameOf(flow);
    }
    text += ' ';
    for (const Tensor tensor : kAllTensors) {
      if (port.spec.tensors.Has(tensor)) text += Name(tensor);
    }
    if (port.spec.access_pj.has_value()) text += " pj " + port.spec.access_pj->text();
    if (port.spec.block_words.has_value()) text += " block " + port.spec.block_words->text();
    if (port.spec.cluster.has_value()) text += " cluster " + port.spec.cluster->text();
    if (port.spec.words_per_cycle.has_value()) text += " words " + port.spec.words_per_cycle->text();
    texts.push_back(text);
  }
  return texts;
}

TEST(AcceleratorsTest, PortsAreThoseOfTensorsAndFlowsThatThereAre) {
  const std::vector<Accelerator> accelerators = ReadSmall();
  ASSERT_EQ(accelerators.size(), 1u);
  const Template& older = *accelerators[0].hardware_template;
  EXPECT_EQ(accelerators[0].name, "small");
  EXPECT_EQ(older.spec().mac_energy_pj->text(), "0.25");
  EXPECT_EQ(older.spec().dialect, Dialect::k2022);
  EXPECT_EQ(older.level(0).word_bits[Index(Tensor::kO)], 24);
  EXPECT_THAT(PortsOf(older, 0),
              ElementsAre("read O pj 1.5 block 1 cluster 4", "fill,update O pj 2.5 block 4 cluster 4 words 2",
                          "fill,update O pj 0.125"));
  EXPECT_THAT(PortsOf(older, 1), ElementsAre());
  EXPECT_THAT(PortsOf(older, 2), ElementsAre("fill WI pj 7 block 8"));
  EXPECT_THAT(PortsOf(older, 3), ElementsAre("read,fill,update WIO words 8"));
  EXPECT_FALSE(older.level(0).leak_pj.has_value());
}

TEST(AcceleratorsTest, TheNewerVersionHasUpdatesOfTheirOwnAndLeaks) {
  const std::vector<Accelerator> accelerators = ReadSmall();
  const Template& newer = *accelerators[0].newer;
  EXPECT_EQ(newer.spec().dialect, Dialect::k2025);
  EXPECT_THAT(PortsOf(newer, 0),
              ElementsAre("read O pj 1.5 block 1 cluster 4", "update O pj 3.5 block 4 cluster 4",
                          "fill O pj 2.5 block 4 cluster 4", "fill,update O words 2", "fill,update O pj 0.125"));
  EXPECT_THAT(PortsOf(newer, 2), ElementsAre("fill WI pj 7 block 8"));
  EXPECT_EQ(newer.level(0).leak_pj->text(), "0.001");
  EXPECT_FALSE(newer.level(1).leak_pj.has_value()) << "nothing is kept that could leak";
  EXPECT_EQ(newer.level(2).leak_pj->text(), "0.01");
}

TEST(AcceleratorsTest, LinksSayWhatIsNotShared) {
  const std::vector<Accelerator> accelerators = ReadSmall();
  for (const Template* read : {accelerators[0].hardware_template.get(), accelerators[0].newer.get()}) {
    const bool is_newer = read == accelerators[0].newer.get();
    ASSERT_TRUE(read->level(1).link.has_value());
    EXPECT_EQ(read->level(1).link->unshared, TensorSet{Tensor::kW});
    EXPECT_EQ(read->level(1).link->unlinked, TensorSet{Tensor::kI});
    EXPECT_FALSE(read->level(1).link->hop_pj.has_value());
    ASSERT_TRUE(read->level(2).link.has_value());
    EXPECT_EQ(read->level(2).link->hop_pj->text(), "0.5");
    EXPECT_EQ(read->level(2).link->mesh, is_newer);
    EXPECT_FALSE(read->level(3).link.has_value());
  }
}

TEST(AcceleratorsTest, EachOfTheFileIsATemplateOfBothVersions) {
  if (AcceleratorsPath().empty()) GTEST_SKIP() << "no ../shared/data and no ONELOOP_ACCELERATORS";
  std::set<std::string> names;
  for (const Accelerator& accelerator : ReadAccelerators(AcceleratorsPath())) {
    EXPECT_TRUE(names.insert(accelerator.name).second) << accelerator.name;
    EXPECT_EQ(accelerator.hardware_template->num_parameters(), 0);
    EXPECT_EQ(accelerator.hardware_template->num_levels(), accelerator.newer->num_levels());
    EXPECT_TRUE(accelerator.hardware_template->GivesEnergy()) << accelerator.name;
  }
  EXPECT_FALSE(names.empty());
}

}  // namespace
}  // namespace oneloop
