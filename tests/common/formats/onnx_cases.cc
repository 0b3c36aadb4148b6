#include "tests/common/formats/onnx_cases.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace oneloop {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

absl::StatusOr<Struct> ReadJson(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Struct json;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &json);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::string(status.message())));
  return json;
}

const Value* Find(const Struct& json, const std::string& name) {
  const auto found = json.fields().find(name);
  return found == json.fields().end() ? nullptr : &found->second;
}

std::int64_t Number(const Struct& json, const std::string& name, std::int64_t otherwise) {
  const Value* const value = Find(json, name);
  return value != nullptr ? static_cast<std::int64_t>(value->number_value()) : otherwise;
}

ImportOptions ReadOptions(const Struct& json) {
  ImportOptions options;
  for (const auto& [name, value] : Find(json, "bind")->struct_value().fields()) {
    options.symbols[name] = static_cast<std::int64_t>(value.number_value());
  }
  for (const auto& [name, value] : Find(json, "value")->struct_value().fields()) {
    options.values[name] = value.number_value();
  }
  return options;
}

// P, Q and N of a matrix product as one; of others the two axes of the window in an order of their own.
ComparableProduct Normal(ComparableProduct product, bool is_matrix) {
  if (is_matrix) {
    product[2] *= product[3] * product[6];
    product[3] = product[6] = 1;
    return product;
  }
  const std::array<std::int64_t, 4> one = {product[0], product[2], product[8], product[10]};
  const std::array<std::int64_t, 4> other = {product[1], product[3], product[9], product[11]};
  if (one < other) {
    for (const std::size_t i : {std::size_t{0}, std::size_t{2}, std::size_t{8}, std::size_t{10}})
      std::swap(product[i], product[i + 1]);
  }
  return product;
}

bool IsMatrix(const ComparableProduct& product) {
  return product[0] == 1 && product[1] == 1 && product[8] == 1 && product[9] == 1 && product[10] == 1 &&
         product[11] == 1;
}

ComparableProduct ReadProduct(const Struct& json, bool swap_rows) {
  const auto number = [&](const char* name) { return Number(json, name, 1); };
  ComparableProduct product = {number("R"),        number("S"),        number("P"),          number("Q"),
                               number("C"),        number("K"),        number("N"),          number("G"),
                               number("stride_P"), number("stride_Q"), number("dilation_R"), number("dilation_S"),
                               number("count")};
  if (swap_rows) std::swap(product[2], product[5]);
  return Normal(product, IsMatrix(product));
}

void ReadResults(const Struct& json, OnnxCase* result) {
  const Struct& totals = Find(json, "totals")->struct_value();
  result->layers = 0;
  result->distinct_layers = Number(totals, "distinct_layers", 0);
  result->macs = Number(totals, "macs", 0);
  result->weights = Number(totals, "weight_params", 0);
  result->biases = Number(totals, "bias_params", 0);
  for (const Value& op : Find(json, "ops")->list_value().values()) {
    const bool left = Find(op.struct_value(), "constant_operand") != nullptr;
    result->products.push_back(ReadProduct(op.struct_value(), false));
    result->alternatives.push_back(ReadProduct(op.struct_value(), left));
    ++result->layers;
  }
  std::sort(result->products.begin(), result->products.end());
  std::sort(result->alternatives.begin(), result->alternatives.end());
}

}  // namespace

absl::StatusOr<std::vector<OnnxCase>> ReadTruth(const std::string& path) {
  ASSIGN_OR_RETURN(const Struct json, ReadJson(path));
  std::vector<OnnxCase> cases;
  for (const Value& file : Find(json, "files")->list_value().values()) {
    for (const Value& value : Find(file.struct_value(), "cases")->list_value().values()) {
      OnnxCase one;
      one.file = Find(file.struct_value(), "file")->string_value();
      one.options = ReadOptions(value.struct_value());
      ReadResults(value.struct_value(), &one);
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

absl::StatusOr<std::vector<OnnxCase>> ReadExpected(const std::string& path) {
  ASSIGN_OR_RETURN(const Struct json, ReadJson(path));
  std::vector<OnnxCase> cases;
  for (const auto& [file, value] : json.fields()) {
    OnnxCase one;
    one.file = file;
    one.options = ReadOptions(value.struct_value());
    one.is_error = Find(value.struct_value(), "expect")->string_value() == "error";
    for (const Value& name : Find(value.struct_value(), "message_names")->list_value().values()) {
      one.message_names.push_back(name.string_value());
    }
    if (!one.is_error) ReadResults(value.struct_value(), &one);
    cases.push_back(std::move(one));
  }
  return cases;
}

std::vector<ComparableProduct> Comparable(const v1::WorkloadImport& result) {
  std::vector<ComparableProduct> products;
  for (const v1::ImportedProduct& product : result.products()) {
    const v1::Bounds& b = product.bounds();
    const ComparableProduct one = {b.r(), b.s(),       b.p(),       b.q(),         b.c(),         b.k(),          b.n(),
                                   b.g(), b.wstride(), b.hstride(), b.wdilation(), b.hdilation(), product.count()};
    products.push_back(Normal(one, IsMatrix(one)));
  }
  std::sort(products.begin(), products.end());
  return products;
}

std::string ToText(const ComparableProduct& product) { return absl::StrJoin(product, " "); }

}  // namespace oneloop
