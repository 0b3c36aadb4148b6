#include "server/wire/reference_search.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "server/search/run_start.h"
#include "server/work/search_digest.h"

namespace oneloop {
namespace {

TEST(ReferenceSearchTest, FindsTheSameBitsWithEveryKindOfVectors) {
  const SearchList searches = ReferenceSearches().value();
  const std::vector<InstructionSetDigest> digests = DigestsByInstructionSet(searches);
  ASSERT_FALSE(digests.empty());
  EXPECT_EQ(digests.front().instruction_set, InstructionSet());
  for (const InstructionSetDigest& one : digests) EXPECT_EQ(one.digest, DigestOf(searches)) << one.instruction_set;
}

TEST(ReferenceSearchTest, HasAllKindsOfPointsThatDependOnMuch) {
  class Sink final : public PointSink {
   public:
    void OnPoint(const SearchPoint& point) override { origins.insert(point.origin); }
    bool StopRequested() override { return false; }
    std::set<SearchPointOrigin> origins;
  };
  Sink sink;
  const SearchList searches = ReferenceSearches().value();
  for (const auto& search : searches) RunStart(*search, 0, sink);
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kDescent));
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kRounded));
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kPolish));
  EXPECT_TRUE(sink.origins.contains(SearchPointOrigin::kBayesian));
}

TEST(ReferenceSearchTest, TheDigestTellsSearchesApart) {
  const SearchList searches = ReferenceSearches().value();
  for (std::size_t i = 0; i < searches.size(); ++i) {
    SearchSpec other = *searches[i];
    other.seed += 1;
    SearchList changed = searches;
    changed[i] = std::make_shared<const SearchSpec>(other);
    EXPECT_NE(DigestOf(searches), DigestOf(changed)) << i;
  }
  SearchSpec other = *searches.front();
  other.learning_rate *= 1 + 1e-12;
  EXPECT_NE(DigestOf({searches.front()}), DigestOf({std::make_shared<const SearchSpec>(other)}))
      << "a difference in the last bits";
}

}  // namespace
}  // namespace oneloop
