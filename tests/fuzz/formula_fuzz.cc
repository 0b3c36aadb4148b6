#include <cmath>
#include <string>
#include <vector>

#include "common/hardware/formula.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// A posynomial is positive and lies between its bounds; its text gives the same formula.
TEXT_FUZZER(input) {
  const std::vector<std::string> names = {"pe_dim", "accumulator_kib", "x"};
  const absl::StatusOr<Formula> formula = Formula::Parse(input, names);
  CheckAnswer(formula.status());
  if (!formula.ok()) return;
  const std::vector<double> low = {1, 0.5, 3};
  const std::vector<double> middle = {16, 64, 3};
  const std::vector<double> high = {128, 512, 7};
  const double value = formula->Evaluate(middle);
  Check(value >= 0, "no posynomial is negative");
  const double slack = 1 + 1e-9;
  Check(formula->EvaluateSmallest(low, high) <= value * slack, "the smallest value is a bound");
  Check(formula->EvaluateLargest(low, high) * slack >= value, "the largest value is a bound");
  std::vector<double> gradient(names.size());
  if (std::isfinite(value)) formula->AddLog2Gradient(middle, 1, gradient);
  const absl::StatusOr<Formula> again = Formula::Parse(formula->text(), names);
  Check(again.ok() && again->Evaluate(middle) == value, "a formula's text gives the same formula");
}

}  // namespace oneloop
