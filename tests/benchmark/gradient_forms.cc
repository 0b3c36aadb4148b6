// Two ways to differentiate the counts of one layer, on the layers of a network: reverse mode on a tape against dual
// numbers with one derivative per factor. Prints evaluations of the whole network per second; docs/MODEL.md has the
// figures.
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "common/mapping/orders.h"
#include "common/model/exact/cost_model.h"
#include "tests/common/model/reference/autodiff.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"
#include "tests/testing/shipped.h"

namespace oneloop {

// A value with its derivatives with respect to at most kWidth factors.
struct Dual {
  static constexpr std::size_t kWidth = 24;
  double value = 0;
  std::array<double, kWidth> slopes{};

  Dual() = default;
  Dual(double v) : value(v) {}  // NOLINT(google-explicit-constructor): mixes with plain numbers
};
inline Dual Combine(const Dual& a, const Dual& b, double value, double da, double db) {
  Dual result(value);
  for (std::size_t i = 0; i < Dual::kWidth; ++i) result.slopes[i] = da * a.slopes[i] + db * b.slopes[i];
  return result;
}
inline Dual operator+(const Dual& a, const Dual& b) { return Combine(a, b, a.value + b.value, 1, 1); }
inline Dual operator-(const Dual& a, const Dual& b) { return Combine(a, b, a.value - b.value, 1, -1); }
inline Dual operator*(const Dual& a, const Dual& b) { return Combine(a, b, a.value * b.value, b.value, a.value); }
inline Dual operator/(const Dual& a, const Dual& b) {
  const double quotient = a.value / b.value;
  return Combine(a, b, quotient, 1 / b.value, -quotient / b.value);
}
inline Dual Min(const Dual& a, const Dual& b) { return b.value < a.value ? b : a; }
inline Dual Exp2(const Dual& a) {
  const double value = std::exp2(a.value);
  return Combine(a, a, value, 0.693147180559945309417 * value, 0);
}
inline Dual Clamp01(const Dual& a) { return a.value < 0 ? Dual(0) : a.value >= 1 ? Dual(1) : a; }

namespace {

// Factors of one layer: a third of every bound at each inner level. `make` turns a log2 into a number of the system.
template <class S, class Make>
NestFactors<LogFactor<S>> FactorsOf(const CostModel& model, const LayerShape& shape, Make make) {
  NestFactors<LogFactor<S>> factors;
  const int outermost = model.structure().num_levels() - 1;
  for (const Dim dim : kAllDims) {
    const double log2_bound = std::log2(static_cast<double>(shape.bound(dim)));
    S rest(log2_bound);
    for (int level = 0; level < outermost && log2_bound > 0; ++level) {
      if (!model.hardware_template().level(level).temporal.Has(dim)) continue;
      const S log2 = make(log2_bound / 4);
      factors.temporal[static_cast<std::size_t>(level)][static_cast<std::size_t>(dim)] = {log2};
      rest = rest - log2;
    }
    factors.temporal[static_cast<std::size_t>(outermost)][static_cast<std::size_t>(dim)] = {rest};
  }
  return factors;
}

template <class S>
S Total(const CostModel& model, const LayerShape& shape, const std::array<LoopOrder, kMaxLevels>& orders,
        const NestFactors<LogFactor<S>>& factors) {
  const auto counts = NestCounter<LogFactor<S>>(model.structure(), shape, orders, factors).Count();
  S sum(0.0);
  for (const Flow& flow : model.flows()) {
    const auto& words = counts.tensors[static_cast<std::size_t>(flow.level)][static_cast<std::size_t>(flow.tensor)];
    sum = sum + words.reads + words.fills + words.updates;
  }
  return sum;
}

template <class Body>
void Measure(const char* name, Body body) {
  double checksum = 0;
  int rounds = 0;
  const auto begin = std::chrono::steady_clock::now();
  double seconds = 0;
  while (seconds < 1) {
    for (int i = 0; i < 20; ++i, ++rounds) checksum += body();
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  std::printf("%-40s %9.0f networks/s (checksum %.6g)\n", name, rounds / seconds, checksum / rounds);
}

void Run(const std::string& network) {
  const CostModel model(ShippedTemplate("gemmini"));
  const Workload workload = ShippedWorkload(network);
  const LoopOrders orders = model.order_space().StationaryOrders(Tensor::kO);
  Measure("value alone", [&] {
    double sum = 0;
    for (const Layer& layer : workload.layers) {
      sum += Total<double>(model, layer.shape, orders,
                           FactorsOf<double>(model, layer.shape, [](double log2) { return log2; }));
    }
    return sum;
  });
  Tape tape;
  Measure("value and gradient, reverse on a tape", [&] {
    double sum = 0;
    for (const Layer& layer : workload.layers) {
      tape.Clear();
      const Var total =
          Total<Var>(model, layer.shape, orders,
                     FactorsOf<Var>(model, layer.shape, [&](double log2) { return Var::Input(&tape, log2); }));
      const std::span<double> adjoint = tape.ResetAdjoint();
      adjoint[static_cast<std::size_t>(total.node())] = 1;
      tape.Sweep();
      sum += total.value() + adjoint[0] * 0;
    }
    return sum;
  });
  Measure("value and gradient, dual numbers", [&] {
    double sum = 0;
    for (const Layer& layer : workload.layers) {
      std::size_t next = 0;
      const Dual total = Total<Dual>(model, layer.shape, orders, FactorsOf<Dual>(model, layer.shape, [&](double log2) {
                                       Dual input(log2);
                                       input.slopes[next++ % Dual::kWidth] = 1;
                                       return input;
                                     }));
      sum += total.value + total.slopes[0] * 0;
    }
    return sum;
  });
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  oneloop::Run(argc > 1 ? argv[1] : "resnet50");
  return 0;
}
