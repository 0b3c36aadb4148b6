#include "server/wire/reference_search.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "server/search/run_start.h"
#include "server/work/search_digest.h"

namespace oneloop {
namespace {

TEST(ReferenceSearchTest, FindsTheSameBitsWithEveryKindOfVectors) {
  const auto search = ReferenceSearch().value();
  const std::vector<InstructionSetDigest> digests = DigestsByInstructionSet(*search);
  ASSERT_FALSE(digests.empty());
  EXPECT_EQ(digests.front().instruction_set, InstructionSet());
  for (const InstructionSetDigest& one : digests) EXPECT_EQ(one.digest, DigestOf(*search)) << one.instruction_set;
}

TEST(ReferenceSearchTest, HasAllKindsOfPointsThatADescentFinds) {
  class Sink final : public PointSink {
   public:
    void OnPoint(const SearchPoint& point) override { origins.insert(point.origin); }
    bool StopRequested() override { return false; }
    std::set<SearchPointOrigin> origins;
  };
  const auto search = ReferenceSearch().value();
  Sink sink;
  RunStart(*search, 0, sink);
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kDescent));
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kRounded));
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kPolish));
}

TEST(ReferenceSearchTest, TheDigestTellsSearchesApart) {
  const auto search = ReferenceSearch().value();
  SearchSpec other = *search;
  other.seed += 1;
  EXPECT_NE(DigestOf(*search), DigestOf(other));
  other = *search;
  other.learning_rate *= 1 + 1e-12;
  EXPECT_NE(DigestOf(*search), DigestOf(other)) << "a difference in the last bits";
}

}  // namespace
}  // namespace oneloop
