#ifndef ONELOOP_TESTS_COMMON_MODEL_RANDOM_LATENCY_H_
#define ONELOOP_TESTS_COMMON_MODEL_RANDOM_LATENCY_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "common/base/random.h"
#include "common/model/latency/latency_features.h"
#include "common/model/latency/latency_predictor.h"

namespace oneloop {

struct NetworkSize {
  int members = 3;
  int first_units = 5;
  int second_units = 4;
};

// A random latency predictor for any hierarchy: every input is used, some beyond their measured range, and the members
// disagree enough to matter.
inline LatencyParameters RandomLatencyParameters(const LatencyFeatures& features, bool has_physics, Random& random,
                                                 NetworkSize size = {}) {
  LatencyParameters parameters;
  parameters.has_physics = has_physics;
  parameters.offset = has_physics ? 0 : 9;
  for (const LatencyFeatures::Parameter& parameter : features.parameters()) {
    parameters.physics.coefficients.push_back(parameter.prior * (0.5 + random.Uniform()));
  }
  parameters.physics.p = 1.5 + random.Uniform();
  LatencyNetworks& networks = parameters.networks;
  networks.members = size.members;
  networks.first_units = size.first_units;
  networks.second_units = size.second_units;
  const auto numbers = [&random](std::size_t count, double spread) {
    std::vector<double> values(count);
    for (double& value : values) value = spread * random.Normal();
    return values;
  };
  for (int i = 0; i < features.num_learner_inputs(); ++i) {
    networks.inputs.push_back(i);
    parameters.trust.low.push_back(random.Uniform());
    parameters.trust.high.push_back(3 + 20 * random.Uniform());
    parameters.trust.scale.push_back(10 + 10 * random.Uniform());
  }
  const auto members = static_cast<std::size_t>(size.members);
  const std::size_t first = members * static_cast<std::size_t>(size.first_units);
  const std::size_t second = members * static_cast<std::size_t>(size.second_units);
  networks.first = numbers(networks.inputs.size() * first, 0.1);
  networks.first_bias = numbers(first, 0.5);
  networks.second = numbers(first * static_cast<std::size_t>(size.second_units), 0.4);
  networks.second_bias = numbers(second, 0.5);
  networks.last = numbers(second, 0.3);
  networks.last_bias = numbers(members, 0.2);
  parameters.trust.most_correction = 1.5;
  parameters.trust.agreement = 0.7;
  parameters.trust.sigma = 0.2;
  parameters.trust.untrusted_sigma = 0.8;
  return parameters;
}

inline std::unique_ptr<const LatencyPredictor> RandomLatencyPredictor(const CostModel& model, bool has_physics,
                                                                      Random& random) {
  HardwarePoint hardware;
  for (int p = 0; p < model.hardware_template().num_parameters(); ++p) {
    hardware.push_back(static_cast<double>(8 + random.Below(8)));
  }
  const LatencyFeatures features(model, hardware);
  return *LatencyPredictor::Create(model, hardware, RandomLatencyParameters(features, has_physics, random));
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_RANDOM_LATENCY_H_
