#include "server/http/web_assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <regex>
#include <set>
#include <string>
#include <string_view>

namespace oneloop {
namespace {

const WebAsset* Find(std::string_view path) {
  for (const WebAsset& asset : WebAssets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

std::string Index() {
  const WebAsset* const index = Find("/index.html");
  return index == nullptr ? "" : std::string(index->bytes);
}

TEST(WebAssetsTest, IndexNamesOnlyFilesThatAreThere) {
  const std::string index = Index();
  const std::regex reference("(?:src|href)=\"([^\"]*)\"");
  int references = 0;
  for (auto found = std::sregex_iterator(index.begin(), index.end(), reference); found != std::sregex_iterator();
       ++found) {
    const WebAsset* const asset = Find((*found)[1].str());
    ASSERT_NE(asset, nullptr) << (*found)[1];
    EXPECT_TRUE(asset->immutable) << asset->path;
    ++references;
  }
  EXPECT_EQ(references, 4) << index;
}

// A policy of `default-src 'self'` refuses them.
TEST(WebAssetsTest, IndexHasNoScriptAndNoStyleOfItsOwn) {
  const std::string index = Index();
  EXPECT_THAT(index, testing::Not(testing::HasSubstr("<style")));
  EXPECT_THAT(index, testing::Not(testing::HasSubstr("style=")));
  EXPECT_THAT(index, testing::Not(testing::ContainsRegex("<script[^>]*>[^<]")));
  EXPECT_THAT(index, testing::Not(testing::ContainsRegex("(src|href)=\"(https?:)?//")));
}

TEST(WebAssetsTest, OnlyWhatHasItsHashInItsNameIsKeptForEver) {
  std::set<std::string_view> etags;
  for (const WebAsset& asset : WebAssets()) {
    EXPECT_EQ(asset.immutable, asset.path.substr(0, 8) == "/assets/") << asset.path;
    EXPECT_THAT(std::string(asset.etag), testing::MatchesRegex("\"[0-9a-f]+\"")) << asset.path;
    EXPECT_TRUE(etags.insert(asset.etag).second) << asset.path;
    EXPECT_FALSE(asset.content_type.empty()) << asset.path;
    EXPECT_THAT(std::string(asset.gzipped.substr(0, 2)), "\x1f\x8b") << asset.path;
    EXPECT_FALSE(asset.bytes.empty()) << asset.path;
  }
}

TEST(WebAssetsTest, FirstViewIsLight) {
  std::size_t bytes = 0;
  for (const WebAsset& asset : WebAssets()) {
    if (asset.path.find("licenses") == std::string_view::npos) bytes += asset.gzipped.size();
  }
  EXPECT_LE(bytes, 300'000U);
}

TEST(WebAssetsTest, LicencesOfTheLibrariesComeAlong) {
  std::string licenses;
  for (const WebAsset& asset : WebAssets()) {
    if (asset.path.find("licenses") != std::string_view::npos) licenses = std::string(asset.bytes);
  }
  EXPECT_THAT(licenses, testing::HasSubstr("react-dom"));
  EXPECT_THAT(licenses, testing::HasSubstr("d3-scale"));
  EXPECT_THAT(licenses, testing::HasSubstr("Copyright"));
}

}  // namespace
}  // namespace oneloop
