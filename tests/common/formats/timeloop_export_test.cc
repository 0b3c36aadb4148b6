#include "common/formats/timeloop_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/random.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/yaml.h"
#include "common/formats/timeloop_mapping.h"
#include "common/formats/yaml_view.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/random_mapping.h"
#include "common/model/exact/cost_model.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::array<TimeloopVersion, 2> kVersions = {TimeloopVersion::k03, TimeloopVersion::k04};

// Two arrays and all that a level of Timeloop can say: blocks, clusters, addresses, three limits, a network, a fan-out
// of its own, two axes.
constexpr char kTemplate[] = R"(name: small
dialect: "DIALECT"
parameters:
  - {name: columns, min: 1, max: 64}
  - {name: kib, min: 1, max: 1024}
compute: {energy_pj: 0.5}
levels:
  - name: registers
    keeps: [W]
    capacity_words: 16
    ports:
      - {flows: [read], access_pj: 0.25, cluster: 4}
      - {flows: [fill], access_pj: 0.375, cluster: 4}
  - name: sums
    keeps: [O]
    word_bits: {O: 24}
    spatial: [{name: X, size: columns, dims: [C, K]}, {name: Y, size: 4, dims: [Q, R]}]
    capacity_words: 256
    words_per_cycle: 2 * columns
    energy_pj: 0.125 * columns
    block_words: columns
  - name: rows
    keeps: []
    temporal: [none]
    spatial: [{name: Y, size: 2, dims: [S, N, P]}]
  - name: buffer
    keeps: [W, I]
    partitions: [{capacity_bytes: 1024 * kib, multiple_buffering: 2}]
    link: {hop_pj: 0.5, router_pj: 0.25, unshared: [W], unlinked: [I]MESH}
    ports:
      - {flows: [read], access_pj: 4.5, block_words: 8, words_per_cycle: 16}
      - {flows: [fill], access_pj: 5.5, block_words: 8, words_per_cycle: 8}
      - {access_pj: 0.0625}
  - name: dram
    keeps: [W, I, O]
    words_per_cycle: 8
    energy_pj: 100
    block_words: 64
area_mm2: 0.5 + 0.25 * kib
)";

std::string TemplateText(TimeloopVersion version) {
  const bool is_new = version == TimeloopVersion::k04;
  return absl::StrReplaceAll(kTemplate,
                             {{"DIALECT", is_new ? "2025" : "2022"}, {"MESH", is_new ? ", mesh: true" : ""}});
}

v1::Template TemplateMessage(const std::string& text) {
  v1::Template message;
  const absl::Status status = ReadYamlText(text, "template", &message, nullptr);
  EXPECT_TRUE(status.ok()) << status;
  return message;
}

// Of two layers; the first has factors that do not divide.
DesignSource MakeSource(const std::string& template_text) {
  DesignSource source;
  source.made_by = "Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56.";
  source.hardware_template = TemplateMessage(template_text);
  source.design.set_name("projects/default/jobs/4/designs/56");
  source.design.set_workload("net");
  source.design.set_template_(source.hardware_template.name());
  (*source.design.mutable_parameters())["columns"] = 8;
  (*source.design.mutable_parameters())["kib"] = 64;
  const auto add = [&](const char* name, int count, const char* bounds, const char* mapping) {
    v1::LayerDesign& layer = *source.design.add_layers();
    layer.set_name(name);
    layer.set_count(count);
    EXPECT_TRUE(ReadYamlText(bounds, "bounds", layer.mutable_bounds(), nullptr).ok());
    layer.set_mapping(mapping);
    layer.set_energy_uj(1.25 * count);
    layer.set_latency_cycles(1000 * count);
  };
  add("conv/1", 2, "{R: 3, S: 3, P: 28, Q: 28, C: 20, K: 64, N: 1, Wstride: 2, Hstride: 2}",
      "L4[WIO] K8 Q4 - L3[WI] P14 C3 - L2[] N1 S2Y - L1[O] S2 Q7 C8X - L0[W] R3 K8 P2");
  add("depthwise", 1, "{R: 1, S: 1, P: 7, Q: 7, C: 1, K: 1, N: 1, G: 32}",
      "L4[WIO] G32 - L3[WI] P7 - L2[] N1 - L1[O] Q2 Q4Y - L0[W] N1");
  return source;
}

const std::string& FileOf(const ExportedFiles& exported, const std::string& name) {
  for (const TextFile& file : exported.files) {
    if (file.name == name) return file.text;
  }
  ADD_FAILURE() << "no file " << name;
  static const std::string* const kNone = new std::string();
  return *kNone;
}

// "" for a file that is not there.
std::string Read(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() ? *text : "";
}

YamlDocument Parse(const std::string& text) { return ValueOrDie(YamlDocument::Parse(text, "exported")); }

// A folder of its own.
class TimeloopExportTest : public ::testing::Test {
 protected:
  TimeloopExportTest() {
    std::string pattern = "/tmp/oneloop_export_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TimeloopExportTest() override { std::filesystem::remove_all(folder_); }

  void Write(const ExportedFiles& exported) const {
    for (const TextFile& file : exported.files) std::ofstream(folder_ + "/" + file.name) << file.text;
  }

  std::string folder_;
};

// The variable ONELOOP_WRITE_GOLDENS has the files written instead.
TEST_F(TimeloopExportTest, FilesAreThoseOfTheGoldens) {
  for (const TimeloopVersion version : kVersions) {
    const ExportedFiles exported = ValueOrDie(ExportTimeloop(MakeSource(TemplateText(version)), version));
    const std::string goldens = absl::StrCat(SourceDir(), "/tests/data/exports/timeloop_", NameOf(version));
    std::set<std::string> names;
    for (const TextFile& file : exported.files) {
      names.insert(file.name);
      if (std::getenv("ONELOOP_WRITE_GOLDENS") != nullptr) {
        std::filesystem::create_directories(goldens);
        std::ofstream(goldens + "/" + file.name) << file.text;
      }
      EXPECT_EQ(file.text, Read(goldens + "/" + file.name)) << goldens << "/" << file.name;
    }
    for (const auto& entry : std::filesystem::directory_iterator(goldens)) {
      EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path();
    }
    EXPECT_THAT(exported.warnings, IsEmpty());
  }
}

// Of a searched array 16 wide the first layer uses 8 columns and 4 rows, along which its windows move.
TEST_F(TimeloopExportTest, WarnsOfRowsThatAreUsedInPart) {
  DesignSource source = MakeSource(TemplateText(TimeloopVersion::k03));
  source.design.mutable_layers(0)->set_mapping(
      "L4[WIO] K8 Q4 - L3[WI] P14 C3 - L2[] N1 S2Y - L1[O] S2 Q2 C8X Q4Y - L0[W] R3 K8 P2");
  const auto warnings = [&source] { return ValueOrDie(ExportTimeloop(source, TimeloopVersion::k03)).warnings; };
  EXPECT_THAT(warnings(), IsEmpty());
  (*source.design.mutable_parameters())["columns"] = 16;
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("level sums: some layers use a part of its rows")));
  source.hardware_template.mutable_levels(1)->mutable_link()->add_unlinked("I");
  EXPECT_THAT(warnings(), IsEmpty()) << "neighbours hand on nothing";
  source.hardware_template.mutable_levels(1)->clear_link();
  source.hardware_template.mutable_levels(1)->mutable_spatial(0)->set_size("16");
  EXPECT_THAT(warnings(), IsEmpty()) << "rows of a given length are counted as they are";
}

TEST_F(TimeloopExportTest, WarnsOfFactorsThatDoNotDivide) {
  DesignSource source = MakeSource(TemplateText(TimeloopVersion::k03));
  source.design.mutable_layers(0)->add_padding()->set_dim("C");
  EXPECT_THAT(ValueOrDie(ExportTimeloop(source, TimeloopVersion::k03)).warnings,
              ElementsAre(HasSubstr("factors of 1 of 2 layers do not divide their bounds")));
}

TEST_F(TimeloopExportTest, FirstLinesSayWhatMadeThem) {
  for (const TimeloopVersion version : kVersions) {
    for (const TextFile& file : ValueOrDie(ExportTimeloop(MakeSource(TemplateText(version)), version)).files) {
      EXPECT_THAT(file.text.substr(0, file.text.find('\n')),
                  HasSubstr("Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56."))
          << file.name;
    }
  }
}

TEST_F(TimeloopExportTest, ProblemsReadBackAsTheWorkload) {
  for (const TimeloopVersion version : kVersions) {
    const DesignSource source = MakeSource(TemplateText(version));
    Write(ValueOrDie(ExportTimeloop(source, version)));
    const v1::Workload read = ValueOrDie(ReadTimeloop(folder_));
    v1::Workload expected = WorkloadToProto(ValueOrDie(WorkloadFromProto(WorkloadOfDesign(source.design))));
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(WorkloadToProto(ValueOrDie(WorkloadFromProto(read))),
                                                                   expected))
        << read.DebugString();
  }
}

// A level of an architecture as Timeloop's parsers take it, by Timeloop's names of 2022; numbers as they are written.
struct ReadLevel {
  std::string name;
  std::string class_name;
  std::map<std::string, double> attributes;
};

void ReadLevels(const YamlView& node, std::vector<ReadLevel>* levels) {
  for (const YamlView& item : node.Get("local").Items()) {
    ReadLevel level;
    level.name = item.Get("name").Text();
    level.class_name = item.Get("class").Text();
    for (const auto& [key, value] : item.Get("attributes").Entries()) {
      double number = 0;
      if (!absl::SimpleAtod(value.Text(), &number)) ADD_FAILURE() << key << ": " << value.Text();
      level.attributes[key] = number;
    }
    levels->push_back(level);
  }
  for (const YamlView& item : node.Get("subtree").Items()) ReadLevels(item, levels);
}

std::vector<ReadLevel> ReadArchitecture(const std::string& text) {
  const YamlDocument document = Parse(text);
  std::vector<ReadLevel> levels;
  ReadLevels(YamlView(document.root()).Get("architecture"), &levels);
  return levels;
}

// Energy by component and action.
std::map<std::pair<std::string, std::string>, double> ReadErt(const std::string& text) {
  const YamlDocument document = Parse(text);
  std::map<std::pair<std::string, std::string>, double> energies;
  for (const YamlView& table : YamlView(document.root()).GetAny({"ERT"}).Get("tables").Items()) {
    const std::vector<std::string> path = absl::StrSplit(table.Get("name").Text(), '.');
    for (const YamlView& action : table.Get("actions").Items()) {
      double energy = 0;
      EXPECT_TRUE(absl::SimpleAtod(action.Get("energy").Text(), &energy));
      energies[{path.back(), action.Get("name").Text()}] = energy;
    }
  }
  return energies;
}

// What Timeloop of 2022 makes of attributes: defaults, and a memory's size over its buffering.
std::map<std::string, double> Meaning(const ReadLevel& level) {
  std::map<std::string, double> meaning = level.attributes;
  for (const auto& [key, value] :
       {std::pair("block-size", 1.0), std::pair("cluster-size", 1.0), std::pair("addr-gen-energy", 0.0),
        std::pair("multiple-buffering", 1.0), std::pair("energy-per-hop", 0.0), std::pair("router-energy", 0.0)}) {
    meaning.emplace(key, value);
  }
  if (meaning.contains("wire-energy")) {
    meaning["energy-per-hop"] = meaning["network-word-bits"] * meaning["tile-width"] / 1000 * meaning["wire-energy"];
    meaning["router-energy"] = 0;
  }
  if (meaning.contains("entries")) meaning["entries"] /= meaning["multiple-buffering"];
  for (const char* const key : {"multiple-buffering", "wire-energy", "tile-width", "network-word-bits", "datawidth"}) {
    meaning.erase(key);
  }
  return meaning;
}

// The project's eight accelerators, as Timeloop of 2022 read them.
TEST_F(TimeloopExportTest, AcceleratorsAreWrittenAsTimeloopWasToldOfThem) {
  const std::string path = AcceleratorsPath();
  if (path.empty()) GTEST_SKIP() << "no accelerators.json beside the sources";
  const std::string files = absl::StrCat(std::filesystem::path(path).parent_path().string(), "/accelerators/");
  for (const Accelerator& accelerator : ReadAccelerators(path)) {
    const TimeloopMachine machine =
        ValueOrDie(DescribeForTimeloop(*accelerator.hardware_template, {}, TimeloopVersion::k03));
    EXPECT_THAT(machine.warnings, IsEmpty()) << accelerator.name;
    const auto ours = ReadArchitecture(TimeloopArchitecture(machine, TimeloopVersion::k03));
    const auto theirs = ReadArchitecture(Read(absl::StrCat(files, accelerator.name, ".arch.yaml")));
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const std::string place = absl::StrCat(accelerator.name, ".", theirs[i].name);
      EXPECT_EQ(ours[i].name, theirs[i].name);
      EXPECT_EQ(ours[i].class_name, theirs[i].class_name) << place;
      std::map<std::string, double> expected = Meaning(theirs[i]);
      std::map<std::string, double> written = Meaning(ours[i]);
      // Of units that multiply, words have no width that counts.
      if (theirs[i].class_name == "intmac") expected.erase("word-bits");
      for (const auto& [key, value] : expected) {
        EXPECT_TRUE(written.contains(key)) << place << " " << key;
        EXPECT_DOUBLE_EQ(written[key], value) << place << " " << key;
      }
      for (const auto& [key, value] : written) EXPECT_TRUE(expected.contains(key)) << place << " " << key;
    }
    const auto energies = ReadErt(TimeloopErt(machine, TimeloopVersion::k03));
    for (const auto& [place, energy] : ReadErt(Read(absl::StrCat(files, accelerator.name, ".ert.yaml")))) {
      // Timeloop of 2022 ignores these, and the templates do not have them.
      if (place.second == "update" || place.second == "leak") continue;
      ASSERT_TRUE(energies.contains(place)) << place.first << " " << place.second;
      EXPECT_DOUBLE_EQ(energies.at(place), energy) << accelerator.name << " " << place.first << " " << place.second;
    }
  }
}

// The newer templates have updates at a price of their own, and leak.
TEST_F(TimeloopExportTest, NewerAcceleratorsKeepUpdatesAndLeakage) {
  const std::string path = AcceleratorsPath();
  if (path.empty()) GTEST_SKIP() << "no accelerators.json beside the sources";
  const std::string files = absl::StrCat(std::filesystem::path(path).parent_path().string(), "/accelerators/");
  for (const Accelerator& accelerator : ReadAccelerators(path)) {
    const TimeloopMachine machine = ValueOrDie(DescribeForTimeloop(*accelerator.newer, {}, TimeloopVersion::k04));
    EXPECT_THAT(machine.warnings, IsEmpty()) << accelerator.name;
    const std::string text = TimeloopErt(machine, TimeloopVersion::k04);
    for (const auto& [place, energy] : ReadErt(Read(absl::StrCat(files, accelerator.name, ".ert.yaml")))) {
      const TimeloopLevel* found = nullptr;
      for (const TimeloopLevel& level : machine.levels) {
        if (level.name == place.first) found = &level;
      }
      // Updates matter where there are outputs.
      if (found == nullptr || found->keeps.empty()) continue;
      if (place.second == "update" && found->keeps.Has(Tensor::kO)) {
        EXPECT_DOUBLE_EQ(found->update_pj, energy) << accelerator.name << " " << place.first;
      }
      if (place.second == "leak") {
        EXPECT_DOUBLE_EQ(found->leak_pj, energy) << accelerator.name << " " << place.first;
      }
    }
    EXPECT_THAT(text, HasSubstr("[1.."));
    // The price of updates is lost on Timeloop of 2022, which the export refuses rather than hides.
    const absl::Status old = DescribeForTimeloop(*accelerator.newer, {}, TimeloopVersion::k03).status();
    EXPECT_THAT(Message(old), AllOf(HasSubstr("level "), HasSubstr("one price of both: export for version 0.4")));
  }
}

// A mapping read back from its directives, by rules of Timeloop's parser: factors "D=f" or "D=f,r", permutations
// innermost first, the first `split` of a spatial one along X.
class MappingReader {
 public:
  explicit MappingReader(const TimeloopMachine& machine) : machine_(machine) {}

  void Read(const std::string& text) {
    const YamlDocument document = Parse(text);
    for (const YamlView& directive : YamlView(document.root()).Get("mapping").Items()) {
      const int level = LevelOf(directive.Get("target").Text());
      const std::string type = directive.Get("type").Text();
      if (type == "datatype") {
        for (const YamlView& name : directive.Get("keep").Items()) kept[level] += name.Text()[0];
      } else {
        ReadLoops(level, directive, type == "spatial");
      }
    }
  }

  Mapping mapping;
  std::map<std::pair<std::string, char>, std::pair<std::int64_t, std::int64_t>> runs;  // by loop: factor, last run
  std::map<int, std::string> kept;

 private:
  int LevelOf(const std::string& name) const {
    for (std::size_t l = 0; l < machine_.levels.size(); ++l) {
      if (machine_.levels[l].name == name) return static_cast<int>(l);
    }
    ADD_FAILURE() << name;
    return 0;
  }

  void ReadLoops(int level, const YamlView& directive, bool is_spatial) {
    const std::string permutation = directive.Get("permutation").Text();
    ASSERT_EQ(permutation.size(), std::size_t{kNumDims});
    const std::int64_t split = directive.Get("split").Integer().value_or(-1);
    ASSERT_EQ(is_spatial, split >= 0);
    const std::vector<std::string> factors = absl::StrSplit(directive.Get("factors").Text(), ' ');
    for (const std::string& factor : factors) {
      const std::vector<std::string> numbers = absl::StrSplit(factor.substr(2), ',');
      std::pair<std::int64_t, std::int64_t> run;
      ASSERT_TRUE(absl::SimpleAtoi(numbers[0], &run.first) && absl::SimpleAtoi(numbers.back(), &run.second)) << factor;
      const Dim dim = kAllDims[kDimNames.find(factor[0])];
      const auto place = static_cast<std::int64_t>(permutation.find(factor[0]));
      const TimeloopLevel& here = machine_.levels[ToIndex(level)];
      const int axis = place < split ? here.axis_x : here.axis_y;
      runs[{absl::StrCat(level, is_spatial ? "s" : "t"), factor[0]}] = run;
      if (run.first == 1) continue;
      if (is_spatial && axis < 0) {
        ADD_FAILURE() << factor << " has no axis";
        continue;
      }
      (is_spatial ? mapping.s(axis, dim) : mapping.t(level, dim)) = run.first;
    }
    if (is_spatial) return;
    // The order of loops that run once says nothing.
    std::string order(permutation.rbegin(), permutation.rend());
    for (std::size_t i = 0; i < order.size(); ++i)
      mapping.order[ToIndex(level)][i] = kAllDims[kDimNames.find(order[i])];
  }

  const TimeloopMachine& machine_;
};

// (((r2 - 1) f1 + r1 - 1) f0 + r0, over a dimension's loops from the outermost, spatial inside temporal at a level.
std::int64_t BoundOf(const MappingReader& reader, int num_levels, Dim dim) {
  std::int64_t bound = 0;
  for (int l = num_levels - 1; l >= 0; --l) {
    for (const char* const kind : {"t", "s"}) {
      const auto run = reader.runs.find({absl::StrCat(l, kind), Name(dim)});
      if (run != reader.runs.end()) bound = bound * run->second.first + run->second.second - 1;
    }
  }
  return bound + 1;
}

void ExpectReadBack(const Template& hardware_template, const HardwarePoint& hardware, int mappings,
                    std::uint64_t seed) {
  const TimeloopMachine machine = ValueOrDie(DescribeForTimeloop(hardware_template, hardware, TimeloopVersion::k04));
  Random random(seed);
  int imperfect = 0;
  for (int i = 0; i < mappings; ++i) {
    LayerShape shape;
    for (const Dim dim : kAllDims)
      shape.bounds[ToIndex(dim)] = 1 + static_cast<std::int64_t>(random.Below(dim == Dim::kG ? 4 : 40));
    const Mapping mapping = RandomMapping(hardware_template, shape, random);
    const std::string text = ValueOrDie(WriteTimeloopLoops(machine, hardware_template, shape, mapping)).mapping;
    MappingReader reader(machine);
    reader.Read(text);
    EXPECT_EQ(FormatMapping(hardware_template, reader.mapping), FormatMapping(hardware_template, mapping)) << text;
    for (const Dim dim : kAllDims) {
      EXPECT_EQ(BoundOf(reader, hardware_template.num_levels(), dim), shape.bound(dim)) << text;
    }
    if (absl::StrContains(text, ",1 ") || absl::StrContains(text, ",2 ")) ++imperfect;
    for (int l = 0; l < hardware_template.num_levels(); ++l) {
      std::string keeps;
      for (const Tensor tensor : kAllTensors) {
        if (hardware_template.level(l).keeps.Has(tensor)) keeps += Name(tensor);
      }
      EXPECT_EQ(reader.kept[l], keeps);
    }
  }
  EXPECT_GT(imperfect, 0);
}

TEST_F(TimeloopExportTest, MappingsOfTheShippedTemplatesReadBack) {
  ExpectReadBack(*ShippedTemplate("gemmini"), {16, 256, 64}, 500, 1);
  ExpectReadBack(*ValueOrDie(TemplateFromProto(TemplateMessage(TemplateText(TimeloopVersion::k04)))), {8, 64}, 500, 2);
}

TEST_F(TimeloopExportTest, MappingsOfTheAcceleratorsReadBack) {
  const std::string path = AcceleratorsPath();
  if (path.empty()) GTEST_SKIP() << "no accelerators.json beside the sources";
  for (const Accelerator& accelerator : ReadAccelerators(path)) ExpectReadBack(*accelerator.newer, {}, 200, 3);
}

// A layer runs as often as its count says in each run of its network.
TEST_F(TimeloopExportTest, RunsOfALayerCountItsNetworksWeight) {
  DesignSource source = MakeSource(TemplateText(TimeloopVersion::k03));
  for (const auto& [name, weight] : {std::pair("a", 0.5), {"b", 3.0}}) {
    v1::NetworkFigures& network = *source.design.add_networks();
    network.set_name(name);
    network.set_weight(weight);
  }
  source.design.mutable_layers(0)->set_network("b");
  source.design.mutable_layers(1)->set_network("a");
  EXPECT_THAT(FileOf(ValueOrDie(ExportTimeloop(source, TimeloopVersion::k03)), "layers.txt"),
              AllOf(HasSubstr("\n0001_conv_1 6 2000 2.5 0\n"), HasSubstr("\n0002_depthwise 0.5 1000 1.25 0\n")));
}

// Of the registers in use, in each cycle: a last run of 4 in 8 copies of C leaves all 8 in use.
TEST_F(TimeloopExportTest, LeakageThatTimeloopLeavesOutIsToldApart) {
  const std::string leaks = "    capacity_words: 16\n    leak_pj: 3\n";
  const std::string text =
      absl::StrReplaceAll(TemplateText(TimeloopVersion::k03), {{"    capacity_words: 16\n", leaks}});
  // The first layer uses 2 sums with 8 registers each, the second one with 4.
  EXPECT_THAT(FileOf(ValueOrDie(ExportTimeloop(MakeSource(text), TimeloopVersion::k03)), "layers.txt"),
              AllOf(HasSubstr("\n0001_conv_1 2 2000 2.5 0.096\n"), HasSubstr("\n0002_depthwise 1 1000 1.25 0.012\n")));
  EXPECT_THAT(FileOf(ValueOrDie(ExportTimeloop(MakeSource(text), TimeloopVersion::k04)), "layers.txt"),
              HasSubstr("\n0001_conv_1 2 2000 2.5 0\n"));
}

// Whatever the factors are.
TEST_F(TimeloopExportTest, LeakageIsTheModels) {
  const std::string text =
      absl::StrReplaceAll(TemplateText(TimeloopVersion::k03),
                          {{"    capacity_words: 16\n", "    capacity_words: 16\n    leak_pj: 3\n"},
                           {"    capacity_words: 256\n", "    capacity_words: 256\n    leak_pj: 0.5\n"}});
  DesignSource source = MakeSource(text);
  const std::shared_ptr<const Template> hardware = ValueOrDie(TemplateFromProto(source.hardware_template));
  const CostModel model(hardware);
  const ComponentCosts costs = model.CostsAt({8, 64});
  ComponentCosts without = costs;
  without.leak_pj.fill(0);
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    LayerShape shape;
    for (const Dim dim : kAllDims) shape.bounds[ToIndex(dim)] = 1 + static_cast<std::int64_t>(random.Below(30));
    const Mapping mapping = RandomMapping(*hardware, shape, random);
    const LayerUse use = model.Use(shape, mapping);
    const LayerFigures figures = model.Score(use, costs);
    v1::LayerDesign& layer = *source.design.mutable_layers(0);
    *layer.mutable_bounds() = LayerShapeToProto(shape);
    layer.set_mapping(FormatMapping(*hardware, mapping));
    layer.set_latency_cycles(figures.latency_cycles);
    const ExportedFiles exported = ValueOrDie(ExportTimeloop(source, TimeloopVersion::k03));
    const std::string& table = FileOf(exported, "layers.txt");
    const std::size_t row = table.find("\n0001_") + 1;
    const std::vector<std::string> cells = absl::StrSplit(table.substr(row, table.find('\n', row) - row), ' ');
    double leakage_uj = 0;
    ASSERT_TRUE(absl::SimpleAtod(cells.back(), &leakage_uj));
    const double expected = figures.energy_uj - model.Score(use, without).energy_uj;
    EXPECT_NEAR(leakage_uj, expected, 1e-9 * figures.energy_uj) << layer.mapping();
  }
}

// What Python's YAML readers take for text.
TEST_F(TimeloopExportTest, SmallNumbersHaveAPoint) {
  DesignSource source = MakeSource(TemplateText(TimeloopVersion::k03));
  source.hardware_template.mutable_compute()->set_energy_pj("0.00001");
  EXPECT_THAT(FileOf(ValueOrDie(ExportTimeloop(source, TimeloopVersion::k03)), "ert.yaml"),
              HasSubstr("name: compute, arguments: {}, energy: 1.0e-05}"));
}

TEST_F(TimeloopExportTest, LevelsWithoutAFanOutHaveNoSpatialDirective) {
  DesignSource source = MakeSource(TemplateText(TimeloopVersion::k03));
  const ExportedFiles exported = ValueOrDie(ExportTimeloop(source, TimeloopVersion::k03));
  const std::string& mapping = FileOf(exported, "0001_conv_1.mapping.yaml");
  EXPECT_THAT(mapping, HasSubstr("  - target: rows\n    type: spatial\n"));
  // Neither the outermost level nor the registers fan out.
  EXPECT_THAT(mapping, AllOf(Not(HasSubstr("target: dram\n    type: spatial")),
                             Not(HasSubstr("target: registers\n    type: spatial"))));
}

// Constraints leave out what timeloop-mapper never tries.
TEST_F(TimeloopExportTest, ConstraintsPinWhatTheMapperCanFind) {
  const ExportedFiles exported =
      ValueOrDie(ExportTimeloop(MakeSource(TemplateText(TimeloopVersion::k03)), TimeloopVersion::k03));
  EXPECT_THAT(FileOf(exported, "0001_conv_1.constraints.yaml"),
              AllOf(HasSubstr("factors: R=1 P=1 Q=4 K=8 N=1 G=1\n"), Not(HasSubstr("C=")), Not(HasSubstr("S="))));
  EXPECT_THAT(FileOf(exported, "0002_depthwise.constraints.yaml"), HasSubstr("G=32"));
}

// As Timeloop multiplies it up, so that no mapping is below what its own file asks for.
TEST_F(TimeloopExportTest, ConstraintsAskForTheUtilizationOfTheTemplate) {
  const std::string with_share = TemplateText(TimeloopVersion::k03) + "min_utilization: 0.03\n";
  const ExportedFiles exported = ValueOrDie(ExportTimeloop(MakeSource(with_share), TimeloopVersion::k03));
  // 8 of 8 columns, 1 of 4 rows and 2 of 2; then 4 of 4 rows alone, which is a little more than is asked for.
  for (const char* const name : {"0001_conv_1.constraints.yaml", "0002_depthwise.constraints.yaml"}) {
    EXPECT_THAT(FileOf(exported, name),
                HasSubstr("    - target: registers\n      type: utilization\n      min: 0.03\n"));
  }
  EXPECT_TRUE(
      exported.warnings.size() ==
      ValueOrDie(ExportTimeloop(MakeSource(TemplateText(TimeloopVersion::k03)), TimeloopVersion::k03)).warnings.size());
  EXPECT_THAT(FileOf(ValueOrDie(ExportTimeloop(MakeSource(TemplateText(TimeloopVersion::k03)), TimeloopVersion::k03)),
                     "0001_conv_1.constraints.yaml"),
              Not(HasSubstr("utilization")));
  const std::string along_x =
      absl::StrReplaceAll(TemplateText(TimeloopVersion::k03),
                          {{"size: columns, dims: [C, K]", "size: columns, dims: [C, K], min_utilization: 0.1"}});
  EXPECT_THAT(ValueOrDie(ExportTimeloop(MakeSource(along_x), TimeloopVersion::k03)).warnings,
              Contains(HasSubstr("min_utilization of single axes is in no file")));
}

TEST_F(TimeloopExportTest, MemoriesHaveALeastFilling) {
  const auto arch = [](const std::string& text, TimeloopVersion version) {
    return FileOf(ValueOrDie(ExportTimeloop(MakeSource(text), version)), "arch.yaml");
  };
  const auto filled = [](TimeloopVersion version) {
    return absl::StrReplaceAll(TemplateText(version),
                               {{"capacity_words: 16", "capacity_words: 16\n    min_utilization: 0.5"}});
  };
  EXPECT_THAT(arch(filled(TimeloopVersion::k03), TimeloopVersion::k03), HasSubstr("entries: 16, min-utilization: 0.5"));
  EXPECT_THAT(arch(filled(TimeloopVersion::k04), TimeloopVersion::k04), HasSubstr("entries: 16, min_utilization: 0.5"));
  EXPECT_THAT(arch(TemplateText(TimeloopVersion::k03), TimeloopVersion::k03), Not(HasSubstr("utilization")));
}

TEST_F(TimeloopExportTest, ScriptsRunTimeloopAndCompare) {
  Write(ValueOrDie(ExportTimeloop(MakeSource(TemplateText(TimeloopVersion::k03)), TimeloopVersion::k03)));
  // Stands for timeloop-model: the figures of layers.txt, of which a part is in each of two lines.
  std::ofstream(folder_ + "/model") << R"(#!/bin/sh
[ "$1 $2 $3" = "arch.yaml ert.yaml art.yaml" ] && [ -f "$4" ] && [ -f "$5" ] && [ "$6" = -o ] || exit 1
layer=${4%.problem.yaml}
awk -v layer="$layer" -v extra="${EXTRA:-0}" '$1 == layer {
  printf "    Cycles               : 7\n"
  printf "        Energy (total)                           : %.2f pJ\n", $4 * 500000
  printf "        Leakage energy (total)          : %.2f pJ\n", $4 * 500000
  printf "Cycles: %d\nEnergy: 9.99 uJ\n", $3 * (1 + extra) }' layers.txt >"$7/timeloop-model.stats.txt"
)";
  std::filesystem::permissions(folder_ + "/model", std::filesystem::perms::owner_all);
  const auto run = [&](const std::string& before, const std::string& script) {
    return std::system(
        absl::StrCat("cd / && ", before, " sh ", folder_, "/", script, " >", folder_, "/log 2>&1").c_str());
  };
  EXPECT_EQ(run("", "run.sh ./model"), 0) << Read(folder_ + "/log");
  // Two runs of the first layer of 2,000 cycles and 2.5 uJ, one of the second.
  const std::string table = Read(folder_ + "/log");
  EXPECT_THAT(table,
              AllOf(HasSubstr("0001_conv_1 "), HasSubstr("0002_depthwise "), HasSubstr("5000"), HasSubstr("6.25")));
  EXPECT_EQ(run("", "sum.sh"), 0);
  EXPECT_NE(run("EXTRA=0.002", "run.sh ./model"), 0) << "cycles are 0.2 % off";
  EXPECT_NE(run("", "run.sh /bin/false"), 0);
  EXPECT_THAT(Read(folder_ + "/log"), HasSubstr("0001_conv_1: /bin/false failed"));
  std::filesystem::remove_all(folder_ + "/out");
  EXPECT_NE(run("", "sum.sh"), 0);
  EXPECT_THAT(Read(folder_ + "/log"), HasSubstr("0001_conv_1: no stats.txt"));
}

struct Refusal {
  const char* what;
  const char* old_text;
  const char* new_text;
  const char* message;
};

TEST_F(TimeloopExportTest, RefusesWhatTimeloopHasNoWordFor) {
  const std::vector<Refusal> refusals = {
      {"three axes", "dims: [Q, R]}]", "dims: [Q, R]}, {name: Z, size: 2, dims: [N]}]",
       "level sums: has 3 axes; Timeloop has X and Y"},
      {"units of two multiplications", "compute: {energy_pj: 0.5}", "compute: {energy_pj: 0.5, macs_per_cycle: 2}",
       "compute.macs_per_cycle is 2"},
      {"a price by tensor", "- {flows: [read], access_pj: 4.5, block_words: 8, words_per_cycle: 16}",
       "- {flows: [read], access_pj: 4.5, block_words: 8}\n      - {flows: [read], tensors: [W], access_pj: 1, "
       "block_words: 8}",
       "level buffer: a read costs 5.5 or 4.5 pJ by tensor"},
      {"a limit of one tensor", "- {access_pj: 0.0625}", "- {tensors: [W], words_per_cycle: 4}",
       "level buffer: a port limits some tensors or flows and not others"},
      {"addresses of reads alone", "- {access_pj: 0.0625}", "- {flows: [read], access_pj: 0.0625}",
       "level buffer: accesses come in several sizes"},
      {"blocks of two sizes", "- {access_pj: 0.0625}", "- {access_pj: 0.0625, block_words: 2}",
       "level buffer: accesses come in several sizes"},
      {"a limit of nothing that flows", "energy_pj: 100\n    block_words: 64",
       "ports: [{flows: [fill, update], words_per_cycle: 1}, {flows: [read, update], access_pj: 1}]", ""},
      {"part of a block", "access_pj: 5.5, block_words: 8,", "access_pj: 5.5, block_words: 8.5,",
       "level buffer: a block of 8.5 is no whole number"},
      {"clusters that do not divide", "cluster: 4}\n      - {flows: [fill]", "cluster: 5}\n      - {flows: [fill]",
       "level registers: clusters of 5 do not divide the 64 instances"},
      {"fills and updates apart", "energy_pj: 100\n    block_words: 64",
       "ports: [{flows: [read], access_pj: 1}, {flows: [update], access_pj: 2}]", ""},
  };
  for (const Refusal& refusal : refusals) {
    const std::string text = absl::StrReplaceAll(
        TemplateText(TimeloopVersion::k03),
        {{"    words_per_cycle: 8\n    energy_pj: 100", "    energy_pj: 100"}, {refusal.old_text, refusal.new_text}});
    const absl::StatusOr<ExportedFiles> exported = ExportTimeloop(MakeSource(text), TimeloopVersion::k03);
    if (refusal.message[0] == '\0') {
      EXPECT_TRUE(exported.ok()) << refusal.what << ": " << exported.status();
      continue;
    }
    EXPECT_TRUE(absl::IsInvalidArgument(exported.status())) << refusal.what;
    EXPECT_THAT(Message(exported.status()), HasSubstr(refusal.message)) << refusal.what;
  }
}

// Timeloop aborts on a memory without a size, unless it is DRAM.
TEST_F(TimeloopExportTest, MemoriesWithoutALimitHaveASize) {
  const ExportedFiles exported = ValueOrDie(ExportTimeloop(
      MakeSource(absl::StrReplaceAll(TemplateText(TimeloopVersion::k03), {{"    capacity_words: 256\n", ""}})),
      TimeloopVersion::k03));
  for (const ReadLevel& level : ReadArchitecture(FileOf(exported, "arch.yaml"))) {
    EXPECT_EQ(level.attributes.contains("entries"), level.class_name == "SRAM") << level.name;
    EXPECT_TRUE(level.name != "sums" || level.attributes.at("entries") == 2147483647);
  }
}

TEST_F(TimeloopExportTest, RefusesADimensionOnBothAxes) {
  DesignSource source =
      MakeSource(absl::StrReplaceAll(TemplateText(TimeloopVersion::k03), {{"dims: [Q, R]}]", "dims: [Q, R, C]}]"}}));
  source.design.mutable_layers(0)->set_mapping(
      "L4[WIO] K8 Q4 - L3[WI] P14 C1 - L2[] N1 S2Y - L1[O] S2 Q7 C8X C3Y - L0[W] R3 K8 P2");
  EXPECT_THAT(Message(ExportTimeloop(source, TimeloopVersion::k03).status()),
              HasSubstr("layers[0]: level sums: C runs along both axes"));
}

TEST_F(TimeloopExportTest, WarnsOfWhatIsCountedOtherwise) {
  const auto warnings = [](const std::string& text, TimeloopVersion version) {
    return ValueOrDie(ExportTimeloop(MakeSource(text), version)).warnings;
  };
  const std::string old_text = TemplateText(TimeloopVersion::k03);
  const std::string new_text = TemplateText(TimeloopVersion::k04);
  EXPECT_THAT(warnings(old_text, TimeloopVersion::k04),
              ElementsAre(HasSubstr("level buffer: Timeloop 0.4 counts hops by the places of the units"),
                          HasSubstr("counts as Timeloop of 2022, and Timeloop 0.4 as of 2025")));
  EXPECT_THAT(warnings(new_text, TimeloopVersion::k03), Contains(HasSubstr("0.3 counts hops by how far words spread")));
  EXPECT_THAT(warnings(absl::StrReplaceAll(
                           old_text, {{"    capacity_words: 256\n", "    capacity_words: 256\n    leak_pj: 1\n"}}),
                       TimeloopVersion::k03),
              ElementsAre(HasSubstr("level sums: Timeloop 0.3 knows no leakage")));
  EXPECT_THAT(
      warnings(absl::StrReplaceAll(old_text, {{"partitions: [{capacity_bytes: 1024 * kib, multiple_buffering: 2}]",
                                               "partitions: [{tensors: [W], capacity_words: 99}, {tensors: [I], "
                                               "capacity_words: 51}]"}}),
               TimeloopVersion::k03),
      ElementsAre(HasSubstr("level buffer: Timeloop has one capacity of a memory")));
  DesignSource predicted = MakeSource(old_text);
  predicted.design.set_calibration("calibrations/chip");
  const ExportedFiles exported = ValueOrDie(ExportTimeloop(predicted, TimeloopVersion::k03));
  EXPECT_THAT(exported.warnings, ElementsAre(HasSubstr("predicted by calibration calibrations/chip")));
  EXPECT_THAT(FileOf(exported, "README.md"), HasSubstr("\n- the design's latencies are predicted"));
}

}  // namespace
}  // namespace oneloop
