#ifndef ONELOOP_COMMON_LATENCY_NETWORK_FIT_H_
#define ONELOOP_COMMON_LATENCY_NETWORK_FIT_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/model/latency/latency_predictor.h"

namespace oneloop {

// Fits the ensemble of networks of a latency predictor: each member minimises
//
//   mean of δ² (√(1 + (r/δ)²) − 1) + weight_decay / 2 · Σ weights²,   r = output − target
//
// by Adam on small batches with a learning rate that falls as half a cosine, from a start and an order of rows of its
// own. Each member leaves out 1 row in `folds`, so that the errors on those tell how good the fit is.
struct NetworkFitOptions {
  int members = 4;       // 1 to kMaxLatencyMembers
  int first_units = 12;  // 1 to kMaxLatencyUnits
  int second_units = 8;
  int epochs = 900;
  int batch = 128;
  double learning_rate = 0.01;
  double weight_decay = 3e-4;
  double delta = 0.3;
  int folds = 20;
  std::uint64_t seed = 0;
};

struct NetworkFit {
  LatencyNetworks networks;  // inputs as given, not standardised
  std::vector<double> low;   // by used input, as LatencyTrust
  std::vector<double> high;
  std::vector<double> scale;
  double left_out_sigma = 0;  // standard deviation of the errors on left-out rows, from their mean absolute value
};

// rows: for each row all of the features' inputs. candidates: inputs that may be used; those that do not vary are left
// out. should_stop is asked before every batch, with the part that is done, 0 to 1. CANCELLED when it says so.
// Deterministic; thread-safe.
absl::StatusOr<NetworkFit> FitNetworks(std::span<const std::span<const double>> rows, std::span<const double> targets,
                                       std::span<const int> candidates, const NetworkFitOptions& options,
                                       const std::function<bool(double)>& should_stop);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_NETWORK_FIT_H_
