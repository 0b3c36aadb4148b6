#include "common/formats/onnx_bindings.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kMostNamed = 12;
constexpr std::size_t kLongestExpression = 256;

// Sums, products and quotients of numbers and symbols.
class DimensionParser {
 public:
  DimensionParser(std::string_view text, const std::map<std::string, std::int64_t>& symbols)
      : rest_(text), symbols_(symbols) {}

  std::optional<std::int64_t> Parse() {
    const std::optional<std::int64_t> value = Sum();
    SkipSpace();
    return rest_.empty() ? value : std::nullopt;
  }

 private:
  void SkipSpace() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool Take(std::string_view token) {
    SkipSpace();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::optional<std::int64_t> Sum() {
    std::optional<std::int64_t> total = Product();
    while (total.has_value()) {
      const bool plus = Take("+");
      if (!plus && !Take("-")) return total;
      const std::optional<std::int64_t> term = Product();
      std::int64_t sum = 0;
      if (!term.has_value() ||
          (plus ? __builtin_add_overflow(*total, *term, &sum) : __builtin_sub_overflow(*total, *term, &sum))) {
        return std::nullopt;
      }
      total = sum;
    }
    return total;
  }

  std::optional<std::int64_t> Product() {
    std::optional<std::int64_t> total = Factor();
    while (total.has_value()) {
      const bool times = Take("*");
      if (!times && !Take("//") && !Take("/")) return total;
      const std::optional<std::int64_t> factor = Factor();
      std::int64_t product = 0;
      if (!factor.has_value() || (!times && *factor <= 0)) return std::nullopt;
      if (times && __builtin_mul_overflow(*total, *factor, &product)) return std::nullopt;
      total = times ? product : *total / *factor;
    }
    return total;
  }

  std::optional<std::int64_t> Factor() {
    if (++depth_ > 32) return std::nullopt;
    Take("floor");
    if (Take("(")) {
      const std::optional<std::int64_t> value = Sum();
      return Take(")") ? value : std::nullopt;
    }
    SkipSpace();
    std::size_t length = 0;
    while (length < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[length])) != 0 ||
                                     rest_[length] == '_' || rest_[length] == '.')) {
      ++length;
    }
    const std::string word(rest_.substr(0, length));
    rest_.remove_prefix(length);
    std::int64_t number = 0;
    if (absl::SimpleAtoi(word, &number)) return number;
    const auto found = symbols_.find(word);
    return found == symbols_.end() ? std::nullopt : std::optional<std::int64_t>(found->second);
  }

  std::string_view rest_;
  const std::map<std::string, std::int64_t>& symbols_;
  int depth_ = 0;
};

void CollectNames(const google::protobuf::RepeatedPtrField<onnx::ValueInfoProto>& infos, bool with_axes,
                  std::vector<std::string>* symbols) {
  for (const onnx::ValueInfoProto& info : infos) {
    const onnx::TensorShapeProto& shape = info.type().tensor_type().shape();
    for (int axis = 0; axis < shape.dim_size(); ++axis) {
      if (!shape.dim(axis).dim_param().empty()) symbols->push_back(shape.dim(axis).dim_param());
      if (with_axes) symbols->push_back(absl::StrCat(info.name(), "[", axis, "]"));
    }
  }
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Those that an error may name.
std::vector<std::string> FirstOf(std::vector<std::string> names) {
  names.resize(std::min(names.size(), kMostNamed));
  return names;
}

// Whether the name is a word of one of the expressions.
bool OccursIn(const std::vector<std::string>& texts, const std::string& name) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (const std::string& text : texts) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const std::size_t end = at + name.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::int64_t> EvaluateDimension(const std::string& text,
                                              const std::map<std::string, std::int64_t>& symbols) {
  if (const auto found = symbols.find(text); found != symbols.end()) return found->second;
  if (text.size() > kLongestExpression) return std::nullopt;
  const std::optional<std::int64_t> value = DimensionParser(text, symbols).Parse();
  return value.has_value() && *value >= 0 ? value : std::nullopt;
}

std::int64_t OnnxShapeReader::Extent(const std::string& tensor, int axis, const onnx::TensorShapeProto::Dimension& dim,
                                     bool is_input) {
  const std::string place = absl::StrCat(tensor, "[", axis, "]");
  if (const auto found = bindings_.symbols.find(place); found != bindings_.symbols.end()) return found->second;
  if (dim.has_dim_value() && dim.dim_value() >= 0) return dim.dim_value();
  const std::string& symbol = dim.dim_param();
  const std::optional<std::int64_t> bound =
      symbol.empty() ? std::nullopt : EvaluateDimension(symbol, bindings_.symbols);
  if (bound.has_value()) return *bound;
  // A symbol that several inputs have is named with the first.
  if (is_input && (symbol.empty() || named_.insert(symbol).second)) {
    unbound_.push_back(symbol.empty()
                           ? absl::StrCat("dimension ", axis, " of input '", tensor, "' (--bind '", place, "=N')")
                           : absl::StrCat("'", symbol, "' of input '", tensor, "' (--bind ", symbol, "=N)"));
  }
  return kUnknownExtent;
}

absl::StatusOr<OnnxTensor> OnnxShapeReader::ReadInput(const onnx::ValueInfoProto& input) {
  OnnxTensor tensor;
  tensor.type = input.type().tensor_type().elem_type();
  const auto given = bindings_.shapes.find(input.name());
  if (given != bindings_.shapes.end()) {
    tensor.dims = given->second;
  } else if (!input.has_type() || input.type().has_tensor_type()) {
    if (!input.type().tensor_type().has_shape()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name(), "' has no shape; give it with --shape ", input.name(), "=AxBxC"));
    }
    const onnx::TensorShapeProto& shape = input.type().tensor_type().shape();
    tensor.dims.emplace();
    for (int axis = 0; axis < shape.dim_size(); ++axis) {
      const std::int64_t extent = Extent(input.name(), axis, shape.dim(axis), true);
      if (extent == 0 && shape.dim(axis).has_dim_value()) {
        return absl::InvalidArgumentError(absl::StrCat("input '", input.name(), "' has 0 elements along dimension ",
                                                       axis, "; give its shape with --shape ", input.name(), "=AxBxC"));
      }
      tensor.dims->push_back(extent);
    }
  }
  const auto value = bindings_.values.find(input.name());
  if (value != bindings_.values.end() && tensor.dims.has_value()) {
    const std::optional<std::int64_t> count = ElementCount(*tensor.dims);
    if (count.has_value() && *count <= static_cast<std::int64_t>(kMostOnnxValues)) {
      tensor.values = std::make_shared<const std::vector<double>>(static_cast<std::size_t>(*count), value->second);
    }
  }
  return tensor;
}

OnnxTensor OnnxShapeReader::ReadDeclared(const onnx::ValueInfoProto& info) {
  OnnxTensor tensor;
  const auto given = bindings_.shapes.find(info.name());
  tensor.type = info.type().tensor_type().elem_type();
  if (given != bindings_.shapes.end()) {
    tensor.dims = given->second;
    return tensor;
  }
  if (!info.type().tensor_type().has_shape()) return tensor;
  const onnx::TensorShapeProto& shape = info.type().tensor_type().shape();
  tensor.dims.emplace();
  for (int axis = 0; axis < shape.dim_size(); ++axis) {
    tensor.dims->push_back(Extent(info.name(), axis, shape.dim(axis), false));
  }
  return tensor;
}

std::string OnnxShapeReader::UnboundText() const {
  if (unbound_.empty()) return "";
  std::vector<std::string> first(unbound_.begin(),
                                 unbound_.begin() + static_cast<std::ptrdiff_t>(std::min(unbound_.size(), kMostNamed)));
  if (unbound_.size() > kMostNamed) first.push_back(absl::StrCat(unbound_.size() - kMostNamed, " more"));
  return absl::StrCat("unbound: ", absl::StrJoin(first, ", "));
}

absl::Status OnnxShapeReader::CheckAllUsed(const onnx::GraphProto& graph) const {
  std::vector<std::string> symbols;
  CollectNames(graph.input(), true, &symbols);
  CollectNames(graph.output(), true, &symbols);
  CollectNames(graph.value_info(), true, &symbols);
  std::vector<std::string> inputs;
  for (const onnx::ValueInfoProto& input : graph.input()) inputs.push_back(input.name());
  std::vector<std::string> tensors = inputs;
  for (const onnx::ValueInfoProto& info : graph.value_info()) tensors.push_back(info.name());
  for (const onnx::NodeProto& node : graph.node())
    tensors.insert(tensors.end(), node.output().begin(), node.output().end());
  for (const auto& [name, extent] : bindings_.symbols) {
    if (Contains(symbols, name) || OccursIn(symbols, name)) continue;
    std::vector<std::string> named;
    for (const std::string& symbol : symbols) {
      if (symbol.find('[') == std::string::npos && !Contains(named, symbol)) named.push_back(symbol);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("--bind ", name, "=", extent, ": no dimension has this symbol",
                     named.empty() ? "; the model has none" : SuggestName(name, FirstOf(named))));
  }
  for (const auto& [name, shape] : bindings_.shapes) {
    if (Contains(tensors, name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--shape ", name, ": no tensor has this name", SuggestName(name, FirstOf(inputs))));
  }
  for (const auto& [name, value] : bindings_.values) {
    if (Contains(inputs, name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--value ", name, ": no input has this name", SuggestName(name, FirstOf(inputs))));
  }
  return absl::OkStatus();
}

}  // namespace oneloop
