#include "common/hardware/formula.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kMaxTextLength = 1000;
constexpr double kMaxExponent = 16;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent over the grammar in the header.
class Parser {
 public:
  Parser(std::string_view text, const std::vector<std::string>& names) : text_(text), names_(names) {}

  absl::StatusOr<std::vector<Formula::Term>> Parse() {
    std::vector<Formula::Term> terms;
    do {
      ASSIGN_OR_RETURN(Formula::Term term, ParseProduct());
      terms.push_back(std::move(term));
    } while (Accept('+'));
    if (position_ != text_.size()) return Error("expected '+', '*', '/' or the end");
    return terms;
  }

 private:
  absl::Status Error(std::string_view expected) const {
    return FieldError("",
                      absl::StrCat("formula '", ToAbsl(text_), "', column ", position_ + 1, ": ", ToAbsl(expected)));
  }

  void SkipSpace() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) ++position_;
  }

  bool Accept(char c) {
    SkipSpace();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    SkipSpace();
    return true;
  }

  absl::StatusOr<Formula::Term> ParseProduct() {
    Formula::Term term{1, std::vector<double>(names_.size(), 0)};
    RETURN_IF_ERROR(ParseFactor(1, &term));
    for (;;) {
      if (Accept('*')) {
        RETURN_IF_ERROR(ParseFactor(1, &term));
      } else if (Accept('/')) {
        RETURN_IF_ERROR(ParseFactor(-1, &term));
      } else {
        break;
      }
    }
    if (!std::isfinite(term.coefficient)) return Error("the coefficient is not finite");
    return term;
  }

  absl::Status ParseFactor(int sign, Formula::Term* term) {
    SkipSpace();
    if (position_ < text_.size() && IsLetter(text_[position_])) return ParsePower(sign, term);
    ASSIGN_OR_RETURN(const double value, ParseNumber());
    if (sign < 0 && value == 0) return Error("division by zero");
    term->coefficient = sign > 0 ? term->coefficient * value : term->coefficient / value;
    return absl::OkStatus();
  }

  absl::Status ParsePower(int sign, Formula::Term* term) {
    const std::size_t begin = position_;
    while (position_ < text_.size() && (IsLetter(text_[position_]) || IsDigit(text_[position_]))) ++position_;
    const std::string name(text_.substr(begin, position_ - begin));
    std::size_t index = 0;
    while (index < names_.size() && names_[index] != name) ++index;
    if (index == names_.size()) {
      position_ = begin;
      return Error(absl::StrCat("unknown parameter '", name, "'", SuggestName(name, names_)));
    }
    double exponent = 1;
    if (Accept('^')) {
      const int exponent_sign = Accept('-') ? -1 : 1;
      ASSIGN_OR_RETURN(const double size, ParseNumber());
      exponent = exponent_sign * size;
    }
    term->exponents[index] += sign * exponent;
    if (!(std::abs(term->exponents[index]) <= kMaxExponent)) return Error("an exponent is beyond -16 to 16");
    return absl::OkStatus();
  }

  // A number without sign.
  absl::StatusOr<double> ParseNumber() {
    SkipSpace();
    const std::size_t begin = position_;
    std::size_t end = begin;
    while (end < text_.size() && (IsDigit(text_[end]) || text_[end] == '.')) ++end;
    if (end > begin && end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t digits = end + 1;
      if (digits < text_.size() && (text_[digits] == '-' || text_[digits] == '+')) ++digits;
      if (digits < text_.size() && IsDigit(text_[digits])) {
        end = digits;
        while (end < text_.size() && IsDigit(text_[end])) ++end;
      }
    }
    double value = 0;
    if (end == begin || !absl::SimpleAtod(ToAbsl(text_.substr(begin, end - begin)), &value) || !std::isfinite(value)) {
      return Error("expected a number that is not negative or a parameter's name");
    }
    position_ = end;
    return value;
  }

  std::string_view text_;
  const std::vector<std::string>& names_;
  std::size_t position_ = 0;
};

double EvaluateTerm(const Formula::Term& term, std::span<const double> parameters) {
  double numerator = term.coefficient;
  double denominator = 1;
  for (std::size_t j = 0; j < term.exponents.size(); ++j) {
    const double exponent = term.exponents[j];
    if (exponent > 0) numerator *= Power(parameters[j], exponent);
    if (exponent < 0) denominator *= Power(parameters[j], -exponent);
  }
  return numerator / denominator;
}

}  // namespace

double Power(double base, double exponent) {
  if (exponent == 0) return 1;
  const double rounded = std::nearbyint(exponent);
  if (rounded != exponent) return std::pow(base, exponent);
  double power = 1;
  for (int i = 0; i < static_cast<int>(std::abs(rounded)); ++i) power *= base;
  return exponent > 0 ? power : 1 / power;
}

absl::StatusOr<Formula> Formula::Parse(std::string_view text, const std::vector<std::string>& parameter_names) {
  if (text.size() > kMaxTextLength) {
    return FieldError("", absl::StrCat("formula of ", text.size(), " characters; valid: at most ", kMaxTextLength));
  }
  Formula formula;
  formula.text_ = std::string(text);
  ASSIGN_OR_RETURN(formula.terms_, Parser(formula.text_, parameter_names).Parse());
  return formula;
}

Formula Formula::Constant(double value, int num_parameters) {
  Formula formula;
  formula.terms_.push_back({value, std::vector<double>(static_cast<std::size_t>(num_parameters), 0)});
  formula.text_ = absl::StrCat(value);
  return formula;
}

double Formula::Evaluate(std::span<const double> parameters) const {
  double sum = 0;
  for (const Term& term : terms_) sum += EvaluateTerm(term, parameters);
  return sum;
}

double Formula::EvaluateSmallest(std::span<const double> low, std::span<const double> high) const {
  double sum = 0;
  std::vector<double> corner(low.size());
  for (const Term& term : terms_) {
    for (std::size_t j = 0; j < corner.size(); ++j) corner[j] = term.exponents[j] >= 0 ? low[j] : high[j];
    sum += EvaluateTerm(term, corner);
  }
  return sum;
}

double Formula::EvaluateLargest(std::span<const double> low, std::span<const double> high) const {
  // Swapping the ends turns the least corner of every term into the greatest.
  return EvaluateSmallest(high, low);
}

void Formula::AddLog2Gradient(std::span<const double> parameters, double scale, std::span<double> gradient) const {
  constexpr double kLn2 = 0.693147180559945309417;
  for (const Term& term : terms_) {
    const double slope = scale * kLn2 * EvaluateTerm(term, parameters);
    for (std::size_t j = 0; j < term.exponents.size(); ++j) gradient[j] += slope * term.exponents[j];
  }
}

bool Formula::IsZero() const {
  return std::all_of(terms_.begin(), terms_.end(), [](const Term& term) { return !(term.coefficient > 0); });
}

bool Formula::DependsOn(std::size_t parameter) const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [parameter](const Term& term) { return term.coefficient > 0 && term.exponents[parameter] != 0; });
}

bool Formula::IsConstant() const {
  for (const Term& term : terms_) {
    for (const double exponent : term.exponents) {
      if (exponent != 0 && term.coefficient != 0) return false;
    }
  }
  return true;
}

}  // namespace oneloop
