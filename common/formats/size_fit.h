#ifndef ONELOOP_COMMON_FORMATS_SIZE_FIT_H_
#define ONELOOP_COMMON_FORMATS_SIZE_FIT_H_

#include <string>
#include <utility>
#include <vector>

namespace oneloop {

// A cost as a function of a size, fitted to samples: a + b sqrt(x) + c x.
struct SizeFit {
  double constant = 0;
  double root = 0;
  double linear = 0;
  double worst_error = 0;  // largest relative deviation over the samples; 0 where both are 0

  double At(double size) const;
  // The formula in a parameter, "" for 0: "1.5 + 0.02 * depth^0.5".
  std::string Text(const std::string& parameter) const;
};

// The non-negative a, b and c that make the sum of squared relative deviations from (size, cost) least, to 8 digits.
// Precondition:
// at least one sample; sizes above 0 and all different, costs 0 or more and finite.
SizeFit FitSize(const std::vector<std::pair<double, double>>& samples);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_SIZE_FIT_H_
