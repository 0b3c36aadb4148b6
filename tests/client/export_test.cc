// `oneloop export` against a daemon of answers; what the files say is tested in tests/common/formats.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/yaml.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "oneloop/v1/design_file.pb.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() : client_(daemon_.address()) {
    std::string pattern = "/tmp/oneloop_export_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    EXPECT_TRUE(ReadYamlFile(SourceDir() + "/data/templates/gemmini.yaml", &template_, nullptr).ok());
    design_.set_name("projects/default/jobs/12/designs/7");
    design_.set_workload("net");
    design_.set_template_("gemmini");
    for (const auto& [name, value] : {std::pair("pe_dim", 16), {"scratchpad_kib", 256}, {"accumulator_kib", 64}}) {
      (*design_.mutable_parameters())[name] = value;
    }
    v1::LayerDesign& layer = *design_.add_layers();
    layer.set_name("fc");
    layer.set_count(3);
    EXPECT_TRUE(ReadYamlText("[1, 1, 100, 1, 70, 33, 1]", "bounds", layer.mutable_bounds(), nullptr).ok());
    layer.set_mapping("L3[WIO] K2 - L2[WI] C5 K16X - L1[O] K2 C16X - L0[W] P100");
    layer.set_energy_uj(0.1 + 0.2);
    layer.set_latency_cycles(1000);
    workload_.set_name("net");
    *workload_.add_layers()->mutable_bounds() = layer.bounds();
    workload_.mutable_layers(0)->set_name("fc");
    workload_.mutable_layers(0)->set_count(3);
    daemon_.get_design = [this](const v1::GetDesignRequest& request) -> absl::StatusOr<v1::Design> {
      if (request.name().ends_with("/99")) return absl::NotFoundError("job 12 has no point 99");
      if (request.name().ends_with("jobs/13/designs/best")) return absl::NotFoundError("job 13 has no design yet");
      return design_;
    };
    daemon_.get_job = [this](const v1::GetJobRequest&) {
      v1::Job job = MakeJob(12, v1::SUCCEEDED, 1000);
      job.mutable_spec()->set_workload_name("net");
      if (inline_template_) {
        *job.mutable_spec()->mutable_template_() = template_;
      } else {
        job.mutable_spec()->set_template_name("gemmini");
      }
      return job;
    };
    daemon_.get_template = [this](const v1::GetTemplateRequest& request) -> absl::StatusOr<v1::Template> {
      if (request.name() != "templates/gemmini") return absl::NotFoundError("no such template");
      return template_;
    };
    daemon_.get_workload = [this](const v1::GetWorkloadRequest& request) -> absl::StatusOr<v1::Workload> {
      if (request.name() != "workloads/net") return absl::NotFoundError("no such workload");
      return workload_;
    };
  }
  ~ExportTest() override { std::filesystem::remove_all(folder_); }

  ClientHarness::Result Export(const std::string& as, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"export", "12", "--as", as, "-o", folder_ + "/out"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return client_.Run(arguments);
  }
  std::string Path(const std::string& name) const { return folder_ + "/out/" + name; }
  std::string Read(const std::string& name) const {
    const absl::StatusOr<std::string> text = ReadFile(Path(name));
    return text.ok() ? *text : "";
  }
  std::set<std::string> Files() const {
    std::set<std::string> names;
    if (!std::filesystem::exists(folder_ + "/out")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/out")) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  std::string folder_;
  v1::Template template_;
  v1::Workload workload_;
  v1::Design design_;
  bool inline_template_ = false;
};

TEST_F(ExportTest, EveryFormatSaysWhatMadeItInItsFirstLine) {
  for (const char* const as : {"timeloop", "gemmini", "yaml", "csv"}) {
    const auto result = Export(as);
    ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(Files(), ::testing::Not(IsEmpty()));
    for (const std::string& name : Files()) {
      const std::string text = Read(name);
      EXPECT_THAT(text.substr(0, text.find('\n')), ::testing::ContainsRegex("Made by oneloop [0-9.]+ from "
                                                                            "projects/default/jobs/12/designs/7\\."))
          << name;
    }
    std::filesystem::remove_all(folder_ + "/out");
  }
}

TEST_F(ExportTest, TimeloopHasTheFilesThatItRuns) {
  ASSERT_EQ(Export("timeloop").code, ExitCode::kOk);
  EXPECT_THAT(Files(), ElementsAre("0001_fc.constraints.yaml", "0001_fc.mapping.yaml", "0001_fc.problem.yaml",
                                   "README.md", "arch.yaml", "art.yaml", "ert.yaml", "layers.txt", "run.sh", "sum.sh"));
  EXPECT_THAT(Read("arch.yaml"), HasSubstr("version: 0.3"));
  EXPECT_THAT(Read("layers.txt"), HasSubstr("\n0001_fc 3 1000 0.30000000000000004 0\n"));
}

TEST_F(ExportTest, TimeloopsVersionFollowsTheTemplateUnlessGiven) {
  template_.set_dialect("2025");
  inline_template_ = true;
  ASSERT_EQ(Export("timeloop").code, ExitCode::kOk);
  EXPECT_THAT(Read("arch.yaml"), HasSubstr("version: 0.4"));
  std::filesystem::remove_all(folder_ + "/out");
  const auto result = Export("timeloop", {"--timeloop_version", "0.3"});
  ASSERT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(Read("arch.yaml"), HasSubstr("version: 0.3"));
  EXPECT_THAT(result.err, HasSubstr("counts as Timeloop of 2025, and Timeloop 0.3 as of 2022"));
  EXPECT_EQ(Export("csv", {"--timeloop_version", "0.3"}).code, ExitCode::kUsage);
}

TEST_F(ExportTest, OverwritesNothing) {
  std::filesystem::create_directory(folder_ + "/out");
  std::ofstream(Path("ert.yaml")) << "mine";
  const auto result = Export("timeloop");
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_THAT(result.err, HasSubstr(Path("ert.yaml") + ": is there already"));
  EXPECT_THAT(Files(), ElementsAre("ert.yaml"));
  EXPECT_EQ(Read("ert.yaml"), "mine");
  // Its own files no more than others.
  ASSERT_EQ(Export("csv").code, ExitCode::kOk);
  EXPECT_EQ(Export("csv").code, ExitCode::kInvalidInput);
}

TEST_F(ExportTest, WritesNothingWhereTheDaemonHasNoDesign) {
  const auto unknown = Export("timeloop", {"--point", "99"});
  EXPECT_EQ(unknown.code, ExitCode::kNotFound);
  EXPECT_THAT(unknown.err, HasSubstr("job 12 has no point 99"));
  const auto without = client_.Run({"export", "13", "--as", "csv", "-o", folder_ + "/out"});
  EXPECT_EQ(without.code, ExitCode::kNotFound);
  EXPECT_THAT(without.err, HasSubstr("job 13 has no design yet"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
}

TEST_F(ExportTest, WritesNothingThatTheToolCannotExpress) {
  template_.mutable_compute()->set_macs_per_cycle(2);
  const auto result = Export("timeloop");
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_THAT(result.err, HasSubstr("compute.macs_per_cycle is 2"));
  template_.clear_default_tiler();
  EXPECT_THAT(Export("gemmini").err, HasSubstr("not built like Gemmini: it declares no default_tiler"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
}

TEST_F(ExportTest, WritesNothingIntoWhatIsNoFolder) {
  std::ofstream(folder_ + "/out") << "mine";
  const auto result = Export("csv");
  EXPECT_EQ(result.code, ExitCode::kInvalidInput);
  EXPECT_THAT(result.err, HasSubstr("/out: cannot be made a directory"));
  EXPECT_NE(client_.Run({"export", "12", "--as", "csv", "-o", "/proc"}).code, ExitCode::kOk);
}

TEST_F(ExportTest, FormatAndFolderAreNeeded) {
  EXPECT_EQ(client_.Run({"export", "12", "--as", "csv"}).code, ExitCode::kUsage);
  EXPECT_EQ(client_.Run({"export", "12", "-o", folder_}).code, ExitCode::kUsage);
  EXPECT_EQ(Export("zigzag").code, ExitCode::kUsage);
}

TEST_F(ExportTest, YamlReadsBackExactly) {
  // What is awkward in YAML: names that look like something else, numbers of 17 digits, control characters.
  template_.set_description("yes: \"no\" # \n\x1b[31m");
  template_.mutable_parameters(0)->set_max(1.0 / 3 * 1e3);
  template_.mutable_levels(0)->add_ports()->set_weight(1e-300);
  (*design_.mutable_parameters())["true"] = 0.1;
  design_.mutable_layers(0)->set_name("null");
  design_.mutable_certificate()->set_gap(0.25);
  workload_.set_description("- not: a list");
  inline_template_ = true;
  ASSERT_EQ(Export("yaml").code, ExitCode::kOk);
  EXPECT_THAT(Files(), ElementsAre("design.yaml", "template.yaml", "workload.yaml"));
  v1::DesignFile file;
  ASSERT_EQ(ReadYamlFile(Path("design.yaml"), &file, nullptr), absl::OkStatus());
  EXPECT_TRUE(MessageDifferencer::Equals(file.template_(), template_)) << file.template_().DebugString();
  EXPECT_TRUE(MessageDifferencer::Equals(file.design(), design_)) << file.design().DebugString();
  v1::Template alone;
  ASSERT_EQ(ReadYamlFile(Path("template.yaml"), &alone, nullptr), absl::OkStatus());
  EXPECT_TRUE(MessageDifferencer::Equals(alone, template_));
  v1::Workload workload;
  ASSERT_EQ(ReadYamlFile(Path("workload.yaml"), &workload, nullptr), absl::OkStatus());
  EXPECT_TRUE(MessageDifferencer::Equals(workload, workload_));
}

TEST_F(ExportTest, YamlHasAWorkloadForEachNetwork) {
  daemon_.get_job = [this](const v1::GetJobRequest&) {
    v1::Job job = MakeJob(12, v1::SUCCEEDED, 1000);
    job.mutable_spec()->clear_workload_source();
    job.mutable_spec()->set_template_name("gemmini");
    job.mutable_spec()->add_networks()->set_workload_name("net");
    *job.mutable_spec()->add_networks()->mutable_workload() = workload_;
    job.mutable_spec()->mutable_networks(1)->mutable_workload()->set_name("own");
    return job;
  };
  ASSERT_EQ(Export("yaml").code, ExitCode::kOk);
  EXPECT_THAT(Files(), AllOf(Contains("workload_net.yaml"), Contains("workload_own.yaml")));
}

// The daemon gets the same rows from either file, and with YAML also the template.
TEST_F(ExportTest, EvaluateReadsCsvAndYaml) {
  std::vector<v1::EvaluateDesignsRequest> requests;
  Mutex mutex;
  daemon_.evaluate_designs = [&](const v1::EvaluateDesignsRequest& request) {
    v1::EvaluateDesignsResponse response;
    for (int i = 0; i < request.rows_size(); ++i) response.add_scores()->set_energy_uj(0.1 + 0.2);
    const MutexLock lock(&mutex);
    requests.push_back(request);
    return response;
  };
  ASSERT_EQ(Export("csv").code, ExitCode::kOk);
  const auto csv = client_.Run({"evaluate", Path("design.csv"), "--template", "gemmini"});
  ASSERT_EQ(csv.code, ExitCode::kOk) << csv.err;
  ASSERT_EQ(Export("yaml").code, ExitCode::kOk);
  const auto yaml = client_.Run({"evaluate", Path("design.yaml")});
  ASSERT_EQ(yaml.code, ExitCode::kOk) << yaml.err;
  EXPECT_EQ(csv.out, yaml.out);
  EXPECT_THAT(yaml.out, AllOf(HasSubstr("given_energy_uj"), StartsWith("layer,count,R,")));
  const MutexLock lock(&mutex);
  ASSERT_EQ(requests.size(), 2u);
  ASSERT_EQ(requests[0].rows_size(), 1);
  EXPECT_TRUE(MessageDifferencer::Equals(requests[0].rows(0), requests[1].rows(0)));
  EXPECT_EQ(requests[0].rows(0).mapping(), design_.layers(0).mapping());
  EXPECT_TRUE(MessageDifferencer::Equals(requests[1].template_(), template_));
  EXPECT_EQ(client_.Run({"evaluate", Path("design.yaml"), "--template", "gemmini"}).code, ExitCode::kUsage);
  EXPECT_EQ(client_.Run({"evaluate", Path("none.yaml")}).code, ExitCode::kNotFound);
  const auto wrong = client_.Run({"evaluate", Path("template.yaml")});
  EXPECT_EQ(wrong.code, ExitCode::kInvalidInput);
  EXPECT_THAT(wrong.err, HasSubstr("template.yaml:2:1: "));
}

}  // namespace
}  // namespace oneloop
