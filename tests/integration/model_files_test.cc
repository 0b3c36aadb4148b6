// From a model's file to a design: the client reads ONNX, the daemon searches what was in it.
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "oneloop/v1/search_service.pb.h"
#include "oneloop/v1/workload_import.pb.h"
#include "tests/client/process.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <class Message>
Message FromJson(const std::string& json) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json.substr(0, 400);
  return message;
}

std::string Model(const std::string& name) {
  return absl::StrCat(std::getenv("ONELOOP_SOURCE_DIR"), "/tests/data/onnx/", name);
}

class ModelFilesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = "/tmp/oneloop_models_XXXXXX";
    folder_ = new std::string(mkdtemp(pattern.data()));
    daemon_ = new ChildProcess({BuiltProgram("oneloopd"), "--data_dir", Path("data")}, /*merge_errors=*/false);
    ASSERT_THAT(daemon_->ReadLine(), HasSubstr("listening on"));
    setenv("ONELOOP_SERVER", ("unix:" + Path("data/oneloop.sock")).c_str(), 1);
  }
  static void TearDownTestSuite() {
    daemon_->Signal(SIGTERM);
    EXPECT_EQ(daemon_->Wait(), 0);
    delete daemon_;
    std::filesystem::remove_all(*folder_);
    delete folder_;
  }

  static std::string Path(const std::string& name) { return *folder_ + "/" + name; }
  static ProcessResult Run(const std::string& arguments) { return RunShell("$ONELOOP " + arguments + " 2>&1"); }

  // Submits the model, waits, and checks that job and design are of the workload that `workloads import` makes of it.
  static void SearchAndCompare(const std::string& model, const std::string& flags) {
    const auto workload =
        FromJson<v1::Workload>(Run(absl::StrCat("workloads import ", model, " --format json ", flags)).out);
    const ProcessResult submitted = Run(absl::StrCat("submit --workload ", model, " ", flags,
                                                     " --template gemmini --starts 1 --steps 60 --wait --format json"));
    ASSERT_EQ(submitted.code, 0) << submitted.out;
    const auto job = FromJson<v1::Job>(submitted.out);
    EXPECT_EQ(job.state(), v1::SUCCEEDED);
    EXPECT_GT(job.best().edp(), 0);
    EXPECT_EQ(job.spec().workload().SerializeAsString(), workload.SerializeAsString()) << "with its graph";
    EXPECT_GT(workload.edges_size(), 0);
    const auto design = FromJson<v1::Design>(Run("design " + job.name() + " --format json").out);
    ASSERT_EQ(design.layers_size(), workload.layers_size());
    for (int i = 0; i < workload.layers_size(); ++i) {
      EXPECT_EQ(design.layers(i).name(), workload.layers(i).name());
      EXPECT_EQ(design.layers(i).count(), workload.layers(i).count());
      EXPECT_FALSE(design.layers(i).mapping().empty());
    }
  }

  static std::string* folder_;
  static ChildProcess* daemon_;
};
std::string* ModelFilesTest::folder_ = nullptr;
ChildProcess* ModelFilesTest::daemon_ = nullptr;

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
  EXPECT_EQ(Run("workloads import " + model + " -o " + yaml).code, 0);
  EXPECT_EQ(Run("workloads import " + yaml + " --format json").out,
            Run("workloads import " + model + " --format json").out);
  EXPECT_EQ(Run("workloads import " + model + " -o " + yaml).code, 0) << "its own file is replaced";
  EXPECT_THAT(Run("workloads import " + model + " --list").out,
              AllOf(HasSubstr("5709472"), HasSubstr("QLinearConv"), HasSubstr("not modelled")));
  const auto listed = FromJson<v1::WorkloadImport>(Run("workloads import " + model + " --list --format json").out);
  EXPECT_EQ(listed.macs(), 5709472);
  EXPECT_EQ(listed.weights(), 27040);
  EXPECT_THAT(Run("workloads import " + model + " --dot").out, AllOf(HasSubstr("digraph"), HasSubstr(" -> ")));
  EXPECT_EQ(Run("workloads export " + yaml + " --as timeloop -o " + Path("kws_qoperator")).code, 0);
  const auto back = FromJson<v1::Workload>(Run("workloads import " + Path("kws_qoperator") + " --format json").out);
  const auto first = FromJson<v1::Workload>(Run("workloads import " + yaml + " --format json").out);
  ASSERT_EQ(back.layers_size(), first.layers_size());
  for (int i = 0; i < back.layers_size(); ++i) {
    EXPECT_EQ(back.layers(i).SerializeAsString(), first.layers(i).SerializeAsString());
  }
}

TEST_F(ModelFilesTest, ErrorsNameTheFileAndTheFixInOneLine) {
  const ProcessResult unbound = Run("submit --template gemmini --workload " + Model("nasty/unbound_symbol.onnx"));
  EXPECT_EQ(unbound.code, 4);
  EXPECT_THAT(unbound.out, AllOf(HasSubstr("unbound_symbol.onnx"), HasSubstr("--bind batch=N")));
  EXPECT_EQ(std::count(unbound.out.begin(), unbound.out.end(), '\n'), 1);
  EXPECT_EQ(Run("workloads import /nowhere.onnx").code, 3);
  EXPECT_EQ(Run("workloads import").code, 2);
  EXPECT_EQ(Run("workloads import x.onnx --bind batch").code, 2);
  const ProcessResult hostile = Run("workloads import " + Model("nasty/hostile_names.onnx") + " --list");
  EXPECT_EQ(hostile.code, 0);
  EXPECT_EQ(hostile.out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace oneloop
