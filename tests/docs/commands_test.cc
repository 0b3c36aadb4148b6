// Every command line in the documents is one that the programs take: run against a daemon where that is quick and
// changes nothing but a directory of the test's own, or else parsed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/client/process.h"
#include "tests/docs/docs.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

class DocCommandsTest : public ::testing::Test {
 protected:
  DocCommandsTest() {
    std::string pattern = "/tmp/oneloop_docs_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    daemon_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{BuiltProgram("oneloopd"), "--data_dir", folder_ + "/served", "--enable_admin"}, false);
    EXPECT_THAT(daemon_->ReadLine(), testing::HasSubstr("listening on"));
    setenv("ONELOOP_SERVER", absl::StrCat("unix:", folder_, "/served/oneloop.sock").c_str(), 1);
    setenv("HOME", folder_.c_str(), 1);
    std::filesystem::copy_file(SourceDir() + "/tests/data/onnx/yunet_dynamic.onnx", folder_ + "/model.onnx");
    CopyAccelerator();
    unsetenv("XDG_DATA_HOME");
    // Files that the reader is told to write, as they are at last.
    for (const Doc& doc : AllDocs()) {
      for (const DocBlock& block : FencedBlocks(doc)) {
        const std::string name = block.text.substr(0, block.text.find('\n'));
        if (block.language != "yaml" || !name.starts_with("name: ")) continue;
        std::ofstream(absl::StrCat(folder_, "/", name.substr(std::string("name: ").size()), ".yaml")) << block.text;
      }
    }
    // Those in which a daemon has been: the one that is named, and the one that is not.
    for (const std::string name : {"/own", "/.local/share/oneloop"}) {
      std::filesystem::create_directories(folder_ + name);
      ChildProcess before({BuiltProgram("oneloopd"), "--data_dir", folder_ + name}, false);
      EXPECT_THAT(before.ReadLine(), testing::HasSubstr("listening on"));
      before.Signal(SIGTERM);
      EXPECT_EQ(before.Wait(), 0);
    }
  }
  ~DocCommandsTest() override {
    daemon_->Signal(SIGTERM);
    daemon_->Wait();
    std::filesystem::remove_all(folder_);
  }

  // One of Timeloop's, with files such as are read beside it.
  void CopyAccelerator() const {
    const std::string goldens = SourceDir() + "/tests/data/goldens/eyeriss_like/";
    std::filesystem::copy_file(goldens + "arch.yaml", folder_ + "/arch.yaml");
    std::filesystem::copy_file(goldens + "art.yaml", folder_ + "/art.yaml");
    for (const std::string name : {"ert", "ert1024", "ert65536"}) {
      std::filesystem::copy_file(goldens + "ert.yaml", folder_ + "/" + name + ".yaml");
    }
    std::ofstream(folder_ + "/problem.yaml")
        << "problem: {shape: cnn-layer, instance: {R: 3, S: 3, P: 8, Q: 8, C: 4, M: 4, N: 1}}\n";
    std::ofstream(folder_ + "/map.yaml")
        << "constraints: {targets: [{target: DRAM, type: temporal, permutation: P}]}\n";
    std::ofstream(folder_ + "/vars.yaml") << "variables: {technology: 65nm}\n";
  }

  // In the folder of the test, with both outputs.
  ProcessResult Run(const std::string& command) const {
    return RunShell(absl::StrCat("cd ", folder_, " && { ", command, "; } 2>&1 </dev/null"));
  }

  // What the documents leave open, filled in.
  static std::string Filled(const std::string& command) {
    return absl::StrReplaceAll(command, {{" DIR/backups", " served/backups"},
                                         {" DIR", " own"},
                                         {" NEW", " new"},
                                         {" FILE.csv", " file.csv"},
                                         {" ID", " 0123456789abcdef"},
                                         {"mychip", "gemmini_rtl"}});
  }

  // "" when the client takes it.
  std::string ClientRefuses(const std::string& command) const {
    const std::string rest = command.substr(std::string("oneloop").size());
    // What is behind "--" are no flags.
    const std::string flags = rest.substr(0, rest.find(" -- "));
    ProcessResult result = Run(absl::StrCat("$ONELOOP ", flags, " --help"));
    if (result.code != 0) return result.out;
    // Those of other machines are parsed alone.
    if (absl::StrContains(rest, "--token_file") || absl::StrContains(rest, "measured.csv")) return "";
    // As are those that need a cluster.
    if (rest.starts_with(" workers ")) return "";
    if (rest.starts_with(" submit")) {
      result = Run(absl::StrCat("$ONELOOP ", absl::StrReplaceAll(rest, {{"--wait", "--validate_only"}})));
    } else {
      result = Run("$ONELOOP " + rest);
    }
    return result.code == 0 ? "" : result.out;
  }

  // "" when the daemon takes it.
  std::string DaemonRefuses(const std::string& command) const {
    const std::string rest = command.substr(std::string("oneloopd").size());
    const bool starts = rest.starts_with(" --");
    const ProcessResult result =
        Run(absl::StrCat("'", BuiltProgram("oneloopd"), "'", rest, starts ? " --print_config" : ""));
    // There is no token of the ID that stands for any.
    const bool fits = result.code == 0 || (absl::StrContains(rest, "token revoke") && result.code != 2);
    return fits ? "" : result.out;
  }

  static std::string ScriptRefuses(const std::string& command) {
    const std::vector<std::string> words = absl::StrSplit(command, ' ', absl::SkipEmpty());
    const std::string script = absl::StrReplaceAll(words[0], {{"./", ""}});
    const std::vector<std::string> lines = LinesOf(script);
    if (lines.empty()) return "there is no " + script;
    std::string text;
    for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (!absl::StrContains(text, words[i])) return absl::StrCat(script, " knows no ", words[i]);
    }
    return "";
  }

  bool HasProgram(const std::string& name) const { return Run("command -v " + name).code == 0; }

  std::string folder_;
  std::unique_ptr<ChildProcess> daemon_;
};

TEST_F(DocCommandsTest, EveryOneIsTaken) {
  std::map<std::string, int> seen;
  std::vector<DocText> commands;
  for (const Doc& doc : AllDocs()) {
    for (const DocText& command : CommandLines(doc)) commands.push_back({command.place, Filled(command.text)});
  }
  // The certificates that others use come first.
  const bool has_openssl = HasProgram("openssl");
  for (const DocText& command : commands) {
    if (!command.text.starts_with("openssl ") || !has_openssl) continue;
    const ProcessResult result = Run(command.text);
    EXPECT_EQ(result.code, 0) << command.place << ": " << command.text << "\n" << result.out;
  }
  for (const auto& [place, text] : commands) {
    const std::string program = text.substr(0, text.find(' '));
    std::string refused;
    if (program == "oneloop") {
      refused = ClientRefuses(text);
    } else if (program == "oneloopd" && (has_openssl || !absl::StrContains(text, "--tls"))) {
      refused = DaemonRefuses(text);
    } else if (absl::StrContains(program, "tools/")) {
      refused = ScriptRefuses(text);
    } else if (program == "sqlite3" && HasProgram("sqlite3")) {
      const ProcessResult result = Run(absl::StrReplaceAll(text, {{" own/", " served/"}}));
      refused = result.code == 0 ? "" : result.out;
    } else {
      continue;
    }
    ++seen[program];
    EXPECT_EQ(refused, "") << place << ": " << text;
  }
  EXPECT_GE(seen["oneloop"], 8);
  EXPECT_GE(seen["oneloopd"], 6);
  EXPECT_GE(seen["tools/test"], 1);
}

}  // namespace
}  // namespace oneloop
