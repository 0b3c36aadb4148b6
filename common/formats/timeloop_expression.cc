#include "common/formats/timeloop_expression.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr int kMostDepth = 32;
constexpr int kMostSteps = 10000;  // of one expression, variables included

class Parser {
 public:
  Parser(std::string_view text, const TimeloopVariables& variables, int depth, int* steps)
      : rest_(text), variables_(variables), depth_(depth), steps_(*steps) {}

  absl::StatusOr<double> Whole() {
    ASSIGN_OR_RETURN(const double value, Sum());
    SkipSpace();
    if (!rest_.empty()) return Unknown();
    if (!std::isfinite(value)) return absl::InvalidArgumentError("is not a finite number");
    return value;
  }

 private:
  void SkipSpace() { rest_ = rest_.substr(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool Take(std::string_view token) {
    SkipSpace();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  absl::Status Unknown() const {
    return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(rest_.substr(0, 32)), "' is not understood"));
  }

  absl::StatusOr<double> Sum() {
    ASSIGN_OR_RETURN(double value, Product());
    while (true) {
      const bool plus = Take("+");
      if (!plus && !Take("-")) return value;
      ASSIGN_OR_RETURN(const double next, Product());
      value = plus ? value + next : value - next;
    }
  }

  absl::StatusOr<double> Product() {
    ASSIGN_OR_RETURN(double value, Signed());
    while (true) {
      const bool floors = Take("//");
      const bool divides = !floors && Take("/");
      const bool remains = !floors && !divides && Take("%");
      if (!floors && !divides && !remains && !Take("*")) return value;
      ASSIGN_OR_RETURN(const double next, Signed());
      if ((floors || divides || remains) && next == 0) return absl::InvalidArgumentError("divides by 0");
      if (floors) {
        value = std::floor(value / next);
      } else if (divides) {
        value /= next;
      } else {
        value = remains ? value - next * std::floor(value / next) : value * next;
      }
    }
  }

  absl::StatusOr<double> Signed() {
    if (++steps_ > kMostSteps || depth_ > kMostDepth) return absl::InvalidArgumentError("is too deep or too long");
    const bool minus = Take("-");
    if (minus || Take("+")) {
      ++depth_;
      ASSIGN_OR_RETURN(const double value, Signed());
      --depth_;
      return minus ? -value : value;
    }
    ASSIGN_OR_RETURN(const double base, Atom());
    if (!Take("**")) return base;
    ++depth_;
    ASSIGN_OR_RETURN(const double exponent, Signed());
    --depth_;
    return std::pow(base, exponent);
  }

  absl::StatusOr<double> Atom() {
    if (Take("(")) {
      ++depth_;
      ASSIGN_OR_RETURN(const double value, Sum());
      --depth_;
      if (!Take(")")) return absl::InvalidArgumentError("a parenthesis is not closed");
      return value;
    }
    SkipSpace();
    if (rest_.empty()) return absl::InvalidArgumentError("ends where a number is expected");
    double value = 0;
    const std::from_chars_result number = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const bool is_number = rest_[0] == '.' || absl::ascii_isdigit(static_cast<unsigned char>(rest_[0]));
    if (is_number && number.ec == std::errc()) {
      rest_.remove_prefix(static_cast<std::size_t>(number.ptr - rest_.data()));
      return value;
    }
    return Variable();
  }

  absl::StatusOr<double> Variable() {
    std::size_t length = 0;
    while (length < rest_.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(rest_[length])) || rest_[length] == '_')) {
      ++length;
    }
    const auto found = variables_.find(std::string(rest_.substr(0, length)));
    if (length == 0 || found == variables_.end()) return Unknown();
    rest_.remove_prefix(length);
    return Parser(found->second, variables_, depth_ + 1, &steps_).Whole();
  }

  std::string_view rest_;
  const TimeloopVariables& variables_;
  int depth_;
  int& steps_;
};

}  // namespace

absl::StatusOr<double> EvaluateTimeloopExpression(std::string_view text, const TimeloopVariables& variables) {
  int steps = 0;
  return Parser(text, variables, 0, &steps).Whole();
}

}  // namespace oneloop
