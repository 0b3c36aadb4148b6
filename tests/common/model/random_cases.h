#ifndef ONELOOP_TESTS_COMMON_MODEL_RANDOM_CASES_H_
#define ONELOOP_TESTS_COMMON_MODEL_RANDOM_CASES_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/hardware/template.h"
#include "common/mapping/random_mapping.h"
#include "common/model/goal/goal.h"
#include "common/model/smooth/smooth_model.h"
#include "common/workload/workload.h"
#include "tests/common/model/perfect_template.h"

namespace oneloop {

// Random inputs for property tests: any hierarchy of 2 to 6 levels, with bypass, up to two axes a level, capacities,
// bandwidths and energies that depend on parameters; any small layer, with strides, dilations and groups.

inline TensorSet RandomTensors(Random& random) {
  TensorSet tensors;
  while (tensors.empty()) {
    for (const Tensor tensor : kAllTensors) {
      if (random.Below(2) == 0) tensors.Add(tensor);
    }
  }
  return tensors;
}

inline DimSet RandomDims(Random& random) {
  DimSet dims;
  while (dims.empty()) {
    for (const Dim dim : kAllDims) {
      if (random.Below(3) == 0) dims.Add(dim);
    }
  }
  return dims;
}

inline TemplateSpec RandomTemplateSpec(Random& random) {
  TemplateSpec spec;
  spec.name = "random";
  const int num_levels = static_cast<int>(2 + random.Below(5));
  std::vector<std::string> names = {"array"};
  for (int l = 0; l + 1 < num_levels; ++l) names.push_back(absl::StrCat("size", l));
  for (const std::string& name : names) {
    ParameterSpec parameter;
    parameter.name = name;
    parameter.min = 1;
    parameter.max = parameter.start_max = 1 << 20;
    spec.parameters.push_back(parameter);
  }
  const auto formula = [&names](const std::string& text) { return *Formula::Parse(text, names); };
  std::size_t axes = 0;
  for (int l = 0; l < num_levels; ++l) {
    LevelSpec level;
    level.name = absl::StrCat("level", l);
    const bool dram = l + 1 == num_levels;
    level.keeps = dram ? TensorSet{Tensor::kW, Tensor::kI, Tensor::kO} : RandomTensors(random);
    if (!dram && random.Below(3) == 0) level.temporal = RandomDims(random);
    for (std::uint64_t a = random.Below(3); a > 0 && axes < 6; --a, ++axes) {
      level.spatial.push_back({a == 1 ? "X" : "Y", RandomDims(random), formula("array")});
    }
    if (!dram) {
      level.capacity_bytes = formula(absl::StrCat("8 * size", l, random.Below(2) == 0 ? " / array^0.5" : ""));
      level.energy_pj = formula(absl::StrCat("0.3 + 0.02 * size", l, "^0.7 / array^0.25"));
      level.word_bits = {8, 16, 32};
    } else {
      level.energy_pj = formula("100");
    }
    if (random.Below(2) == 0) level.words_per_cycle = formula(random.Below(2) == 0 ? "2" : "0.5 * array");
    spec.levels.push_back(level);
  }
  spec.mac_energy_pj = formula("0.5");
  spec.area_mm2 = formula("0.001 * array^2 + 0.01 * size0");
  return spec;
}

inline std::unique_ptr<const Template> RandomTemplate(Random& random) {
  return *Template::Create(RandomTemplateSpec(random));
}

// All of whose factors divide.
inline Mapping RandomPerfectMapping(const Template& hardware_template, const LayerShape& shape, Random& random) {
  return RandomMapping(*Perfect(hardware_template), shape, random);
}

inline LayerShape RandomShape(Random& random) {
  constexpr std::int64_t kFilters[] = {1, 1, 3, 5, 7};
  constexpr std::int64_t kSizes[] = {1, 2, 6, 12, 16, 28, 56, 60};
  LayerShape shape;
  for (const Dim dim : {Dim::kR, Dim::kS}) shape.bounds[static_cast<std::size_t>(dim)] = kFilters[random.Below(5)];
  for (const Dim dim : {Dim::kP, Dim::kQ, Dim::kC, Dim::kK}) {
    shape.bounds[static_cast<std::size_t>(dim)] = kSizes[random.Below(8)];
  }
  for (const Dim dim : {Dim::kN, Dim::kG}) {
    shape.bounds[static_cast<std::size_t>(dim)] = random.Below(3) == 0 ? static_cast<std::int64_t>(4) : 1;
  }
  shape.w_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.h_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.w_dilation = static_cast<std::int64_t>(1 + random.Below(2));
  shape.h_dilation = static_cast<std::int64_t>(1 + random.Below(2));
  return shape;
}

// A layer with few mappings but all that counting knows: strides that skip inputs, dilations, groups, unit bounds.
inline LayerShape SmallShape(Random& random) {
  constexpr std::int64_t kBounds[] = {2, 2, 3, 4, 6};
  // One direction of the sliding window and K: where moves repeat, cancel or meet neighbours.
  constexpr Dim kCorner[] = {Dim::kP, Dim::kR, Dim::kK};
  const bool corner = random.Below(2) == 0;
  LayerShape shape;
  for (int dims = static_cast<int>(1 + random.Below(4)); dims > 0; --dims) {
    const Dim dim = corner ? kCorner[random.Below(3)] : kAllDims[random.Below(kNumDims)];
    shape.bounds[static_cast<std::size_t>(dim)] = kBounds[random.Below(5)];
  }
  shape.w_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.h_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.w_dilation = static_cast<std::int64_t>(1 + random.Below(2));
  shape.h_dilation = static_cast<std::int64_t>(1 + random.Below(2));
  return shape;
}

inline SmoothModel::Orders RandomOrders(int candidates, Random& random) {
  SmoothModel::Orders orders;
  for (int c = 0; c < candidates; ++c) {
    LoopOrders order;
    for (LoopOrder& level : order) level = RandomOrder(random);
    orders.candidates.push_back(order);
    orders.weights.push_back(1.0 / candidates);
  }
  return orders;
}

// Real factors that share most of each bound, in log2, between them; how much is random, so that no two layers tie.
inline std::vector<double> RandomFactors(const SmoothModel& smooth, Random& random) {
  std::vector<double> x(smooth.size());
  for (int layer = 0; layer < smooth.num_layers(); ++layer) {
    std::array<double, kNumDims> shares{};
    std::array<double, kNumDims> parts;
    for (double& part : parts) part = 0.7 + 0.25 * random.Uniform();
    for (const KernelProgram::Rest& rest : smooth.program().rests) {
      // Factors that need not divide may reach beyond the bound.
      if (rest.over != KernelProgram::kNoRow && random.Below(3) == 0) parts[ToIndex(rest.dim)] += 0.4;
    }
    for (int s = 0; s < smooth.num_slots(); ++s) {
      if (!smooth.IsActive(layer, s)) continue;
      x[smooth.index(layer, s)] = 0.1 + random.Uniform();
      shares[static_cast<std::size_t>(smooth.slots()[static_cast<std::size_t>(s)].dim)] += x[smooth.index(layer, s)];
    }
    for (int s = 0; s < smooth.num_slots(); ++s) {
      if (!smooth.IsActive(layer, s)) continue;
      const auto dim = static_cast<std::size_t>(smooth.slots()[static_cast<std::size_t>(s)].dim);
      double& factor = x[smooth.index(layer, s)];
      factor = std::min(factor * parts[dim] / shares[dim], 0.95) * smooth.log2_bound(layer, s);
    }
  }
  return x;
}

// How so many networks' objectives become one, with references.
inline Combination RandomCombination(std::size_t num_networks, Random& random) {
  using Kind = Combination::Kind;
  Combination combination;
  combination.kind = std::array{Kind::kSum, Kind::kGeometricMean, Kind::kWorstRatio, Kind::kOne}[random.Below(4)];
  for (std::size_t n = 0; n < num_networks; ++n) combination.references.push_back(std::exp2(20 * random.Uniform()));
  combination.network = random.Below(num_networks);
  return combination;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_RANDOM_CASES_H_
