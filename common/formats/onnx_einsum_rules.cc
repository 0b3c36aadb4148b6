// Einsum of one or two operands.
#include <array>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/formats/onnx_product.h"
#include "common/formats/onnx_rules.h"

namespace oneloop {
namespace {

// The axes of a term: letters, and '0', '1', ... for those that "..." stands for, counted from the last one.
using Labels = std::string;

constexpr std::string_view kEllipsis = "...";

absl::Status BadEquation(const std::string& equation) {
  return absl::InvalidArgumentError(absl::StrCat("equation '", equation, "' does not fit its operands"));
}

bool HasLabel(const Labels& labels, char label) { return labels.find(label) != Labels::npos; }

// The labels of a term over `rank` axes.
std::optional<Labels> ExpandTerm(std::string term, std::size_t rank) {
  const std::size_t place = term.find(kEllipsis);
  std::size_t hidden = 0;
  if (place != std::string::npos) {
    term.erase(place, kEllipsis.size());
    if (term.size() > rank || rank - term.size() > 10) return std::nullopt;
    hidden = rank - term.size();
    std::string numbers;
    for (std::size_t i = hidden; i-- > 0;) numbers.push_back(static_cast<char>('0' + i));
    term.insert(place, numbers);
  }
  if (term.size() != rank) return std::nullopt;
  for (const char label : term) {
    if (!absl::ascii_isalpha(static_cast<unsigned char>(label)) &&
        !absl::ascii_isdigit(static_cast<unsigned char>(label)))
      return std::nullopt;
  }
  return term;
}

struct Equation {
  std::vector<Labels> terms;
  Labels output;
};

// The output where the equation names none: hidden axes, then letters that occur once, in the order of the alphabet.
Labels ImplicitOutput(const std::vector<Labels>& terms) {
  std::map<char, int> seen;
  for (const Labels& term : terms) {
    for (const char label : term) ++seen[label];
  }
  Labels hidden;
  Labels letters;
  for (const auto& [label, times] : seen) {
    const bool is_hidden = absl::ascii_isdigit(static_cast<unsigned char>(label));
    if (is_hidden) hidden.insert(hidden.begin(), label);
    if (!is_hidden && times == 1) letters.push_back(label);
  }
  return hidden + letters;
}

absl::StatusOr<Equation> ReadEquation(const OnnxOp& op) {
  const std::string text = op.Text("equation", "");
  std::string equation;
  for (const char c : text) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) equation.push_back(c);
  }
  if (equation.size() > 256) return BadEquation("(too long)");
  const std::size_t arrow = equation.find("->");
  const std::vector<std::string> terms = absl::StrSplit(equation.substr(0, arrow), ',');
  if (terms.size() != op.inputs.size()) return BadEquation(text);
  Equation result;
  std::size_t most_hidden = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    ASSIGN_OR_RETURN(const OnnxDims dims, op.Extents(static_cast<int>(i)));
    const std::optional<Labels> labels = ExpandTerm(terms[i], dims.size());
    if (!labels.has_value()) return BadEquation(text);
    if (terms[i].find(kEllipsis) != std::string::npos) {
      most_hidden = std::max(most_hidden, dims.size() + kEllipsis.size() - terms[i].size());
    }
    result.terms.push_back(*labels);
  }
  if (arrow == std::string::npos) {
    result.output = ImplicitOutput(result.terms);
    return result;
  }
  const std::string output = equation.substr(arrow + 2);
  const std::size_t hidden = output.find(kEllipsis) == std::string::npos ? 0 : most_hidden;
  const std::size_t letters = output.size() - (output.find(kEllipsis) == std::string::npos ? 0 : kEllipsis.size());
  const std::optional<Labels> labels = ExpandTerm(output, letters + hidden);
  if (!labels.has_value()) return BadEquation(text);
  result.output = *labels;
  return result;
}

absl::StatusOr<std::map<char, std::int64_t>> ReadExtents(const OnnxOp& op, const Equation& equation) {
  std::map<char, std::int64_t> extents;
  for (std::size_t i = 0; i < equation.terms.size(); ++i) {
    for (std::size_t axis = 0; axis < equation.terms[i].size(); ++axis) {
      const std::int64_t extent = (*op.inputs[i]->dims)[axis];
      const auto [place, is_new] = extents.emplace(equation.terms[i][axis], extent);
      if (is_new || place->second == extent || extent == 1) continue;
      if (place->second != 1) return BadEquation(op.Text("equation", ""));
      place->second = extent;
    }
  }
  for (const char label : equation.output) {
    if (extents.count(label) == 0) return BadEquation(op.Text("equation", ""));
  }
  return extents;
}

absl::Status Einsum(OnnxOp& op) {
  if (op.inputs.empty() || op.inputs.size() > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", op.inputs.size(), " operands; one or two are understood: split it into products of two"));
  }
  ASSIGN_OR_RETURN(const Equation equation, ReadEquation(op));
  ASSIGN_OR_RETURN(const auto extents, ReadExtents(op, equation));
  OnnxDims dims;
  for (const char label : equation.output) dims.push_back(extents.at(label));
  if (op.inputs.size() == 2) {
    ProductExtents product;
    for (const auto& [label, extent] : extents) {
      const bool left = HasLabel(equation.terms[0], label);
      const bool right = HasLabel(equation.terms[1], label);
      const bool out = HasLabel(equation.output, label);
      // What only one operand is summed over is summed before anything is multiplied.
      if (left != right && !out) continue;
      std::int64_t& target = !out ? product.inner : left && right ? product.both : left ? product.left : product.right;
      RETURN_IF_ERROR(MultiplyExtent(extent, &target));
    }
    AddProduct(op, product, 0, 1, -1);
  }
  op.SetOutput(0, std::move(dims));
  return absl::OkStatus();
}

}  // namespace

void AddEinsumRules(OnnxRuleTable* table) { (*table)["Einsum"] = Einsum; }

}  // namespace oneloop
