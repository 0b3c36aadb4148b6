#ifndef ONELOOP_TESTS_COMMON_MODEL_BOUND_CASES_H_
#define ONELOOP_TESTS_COMMON_MODEL_BOUND_CASES_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/model/bound/lower_bound.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/goal.h"
#include "gtest/gtest.h"
#include "tests/common/model/all_mappings.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_costs.h"

namespace oneloop {

// Small cases of which all designs can be scored, for tests of lower bounds.

// Every hardware point of whole numbers in the ranges.
inline std::vector<HardwarePoint> AllHardware(const std::vector<ParameterRange>& ranges) {
  std::vector<HardwarePoint> points = {{}};
  for (const ParameterRange& range : ranges) {
    std::vector<HardwarePoint> longer;
    for (const HardwarePoint& point : points) {
      for (double value = range.min; value <= range.max; ++value) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    }
    points = longer;
  }
  return points;
}

// The least energy at each latency: with limits a longer time may be worth more than a short one, as power falls.
using Energies = std::map<double, double>;

inline void Add(const LayerFigures& figures, Energies* energies) {
  const auto [known, added] = energies->emplace(figures.latency_cycles, figures.energy_uj);
  if (!added) known->second = std::min(known->second, figures.energy_uj);
}

// Of one layer by hardware point.
inline std::vector<Energies> EnergiesOf(const CostModel& model, const LayerShape& shape,
                                        const std::vector<HardwarePoint>& points) {
  std::vector<ComponentCosts> costs;
  costs.reserve(points.size());
  for (const HardwarePoint& point : points) costs.push_back(model.CostsAt(point));
  std::vector<Energies> energies(points.size());
  AllMappings(model.hardware_template(), shape).ForEach([&](const Mapping& mapping) {
    const LayerUse use = model.Use(shape, mapping);
    for (std::size_t h = 0; h < costs.size(); ++h) {
      if (model.FirstShortage(use.need, costs[h]) < 0) Add(model.Score(use, costs[h]), &energies[h]);
    }
  });
  return energies;
}

// Every design of a workload that may be the best of some goal.
inline std::vector<WorkloadMetrics> AllDesigns(const CostModel& model, const Workload& workload,
                                               const std::vector<ParameterRange>& ranges) {
  const std::vector<HardwarePoint> points = AllHardware(ranges);
  std::vector<Energies> sums(points.size(), Energies{{0, 0}});
  for (const Layer& layer : workload.layers) {
    const std::vector<Energies> energies = EnergiesOf(model, layer.shape, points);
    const auto count = static_cast<double>(layer.count);
    for (std::size_t h = 0; h < points.size(); ++h) {
      Energies sum;
      for (const auto& [latency, energy] : sums[h]) {
        for (const auto& [more_latency, more_energy] : energies[h]) {
          Add({energy + count * more_energy, latency + count * more_latency}, &sum);
        }
      }
      sums[h] = std::move(sum);
    }
  }
  std::vector<WorkloadMetrics> designs;
  for (std::size_t h = 0; h < points.size(); ++h) {
    const double area_mm2 = model.hardware_template().AreaMm2(points[h]);
    for (const auto& [latency, energy] : sums[h]) designs.push_back({energy, latency, area_mm2});
  }
  return designs;
}

// The best of each; infinite when no design keeps the limits.
struct Best {
  double objective = std::numeric_limits<double>::infinity();
  double energy_uj = std::numeric_limits<double>::infinity();
  double latency_cycles = std::numeric_limits<double>::infinity();
};

inline Best BestOf(const std::vector<WorkloadMetrics>& designs, const Goal& goal) {
  Best best;
  for (const WorkloadMetrics& design : designs) {
    if (!goal.constraints().Met(design)) continue;
    best.objective = std::min(best.objective, goal.Score(design));
    best.energy_uj = std::min(best.energy_uj, design.energy_uj);
    best.latency_cycles = std::min(best.latency_cycles, design.latency_cycles);
  }
  return best;
}

// Few boxes or many, tiles merged or not.
inline LowerBoundOptions RandomBoundOptions(Random& random) {
  LowerBoundOptions options;
  options.max_boxes = static_cast<int>(1 + random.Below(100));
  options.max_tiles = static_cast<std::int64_t>(random.Below(2) == 0 ? 1000000 : 1 + random.Below(30));
  return options;
}

// Bounds of many cases against the best of all their designs: none above it, and not far below.
class BoundTally {
 public:
  void Add(const LowerBound& bound, const Best& best) {
    EXPECT_LE(bound.objective, best.objective);
    EXPECT_LE(bound.energy_uj, best.energy_uj);
    EXPECT_LE(bound.latency_cycles, best.latency_cycles);
    if (best.objective == std::numeric_limits<double>::infinity()) return;
    ++feasible_;
    if (bound.objective > 0) {
      log_ratios_ += std::log(bound.objective / best.objective);
    } else {
      ++without_bound_;
    }
  }

  void ExpectNear(std::uint64_t cases, double least_mean, std::uint64_t most_without_bound) const {
    const double mean = std::exp(log_ratios_ / (feasible_ - without_bound_));
    std::printf("%d cases, bound / best %.3f in the geometric mean, %d without a bound\n", feasible_, mean,
                without_bound_);
    EXPECT_GE(feasible_, static_cast<int>(cases / 3));
    EXPECT_GE(mean, least_mean);
    EXPECT_LE(without_bound_, static_cast<int>(most_without_bound));
  }

 private:
  double log_ratios_ = 0;
  int feasible_ = 0;
  int without_bound_ = 0;
};

struct SmallCase {
  std::shared_ptr<const Template> hardware_template;
  std::vector<ParameterRange> ranges;
  Workload workload;
};

// A buffer for inputs inside a large memory or DRAM, copies of it along the window's directions or not: templates in
// which little but the input's traffic tells designs apart.
inline std::unique_ptr<const Template> InputTemplate(Random& random) {
  const std::vector<std::string> names = {"words"};
  const auto formula = [&names](const std::string& text) { return *Formula::Parse(text, names); };
  TemplateSpec spec;
  spec.name = "input";
  spec.parameters.push_back({.name = "words", .unit = "", .description = "", .min = 1, .max = 64});
  LevelSpec buffer;
  buffer.name = "buffer";
  buffer.keeps = random.Below(2) == 0 ? TensorSet{Tensor::kI} : TensorSet{Tensor::kI, Tensor::kW};
  buffer.capacity_words = formula("words");
  buffer.energy_pj = formula("0.01");
  LevelSpec memory;
  memory.name = "memory";
  memory.keeps = {Tensor::kW, Tensor::kI, Tensor::kO};
  memory.energy_pj = formula("100");
  if (random.Below(2) == 0) {
    constexpr Dim kAlong[] = {Dim::kP, Dim::kR, Dim::kK};
    memory.spatial.push_back({"X", DimSet{kAlong[random.Below(3)], kAlong[random.Below(3)]}, formula("3")});
  }
  LevelSpec dram = memory;
  dram.name = "dram";
  dram.spatial.clear();
  dram.energy_pj = formula("1");
  spec.levels = {buffer, memory};
  if (random.Below(2) == 0) spec.levels.push_back(dram);
  return *Template::Create(std::move(spec));
}

// Weights in registers, outputs in a buffer of their own beside them, both fed by a larger one: small output buffers
// bring the weights back.
inline std::unique_ptr<const Template> RefillTemplate(Random& random) {
  const std::vector<std::string> names = {"array", "outputs", "words"};
  const auto formula = [&names](const std::string& text) { return *Formula::Parse(text, names); };
  TemplateSpec spec;
  spec.name = "refill";
  for (const std::string& name : names) {
    spec.parameters.push_back({.name = name, .unit = "", .description = "", .min = 1, .max = 64});
  }
  LevelSpec registers;
  registers.name = "registers";
  registers.keeps = {Tensor::kW};
  registers.capacity_words = formula(random.Below(2) == 0 ? "1" : "4");
  registers.energy_pj = formula("1");
  if (random.Below(2) == 0) registers.temporal = {Dim::kP, Dim::kQ, Dim::kN};
  if (random.Below(2) == 0) registers.words_per_cycle = formula("1");
  LevelSpec outputs;
  outputs.name = "outputs";
  outputs.keeps = {Tensor::kO};
  outputs.capacity_words = formula(random.Below(2) == 0 ? "outputs" : "outputs / array^0.5");
  outputs.energy_pj = formula("0.1");
  if (random.Below(2) == 0) outputs.spatial.push_back({"X", {Dim::kC, Dim::kP}, formula("array")});
  LevelSpec buffer;
  buffer.name = "buffer";
  buffer.keeps = random.Below(3) == 0 ? TensorSet{Tensor::kI} : TensorSet{Tensor::kW, Tensor::kI};
  buffer.capacity_words = formula("words");
  buffer.energy_pj = formula("30 + 0.1 * words");
  if (random.Below(2) == 0) buffer.words_per_cycle = formula("array");
  if (random.Below(2) == 0) buffer.spatial.push_back({"X", {Dim::kK, Dim::kQ}, formula("array")});
  LevelSpec dram;
  dram.name = "dram";
  dram.keeps = {Tensor::kW, Tensor::kI, Tensor::kO};
  dram.energy_pj = formula("10");
  spec.levels = {registers, outputs, buffer, dram};
  return *Template::Create(std::move(spec));
}

// Which factors the mappings of a case may have.
enum class CaseFactors { kPerfect, kImperfect };

// The same template whose factors must all divide; or of imperfect ones, some at some places.
inline std::unique_ptr<const Template> WithFactors(const Template& hardware_template, CaseFactors factors,
                                                   Random& random) {
  if (factors == CaseFactors::kPerfect) return Perfect(hardware_template);
  TemplateSpec spec = hardware_template.spec();
  if (random.Below(3) == 0) {
    for (LevelSpec& level : spec.levels) {
      for (const Dim dim : kAllDims) {
        if (level.temporal.Has(dim) && random.Below(3) == 0) level.perfect_dims.Add(dim);
      }
      for (AxisSpec& axis : level.spatial) {
        if (random.Below(3) == 0) axis.perfect_dims = axis.dims;
      }
    }
  }
  return *Template::Create(std::move(spec));
}

inline SmallCase RandomSmallCase(Random& random, double most_factorisations, bool refills = false, bool by_flow = false,
                                 CaseFactors factors = CaseFactors::kPerfect) {
  for (;;) {
    SmallCase result;
    const bool input = !by_flow && random.Below(3) == 0;
    result.hardware_template = by_flow                             ? RandomCosts(random, true).Draw()
                               : input                             ? InputTemplate(random)
                               : (refills && random.Below(2) == 0) ? RefillTemplate(random)
                                                                   : RandomTemplate(random);
    result.hardware_template = WithFactors(*result.hardware_template, factors, random);
    for (int p = 0; p < result.hardware_template->num_parameters(); ++p) {
      const auto low = static_cast<double>(1 + random.Below(input ? 16 : 4));
      result.ranges.push_back({low, low + static_cast<double>(random.Below(3))});
    }
    double factorisations = static_cast<double>(AllHardware(result.ranges).size()) / 9;
    for (std::uint64_t layers = 1 + random.Below(2); layers > 0; --layers) {
      result.workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(3)), SmallShape(random)});
      if (factors == CaseFactors::kImperfect) {
        for (std::int64_t& bound : result.workload.layers.back().shape.bounds) {
          if (bound > 3 && random.Below(2) == 0) bound += random.Below(2) == 0 ? 1 : -1;
        }
      }
      factorisations *= AllMappings(*result.hardware_template, result.workload.layers.back().shape).NumFactorisations();
    }
    if (factorisations <= most_factorisations) return result;
  }
}

// ONELOOP_BOUND_CASES and ONELOOP_BOUND_FACTORISATIONS run more and larger cases than there is time for otherwise.
inline double FromEnvironment(const char* name, double otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atof(text) : otherwise;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_BOUND_CASES_H_
