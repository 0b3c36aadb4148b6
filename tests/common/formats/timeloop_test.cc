#include "common/formats/timeloop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/base/status.h"
#include "common/convert/library.h"
#include "google/protobuf/util/message_differencer.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Files of a folder of its own.
class TimeloopTest : public ::testing::Test {
 protected:
  TimeloopTest() {
    std::string pattern = "/tmp/oneloop_timeloop_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TimeloopTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  std::string folder_;
};

constexpr char kBase[] = R"(problem_base: &problem_base
  version: 0.4
  shape:
    name: CNN
    dimensions: [C, M, R, S, N, P, Q, G]
    coefficients:
      - {name: Wstride, default: 1}
      - {name: Hstride, default: 1}
      - {name: Wdilation, default: 1}
      - {name: Hdilation, default: 1}
    data_spaces:
      - name: Weights
        projection: [[[G]], [[C]], [[M]], [[R]], [[S]]]
      - name: Inputs
        projection:
          - [[N]]
          - [[G]]
          - [[C]]
          - [[R, Wdilation], [P, Wstride]]
          - [[S, Hdilation], [Q, Hstride]]
      - name: Outputs
        projection: [[[N]], [[G]], [[M]], [[Q]], [[P]]]
        read_write: True
  instance: {C: 1, M: 1, R: 1, S: 1, N: 1, P: 1, Q: 1, G: 1}
)";

TEST_F(TimeloopTest, ExportAndImportIsTheIdentityForAllThatIsShipped) {
  for (const v1::Workload& workload : ShippedLibrary().workloads()) {
    SCOPED_TRACE(workload.name());
    for (const auto& [name, text] : TimeloopFiles(workload)) Write(workload.name() + "/" + name, text);
    const auto again = ReadTimeloop(folder_ + "/" + workload.name());
    ASSERT_TRUE(again.ok()) << again.status();
    // Bounds that were absent are written as 1.
    ASSERT_EQ(again->layers_size(), workload.layers_size());
    EXPECT_EQ(TimeloopFiles(*again), TimeloopFiles(workload));
    for (int i = 0; i < workload.layers_size(); ++i) {
      EXPECT_EQ(again->layers(i).name(), workload.layers(i).name());
      EXPECT_EQ(again->layers(i).count(), workload.layers(i).count());
      EXPECT_EQ(again->layers(i).bounds().k(), workload.layers(i).bounds().k());
    }
    EXPECT_EQ(again->name(), workload.name());
    EXPECT_EQ(again->description(), workload.description());
  }
}

TEST_F(TimeloopTest, PublishedLayersIncludeAndMergeTheirBase) {
  Write("problem_base.yaml", kBase);
  Write("net/conv1.yaml",
        "{{include_text('../problem_base.yaml')}}\nproblem:\n  <<<: *problem_base\n"
        "  instance: {C: 4, M: 8, R: 3, S: 5, P: 14, Q: 28, G: 2, WStride: 2, Hdilation: 3}\n");
  Write("net/conv2.yaml",
        "{{ include_text(\"../problem_base.yaml\") }}\nproblem:\n  <<<: *problem_base\n  instance: {C: 7}\n");
  const auto workload = ReadTimeloop(folder_ + "/net");
  ASSERT_TRUE(workload.ok()) << workload.status();
  EXPECT_EQ(workload->name(), "net");
  ASSERT_EQ(workload->layers_size(), 2);
  const v1::Bounds& bounds = workload->layers(0).bounds();
  EXPECT_EQ(workload->layers(0).name(), "conv1");
  EXPECT_EQ(bounds.r(), 3);
  EXPECT_EQ(bounds.s(), 5);
  EXPECT_EQ(bounds.p(), 14);
  EXPECT_EQ(bounds.q(), 28);
  EXPECT_EQ(bounds.c(), 4);
  EXPECT_EQ(bounds.k(), 8);
  EXPECT_EQ(bounds.g(), 2);
  EXPECT_EQ(bounds.wstride(), 2);
  EXPECT_EQ(bounds.hstride(), 1);
  EXPECT_EQ(bounds.hdilation(), 3);
  EXPECT_EQ(workload->layers(1).bounds().c(), 7);
}

TEST_F(TimeloopTest, AMatrixProductHasRowsColumnsAndAReduction) {
  const auto workload = ReadTimeloopText(
      "problem:\n  shape:\n    name: GEMM\n    dimensions: [M, N, K]\n    data-spaces:\n"
      "      - {name: A, projection: [[[M]], [[K]]]}\n      - {name: B, projection: [[[K]], [[N]]]}\n"
      "      - {name: Z, projection: [[[M]], [[N]]], read-write: True}\n  instance: {M: 8, N: 16, K: 32}\n",
      "gemm.yaml");
  ASSERT_TRUE(workload.ok()) << workload.status();
  const v1::Bounds& bounds = workload->layers(0).bounds();
  EXPECT_EQ(bounds.p(), 8);
  EXPECT_EQ(bounds.k(), 16);
  EXPECT_EQ(bounds.c(), 32);
}

TEST_F(TimeloopTest, TheShapeThatTimeloopShipsIsKnownByName) {
  const auto workload = ReadTimeloopText(
      "problem:\n  shape: cnn-layer\n  R: 3\n  S: 3\n  P: 7\n  Q: 5\n  C: 2\n  K: 4\n  N: 1\n"
      "  Wstride: 2\n",
      "l.yaml");
  ASSERT_TRUE(workload.ok()) << workload.status();
  EXPECT_EQ(workload->layers(0).bounds().wstride(), 2);
  EXPECT_EQ(workload->layers(0).bounds().p(), 7);
}

TEST_F(TimeloopTest, WhatDoesNotFitIsSaidWithItsPlace) {
  const std::string path = Write("loop.yaml", "{% for i in [1] %}\nproblem:\n");
  EXPECT_THAT(Message(ReadTimeloop(path).status()), AllOf(HasSubstr("loop.yaml:1"), HasSubstr("include_text")));
  const std::string own = Write("own.yaml", "{{include_text('own.yaml')}}\n");
  EXPECT_THAT(Message(ReadTimeloop(own).status()), HasSubstr("too many files"));
  EXPECT_THAT(Message(ReadTimeloopText("{{include_text('/etc/passwd')}}\n", "p.yaml").status()),
              HasSubstr("full path"));
  const auto missing = ReadTimeloopText("problem:\n  shape: cnn-layer\n  R: 3\n", "p.yaml");
  EXPECT_THAT(Message(missing.status()), AllOf(HasSubstr("p.yaml:2"), HasSubstr("S is missing")));
  const auto three = ReadTimeloopText(
      "problem:\n  shape:\n    dimensions: [M, N]\n    data_spaces:\n      - {name: A, projection: [[[M]]]}\n"
      "      - {name: B, projection: [[[N]]]}\n      - {name: Z, projection: [[[M], [N]]], read_write: true}\n"
      "  instance: {M: 2, N: 3}\n",
      "p.yaml");
  EXPECT_THAT(Message(three.status()), HasSubstr("only I may have that"));
  EXPECT_THAT(Message(ReadTimeloop(folder_ + "/nothing").status()), HasSubstr("nothing"));
}

}  // namespace
}  // namespace oneloop
