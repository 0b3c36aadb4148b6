#ifndef ONELOOP_TESTS_SERVER_SEARCH_FREE_AND_FIXED_H_
#define ONELOOP_TESTS_SERVER_SEARCH_FREE_AND_FIXED_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "server/search/best_sink.h"
#include "server/search/run_start.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {

// What a whole job found.
struct Found : BestSink::Best {
  std::int64_t points = 0;  // of the whole job
};

inline Found BestOf(const SearchSpec& spec) {
  BestSink sink;
  std::int64_t points = 0;
  for (int start = 0; start < spec.starts; ++start) points += RunStart(spec, start, sink).points;
  return {sink.best(), points};
}

// The best of jobs like `spec` that fix one parameter at one of the values each; those that no design fits are left
// out.
inline Found BestFixed(const SearchSpec& spec, int parameter, const std::vector<double>& values) {
  Found best;
  for (const double value : values) {
    SearchSpec fixed = spec;
    fixed.hardware_range[static_cast<std::size_t>(parameter)] = {value, value};
    if (!ValidateSearchSpec(fixed).ok()) continue;
    Found found = BestOf(fixed);
    if (found.score < best.score) best = std::move(found);
  }
  return best;
}

// Five values of a range, evenly spaced in log2.
inline std::vector<double> FiveValues(const ParameterRange& range, double step) {
  std::vector<double> values;
  for (int i = 0; i < 5; ++i) {
    const double value = range.min * std::pow(range.max / range.min, i / 4.0);
    const double whole = std::clamp(std::nearbyint(value / step) * step, range.min, range.max);
    if (values.empty() || values.back() != whole) values.push_back(whole);
  }
  return values;
}

// An accelerator as people draw them: registers, a buffer or two and DRAM, one or two axes that several dimensions
// share, sizes that are partly free; and one to four layers for it.
inline SearchSpec RandomSearchCase(Random& random) {
  const auto pick = [&random](const std::vector<double>& values) { return values[random.Below(values.size())]; };
  TemplateSpec spec;
  spec.name = "random";
  const auto add_parameter = [&spec](const std::string& name, double max) {
    ParameterSpec parameter;
    parameter.name = name;
    parameter.max = parameter.start_max = max;
    spec.parameters.push_back(parameter);
  };
  add_parameter("pe", pick({4, 16, 32, 64}));
  const bool free_buffer = random.Below(2) == 0;
  if (free_buffer) add_parameter("glb", pick({64, 256, 1024}));
  std::vector<std::string> names;
  for (const ParameterSpec& parameter : spec.parameters) names.push_back(parameter.name);
  const auto formula = [&names](const std::string& text) { return *Formula::Parse(text, names); };

  // Some arrays cost nothing but area, some energy as well, some need bandwidth.
  const std::uint64_t array_cost = random.Below(3);
  const auto axis = [&](const std::string& name) {
    DimSet dims;
    const std::uint64_t count = 1 + random.Below(4);
    for (std::uint64_t i = 0; i < count; ++i) dims.Add(kAllDims[random.Below(kNumDims)]);
    return AxisSpec{name, dims, formula("pe")};
  };
  LevelSpec registers;
  registers.name = "rf";
  registers.keeps = random.Below(2) == 0 ? TensorSet{Tensor::kW, Tensor::kI, Tensor::kO} : TensorSet{Tensor::kO};
  registers.capacity_words = formula(absl::StrCat(pick({8, 16, 32, 128})));
  registers.energy_pj = formula(absl::StrCat(pick({0.3, 0.5, 1})));
  registers.words_per_cycle = formula(absl::StrCat(pick({2, 4})));
  LevelSpec buffer;
  buffer.name = "glb";
  buffer.keeps =
      random.Below(2) == 0 ? TensorSet{Tensor::kI, Tensor::kO} : TensorSet{Tensor::kW, Tensor::kI, Tensor::kO};
  buffer.capacity_words = free_buffer ? formula("64 * glb") : formula(absl::StrCat(pick({256, 4096, 32768})));
  buffer.energy_pj =
      formula(absl::StrCat(free_buffer ? "1 + 0.2 * glb^0.5" : "4", array_cost == 1 ? " + 0.3 * pe^0.5" : ""));
  buffer.words_per_cycle = formula(absl::StrCat(pick({8, 32}), array_cost == 2 ? " + 1 * pe" : ""));
  buffer.spatial.push_back(axis("X"));
  if (random.Below(2) == 0) buffer.spatial.push_back(axis("Y"));
  LevelSpec dram;
  dram.name = "dram";
  dram.keeps = {Tensor::kW, Tensor::kI, Tensor::kO};
  dram.energy_pj = formula("100");
  dram.words_per_cycle = formula(absl::StrCat(pick({2, 8, 32})));
  spec.levels = {registers, buffer, dram};
  spec.mac_energy_pj = formula("0.5");
  if (random.Below(2) == 0) spec.area_mm2 = formula("0.01 * pe + 0.1");

  Workload workload;
  workload.name = "random";
  const std::uint64_t layers = 1 + random.Below(4);
  for (std::uint64_t i = 0; i < layers; ++i) {
    Layer layer;
    layer.name = absl::StrCat("layer", i);
    const double filter = pick({1, 1, 3, 5});
    const auto set = [&layer](Dim dim, double bound) {
      layer.shape.bounds[static_cast<std::size_t>(dim)] = static_cast<std::int64_t>(bound);
    };
    set(Dim::kR, filter);
    set(Dim::kS, filter);
    for (const Dim dim : {Dim::kP, Dim::kQ}) set(dim, pick({1, 7, 14, 28, 55, 56}));
    for (const Dim dim : {Dim::kC, Dim::kK}) set(dim, pick({3, 16, 30, 64, 96, 128, 256}));
    if (random.Below(4) == 0) set(Dim::kN, 4);
    workload.layers.push_back(layer);
  }
  return SpecFor(std::move(workload), *Template::Create(std::move(spec)));
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_SEARCH_FREE_AND_FIXED_H_
