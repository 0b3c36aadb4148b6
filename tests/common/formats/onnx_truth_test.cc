// Real networks and hostile files against what an independent reader found in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/formats/onnx_import.h"
#include "tests/common/formats/onnx_cases.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

std::string DataDir() { return SourceDir() + "/tests/data/onnx/"; }

// The file beside the tests or, of those that are too large to be kept with them, in the shared folder; "" without it.
std::string PathOf(const std::string& file) {
  for (const std::string& folder : {DataDir(), SharedDataDir() + "/onnx/"}) {
    if (std::filesystem::exists(folder + file)) return folder + file;
  }
  return "";
}

void ExpectLike(const OnnxCase& expected, const v1::WorkloadImport& result) {
  const std::vector<ComparableProduct> products = Comparable(result);
  if (products != expected.products && products != expected.alternatives) {
    for (const ComparableProduct& product : products) ADD_FAILURE() << "has      " << ToText(product);
    for (const ComparableProduct& product : expected.products) ADD_FAILURE() << "expected " << ToText(product);
  }
  EXPECT_EQ(result.products_size(), expected.layers);
  EXPECT_EQ(result.distinct_layers(), expected.distinct_layers);
  EXPECT_EQ(result.macs(), expected.macs);
  EXPECT_EQ(result.weights(), expected.weights);
  // The other reader leaves out the biases of projections that are part of an attention operator.
  const bool projects = std::any_of(result.products().begin(), result.products().end(),
                                    [](const v1::ImportedProduct& product) { return product.part() == "proj"; });
  if (!projects) {
    EXPECT_EQ(result.biases(), expected.biases);
  }
}

TEST(OnnxTruthTest, RealNetworksHaveTheLayersThatAnIndependentReaderFound) {
  const auto cases = ReadTruth(DataDir() + "truth.json");
  ASSERT_TRUE(cases.ok()) << cases.status();
  int seen = 0;
  for (const OnnxCase& one : *cases) {
    SCOPED_TRACE(one.file);
    const std::string path = PathOf(one.file);
    if (path.empty()) continue;
    ++seen;
    const auto result = ImportOnnxFile(path, one.options);
    ASSERT_TRUE(result.ok()) << result.status();
    ExpectLike(one, *result);
  }
  EXPECT_GE(seen, 17);
}

TEST(OnnxTruthTest, HostileFilesEndAsTheyShould) {
  const auto cases = ReadExpected(DataDir() + "nasty/expected.json");
  ASSERT_TRUE(cases.ok()) << cases.status();
  EXPECT_EQ(cases->size(), 43u);
  for (const OnnxCase& one : *cases) {
    SCOPED_TRACE(one.file);
    const std::string path = DataDir() + "nasty/" + one.file;
    absl::StatusOr<v1::WorkloadImport> result;
    if (one.file.ends_with(".gz")) {
      const auto bytes = Gunzip(path);
      ASSERT_TRUE(bytes.ok()) << bytes.status();
      result = ImportOnnxBytes(*bytes, path, one.options);
    } else {
      result = ImportOnnxFile(path, one.options);
    }
    if (!one.is_error) {
      ASSERT_TRUE(result.ok()) << result.status();
      ExpectLike(one, *result);
      continue;
    }
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(result.status()), HasSubstr(one.file));
    for (const std::string& name : one.message_names) EXPECT_THAT(Message(result.status()), HasSubstr(name));
    RecordProperty(one.file, Message(result.status()));
  }
}

}  // namespace
}  // namespace oneloop
