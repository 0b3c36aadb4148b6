#include "server/http/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace oneloop {
namespace {

// "VERB method field=value" of each match.
std::set<std::string> Found(const std::string& path) {
  static const auto* const table = new RouteTable(Methods());
  std::set<std::string> found;
  const std::vector<RouteMatch> matches = table->Find(path).value();
  for (const RouteMatch& match : matches) {
    found.insert(std::string(VerbName(match.route->verb)) + " " + match.method->name + " " + match.field + "=" +
                 match.value);
  }
  return found;
}

TEST(RouteTableTest, PathsFindTheirMethods) {
  using ::testing::UnorderedElementsAre;
  EXPECT_THAT(Found("/v1/projects/p/jobs/7"),
              UnorderedElementsAre("GET SearchService.GetJob name=projects/p/jobs/7",
                                   "DELETE SearchService.DeleteJob name=projects/p/jobs/7",
                                   "PATCH SearchService.UpdateJob job.name=projects/p/jobs/7"));
  EXPECT_THAT(Found("/v1/projects/p/jobs/7:cancel"),
              UnorderedElementsAre("POST SearchService.CancelJob name=projects/p/jobs/7"));
  EXPECT_THAT(Found("/v1/projects/-/jobs"), UnorderedElementsAre("GET SearchService.ListJobs parent=projects/-",
                                                                 "POST SearchService.CreateJob parent=projects/-"));
  EXPECT_THAT(Found("/v1/projects/p/jobs/7/designs/best:explain"),
              UnorderedElementsAre("GET SearchService.ExplainDesign name=projects/p/jobs/7/designs/best"));
  EXPECT_THAT(Found("/v1/templates/a%20b"), UnorderedElementsAre("GET ModelService.GetTemplate name=templates/a b"));
  EXPECT_THAT(Found("/v1/server"), UnorderedElementsAre("GET ModelService.GetServerInfo ="));
}

TEST(RouteTableTest, OtherPathsFindNothing) {
  for (const char* path :
       {"/", "/v1", "/v1/", "/v1/projects", "/v1//projects/p/jobs", "/v1/projects/p/jobs/7/", "/v1/projects/p/jobs/7:x",
        "/v2/projects/p/jobs/7", "/V1/server", "/v1/server:x", "/v1/%73erver"}) {
    EXPECT_TRUE(Found(path).empty()) << path;
  }
}

TEST(RouteTableTest, PartsThatNameNothingAreRefused) {
  const RouteTable table(Methods());
  for (const char* path :
       {"/v1/projects//jobs/7", "/v1/projects/../jobs/7", "/v1/projects/%2e%2e/jobs/7", "/v1/projects/a%2Fb/jobs/7",
        "/v1/projects/a%5Cb/jobs", "/v1/projects/%00/jobs", "/v1/projects/%zz/jobs", "/v1/templates/."}) {
    EXPECT_EQ(table.Find(path).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
}

// But those of workers, which are no people's.
TEST(RouteTableTest, EveryUnaryMethodOfTheApiHasARouteOfItsOwn) {
  std::set<std::string> taken;
  for (const Method& method : Methods()) {
    const bool is_ours = method.service.starts_with("oneloop.") && method.rule.scope != Scope::kWorker;
    EXPECT_EQ(!method.http.empty(), is_ours && method.kind == CallKind::kUnary) << method.name;
    for (const HttpRoute& route : method.http) {
      const RoutePattern pattern = ParseRoute(route.path);
      std::string key = std::string(VerbName(route.verb)) + ":" + pattern.action;
      for (const std::string& segment : pattern.segments) key += "/" + segment;
      EXPECT_TRUE(taken.insert(key).second) << method.name << " " << key;
      // What GET does can be done again; whatever changes something asks for more.
      EXPECT_EQ(method.rule.changes && route.verb == HttpVerb::kGet, false) << method.name;
    }
  }
}

// A path without the method's resource would be checked for nobody's project.
TEST(RouteTableTest, PathsNameTheResourceOfTheRule) {
  for (const Method& method : Methods()) {
    for (const HttpRoute& route : method.http) {
      if (method.rule.resource.empty()) continue;
      EXPECT_EQ(ParseRoute(route.path).field, method.rule.resource) << method.name;
    }
  }
}

}  // namespace
}  // namespace oneloop
