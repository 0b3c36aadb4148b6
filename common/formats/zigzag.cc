#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/formats/file_name.h"
#include "common/formats/import.h"
#include "common/formats/layer_names.h"
#include "common/formats/layer_tables.h"
#include "common/formats/operation.h"
#include "common/formats/yaml_view.h"

namespace oneloop {
namespace {

// "O[b][k]" -> O and its axes.
struct Term {
  std::string tensor;
  std::vector<std::string> axes;
};

std::optional<Term> ParseTerm(absl::string_view text) {
  Term term;
  const std::size_t open = text.find('[');
  term.tensor = ToString(text.substr(0, open));
  while (open != absl::string_view::npos && !text.empty()) {
    const std::size_t begin = text.find('[');
    if (begin == absl::string_view::npos) return text.empty() ? std::optional<Term>(term) : std::nullopt;
    const std::size_t end = text.find(']', begin);
    if (end == absl::string_view::npos || end == begin + 1) return std::nullopt;
    term.axes.push_back(ToString(text.substr(begin + 1, end - begin - 1)));
    text.remove_prefix(end + 1);
  }
  return term;
}

// "ix=2*ox+1*fx" -> ix and its terms.
std::optional<std::pair<std::string, std::vector<AxisTerm>>> ParseRelation(const std::string& text) {
  const std::vector<std::string> sides = absl::StrSplit(text, '=');
  if (sides.size() != 2) return std::nullopt;
  std::vector<AxisTerm> terms;
  for (const absl::string_view part : absl::StrSplit(sides[1], '+')) {
    const std::vector<std::string> factors = absl::StrSplit(part, '*');
    AxisTerm term;
    term.loop = absl::AsciiStrToUpper(factors.back());
    if (factors.size() > 2 || (factors.size() == 2 && !absl::SimpleAtoi(factors[0], &term.step))) return std::nullopt;
    if (term.step < 1) return std::nullopt;
    terms.push_back(std::move(term));
  }
  return std::make_pair(absl::AsciiStrToUpper(sides[0]), std::move(terms));
}

std::string WithoutSpaces(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) result.push_back(c);
  }
  return result;
}

class LayerReader {
 public:
  LayerReader(const YamlView& layer, const std::string& file) : layer_(layer), file_(file) {}

  // Nothing for a layer that multiplies nothing.
  absl::StatusOr<std::optional<LayerShape>> Read() {
    const std::string type = absl::AsciiStrToLower(layer_.Get("operator_type").Text());
    if (type.find("pool") != std::string::npos || type == "add" || type == "relu") return std::optional<LayerShape>();
    RETURN_IF_ERROR(ReadLoops());
    RETURN_IF_ERROR(ReadRelations());
    ASSIGN_OR_RETURN(const bool multiplies, ReadEquation());
    if (!multiplies) return std::optional<LayerShape>();
    const absl::StatusOr<LayerShape> shape = ShapeOf(operation_);
    if (!shape.ok()) return layer_.Error(file_, absl::StrCat("equation: ", shape.status().message()));
    if (const absl::Status status = ValidateShape(*shape); !status.ok())
      return layer_.Error(file_, ToString(status.message()));
    return std::optional<LayerShape>(*shape);
  }

 private:
  absl::Status ReadLoops() {
    const YamlView dims = layer_.Get("loop_dims");
    const YamlView sizes = layer_.Get("loop_sizes");
    const std::vector<YamlView> names = dims.Items();
    const std::vector<YamlView> numbers = sizes.Items();
    if (names.empty() || names.size() != numbers.size() || names.size() > 64) {
      return layer_.Error(file_, "loop_dims and loop_sizes: expected two lists of the same length");
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::optional<std::int64_t> size = numbers[i].Integer();
      if (!size.has_value() || *size < 1)
        return numbers[i].Error(file_, "loop_sizes: expected whole numbers of at least 1");
      const std::string loop = absl::AsciiStrToUpper(names[i].Text());
      if (!operation_.bounds.emplace(loop, *size).second)
        return names[i].Error(file_, "loop_dims: a name is there twice");
      operation_.loops.push_back(loop);
    }
    return absl::OkStatus();
  }

  absl::Status ReadRelations() {
    for (const YamlView& item : layer_.Get("dimension_relations").Items()) {
      auto relation = ParseRelation(WithoutSpaces(item.Text()));
      if (!relation.has_value()) return item.Error(file_, "dimension_relations: expected for example ix=1*ox+1*fx");
      relations_.insert(*std::move(relation));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Projection> Project(const Term& term) const {
    Projection projection;
    for (const std::string& axis : term.axes) {
      const std::string loop = absl::AsciiStrToUpper(axis);
      const auto relation = relations_.find(loop);
      if (operation_.bounds.count(loop) > 0) {
        projection.push_back({{loop, 1}});
      } else if (relation != relations_.end()) {
        projection.push_back(relation->second);
      } else {
        return layer_.Error(file_, absl::StrCat("equation: '", axis, "' is neither a loop nor related to loops"));
      }
      for (const AxisTerm& part : projection.back()) {
        if (operation_.bounds.count(part.loop) == 0) {
          return layer_.Error(file_, absl::StrCat("dimension_relations: '", part.loop, "' is not among loop_dims"));
        }
      }
    }
    return projection;
  }

  // "O[...]+=W[...]*I[...]"; false for sums and the like.
  absl::StatusOr<bool> ReadEquation() {
    const std::string equation = WithoutSpaces(layer_.Get("equation").Text());
    const std::size_t equals = equation.find('=');
    if (equals == std::string::npos || equals == 0)
      return layer_.Error(file_, "equation: expected O[...]+=W[...]*I[...]");
    const std::vector<std::string> right = absl::StrSplit(equation.substr(equals + 1), '*');
    if (right.size() != 2) return false;
    std::string left = equation.substr(0, equals);
    if (left.back() == '+') left.pop_back();
    const std::optional<Term> output = ParseTerm(left);
    std::optional<Term> input = ParseTerm(right[1]);
    std::optional<Term> weights = ParseTerm(right[0]);
    if (!output.has_value() || !input.has_value() || !weights.has_value()) {
      return layer_.Error(file_, "equation: expected O[...]+=W[...]*I[...]");
    }
    if (weights->tensor == "I" || input->tensor == "W" || (weights->tensor == "A" && input->tensor == "B"))
      std::swap(input, weights);
    ASSIGN_OR_RETURN(operation_.tensors[static_cast<std::size_t>(Tensor::kW)], Project(*weights));
    ASSIGN_OR_RETURN(operation_.tensors[static_cast<std::size_t>(Tensor::kI)], Project(*input));
    ASSIGN_OR_RETURN(operation_.tensors[static_cast<std::size_t>(Tensor::kO)], Project(*output));
    return true;
  }

  const YamlView& layer_;
  const std::string& file_;
  Operation operation_;
  std::map<std::string, std::vector<AxisTerm>> relations_;
};

}  // namespace

absl::StatusOr<v1::WorkloadImport> ReadZigzagText(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const YamlDocument document, YamlDocument::Parse(text, file));
  v1::Workload workload;
  workload.set_name(WorkloadNameOf(file));
  std::map<std::string, std::int64_t> others;
  const YamlView root(document.root());
  if (!root.IsList()) return root.Error(file, "expected a list of layers");
  for (const YamlView& item : root.Items()) {
    ASSIGN_OR_RETURN(const std::optional<LayerShape> shape, LayerReader(item, file).Read());
    const std::string type = item.Get("operator_type").Text();
    if (!shape.has_value()) {
      ++others[type.empty() ? "?" : type];
      continue;
    }
    v1::Layer* const layer = workload.add_layers();
    const std::string name = item.Get("name").Text();
    layer->set_name(name.empty() ? absl::StrCat(type.empty() ? "layer" : type, "_", item.Get("id").Text()) : name);
    *layer->mutable_bounds() = LayerShapeToProto(*shape);
  }
  NameLayersApart(&workload);
  if (const absl::Status status = WorkloadFromProto(workload).status(); !status.ok()) {
    return root.Error(file, ToString(status.message()));
  }
  v1::WorkloadImport result = ImportOf(std::move(workload));
  for (const auto& [op, nodes] : others) {
    v1::ImportedOther* const other = result.add_others();
    other->set_op(op);
    other->set_nodes(nodes);
  }
  return result;
}

}  // namespace oneloop
