// `oneloop templates import` and `templates check`, which need no daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/client/client_harness.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kArchitecture[] = R"(architecture:
  version: 0.3
  subtree:
  - name: system
    local:
    - {name: DRAM, class: DRAM, attributes: {word-bits: 16, shared_bandwidth: 4}}
    - {name: buffer, class: SRAM, attributes: {word-bits: 16, depth: 64, width: 32, read_bandwidth: 8}}
    - {name: 'MAC[0..15]', class: intmac, attributes: {meshX: 4}}
architecture_constraints:
  targets:
  - {target: buffer, type: spatial, permutation: [C, M], split: 1, factors: M<=4}
)";

std::string Ert(const std::string& read_pj) {
  return "ERT: {version: 0.3, tables: [{name: s.buffer, actions: [{name: read, energy: " + read_pj +
         "}, {name: write, energy: 2}]}, {name: s.DRAM, actions: [{name: read, energy: 100}]}, {name: s.MAC, actions: "
         "[{name: compute, energy: 0.5}]}]}\n";
}

class TemplatesTest : public ::testing::Test {
 protected:
  TemplatesTest() {
    std::string pattern = "/tmp/oneloop_templates_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    arch_ = Write("arch.yaml", kArchitecture);
  }
  ~TemplatesTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  ClientHarness client_;
  std::string folder_;
  std::string arch_;
};

TEST_F(TemplatesTest, WhatIsImportedIsWrittenAndChecked) {
  const std::string ert = Write("ert.yaml", Ert("4"));
  const std::string file = folder_ + "/my.yaml";
  const auto imported = client_.Run({"templates", "import", arch_, "--ert", ert, "--name", "mine", "-o", file});
  EXPECT_EQ(imported.code, ExitCode::kOk) << imported.err;
  EXPECT_EQ(imported.out, "");
  const auto checked = client_.Run({"templates", "check", file});
  EXPECT_EQ(checked.code, ExitCode::kOk) << checked.err;
  EXPECT_THAT(checked.out, AllOf(HasSubstr("template  mine"), HasSubstr("PEs       16"),
                                 HasSubstr("peak      16 MACs per cycle"), HasSubstr("MAC       0.5 pJ")));
  const auto csv = client_.Run({"templates", "check", file, "--format", "csv"});
  EXPECT_EQ(csv.out,
            "level,instances,capacity_words,flows,tensors,access_pj,words_per_access,words_per_cycle,bytes_per_cycle,"
            "macs_per_byte\n"
            "buffer,1,128,read,W I O,4,2,8,16,1\n"
            "buffer,1,128,fill update,W I O,2,2,,,\n"
            "DRAM,1,,read,W I O,100,,,,\n"
            "DRAM,1,,fill update,W I O,100,,,,\n"
            "DRAM,1,,read fill update,W I O,,,4,8,2\n");
  // Nothing but its own files is replaced.
  EXPECT_EQ(client_.Run({"templates", "import", arch_, "--ert", ert, "-o", file}).code, ExitCode::kOk);
  EXPECT_NE(client_.Run({"templates", "import", arch_, "--ert", ert, "-o", arch_}).code, ExitCode::kOk);
}

TEST_F(TemplatesTest, VariedSizesAreFittedAndSet) {
  const std::string small = Write("16.yaml", Ert("2"));
  const std::string large = Write("256.yaml", Ert("8"));
  const std::string file = folder_ + "/my.yaml";
  const auto imported = client_.Run({"templates", "import", arch_, "--vary", "buffer.depth=16:256", "--ert",
                                     "16=" + small, "--ert", "buffer.depth=256=" + large, "-o", file});
  EXPECT_EQ(imported.code, ExitCode::kOk) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("read of buffer = 0.5 * buffer_depth^0.5: within 0.00 % of the 2 tables"));
  EXPECT_THAT(client_.Run({"templates", "check", file}).out, HasSubstr("512"));
  const auto checked = client_.Run({"templates", "check", file, "--set", "buffer_depth=64", "--format", "csv"});
  EXPECT_THAT(checked.out, HasSubstr("buffer,1,128,read,W I O,4,2,8,16,1\n"));
  const auto unknown = client_.Run({"templates", "check", file, "--set", "depth=64"});
  EXPECT_NE(unknown.code, ExitCode::kOk);
  EXPECT_THAT(unknown.err, HasSubstr("depth"));
}

TEST_F(TemplatesTest, SharesOfUnitsAreShown) {
  const std::string file = Write("used.yaml",
                                 "name: used\nmin_utilization: 0.25\nlevels:\n"
                                 "- {name: sums, keeps: [O], capacity_words: 16, min_utilization: 0.75}\n"
                                 "- {name: buffer, keeps: [W, I], spatial: [{name: X, size: 8, dims: [K], "
                                 "min_utilization: 0.5}]}\n"
                                 "- {name: dram, keeps: [W, I, O]}\n");
  const auto checked = client_.Run({"templates", "check", file});
  EXPECT_EQ(checked.code, ExitCode::kOk) << checked.err;
  EXPECT_THAT(checked.out, AllOf(ContainsRegex("sums .*at least 0.75"), ContainsRegex("buffer X .*at least 0.5"),
                                 ContainsRegex("all axes .*at least 0.25")));
}

TEST_F(TemplatesTest, AllThatIsRefusedIsTold) {
  const std::string more = Write("more.yaml",
                                 "constraints:\n  targets:\n  - {target: DRAM, type: utilization, min: 1}\n"
                                 "  - {target: nowhere, type: temporal, factors: R=1}\n");
  const auto refused = client_.Run({"templates", "import", arch_, "--constraints", more});
  EXPECT_NE(refused.code, ExitCode::kOk);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("more.yaml:3:5: utilization of DRAM"), HasSubstr("more.yaml:4:5: 'nowhere'")));
}

TEST_F(TemplatesTest, MistakesOfTheUserAreNamed) {
  for (const auto& [args, says] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"import"}, "FILE is missing"},
           {{"check"}, "expected one FILE"},
           {{"import", arch_, "--vary", "buffer=2:4"}, "expected LEVEL.depth|entries|meshX|meshY=MIN:MAX"},
           {{"import", arch_, "--vary", "bufer.depth=2:4"}, "'bufer' is not in"},
           {{"import", arch_, "--vary", "DRAM.depth=2:4"}, "DRAM.depth: has no size to vary"},
           {{"import", arch_, "--vary", "buffer.depth=4:2"}, "expected whole numbers MIN:MAX"},
           {{"import", arch_, "--ert", "64=" + arch_}, "is of a size that is not varied"},
           {{"import", arch_, arch_}, "a second architecture"},
           {{"import", folder_ + "/none.yaml"}, "No such file"},
           {{"gemmini", arch_}, "FILE is for"}}) {
    std::vector<std::string> all = {"templates"};
    all.insert(all.end(), args.begin(), args.end());
    const auto result = client_.Run(all);
    EXPECT_NE(result.code, ExitCode::kOk) << says;
    EXPECT_THAT(result.err, HasSubstr(says));
  }
}

// A level's short form gives the price of a word, and its blocks are accessed whole.
TEST_F(TemplatesTest, PricesAreThoseOfWholeAccesses) {
  const std::string file =
      Write("short.yaml",
            "name: short\nparameters: [{name: n, min: 2, max: 8, start_max: 4}]\nlevels:\n"
            "  - {name: a, keeps: [W, I, O], capacity_words: 2 * n, energy_pj: 0.5, block_words: n}\n"
            "  - {name: b, keeps: [W, I, O]}\n");
  const auto result = client_.Run({"templates", "check", file});
  EXPECT_THAT(result.out, HasSubstr("where     n = 4\n"));
  const auto csv = client_.Run({"templates", "check", file, "--format", "csv"});
  EXPECT_THAT(csv.out, HasSubstr("a,1,8,read fill update,W I O,2,4,,,\n"));
}

TEST_F(TemplatesTest, CheckNamesTheLineOfAMistake) {
  const std::string file =
      Write("bad.yaml", "name: bad\nlevels:\n  - {name: a, keeps: [W]}\n  - {name: b, keps: [W]}\n");
  const auto result = client_.Run({"templates", "check", file});
  EXPECT_NE(result.code, ExitCode::kOk);
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:4:"));
  EXPECT_THAT(result.err, HasSubstr("did you mean 'keeps'"));
  EXPECT_THAT(result.out, Not(HasSubstr("template")));
}

}  // namespace
}  // namespace oneloop
