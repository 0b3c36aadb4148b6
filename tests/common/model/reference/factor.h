#ifndef ONELOOP_TESTS_COMMON_MODEL_REFERENCE_FACTOR_H_
#define ONELOOP_TESTS_COMMON_MODEL_REFERENCE_FACTOR_H_

#include <cmath>

#include "tests/common/model/reference/autodiff.h"

namespace oneloop {

// Two number systems for the factors of a mapping, with one vocabulary, so that the counting rules stand in the code
// once (count.h). A factor is ≥ 1 and only multiplied, divided and gated; amounts (words, cycles) are added.
//
//   f * g, f / g       product, quotient
//   OpenedBy(f, g)     f when g > 1, else 1
//   ClosedBy(f, g)     f when g = 1, else 1
//   AtLeastOne(f)      f, or 1 if that is more
//   AtMost(f, g)       the smaller one
//   ToAmount(f)        the number itself

// Whole factors in double precision: exact below 2^53, correctly rounded and never wrapped beyond.
struct ExactFactor {
  using Amount = double;
  double value = 1;

  static ExactFactor Of(double factor) { return {factor}; }
  friend ExactFactor operator*(ExactFactor a, ExactFactor b) { return {a.value * b.value}; }
  friend ExactFactor operator/(ExactFactor a, ExactFactor b) { return {a.value / b.value}; }
  friend ExactFactor OpenedBy(ExactFactor f, ExactFactor gate) { return gate.value > 1 ? f : ExactFactor{}; }
  friend ExactFactor ClosedBy(ExactFactor f, ExactFactor gate) { return gate.value > 1 ? ExactFactor{} : f; }
  friend ExactFactor AtLeastOne(ExactFactor f) { return f.value < 1 ? ExactFactor{} : f; }
  friend ExactFactor AtMost(ExactFactor f, ExactFactor g) { return g.value < f.value ? g : f; }
  friend double ToAmount(ExactFactor f) { return f.value; }
};

// Real factors by their log2, S = double or Var. The gates open linearly in log2 between 1 and 2, so that they equal
// the exact ones at whole factors and are continuous between, with kinks at gate = 1 and 2.
template <class S>
struct LogFactor {
  using Amount = S;
  S log2 = S(0.0);

  static LogFactor Of(double factor) { return {S(std::log2(factor))}; }
  friend LogFactor operator*(const LogFactor& a, const LogFactor& b) { return {a.log2 + b.log2}; }
  friend LogFactor operator/(const LogFactor& a, const LogFactor& b) { return {a.log2 - b.log2}; }
  friend LogFactor OpenedBy(const LogFactor& f, const LogFactor& gate) { return {f.log2 * Clamp01(gate.log2)}; }
  friend LogFactor ClosedBy(const LogFactor& f, const LogFactor& gate) {
    return {f.log2 * (S(1.0) - Clamp01(gate.log2))};
  }
  friend LogFactor AtLeastOne(const LogFactor& f) { return {S(0.0) - Min(S(0.0) - f.log2, S(0.0))}; }
  friend LogFactor AtMost(const LogFactor& f, const LogFactor& g) { return {Min(f.log2, g.log2)}; }
  friend S ToAmount(const LogFactor& f) { return Exp2(f.log2); }
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_REFERENCE_FACTOR_H_
