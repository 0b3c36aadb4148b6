// The examples of docs/HTTP.md, word for word, against a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/client/process.h"
#include "tests/docs/docs.h"

namespace oneloop {
namespace {

TEST(HttpDocTest, ExamplesOfCurlWorkAsTheyStand) {
  if (RunShell("command -v curl").code != 0) GTEST_SKIP() << "curl is not installed";
  std::string pattern = "/tmp/oneloop_docs_XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  ChildProcess daemon({BuiltProgram("oneloopd"), "--data_dir", folder, "--http", "127.0.0.1:0"}, false);
  const std::string line = daemon.ReadLine();
  const std::size_t url = line.find("http://");
  ASSERT_NE(url, std::string::npos) << line;
  setenv("ONELOOP_URL", line.substr(url, line.find(')') - url).c_str(), 1);
  setenv("ONELOOP_TOKEN", RunShell(absl::StrCat("printf %s \"$(cat ", folder, "/local.token)\"")).out.c_str(), 1);
  std::size_t count = 0;
  for (const Doc& doc : AllDocs()) {
    if (doc.path != "docs/HTTP.md") continue;
    for (const DocText& command : CommandLines(doc)) {
      if (!command.text.starts_with("curl ")) continue;
      ++count;
      const ProcessResult result = RunShell(command.text + " 2>&1");
      EXPECT_EQ(result.code, 0) << command.place << ": " << command.text << "\n" << result.out;
      EXPECT_FALSE(result.out.empty()) << command.place;
    }
  }
  EXPECT_GE(count, 14u);
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace oneloop
