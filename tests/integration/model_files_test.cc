// From a model's file to a design: the client reads ONNX, the daemon searches what was in it.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oneloop/v1/search_service.pb.h"
#include "oneloop/v1/workload_import.pb.h"
#include "tests/integration/served_client_test.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Model(const std::string& name) {
  return absl::StrCat(std::getenv("ONELOOP_SOURCE_DIR"), "/tests/data/onnx/", name);
}

class ModelFilesTest : public ServedClientTest {
 protected:
  // Submits the model, waits, and checks that job and design are of the workload that `workloads import` makes of it.
  static void SearchAndCompare(const std::string& model, const std::string& flags) {
    const auto workload =
        FromJson<v1::Workload>(RunMerged(absl::StrCat("workloads import ", model, " --format json ", flags)).out);
    const ProcessResult submitted = RunMerged(absl::StrCat(
        "submit --workload ", model, " ", flags, " --template gemmini --starts 1 --steps 60 --wait --format json"));
    ASSERT_EQ(submitted.code, 0) << submitted.out;
    const auto job = FromJson<v1::Job>(submitted.out);
    EXPECT_EQ(job.state(), v1::SUCCEEDED);
    EXPECT_GT(job.best().edp(), 0);
    EXPECT_EQ(job.spec().workload().SerializeAsString(), workload.SerializeAsString()) << "with its graph";
    EXPECT_GT(workload.edges_size(), 0);
    const auto design = FromJson<v1::Design>(RunMerged("design " + job.name() + " --format json").out);
    ASSERT_EQ(design.layers_size(), workload.layers_size());
    for (int i = 0; i < workload.layers_size(); ++i) {
      EXPECT_EQ(design.layers(i).name(), workload.layers(i).name());
      EXPECT_EQ(design.layers(i).count(), workload.layers(i).count());
      EXPECT_FALSE(design.layers(i).mapping().empty());
    }
  }
};

TEST_F(ModelFilesTest, AConvolutionalNetworkBecomesADesign) {
  SearchAndCompare(Model("mobilenetv2_weightless.onnx"), "");
}

TEST_F(ModelFilesTest, ALanguageModelWithACacheBecomesADesign) {
  SearchAndCompare(Model("gpt2_tiny_fp16.onnx"),
                   "--bind batch_size=2 --bind seq_len=1 --bind total_seq_len=33 --bind past_seq_len=32");
}

TEST_F(ModelFilesTest, ImportsAreWrittenListedDrawnAndExported) {
  const std::string yaml = Path("net.yaml");
  const std::string model = Model("kws_qoperator.onnx");
  EXPECT_EQ(RunMerged("workloads import " + model + " -o " + yaml).code, 0);
  EXPECT_EQ(RunMerged("workloads import " + yaml + " --format json").out,
            RunMerged("workloads import " + model + " --format json").out);
  EXPECT_EQ(RunMerged("workloads import " + model + " -o " + yaml).code, 0) << "its own file is replaced";
  EXPECT_THAT(RunMerged("workloads import " + model + " --list").out,
              AllOf(HasSubstr("5709472"), HasSubstr("QLinearConv"), HasSubstr("not modelled")));
  const auto listed =
      FromJson<v1::WorkloadImport>(RunMerged("workloads import " + model + " --list --format json").out);
  EXPECT_EQ(listed.macs(), 5709472);
  EXPECT_EQ(listed.weights(), 27040);
  EXPECT_THAT(RunMerged("workloads import " + model + " --dot").out, AllOf(HasSubstr("digraph"), HasSubstr(" -> ")));
  EXPECT_EQ(RunMerged("workloads export " + yaml + " --as timeloop -o " + Path("kws_qoperator")).code, 0);
  const auto back =
      FromJson<v1::Workload>(RunMerged("workloads import " + Path("kws_qoperator") + " --format json").out);
  const auto first = FromJson<v1::Workload>(RunMerged("workloads import " + yaml + " --format json").out);
  ASSERT_EQ(back.layers_size(), first.layers_size());
  for (int i = 0; i < back.layers_size(); ++i) {
    EXPECT_EQ(back.layers(i).SerializeAsString(), first.layers(i).SerializeAsString());
  }
}

TEST_F(ModelFilesTest, ErrorsNameTheFileAndTheFixInOneLine) {
  const ProcessResult unbound = RunMerged("submit --template gemmini --workload " + Model("nasty/unbound_symbol.onnx"));
  EXPECT_EQ(unbound.code, 4);
  EXPECT_THAT(unbound.out, AllOf(HasSubstr("unbound_symbol.onnx"), HasSubstr("--bind batch=N")));
  EXPECT_EQ(std::count(unbound.out.begin(), unbound.out.end(), '\n'), 1);
  EXPECT_EQ(RunMerged("workloads import /nowhere.onnx").code, 3);
  EXPECT_EQ(RunMerged("workloads import").code, 2);
  EXPECT_EQ(RunMerged("workloads import x.onnx --bind batch").code, 2);
  const ProcessResult hostile = RunMerged("workloads import " + Model("nasty/hostile_names.onnx") + " --list");
  EXPECT_EQ(hostile.code, 0);
  EXPECT_EQ(hostile.out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace oneloop
