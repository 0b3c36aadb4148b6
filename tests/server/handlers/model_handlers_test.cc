#include "server/handlers/model_handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "server/handlers/calibration_convert.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

class ModelHandlersTest : public testing::Test {
 protected:
  static v1::MappingRow Row() {
    v1::MappingRow row;
    v1::Bounds& bounds = *row.mutable_bounds();
    bounds.set_r(1);
    bounds.set_s(1);
    bounds.set_p(4);
    bounds.set_q(4);
    bounds.set_c(8);
    bounds.set_k(8);
    bounds.set_n(1);
    (*row.mutable_parameters())["pe_dim"] = 8;
    (*row.mutable_parameters())["scratchpad_kib"] = 64;
    (*row.mutable_parameters())["accumulator_kib"] = 64;
    row.set_mapping("L3[WIO] N1 - L2[WI] N1 K8X - L1[O] N1 C8X - L0[W] P4 Q4");
    return row;
  }
  static v1::EvaluateDesignsRequest Request(int rows) {
    v1::EvaluateDesignsRequest request;
    request.set_template_name("gemmini");
    for (int i = 0; i < rows; ++i) *request.add_rows() = Row();
    return request;
  }

  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_;
  const std::unique_ptr<CalibrationManager> manager_ = CalibrationManager::Create(&store_, TrainCalibration).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, manager_.get()};
  const ModelHandlers handlers_{{&catalog_, &calibrations_, absl::UnixEpoch()}};
  const CallContext call_{LocalCaller("ada")};
};

TEST_F(ModelHandlersTest, ScoresEveryRowByTheExactModel) {
  v1::EvaluateDesignsResponse response;
  const absl::Status status = handlers_.EvaluateDesigns(Request(3), call_, &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.scores_size(), 3);
  // By hand: 1024 MACs on 64 units take 16 cycles; the array's levels and DRAM are read faster, but DRAM moves
  // 64 + 128 + 128 words at 8 a cycle, which takes 40.
  EXPECT_EQ(response.scores(0).latency_cycles(), 40);
  EXPECT_GT(response.scores(0).energy_uj(), 0);
  EXPECT_GT(response.scores(0).area_mm2(), 0);
  EXPECT_EQ(response.scores(2).energy_uj(), response.scores(0).energy_uj());
}

// Thirteen output channels on a column of eight take two steps, of which the second leaves three units idle.
TEST_F(ModelHandlersTest, FactorsNeedNotDivideTheirBounds) {
  v1::EvaluateDesignsRequest request = Request(2);
  for (v1::MappingRow& row : *request.mutable_rows()) row.mutable_bounds()->set_k(13);
  request.mutable_rows(0)->set_mapping("L3[WIO] K2 - L2[WI] N1 K8X - L1[O] N1 C8X - L0[W] P4 Q4");
  request.mutable_rows(1)->set_mapping("L3[WIO] K13 - L2[WI] N1 - L1[O] N1 C8X - L0[W] P4 Q4");
  v1::EvaluateDesignsResponse response;
  const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
  ASSERT_TRUE(status.ok()) << status;
  // DRAM moves 104 weights, 128 inputs and 208 outputs at 8 words a cycle, longer than two times 16 steps take.
  EXPECT_EQ(response.scores(0).latency_cycles(), 55);
  EXPECT_EQ(response.scores(1).latency_cycles(), 208) << "13 times 16 steps on eight units";
}

TEST_F(ModelHandlersTest, RowsThatNoLayerOfTheirBoundsCanHaveAreRefused) {
  const struct {
    const char* outer;
    const char* error;
  } cases[] = {
      {"K2 - L2[WI] N1 K8,5X", ""},  // 13 are one whole run of eight and one of five
      {"K2 - L2[WI] N1 K8,4X",
       "column 24: the last run of loop K8 at level scratchpad (L2) has 4 iterations; with the layer's bound of 13 and "
       "the factors inside it has 5"},
      {"K2,1 - L2[WI] N1 K8X",
       "column 9: the last run of loop K2 at level dram (L3) has 1 iterations; with the layer's bound of 13 and the "
       "factors inside it has 2"},
      {"K2 - L2[WI] N1 K8,9X", "column 24: the last run of loop K8 has 9 iterations; valid: 1 to 8"},
      {"K3 - L2[WI] N1 K8X",
       "loop K3 at level dram (L3) is longer than what is left: the layer's bound is 13, 8 of them lie inside, so that "
       "it is 2 at most"},
      {"N1 - L2[WI] N1 K8X", "the factors of K multiply to 8; the layer's bound is 13, which they have to reach"},
      {"K2147483647 - L2[WI] K2147483647 K2147483647X",
       "loop K2147483647X at level scratchpad (L2) is longer than what is left: the layer's bound is 13, 1 of them lie "
       "inside, so that it is 13 at most"},
  };
  v1::EvaluateDesignsRequest request;
  request.set_template_name("gemmini");
  request.set_keep_going(true);
  for (const auto& bad : cases) {
    v1::MappingRow& row = *request.add_rows();
    row = Row();
    row.mutable_bounds()->set_k(13);
    row.set_mapping(absl::StrCat("L3[WIO] ", bad.outer, " - L1[O] N1 C8X - L0[W] P4 Q4"));
  }
  v1::EvaluateDesignsResponse response;
  const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.scores_size(), request.rows_size());
  for (int i = 0; i < request.rows_size(); ++i) {
    EXPECT_EQ(response.scores(i).error().description(), cases[i].error);
    EXPECT_EQ(response.scores(i).has_error(), i > 0);
  }
  EXPECT_EQ(response.scores(0).latency_cycles(), 55) << "as without last runs";
}

// Hardware without edge handling.
TEST_F(ModelHandlersTest, WhereATemplateAsksForPerfectFactorsOthersAreRefused) {
  v1::EvaluateDesignsRequest request = Request(1);
  v1::Template* const chip = request.mutable_template_();
  *chip = *catalog_.FindTemplate("gemmini");
  chip->mutable_levels(2)->mutable_spatial(0)->add_perfect_dims("K");
  request.mutable_rows(0)->mutable_bounds()->set_k(13);
  request.mutable_rows(0)->set_mapping("L3[WIO] K2 - L2[WI] N1 K8X - L1[O] N1 C8X - L0[W] P4 Q4");
  v1::EvaluateDesignsResponse response;
  EXPECT_EQ(
      Message(handlers_.EvaluateDesigns(request, call_, &response)),
      "rows[0].mapping: loop K8X at level scratchpad (L2) does not divide the 13 that the factors inside leave of "
      "13, as the template's perfect_dims ask there");
  request.mutable_rows(0)->set_mapping("L3[WIO] K2 - L2[WI] K8 - L1[O] N1 C8X - L0[W] P4 Q4");
  EXPECT_TRUE(handlers_.EvaluateDesigns(request, call_, &response).ok()) << "asked of the axis alone";
}

TEST_F(ModelHandlersTest, EvaluationEndsWhenItsCallerLosesInterest) {
  v1::EvaluateDesignsResponse response;
  int asked = 0;
  const CallContext call = {LocalCaller("ada"), [&asked] {
                              return ++asked < 4 ? absl::OkStatus()
                                                 : absl::DeadlineExceededError("the call's deadline has passed");
                            }};
  const absl::Status status = handlers_.EvaluateDesigns(Request(10), call, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(asked, 4);
  EXPECT_EQ(response.scores_size(), 3);
}

// A viewer's call of a few bytes that took 2.5 GB and outlived its deadline.
TEST_F(ModelHandlersTest, ScoresBillionsOfSpatialCopiesOfASlidingWindow) {
  v1::EvaluateDesignsRequest request;
  v1::Template& array = *request.mutable_template_();
  array.set_name("array");
  v1::Parameter& parameter = *array.add_parameters();
  parameter.set_name("p0");
  parameter.set_min(1);
  parameter.set_max(1e12);
  for (const char* name : {"A", "D"}) {
    v1::Level& level = *array.add_levels();
    level.set_name(name);
    for (const char* tensor : {"W", "I", "O"}) level.add_keeps(tensor);
  }
  v1::SpatialAxis& axis = *array.mutable_levels(0)->add_spatial();
  axis.set_name("X");
  axis.set_size("p0");
  axis.add_dims("P");
  axis.add_dims("R");
  v1::MappingRow& row = *request.add_rows();
  row = Row();
  row.clear_parameters();
  (*row.mutable_parameters())["p0"] = 1e12;
  for (const auto set : {&v1::Bounds::set_q, &v1::Bounds::set_c, &v1::Bounds::set_k}) (row.mutable_bounds()->*set)(1);
  row.mutable_bounds()->set_r(3);
  row.mutable_bounds()->set_p(2147483647);
  row.set_mapping("L1[WIO] N1 - L0[WIO] P2147483647X R3X");
  v1::EvaluateDesignsResponse response;
  const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.scores(0).latency_cycles(), 1);
}

TEST_F(ModelHandlersTest, TemplateWithoutParametersIsScoredToo) {
  v1::EvaluateDesignsRequest request = Request(2);
  v1::Template& fixed = *request.mutable_template_();
  fixed.set_name("fixed");
  v1::Level& inner = *fixed.add_levels();
  inner.set_name("buffer");
  for (const char* tensor : {"W", "I", "O"}) inner.add_keeps(tensor);
  v1::Level& outer = *fixed.add_levels();
  outer = inner;
  outer.set_name("dram");
  outer.set_words_per_cycle("8");
  for (v1::MappingRow& row : *request.mutable_rows()) {
    row.clear_parameters();
    row.set_mapping("L1[WIO] N1 - L0[WIO] P4 Q4 C8 K8");
  }
  v1::EvaluateDesignsResponse response;
  const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.scores_size(), 2);
  EXPECT_EQ(response.scores(1).latency_cycles(), 1024);
}

// The same mapping on an array of which it uses too little.
TEST_F(ModelHandlersTest, MappingsUseAsMuchAsTheTemplateAsksFor) {
  v1::EvaluateDesignsRequest request = Request(1);
  v1::Template& half = *request.mutable_template_();
  half.set_name("half");
  for (const char* const name : {"buffer", "dram"}) {
    v1::Level& level = *half.add_levels();
    level.set_name(name);
    for (const char* tensor : {"W", "I", "O"}) level.add_keeps(tensor);
  }
  v1::SpatialAxis& axis = *half.mutable_levels(0)->add_spatial();
  axis.set_name("X");
  axis.set_size("16");
  axis.add_dims("K");
  axis.set_min_utilization(0.5);
  v1::MappingRow& row = *request.mutable_rows(0);
  row.clear_parameters();
  row.set_mapping("L1[WIO] N1 - L0[WIO] P4 Q4 C8 K8X");
  v1::EvaluateDesignsResponse response;
  EXPECT_TRUE(handlers_.EvaluateDesigns(request, call_, &response).ok());
  row.set_mapping("L1[WIO] K2 - L0[WIO] P4 Q4 C8 K4X");
  const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
  EXPECT_EQ(FieldOf(status), "rows[0].mapping") << status;
  EXPECT_THAT(Message(status),
              HasSubstr("uses 4 of the 16 copies along X of level buffer, and min_utilization asks for "
                        "0.5 of them"));
  // All axes together are this one.
  axis.clear_min_utilization();
  half.set_min_utilization(0.75);
  EXPECT_THAT(Message(handlers_.EvaluateDesigns(request, call_, &response)), HasSubstr("asks for 0.75 of them"));
  half.clear_min_utilization();
  half.mutable_levels(0)->set_capacity_words("1024");
  half.mutable_levels(0)->set_min_utilization(0.5);
  EXPECT_THAT(Message(handlers_.EvaluateDesigns(request, call_, &response)),
              HasSubstr("uses 224 of the 1024 words of level buffer, and min_utilization asks for 0.5 of them"));
}

TEST_F(ModelHandlersTest, EvaluationThatKeepsGoingSaysWhatIsWrongInTheRowsPlace) {
  v1::EvaluateDesignsRequest request = Request(4);
  request.set_keep_going(true);
  request.mutable_rows(1)->mutable_bounds()->set_k(0);
  request.mutable_rows(2)->set_mapping(std::string(5000, 'x'));
  v1::EvaluateDesignsResponse response;
  const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.scores_size(), 4);
  EXPECT_EQ(response.scores(0).latency_cycles(), 40);
  EXPECT_FALSE(response.scores(3).has_error());
  EXPECT_EQ(response.scores(3).latency_cycles(), 40);
  EXPECT_EQ(response.scores(1).error().field(), "bounds.K");
  EXPECT_EQ(response.scores(1).error().description(), "is 0; valid: 1 to 2147483647");
  EXPECT_EQ(response.scores(2).error().field(), "mapping");
  EXPECT_LT(response.scores(2).error().description().size(), 400u);
}

TEST_F(ModelHandlersTest, WrongRowIsNamedWithItsFieldAndNothingIsReturned) {
  struct Case {
    const char* field;
    const char* text;
    std::function<void(v1::MappingRow&)> spoil;
  };
  const std::vector<Case> cases = {
      {"rows[1].bounds.K", "missing", [](auto& row) { row.mutable_bounds()->clear_k(); }},
      {"rows[1].bounds.K", "1 to", [](auto& row) { row.mutable_bounds()->set_k(0); }},
      {"rows[1].parameters.pe_dim", "missing", [](auto& row) { row.mutable_parameters()->erase("pe_dim"); }},
      {"rows[1].parameters.pe_dim", "2 to 128", [](auto& row) { (*row.mutable_parameters())["pe_dim"] = 1000; }},
      {"rows[1].mapping", "column 1", [](auto& row) { row.set_mapping("nonsense"); }},
      {"rows[1].mapping", "multiply to 4", [](auto& row) { row.mutable_bounds()->set_p(5); }},
      {"rows[1].mapping", "it is 3 at most", [](auto& row) { row.mutable_bounds()->set_p(3); }},
      {"rows[1].mapping", "which has 4", [](auto& row) { (*row.mutable_parameters())["pe_dim"] = 4; }},
      {"rows[1].mapping", "accumulator",
       [](auto& row) {
         row.mutable_bounds()->set_p(4000);
         row.mutable_bounds()->set_q(4000);
         row.set_mapping("L3[WIO] N1 - L2[WI] N1 K8X - L1[O] N1 C8X - L0[W] P4000 Q4000");
       }},
  };
  for (const Case& bad : cases) {
    v1::EvaluateDesignsRequest request = Request(3);
    bad.spoil(*request.mutable_rows(1));
    v1::EvaluateDesignsResponse response;
    const absl::Status status = handlers_.EvaluateDesigns(request, call_, &response);
    EXPECT_EQ(FieldOf(status), bad.field) << status;
    EXPECT_THAT(Message(status), HasSubstr(bad.text));
  }
}

TEST_F(ModelHandlersTest, TemplateMustBeKnownAndRowsFew) {
  v1::EvaluateDesignsResponse response;
  v1::EvaluateDesignsRequest request = Request(1);
  request.set_template_name("gemini");
  EXPECT_THAT(Message(handlers_.EvaluateDesigns(request, call_, &response)), HasSubstr("did you mean 'gemmini'?"));
  request.clear_template_name();
  EXPECT_EQ(FieldOf(handlers_.EvaluateDesigns(request, call_, &response)), "template_name");
  request = Request(0);
  for (int i = 0; i <= 10000; ++i) request.add_rows();
  EXPECT_EQ(FieldOf(handlers_.EvaluateDesigns(request, call_, &response)), "rows");
}

TEST_F(ModelHandlersTest, ListsWhatIsShippedPageByPage) {
  v1::ListWorkloadsRequest request;
  request.set_page_size(3);
  int listed = 0;
  do {
    v1::ListWorkloadsResponse page;
    ASSERT_TRUE(handlers_.ListWorkloads(request, &page).ok());
    for (const v1::Workload& workload : page.workloads()) {
      EXPECT_EQ(workload.name(), ShippedLibrary().workloads(listed++).name());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, ShippedLibrary().workloads_size());
  v1::ListTemplatesRequest other;
  other.set_page_token("AAAAAAAAAAAAAAAAAAAAAA");
  v1::ListTemplatesResponse templates;
  EXPECT_EQ(FieldOf(handlers_.ListTemplates(other, &templates)), "page_token");
}

TEST_F(ModelHandlersTest, GetsByNameAndOffersTheNearest) {
  v1::GetWorkloadRequest request;
  v1::Workload workload;
  request.set_name("workloads/alexnet");
  ASSERT_TRUE(handlers_.GetWorkload(request, &workload).ok());
  EXPECT_EQ(workload.name(), "alexnet");
  request.set_name("workloads/alexnt");
  const absl::Status status = handlers_.GetWorkload(request, &workload);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status), HasSubstr("did you mean 'alexnet'?"));
  v1::GetTemplateRequest get;
  v1::Template hardware_template;
  get.set_name("templates/gemmini");
  EXPECT_TRUE(handlers_.GetTemplate(get, &hardware_template).ok());
  get.set_name("gemmini");
  EXPECT_EQ(FieldOf(handlers_.GetTemplate(get, &hardware_template)), "name");
}

constexpr char kLayerText[] =
    "name: tiny\n"
    "layers:\n"
    "- name: only\n"
    "  count: 2\n"
    "  bounds: [1, 1, 4, 4, 8, 8, 1]\n";

TEST_F(ModelHandlersTest, ParsesAWorkloadInYamlAndInJson) {
  v1::ParseWorkloadRequest request;
  request.set_text(kLayerText);
  v1::Workload from_yaml;
  ASSERT_EQ(handlers_.ParseWorkload(request, &from_yaml), absl::OkStatus());
  EXPECT_EQ(from_yaml.name(), "tiny");
  EXPECT_EQ(from_yaml.layers(0).count(), 2);
  EXPECT_EQ(from_yaml.layers(0).bounds().c(), 8);
  request.set_text(
      R"({"name": "tiny", "layers": [{"name": "only", "count": 2, "bounds":
          {"R": 1, "S": 1, "P": 4, "Q": 4, "C": 8, "K": 8, "N": 1}}]})");
  v1::Workload from_json;
  const absl::Status status = handlers_.ParseWorkload(request, &from_json);
  ASSERT_EQ(status, absl::OkStatus());
  EXPECT_EQ(from_json.SerializeAsString(), from_yaml.SerializeAsString());
}

TEST_F(ModelHandlersTest, ErrorsOfAParsedTextHaveTheirPlaceAndField) {
  v1::Workload workload;
  v1::ParseWorkloadRequest request;
  const auto refused = [&](const std::string& text) {
    request.set_text(text);
    absl::Status status = handlers_.ParseWorkload(request, &workload);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(FieldOf(status), "text");
    return status;
  };
  absl::Status status = refused("name: tiny\nlayers:\n- name: only\n  bound: [1]\n");
  EXPECT_THAT(Message(status), testing::StartsWith("text: 4:3: "));
  EXPECT_THAT(Message(status), HasSubstr("did you mean 'bounds'?"));
  // What only CreateJob would find.
  status = refused(std::string(kLayerText) + "- name: only\n  bounds: [1, 1, 4, 4, 8, 8, 1]\n");
  EXPECT_THAT(Message(status), testing::StartsWith("text: 6:3: layers[1].name"));
  status = refused("name: tiny\nlayers:\n- name: only\n  bounds: [0, 1, 4, 4, 8, 8, 1]\n");
  EXPECT_THAT(DescriptionOf(status), testing::StartsWith("4:12: layers[0].bounds.R: is 0"));
  EXPECT_THAT(Message(refused("")), HasSubstr("empty"));
  EXPECT_THAT(DescriptionOf(refused(std::string((4 << 20) + 1, ' '))), testing::StartsWith("larger than 4 MiB"));
}

TEST_F(ModelHandlersTest, ParsesATemplateAndChecksIt) {
  const std::string text = R"(
name: plain
parameters:
- {name: pe_dim, min: 4, max: 8}
)";
  v1::Template parsed;
  v1::ParseTemplateRequest request;
  request.set_text(text);
  const absl::Status status = handlers_.ParseTemplate(request, &parsed);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), "text");
  request.set_text(ReadFile(SourceDir() + "/data/templates/gemmini.yaml").value());
  ASSERT_EQ(handlers_.ParseTemplate(request, &parsed), absl::OkStatus());
  EXPECT_EQ(parsed.SerializeAsString(), catalog_.FindTemplate("gemmini")->SerializeAsString());
}

}  // namespace
}  // namespace oneloop
