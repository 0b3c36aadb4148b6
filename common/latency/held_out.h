#ifndef ONELOOP_COMMON_LATENCY_HELD_OUT_H_
#define ONELOOP_COMMON_LATENCY_HELD_OUT_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/latency/measurements.h"
#include "common/latency/trainer.h"

namespace oneloop {

// How to leave measurements out. A split is done `repeats` times with other rows, and its figures averaged.
struct HeldOutOptions {
  int random_repeats = 5;
  double random_share = 0.08;
  int layer_repeats = 5;       // parts that the layer shapes are dealt into; each is left out once
  double fastest_share = 0.1;  // of each layer: train on the slow mappings, test on the fast ones
  std::uint64_t seed = 0;
};

// One line of the report: a way to split, a predictor, and its mean figures on the rows left out.
struct HeldOutRow {
  std::string split;        // "random", "layer", "fastest"
  std::string predictor;    // "analytical", "physical", "learned", "combined"
  double spearman = 0;      // rank correlation of predicted and measured cycles
  double mape = 0;          // mean |predicted / measured − 1|, 1 is 100 %
  double within_sigma = 0;  // share of rows within one standard deviation as predicted; 0 where there is none
  int rows = 0;             // that were left out, over all repeats
};

// Trains on the rest and tests on what was left out, for all splits and predictors. "physical" is the combined
// predictor without its learned part. A split that leaves less than two rows, or fewer than kFewestMeasurements to
// train on, is left out of the report. should_stop as for FitNetworks; CANCELLED when it says so. Deterministic.
absl::StatusOr<std::vector<HeldOutRow>> ReportHeldOut(const Measurements& measurements, const TrainerOptions& trainer,
                                                      const HeldOutOptions& options,
                                                      const std::function<bool(double)>& should_stop);

// Rank correlation, equal numbers sharing the mean of their ranks; 0 when either side is constant.
double Spearman(std::span<const double> a, std::span<const double> b);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_HELD_OUT_H_
