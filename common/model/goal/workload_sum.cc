#include "common/model/goal/workload_sum.h"

namespace oneloop {

WorkloadSum::WorkloadSum(const Workload& workload) {
  for (const Layer& layer : workload.layers) {
    layers_.push_back({static_cast<double>(layer.count), static_cast<std::size_t>(layer.network)});
  }
  for (const Network& network : workload.networks) weights_.push_back(network.weight);
}

WorkloadMetrics WorkloadSum::Start(double area_mm2) const {
  WorkloadMetrics metrics{0, 0, area_mm2};
  metrics.networks = {weights_.size(), {}};
  return metrics;
}

void WorkloadSum::Add(std::size_t layer, const LayerFigures& figures, WorkloadMetrics* metrics) const {
  const Part& part = layers_[layer];
  const double energy_uj = part.count * figures.energy_uj;
  const double latency_cycles = part.count * figures.latency_cycles;
  if (weights_.empty()) {
    metrics->energy_uj += energy_uj;
    metrics->latency_cycles += latency_cycles;
    return;
  }
  LayerFigures& network = metrics->networks[part.network];
  network.energy_uj += energy_uj;
  network.latency_cycles += latency_cycles;
  metrics->energy_uj += weights_[part.network] * energy_uj;
  metrics->latency_cycles += weights_[part.network] * latency_cycles;
}

}  // namespace oneloop
