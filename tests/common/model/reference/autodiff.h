#ifndef ONELOOP_TESTS_COMMON_MODEL_REFERENCE_AUTODIFF_H_
#define ONELOOP_TESTS_COMMON_MODEL_REFERENCE_AUTODIFF_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace oneloop {

// Reverse-mode differentiation of scalar expressions. A Tape records each operation with its partial derivatives;
// one sweep backwards then gives the derivatives of any weighted sum of results with respect to every input.
// Not thread-safe; Clear keeps the memory, so that a tape in steady use does not allocate.
class Tape {
 public:
  // Index of a recorded value; kConstant has no derivative.
  using Node = std::int32_t;
  static constexpr Node kConstant = -1;

  void Clear() { operations_.clear(); }
  std::size_t size() const { return operations_.size(); }

  Node Record(Node a, double da, Node b = kConstant, double db = 0) {
    operations_.push_back({a, b, da, db});
    return static_cast<Node>(operations_.size() - 1);
  }

  // On entry adjoint()[i] holds the weight of each result; on exit the derivative with respect to each node.
  std::span<double> ResetAdjoint() {
    adjoint_.assign(operations_.size(), 0.0);
    return adjoint_;
  }
  void Sweep() {
    for (std::size_t i = operations_.size(); i-- > 0;) {
      const double weight = adjoint_[i];
      if (weight == 0) continue;
      const Operation& operation = operations_[i];
      if (operation.a != kConstant) adjoint_[static_cast<std::size_t>(operation.a)] += weight * operation.da;
      if (operation.b != kConstant) adjoint_[static_cast<std::size_t>(operation.b)] += weight * operation.db;
    }
  }

 private:
  struct Operation {
    Node a;
    Node b;
    double da;
    double db;
  };
  std::vector<Operation> operations_;
  std::vector<double> adjoint_;
};

// A real number whose operations are recorded on a tape, unless it is a constant.
class Var {
 public:
  Var() = default;
  Var(double value) : value_(value) {}  // NOLINT(google-explicit-constructor): mixes with plain numbers
  static Var Input(Tape* tape, double value) { return Var(tape, value, tape->Record(Tape::kConstant, 0)); }

  double value() const { return value_; }
  Tape::Node node() const { return node_; }

  // Neutral constants are not recorded: most factors of a mapping are 1.
  friend Var operator+(const Var& a, const Var& b) {
    if (b.IsConstant(0)) return a;
    if (a.IsConstant(0)) return b;
    return Binary(a, b, a.value_ + b.value_, 1, 1);
  }
  friend Var operator-(const Var& a, const Var& b) {
    if (b.IsConstant(0)) return a;
    return Binary(a, b, a.value_ - b.value_, 1, -1);
  }
  friend Var operator*(const Var& a, const Var& b) {
    if (a.IsConstant(0) || b.IsConstant(1)) return a;
    if (b.IsConstant(0) || a.IsConstant(1)) return b;
    return Binary(a, b, a.value_ * b.value_, b.value_, a.value_);
  }
  friend Var operator/(const Var& a, const Var& b) {
    const double quotient = a.value_ / b.value_;
    return Binary(a, b, quotient, 1 / b.value_, -quotient / b.value_);
  }
  friend Var Min(const Var& a, const Var& b) { return b.value_ < a.value_ ? b : a; }
  friend Var Exp2(const Var& a) {
    constexpr double kLn2 = 0.693147180559945309417;
    const double value = std::exp2(a.value_);
    return Unary(a, value, kLn2 * value);
  }
  friend Var Log2(const Var& a) {
    constexpr double kLog2E = 1.44269504088896340736;
    return Unary(a, std::log2(a.value_), kLog2E / a.value_);
  }
  // Clamped to 0..1. At 0 the derivative is the one from above: factors never go below 1.
  friend Var Clamp01(const Var& a) {
    if (a.value_ < 0) return {0.0};
    if (a.value_ >= 1) return {1.0};
    return a;
  }

 private:
  Var(Tape* tape, double value, Tape::Node node) : value_(value), tape_(tape), node_(node) {}
  bool IsConstant(double value) const { return tape_ == nullptr && value_ == value; }
  static Var Unary(const Var& a, double value, double da) {
    if (a.tape_ == nullptr) return {value};
    return {a.tape_, value, a.tape_->Record(a.node_, da)};
  }
  static Var Binary(const Var& a, const Var& b, double value, double da, double db) {
    Tape* tape = a.tape_ != nullptr ? a.tape_ : b.tape_;
    if (tape == nullptr) return {value};
    return {tape, value, tape->Record(a.node_, da, b.node_, db)};
  }

  double value_ = 0;
  Tape* tape_ = nullptr;
  Tape::Node node_ = Tape::kConstant;
};

// The same names for plain numbers, so that one template serves both.
inline double Min(double a, double b) { return b < a ? b : a; }
inline double Exp2(double a) { return std::exp2(a); }
inline double Log2(double a) { return std::log2(a); }
inline double Clamp01(double a) { return a < 0 ? 0 : a > 1 ? 1 : a; }

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_REFERENCE_AUTODIFF_H_
