#include "common/formats/size_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "Eigen/Dense"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/exact_number.h"

namespace oneloop {
namespace {

constexpr int kTerms = 3;

// More digits than a fit has meaning for are not worth their place in a file.
double Rounded(double factor) {
  double rounded = factor;
  return absl::SimpleAtod(absl::StrFormat("%.8g", factor), &rounded) ? rounded : factor;
}

std::array<double, kTerms> TermsAt(double size) { return {1.0, std::sqrt(size), size}; }

}  // namespace

double SizeFit::At(double size) const { return constant + root * std::sqrt(size) + linear * size; }

std::string SizeFit::Text(const std::string& parameter) const {
  std::vector<std::string> terms;
  if (constant > 0) terms.push_back(ExactNumber(constant));
  if (root > 0) terms.push_back(absl::StrCat(ExactNumber(root), " * ", parameter, "^0.5"));
  if (linear > 0) terms.push_back(absl::StrCat(ExactNumber(linear), " * ", parameter));
  return absl::StrJoin(terms, " + ");
}

// With three terms, the best of the fits of each choice of them that is not negative is the best that there is.
SizeFit FitSize(const std::vector<std::pair<double, double>>& samples) {
  SizeFit best;
  double least = std::numeric_limits<double>::infinity();
  for (unsigned chosen = 0; chosen < (1u << kTerms); ++chosen) {
    std::vector<int> terms;
    for (int t = 0; t < kTerms; ++t) {
      if ((chosen >> t & 1u) != 0) terms.push_back(t);
    }
    if (terms.size() > samples.size()) continue;
    Eigen::MatrixXd matrix(static_cast<Eigen::Index>(samples.size()), static_cast<Eigen::Index>(terms.size()));
    Eigen::VectorXd target(static_cast<Eigen::Index>(samples.size()));
    for (std::size_t s = 0; s < samples.size(); ++s) {
      const auto [size, cost] = samples[s];
      const double weight = cost > 0 ? 1 / cost : 1;
      const auto row = static_cast<Eigen::Index>(s);
      for (std::size_t t = 0; t < terms.size(); ++t) {
        matrix(row, static_cast<Eigen::Index>(t)) = weight * TermsAt(size)[static_cast<std::size_t>(terms[t])];
      }
      target(row) = weight * cost;
    }
    std::array<double, kTerms> factors{};
    if (!terms.empty()) {
      const Eigen::VectorXd solved = matrix.colPivHouseholderQr().solve(target);
      if (!solved.allFinite() || (solved.array() < 0).any()) continue;
      for (std::size_t t = 0; t < terms.size(); ++t) {
        factors[static_cast<std::size_t>(terms[t])] = Rounded(solved(static_cast<Eigen::Index>(t)));
      }
    }
    SizeFit fit{factors[0], factors[1], factors[2], 0};
    double squares = 0;
    for (const auto& [size, cost] : samples) {
      const double off = cost > 0 ? std::abs(fit.At(size) / cost - 1) : std::abs(fit.At(size));
      squares += off * off;
      fit.worst_error = std::max(fit.worst_error, off);
    }
    // Among equals, the fewest terms.
    if (squares < least * (1 - 1e-9) - 1e-24) {
      least = squares;
      best = fit;
    }
  }
  return best;
}

}  // namespace oneloop
