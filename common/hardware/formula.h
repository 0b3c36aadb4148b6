#ifndef ONELOOP_COMMON_HARDWARE_FORMULA_H_
#define ONELOOP_COMMON_HARDWARE_FORMULA_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// Whole exponents by multiplication, so that the result has the same bits everywhere.
double Power(double base, double exponent);

// A posynomial in a template's parameters: f(x) = Σ_i c_i · Π_j x_j^e_ij with c_i ≥ 0, for example
// "1.94 + 0.1005 * accumulator_kib / pe_dim" or "0.02 * pe_dim^1.5". Sums of this form are smooth for x > 0 and
// convex in log x. Immutable after Parse; thread-safe.
class Formula {
 public:
  struct Term {
    double coefficient = 0;
    std::vector<double> exponents;  // by parameter index
  };

  // Grammar: sum = product {"+" product}; product = factor {("*" | "/") factor}; factor = number | name ["^" number].
  // INVALID_ARGUMENT with the column, and the nearest name for an unknown one; an empty text is an error.
  static absl::StatusOr<Formula> Parse(std::string_view text, const std::vector<std::string>& parameter_names);
  static Formula Constant(double value, int num_parameters);

  // Precondition: as many values as parameter names, all > 0. Whole exponents are evaluated by multiplication, so
  // that the result has the same bits everywhere.
  double Evaluate(std::span<const double> parameters) const;
  // The least and the greatest value over the box low..high; term by term, so a bound when terms pull apart.
  double EvaluateSmallest(std::span<const double> low, std::span<const double> high) const;
  double EvaluateLargest(std::span<const double> low, std::span<const double> high) const;
  // Adds scale · ∂f/∂log2(x_j) to gradient[j].
  void AddLog2Gradient(std::span<const double> parameters, double scale, std::span<double> gradient) const;

  bool IsMonomial() const { return terms_.size() == 1; }
  bool IsConstant() const;
  // Whether it is 0 for all parameters.
  bool IsZero() const;
  // Whether a term that is not 0 has the parameter.
  bool DependsOn(std::size_t parameter) const;
  const std::vector<Term>& terms() const { return terms_; }
  const std::string& text() const { return text_; }

 private:
  std::vector<Term> terms_;
  std::string text_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_HARDWARE_FORMULA_H_
