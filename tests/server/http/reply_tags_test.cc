#include "server/http/reply_tags.h"

#include <gtest/gtest.h>

#include <string>

namespace oneloop {
namespace {

const Method& MethodNamed(const std::string& name) {
  for (const Method& method : Methods()) {
    if (method.name == name) return method;
  }
  ADD_FAILURE() << name;
  return Methods().front();
}

TaggedCall JobCall(int job, const std::string& user = "ada") {
  const std::string name = "projects/p/jobs/" + std::to_string(job);
  return {&MethodNamed("SearchService.GetJob"), name, user, "/v1/" + name};
}

class ReplyTagsTest : public testing::Test {
 protected:
  JobNews news_{10};
  ReplyTags tags_{&news_, "key"};
};

TEST_F(ReplyTagsTest, TagOfAJobHoldsUntilThatJobChanges) {
  const std::string tag = tags_.TagOf(JobCall(7), false);
  EXPECT_EQ(tags_.FindCurrent(JobCall(7), tag), tag);
  news_.OnCommit(11, {8});
  EXPECT_EQ(tags_.FindCurrent(JobCall(7), tag), tag);
  news_.OnCommit(12, {6, 7});
  EXPECT_EQ(tags_.FindCurrent(JobCall(7), tag), "");
  EXPECT_NE(tags_.TagOf(JobCall(7), false), tag);
}

TEST_F(ReplyTagsTest, TagOfAJobThatWaitsHoldsUntilAnyJobChanges) {
  const std::string tag = tags_.TagOf(JobCall(7), true);
  EXPECT_EQ(tags_.FindCurrent(JobCall(7), tag), tag);
  news_.OnCommit(11, {8});
  EXPECT_EQ(tags_.FindCurrent(JobCall(7), tag), "");
}

TEST_F(ReplyTagsTest, TagOfAListHoldsUntilAnyJobChanges) {
  const TaggedCall call = {&MethodNamed("SearchService.ListJobs"), "projects/p", "ada", "/v1/projects/p/jobs"};
  const std::string tag = tags_.TagOf(call, false);
  EXPECT_EQ(tags_.FindCurrent(call, tag), tag);
  news_.OnCommit(11, {8});
  EXPECT_EQ(tags_.FindCurrent(call, tag), "");
}

TEST_F(ReplyTagsTest, TagIsOfOneCallOneUserAndOneDaemon) {
  const std::string tag = tags_.TagOf(JobCall(7), false);
  EXPECT_EQ(tags_.FindCurrent(JobCall(8), tag), "");
  EXPECT_EQ(tags_.FindCurrent(JobCall(7, "bob"), tag), "");
  TaggedCall other_query = JobCall(7);
  other_query.target += "?x=1";
  EXPECT_EQ(tags_.FindCurrent(other_query, tag), "");
  EXPECT_EQ(ReplyTags(&news_, "other key").FindCurrent(JobCall(7), tag), "");
}

TEST_F(ReplyTagsTest, WhatMayAlwaysDifferHasNone) {
  const TaggedCall call = {&MethodNamed("ModelService.GetServerInfo"), "", "ada", "/v1/server"};
  EXPECT_EQ(tags_.TagOf(call, false), "");
  TaggedCall odd = JobCall(7);
  odd.resource = "projects/p/jobs/seven";
  EXPECT_EQ(tags_.TagOf(odd, false), "");
}

TEST_F(ReplyTagsTest, RevisionsTellWhetherAJobHasChanged) {
  EXPECT_TRUE(tags_.IsUnchangedSince(JobCall(7), 10));
  EXPECT_FALSE(tags_.IsUnchangedSince(JobCall(7), 9)) << "before the daemon's time";
  EXPECT_FALSE(tags_.IsUnchangedSince(JobCall(7), 11)) << "of the future";
  news_.OnCommit(12, {7});
  EXPECT_FALSE(tags_.IsUnchangedSince(JobCall(7), 11));
  EXPECT_TRUE(tags_.IsUnchangedSince(JobCall(7), 12));
  EXPECT_TRUE(tags_.IsUnchangedSince(JobCall(8), 12));
}

TEST(MatchesTagTest, ComparesWeakly) {
  EXPECT_TRUE(MatchesTag("\"a\"", "\"a\""));
  EXPECT_TRUE(MatchesTag("\"b\", W/\"a\"", "\"a\"")) << "a proxy that compresses makes it weak";
  EXPECT_FALSE(MatchesTag("\"ab\"", "\"a\""));
  EXPECT_FALSE(MatchesTag("", "\"a\""));
  EXPECT_FALSE(MatchesTag("*", "\"a\"")) << "whether there is one at all is not known without a look";
}

}  // namespace
}  // namespace oneloop
