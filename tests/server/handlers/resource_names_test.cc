#include "server/handlers/resource_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

TEST(ResourceNamesTest, NamesParseAsTheyAreFormatted) {
  const JobName job = ParseJobName("name", FormatJobName("team-a", 17)).value();
  EXPECT_EQ(job.project, "team-a");
  EXPECT_EQ(job.id, 17);
  EXPECT_EQ(ParsePointName("name", FormatPointName("p", 1, 0))->number, 0);
  EXPECT_EQ(ParseDesignName("name", FormatDesignName("p", 1, 42))->number, 42);
  EXPECT_EQ(ParseDesignName("name", "projects/p/jobs/1/designs/best")->number, std::nullopt);
  EXPECT_EQ(ParseProjectName("parent", "projects/p").value(), "p");
  EXPECT_EQ(ParseLibraryName("name", "workloads", "workloads/bert").value(), "bert");
}

TEST(ResourceNamesTest, AnythingElseIsRefusedWithTheValidForm) {
  for (const char* name :
       {"", "17", "projects/p", "projects/p/jobs/", "projects/p/jobs/x", "projects/p/jobs/-1", "projects/p/jobs/017",
        "projects/p/jobs/1/", "projects//jobs/1", "projects/P p/jobs/1", "projects/p/jobs/99999999999999999999"}) {
    const absl::Status status = ParseJobName("name", name).status();
    EXPECT_EQ(FieldOf(status), "name") << name;
    EXPECT_THAT(Message(status), HasSubstr("valid: projects/{project}/jobs/{number}")) << name;
  }
  EXPECT_FALSE(ParsePointName("name", "projects/p/jobs/1/points/best").ok());
  EXPECT_FALSE(ParseDesignName("name", "projects/p/jobs/1/designs/worst").ok());
  EXPECT_FALSE(ParseProjectName("parent", "projects/p/jobs/1").ok());
  EXPECT_FALSE(ParseLibraryName("name", "workloads", "templates/x").ok());
}

}  // namespace
}  // namespace oneloop
