// The drawing in docs/ARCHITECTURE.md shows every dependency between folders.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/docs/docs.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;
using Graph = std::map<std::string, std::set<std::string>>;

// As the drawing calls the folder of a file: "common/base/log.h" is base, "server/main.cc" main.
std::string NodeOf(const std::string& path) {
  if (path.starts_with("client/worker/")) return "worker";
  if (path.starts_with("client/")) return "client";
  if (path == "server/main.cc") return "main";
  const std::size_t first = path.find('/');
  return path.substr(first + 1, path.find('/', first + 1) - first - 1);
}

Graph Drawn() {
  const std::regex arrow("  (\\w+)(\\[[^\\]]*\\])? --> (\\w+)");
  Graph graph;
  for (const std::string& line : LinesOf("docs/ARCHITECTURE.md")) {
    std::smatch match;
    if (std::regex_match(line, match, arrow)) graph[match[1].str()].insert(match[3].str());
  }
  return graph;
}

std::set<std::string> ReachableFrom(const std::string& node, const Graph& graph) {
  std::set<std::string> reached;
  std::vector<std::string> open = {node};
  while (!open.empty()) {
    const std::string at = open.back();
    open.pop_back();
    const auto next = graph.find(at);
    if (next == graph.end()) continue;
    for (const std::string& to : next->second) {
      if (reached.insert(to).second) open.push_back(to);
    }
  }
  return reached;
}

Graph Included() {
  const std::regex include("#include \"((common|server|client)/[^\"]+)\".*");
  Graph graph;
  for (const char* folder : {"common", "server", "client"}) {
    for (const auto& entry : fs::recursive_directory_iterator(SourceDir() + "/" + folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      const std::string path = fs::relative(entry.path(), SourceDir()).string();
      for (const std::string& line : LinesOf(path)) {
        std::smatch match;
        if (std::regex_match(line, match, include)) graph[NodeOf(path)].insert(NodeOf(match[1].str()));
      }
    }
  }
  return graph;
}

TEST(DependencyDrawingTest, ShowsEveryInclude) {
  const Graph drawn = Drawn();
  const Graph included = Included();
  ASSERT_GT(drawn.size(), 10u);
  ASSERT_GT(included.size(), 10u);
  for (const auto& [from, all] : included) {
    const std::set<std::string> reached = ReachableFrom(from, drawn);
    for (const std::string& to : all) {
      EXPECT_TRUE(to == from || reached.contains(to)) << from << " --> " << to << " is not drawn";
    }
  }
}

TEST(DependencyDrawingTest, HasNoArrowThatNothingFollows) {
  const Graph included = Included();
  for (const auto& [from, all] : Drawn()) {
    const auto found = included.find(from);
    ASSERT_NE(found, included.end()) << from << " is no folder";
    for (const std::string& to : all) EXPECT_TRUE(found->second.contains(to)) << from << " --> " << to;
  }
}

}  // namespace
}  // namespace oneloop
