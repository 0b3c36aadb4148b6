#include "common/formats/onnx_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/formats/onnx_file.h"
#include "common/formats/workload_yaml.h"
#include "google/protobuf/util/message_differencer.h"
#include "onnx/onnx_pb.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Model(const std::string& name) { return SourceDir() + "/tests/data/onnx/" + name; }

v1::WorkloadImport Import(const std::string& path, const ImportOptions& options = {}) {
  const auto result = ImportOnnxFile(path, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : v1::WorkloadImport();
}

// A model of one node more with each call, over an input x and weights w that have the shapes given.
class SmallModel {
 public:
  SmallModel() {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(17);
  }
  onnx::NodeProto& Node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto* const node = model_.mutable_graph()->add_node();
    node->set_op_type(op);
    node->set_name(output + "_node");
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return *node;
  }
  void Input(const std::string& name, const std::vector<std::string>& dims) {
    onnx::ValueInfoProto* const input = model_.mutable_graph()->add_input();
    input->set_name(name);
    onnx::TypeProto::Tensor* const type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::string& dim : dims) type->mutable_shape()->add_dim()->set_dim_param(dim);
  }
  void Weights(const std::string& name, const std::vector<std::int64_t>& dims) {
    onnx::TensorProto* const weights = model_.mutable_graph()->add_initializer();
    weights->set_name(name);
    weights->set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t extent : dims) weights->add_dims(extent);
  }
  onnx::ModelProto& model() { return model_; }
  absl::StatusOr<v1::WorkloadImport> Import(const ImportOptions& options = {}) const {
    return ImportOnnxBytes(model_.SerializeAsString(), "small.onnx", options);
  }

 private:
  onnx::ModelProto model_;
};

TEST(OnnxImportTest, WidthIsTheLastAxisAndHeightTheOneBefore) {
  const v1::WorkloadImport result = Import(Model("nasty/conv_nonsquare.onnx"));
  ASSERT_EQ(result.products_size(), 1);
  const v1::Bounds& bounds = result.products(0).bounds();
  EXPECT_EQ(bounds.r(), 5);
  EXPECT_EQ(bounds.s(), 3);
  EXPECT_EQ(bounds.p(), 27);
  EXPECT_EQ(bounds.q(), 10);
  EXPECT_EQ(bounds.wstride(), 1);
  EXPECT_EQ(bounds.hstride(), 2);
  EXPECT_EQ(bounds.wdilation(), 3);
  EXPECT_EQ(bounds.hdilation(), 1);
}

TEST(OnnxImportTest, LayersOfOneShapeAreMergedAndTheirNodesKept) {
  const v1::WorkloadImport result = Import(Model("nasty/duplicate_node_names.onnx"));
  const v1::Workload& workload = result.workload();
  ASSERT_EQ(workload.layers_size(), 2);
  EXPECT_EQ(workload.layers(0).count(), 2);
  ASSERT_EQ(workload.nodes_size(), 3);
  EXPECT_EQ(workload.nodes(0).name(), "conv");
  EXPECT_EQ(workload.nodes(1).name(), "conv#2");
  EXPECT_EQ(workload.nodes(1).layer(), "conv");
  EXPECT_EQ(workload.nodes(0).weights(), workload.nodes(1).weights());
  EXPECT_EQ(result.weights(), 608);
}

TEST(OnnxImportTest, EdgesSayWhatLiesBetweenLayersAndWhichLoopsMeet) {
  ImportOptions options;
  options.symbols = {{"batch", 2}, {"sequence", 12}};
  const v1::WorkloadImport result = Import(Model("nasty/shape_arithmetic.onnx"), options);
  const v1::Workload& workload = result.workload();
  ASSERT_GE(workload.edges_size(), 1);
  const v1::Edge& edge = workload.edges(0);
  EXPECT_EQ(edge.from(), "proj");
  EXPECT_EQ(edge.to(), "scores");
  EXPECT_EQ(edge.operand(), "I");
  std::string links;
  for (const v1::Link& link : edge.links()) links += link.from_dims() + "-" + link.to_dims() + " ";
  EXPECT_THAT(links, AllOf(HasSubstr("K-GC"), HasSubstr("P-"))) << "heads are split off the channels";
}

TEST(OnnxImportTest, ResidualsAreOperandsBesideAndEdgesOfTheirOwn) {
  const v1::WorkloadImport result = Import(Model("resnext_block_fp16.onnx"));
  bool has_add = false;
  for (const v1::Edge& edge : result.workload().edges()) {
    for (const v1::Op& op : edge.through()) has_add = has_add || (op.kind() == "Add" && op.others_size() == 1);
  }
  // The block ends with its addition, after which nothing multiplies.
  EXPECT_FALSE(has_add);
  EXPECT_EQ(result.workload().edges_size(), 2);

  const v1::WorkloadImport network = Import(Model("mobilenetv2_weightless.onnx"));
  int additions = 0;
  for (const v1::Edge& edge : network.workload().edges()) {
    for (const v1::Op& op : edge.through()) additions += op.kind() == "Add" ? 1 : 0;
  }
  EXPECT_GE(additions, 20) << "each of ten residuals is come to along both operands";
}

TEST(OnnxImportTest, TheGraphSurvivesBeingWritten) {
  for (const char* name : {"mobilenetv2_weightless.onnx", "nasty/hostile_names.onnx", "espcn_brevitas.onnx",
                           "shufflenet_light.onnx", "nasty/rnn.onnx", "nasty/contrib.onnx"}) {
    SCOPED_TRACE(name);
    const v1::Workload workload = Import(Model(name)).workload();
    const std::string text = WorkloadYaml(workload);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    const auto again = ReadWorkloadText(text, "w.yaml");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*again, workload));
  }
}

TEST(OnnxImportTest, AFusedExportMultipliesWhatAnUnfusedOneDoes) {
  ImportOptions batch;
  batch.symbols = {{"unk__68", 1}};
  EXPECT_EQ(Import(Model("kws_qdq.onnx"), batch).macs(), Import(Model("kws_qoperator.onnx")).macs());
  const std::string shared = SharedDataDir() + "/onnx/";
  if (!std::filesystem::exists(shared + "tinybert.onnx")) GTEST_SKIP() << "the larger pair is not here";
  ImportOptions sequence;
  sequence.symbols = {{"batch", 1}, {"sequence", 64}};
  EXPECT_EQ(Import(shared + "tinybert.onnx", sequence).macs(),
            Import(shared + "tinybert_ort_fused.onnx", sequence).macs());
}

TEST(OnnxImportTest, AnOperatorThatMayMultiplyIsLeftOutOnlyOnPurposeAndForEver) {
  ImportOptions options;
  options.skips = {"MagicConv"};
  const v1::Workload workload = Import(Model("nasty/unknown_op_weights.onnx"), options).workload();
  EXPECT_THAT(workload.skipped(), ElementsAre("node 'magic' (acme:MagicConv)"));
  const auto again = ReadWorkloadText(WorkloadYaml(workload), "w.yaml");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->skipped(), SizeIs(1));
}

TEST(OnnxImportTest, ExpressionsOfBoundSymbolsAreWorkedOut) {
  SmallModel model;
  model.Input("x", {"past + 2*(n-1)", "8"});
  model.Weights("w", {8, 4});
  model.Node("MatMul", {"x", "w"}, "y");
  ImportOptions options;
  options.symbols = {{"past", 3}, {"n", 5}};
  const auto result = model.Import(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->products(0).bounds().p(), 11);
}

TEST(OnnxImportTest, ABindingThatTheModelHasNoUseForIsAnError) {
  SmallModel model;
  model.Input("x", {"batch", "8"});
  model.Weights("w", {8, 4});
  model.Node("MatMul", {"x", "w"}, "y");
  ImportOptions options;
  options.symbols = {{"batsh", 3}};
  EXPECT_THAT(Message(model.Import(options).status()), AllOf(HasSubstr("--bind batsh=3"), HasSubstr("batch")));
  options.symbols = {{"x[0]", 3}};
  EXPECT_TRUE(model.Import(options).ok());
}

TEST(OnnxImportTest, TiedWeightsCountOnceInWhateverFormTheyAreUsed) {
  SmallModel model;
  model.Input("x", {"4", "8"});
  model.Weights("w", {8, 8});
  model.Node("MatMul", {"x", "w"}, "y");
  model.Node("Transpose", {"w"}, "wt");
  model.Node("MatMul", {"y", "wt"}, "z");
  const auto result = model.Import();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->weights(), 64);
  EXPECT_EQ(result->layers(), 2);
}

TEST(OnnxImportTest, LayersThatOverflowAreNamed) {
  SmallModel model;
  model.Input("x", {"4611686018427387904", "8"});
  model.Weights("w", {8, 8});
  model.Node("MatMul", {"x", "w"}, "y");
  EXPECT_THAT(Message(model.Import().status()), AllOf(HasSubstr("y_node"), HasSubstr("MatMul")));
}

TEST(OnnxImportTest, OperatorsWithoutTheirInputsAreErrorsThatNameThem) {
  for (const char* type : {"Sub", "Where", "Mod", "STFT", "Conv", "Gather", "LSTM", "Attention", "Concat", "TopK"}) {
    SCOPED_TRACE(type);
    SmallModel model;
    model.Input("x", {"4", "8"});
    model.Weights("w", {8, 8});
    model.Node(type, {}, "z");
    model.Node("MatMul", {"x", "w"}, "y");
    const auto result = model.Import();
    if (!result.ok()) {
      EXPECT_THAT(Message(result.status()), HasSubstr("z_node"));
    }
  }
}

TEST(OnnxImportTest, AGraphThatNobodyRunsIsAnError) {
  SmallModel model;
  model.Input("x", {"4", "8"});
  model.Weights("w", {8, 8});
  onnx::AttributeProto* const body = model.Node("SequenceMap", {"x"}, "z").add_attribute();
  body->set_name("body");
  body->mutable_g()->set_name("g");
  model.Node("MatMul", {"x", "w"}, "y");
  EXPECT_THAT(Message(model.Import().status()), AllOf(HasSubstr("z_node"), HasSubstr("body")));
}

TEST(OnnxImportTest, WorkIsBoundedHoweverLoopsAreNested) {
  SmallModel model;
  model.Input("x", {"4", "8"});
  model.Weights("w", {8, 8});
  onnx::TensorProto* const turns = model.model().mutable_graph()->add_initializer();
  turns->set_name("turns");
  turns->set_data_type(onnx::TensorProto::INT64);
  turns->add_int64_data(1000);
  onnx::GraphProto* graph = model.model().mutable_graph();
  for (int depth = 0; depth < 6; ++depth) {
    onnx::NodeProto* const loop = graph->add_node();
    loop->set_op_type("Loop");
    loop->set_name("loop");
    for (const char* input : {"turns", "", "x"}) loop->add_input(input);
    loop->add_output(absl::StrCat("out", depth));
    onnx::AttributeProto* const body = loop->add_attribute();
    body->set_name("body");
    graph = body->mutable_g();
    for (const char* input : {"i", "c", "v"}) graph->add_input()->set_name(absl::StrCat(input, depth));
    onnx::NodeProto* const join = graph->add_node();
    join->set_op_type("Concat");
    onnx::AttributeProto* const axis = join->add_attribute();
    axis->set_name("axis");
    axis->set_i(0);
    // Grows with each turn, so that turns differ.
    for (int i = 0; i < 2; ++i) join->add_input(absl::StrCat("v", depth));
    join->add_output(absl::StrCat("grown", depth));
    onnx::NodeProto* const product = graph->add_node();
    product->set_op_type("MatMul");
    product->add_input(absl::StrCat("v", depth));
    product->add_input("w");
    product->add_output(absl::StrCat("p", depth));
    for (const char* output : {"c", "grown"}) graph->add_output()->set_name(absl::StrCat(output, depth));
  }
  EXPECT_FALSE(model.Import().ok());
}

TEST(OnnxFileTest, LargeValuesAreLeftInTheFile) {
  SmallModel model;
  model.Input("x", {"4", "1024"});
  model.Weights("w", {1024, 1024});
  model.model().mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(4 << 20, 'x'));
  model.Node("MatMul", {"x", "w"}, "y");
  const auto read = ReadOnnxBytes(model.model().SerializeAsString(), "big.onnx");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_LT((*read)->ByteSizeLong(), 1000u);
  EXPECT_EQ((*read)->graph().initializer(0).dims(1), 1024);
}

TEST(OnnxFileTest, WhatMayNotBeHeldInMemoryIsRefused) {
  // Empty nodes: two bytes each in the file, hundreds in memory.
  std::string graph;
  for (int i = 0; i < 2000000; ++i) graph += std::string("\x0a\x00", 2);
  std::string model = "\x3a";
  for (std::size_t size = graph.size(); size > 0; size >>= 7) {
    model.push_back(static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0)));
  }
  const auto read = ReadOnnxBytes(model + graph, "many.onnx");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(read.status()), AllOf(HasSubstr("many.onnx"), HasSubstr("MiB")));
}

TEST(OnnxFileTest, FoldersAndMissingFilesAreNoModels) {
  EXPECT_EQ(ReadOnnxFile("/nowhere/m.onnx").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadOnnxFile("/tmp").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace oneloop
