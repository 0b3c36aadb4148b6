// The build tool, run as the build runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/base/read_file.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

constexpr char kLayer[] = "layers:\n  - {name: a, bounds: {R: 1, S: 1, P: 4, Q: 4, C: 8, K: 8, N: 1}}\n";

class EmbedDataTest : public ::testing::Test {
 protected:
  EmbedDataTest() {
    std::string pattern = ::testing::TempDir() + "/oneloop_embed_XXXXXX";
    dir_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(dir_ + "/workloads");
  }
  ~EmbedDataTest() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::string path = dir_ + "/workloads/" + name;
    std::ofstream(path) << text;
    return path;
  }

  // Exit code; messages go to `errors_`.
  int Embed(const std::string& output, const std::string& files) {
    const std::string command =
        std::string(EMBED_DATA) + " " + dir_ + "/" + output + " " + files + " 2> " + dir_ + "/errors";
    const int result = std::system(command.c_str());
    errors_ = Read("errors");
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
  }

  std::string Read(const std::string& name) const { return ReadFile(dir_ + "/" + name).value(); }

  std::string dir_;
  std::string errors_;
};

TEST_F(EmbedDataTest, OutputDoesNotDependOnTheOrderOfFiles) {
  const std::string a = Write("a.yaml", std::string("name: a\n") + kLayer);
  const std::string b = Write("b.yaml", std::string("name: b\n") + kLayer);
  ASSERT_EQ(Embed("ab.cc", a + " " + b), 0) << errors_;
  ASSERT_EQ(Embed("ba.cc", b + " " + a), 0) << errors_;
  EXPECT_THAT(Read("ab.cc"), HasSubstr("kShippedData[] = {"));
  EXPECT_EQ(Read("ab.cc"), Read("ba.cc"));
}

TEST_F(EmbedDataTest, BadFileFailsWithItsLineAndWritesNothing) {
  const std::string bad = Write("a.yaml", "name: a\nlayers:\n  - {name: a, bounds: {R: 0}}\n");
  EXPECT_EQ(Embed("out.cc", bad), 1);
  EXPECT_THAT(errors_, HasSubstr(bad + ":3:15: layers[0].bounds.S: is missing"));
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/out.cc"));
}

TEST_F(EmbedDataTest, NameMustBeTheFiles) {
  const std::string other = Write("a.yaml", std::string("name: b\n") + kLayer);
  EXPECT_EQ(Embed("out.cc", other), 1);
  EXPECT_THAT(errors_, HasSubstr("name: is 'b'; expected the file's name"));
}

}  // namespace
}  // namespace oneloop
