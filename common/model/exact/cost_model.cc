#include "common/model/exact/cost_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "common/model/exact/input_corners.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr double kPicoPerMicro = 1e6;

NestFactors<ExactFactor> FactorsOf(const Template& hardware_template, const Mapping& mapping) {
  NestFactors<ExactFactor> factors;
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    for (const Dim dim : kAllDims) {
      factors.temporal[ToIndex(level)][static_cast<std::size_t>(dim)] =
          ExactFactor::Of(static_cast<double>(mapping.t(level, dim)));
    }
  }
  const auto& axes = hardware_template.axes();
  for (std::size_t a = 0; a < axes.size(); ++a) {
    for (const Dim dim : kAllDims) {
      ExactFactor& factor = factors.spatial[ToIndex(axes[a].level)][static_cast<std::size_t>(dim)];
      factor = factor * ExactFactor::Of(static_cast<double>(mapping.s(static_cast<int>(a), dim)));
    }
  }
  return factors;
}

// Rounds each instance's words up to whole blocks.
double InBlocks(double words, double instances, double block) {
  return std::ceil(words / instances / block) * block * instances;
}

// The smallest multiple of step that is ≥ value, forgiving the rounding of a root.
double RoundUpToStep(double value, double step) {
  constexpr double kSlack = 1e-9;
  return std::ceil(value / step - kSlack) * step;
}

// The tile of one instance, from the innermost level outwards.
class TileGrowth {
 public:
  TileGrowth(const Template& hardware_template, const Mapping& mapping)
      : template_(hardware_template), mapping_(mapping) {
    extents_.fill(1);
  }

  void GrowTo(int level) {
    for (; level_ < level; ++level_) {
      const auto& temporal = mapping_.temporal[ToIndex(level_ + 1)];
      for (std::size_t d = 0; d < extents_.size(); ++d) extents_[d] *= static_cast<double>(temporal[d]);
    }
    for (; axis_ < template_.axes().size() && template_.axes()[axis_].level <= level; ++axis_) {
      const auto& spatial = mapping_.spatial[axis_];
      for (std::size_t d = 0; d < extents_.size(); ++d) extents_[d] *= static_cast<double>(spatial[d]);
    }
  }

  double Words(Tensor tensor, const LayerShape& shape) const {
    switch (tensor) {
      case Tensor::kW:
        return Of(Dim::kR) * Of(Dim::kS) * Of(Dim::kC) * Of(Dim::kK) * Of(Dim::kG);
      case Tensor::kI:
        return Of(Dim::kN) * Of(Dim::kC) * Of(Dim::kG) *
               Window(Of(Dim::kP), Of(Dim::kR), shape.w_stride, shape.w_dilation) *
               Window(Of(Dim::kQ), Of(Dim::kS), shape.h_stride, shape.h_dilation);
      case Tensor::kO:
        break;
    }
    return Of(Dim::kN) * Of(Dim::kK) * Of(Dim::kP) * Of(Dim::kQ) * Of(Dim::kG);
  }

 private:
  double Of(Dim dim) const { return extents_[static_cast<std::size_t>(dim)]; }
  static double Window(double outputs, double filters, std::int64_t stride, std::int64_t dilation) {
    return (outputs - 1) * static_cast<double>(stride) + (filters - 1) * static_cast<double>(dilation) + 1;
  }

  const Template& template_;
  const Mapping& mapping_;
  std::array<double, kNumDims> extents_;
  int level_ = -1;
  std::size_t axis_ = 0;
};

}  // namespace

CostModel::CostModel(std::shared_ptr<const Template> hardware_template) : template_(std::move(hardware_template)) {
  hierarchy_.num_levels = template_->num_levels();
  for (int level = 0; level < hierarchy_.num_levels; ++level) {
    for (const Tensor tensor : kAllTensors) {
      if (!template_->level(level).keeps.Has(tensor)) continue;
      hierarchy_.keepers[ToIndex(tensor)].push_back(level);
      flows_.push_back({level, tensor, Flow::Kind::kRead});
      if (level + 1 < hierarchy_.num_levels) flows_.push_back({level, tensor, Flow::Kind::kFill});
      if (tensor == Tensor::kO) flows_.push_back({level, tensor, Flow::Kind::kUpdate});
    }
  }
  counter_.emplace(*template_, flows_);
}

NestCounts<ExactFactor> CostModel::Count(const LayerShape& shape, const Mapping& mapping) const {
  const NestFactors<ExactFactor> factors = FactorsOf(*template_, mapping);
  NestCounts<ExactFactor> counts = NestCounter<ExactFactor>(hierarchy_, shape, mapping.order, factors).Count();
  CorrectInput(shape, mapping, &counts);
  return counts;
}

// From the innermost keeper outwards: each keeper's fills are the next one's reads.
void CostModel::CorrectInput(const LayerShape& shape, const Mapping& mapping, NestCounts<ExactFactor>* counts) const {
  const InputCorners corners(*template_, shape, mapping);
  const auto input = [counts](int level) -> TensorCounts<double>& {
    return counts->tensors[ToIndex(level)][ToIndex(Tensor::kI)];
  };
  const auto instances = [counts](int level) { return counts->instances[ToIndex(level)].value; };
  int inner = -1;
  for (const int level : hierarchy_.keepers[ToIndex(Tensor::kI)]) {
    TensorCounts<double>& here = input(level);
    const double requests = inner < 0 ? static_cast<double>(Macs(shape)) : input(inner).fills;
    here.reads = requests / corners.Multicast(inner + 1, level);
    if (inner >= 0) {
      const InputCorners::Links links = corners.LinksOf(inner);
      const double fan_outs = instances(inner + 1);
      here.reads -= fan_outs * links.saved / corners.Multicast(inner + 2, level);
      // Instances are counted alike, in whole words.
      const double children = instances(inner);
      input(inner).reads = children * std::floor((input(inner).reads + fan_outs * links.linked) / children + 0.5);
    }
    if (level + 1 < hierarchy_.num_levels) here.fills -= instances(level) * corners.RepeatedMoves(level);
    inner = level;
  }
}

// Resources come level by level from the innermost, and so the tile grows from one to the next.
ResourceNeeds CostModel::Needs(const LayerShape& shape, const Mapping& mapping) const {
  ResourceNeeds needs{};
  TileGrowth tile(*template_, mapping);
  const std::vector<Resource>& resources = template_->resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis()) {
      needs[r] = 1;
      for (const Dim dim : kAllDims) needs[r] *= static_cast<double>(mapping.s(resource.axis, dim));
      continue;
    }
    tile.GrowTo(resource.level);
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      needs[r] += tile.Words(tensor, shape) * resource.per_word[ToIndex(tensor)];
    }
  }
  return needs;
}

ComponentCosts CostModel::CostsAt(const HardwarePoint& hardware) const {
  ComponentCosts costs{};
  for (int l = 0; l < hierarchy_.num_levels; ++l) {
    const LevelSpec& level = template_->level(l);
    const auto evaluate = [&hardware](const std::optional<Formula>& formula, double absent) {
      return formula.has_value() ? formula->Evaluate(hardware) : absent;
    };
    costs.energy_pj[ToIndex(l)] = evaluate(level.energy_pj, 0);
    costs.words_per_cycle[ToIndex(l)] = evaluate(level.words_per_cycle, std::numeric_limits<double>::infinity());
    costs.block_words[ToIndex(l)] = evaluate(level.block_words, 1);
  }
  const std::vector<Resource>& resources = template_->resources();
  for (std::size_t r = 0; r < resources.size(); ++r) costs.limit[r] = resources[r].limit.Evaluate(hardware);
  const TemplateSpec& spec = template_->spec();
  costs.mac_energy_pj = spec.mac_energy_pj.has_value() ? spec.mac_energy_pj->Evaluate(hardware) : 0;
  costs.macs_per_cycle = spec.macs_per_cycle;
  costs.area_mm2 = template_->AreaMm2(hardware);
  return costs;
}

// Reports each part to `record` as it is added up. Inlined, so that Score alone pays nothing for it.
template <class Record>
LayerFigures CostModel::ScoreParts(const LayerUse& use, const ComponentCosts& costs, Record&& record) const {
  double energy_pj = use.macs * costs.mac_energy_pj;
  // Timeloop finds the slowest level by its share of full speed, from rates per instance and cycle, and rounds the
  // cycles up; the order of these operations decides the last cycle.
  const double compute_cycles = use.macs / (use.lanes * costs.macs_per_cycle);
  record.Compute(energy_pj, compute_cycles);
  std::array<double, kMaxLevels> read_rate{};
  std::array<double, kMaxLevels> write_rate{};
  std::array<double, kMaxLevels> fill_and_update{};
  for (std::size_t f = 0; f < flows_.size(); ++f) {
    const auto level = ToIndex(flows_[f].level);
    const double words = use.words[f];
    const double block = costs.block_words[level];
    const double flow_pj = (block == 1 ? words : InBlocks(words, use.instances[level], block)) * costs.energy_pj[level];
    record.Flow(f, flow_pj);
    energy_pj += flow_pj;
    const double per_instance = words / use.instances[level];
    if (flows_[f].kind == Flow::Kind::kRead) {
      // Fills and updates of one tensor count as one stream of writes.
      write_rate[level] += fill_and_update[level] / compute_cycles;
      fill_and_update[level] = 0;
      read_rate[level] += per_instance / compute_cycles;
    } else {
      fill_and_update[level] += per_instance;
    }
  }
  double speed = 1;
  for (std::size_t level = 0; level < ToIndex(hierarchy_.num_levels); ++level) {
    const double rate = read_rate[level] + (write_rate[level] + fill_and_update[level] / compute_cycles);
    const double level_speed = costs.words_per_cycle[level] / rate;
    record.Level(level, compute_cycles / level_speed);
    speed = std::min(speed, level_speed);
  }
  return {energy_pj / kPicoPerMicro,
          use.predicted_cycles > 0 ? use.predicted_cycles : std::ceil(compute_cycles / speed)};
}

LayerFigures CostModel::Score(const LayerUse& use, const ComponentCosts& costs) const {
  struct Ignore {
    void Compute(double, double) {}
    void Flow(std::size_t, double) {}
    void Level(std::size_t, double) {}
  };
  return ScoreParts(use, costs, Ignore());
}

LayerParts CostModel::PartsOf(const LayerUse& use, const ComponentCosts& costs) const {
  struct Keep {
    void Compute(double energy_pj, double cycles) {
      parts.mac_energy_pj = energy_pj;
      parts.compute_cycles = cycles;
    }
    void Flow(std::size_t flow, double energy_pj) { parts.energy_pj[flow] = energy_pj; }
    void Level(std::size_t level, double cycles) { parts.cycles[level] = cycles; }
    LayerParts parts;
  } keep;
  ScoreParts(use, costs, keep);
  return keep.parts;
}

int CostModel::FirstShortage(const ResourceNeeds& need, const ComponentCosts& costs) const {
  for (std::size_t r = 0; r < template_->resources().size(); ++r) {
    if (need[r] > costs.limit[r]) return static_cast<int>(r);
  }
  return -1;
}

std::optional<HardwarePoint> CostModel::SmallestHardware(std::span<const double> need,
                                                         std::span<const ParameterRange> ranges) const {
  HardwarePoint hardware(ranges.size());
  for (std::size_t p = 0; p < ranges.size(); ++p) hardware[p] = ranges[p].min;
  const std::vector<Resource>& resources = template_->resources();
  for (const int p : template_->sizing_order()) {
    double& value = hardware[ToIndex(p)];
    const double step = template_->parameter(p).step;
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].owner != p) continue;
      const double limit = resources[r].limit.Evaluate(hardware);
      if (need[r] <= limit) continue;
      // The limit is one term, so its shortage divides off as a power of the parameter.
      const double exponent = resources[r].limit.terms().front().exponents[ToIndex(p)];
      const double growth = need[r] / limit;
      value = RoundUpToStep(value * (exponent == 1 ? growth : std::pow(growth, 1 / exponent)), step);
      if (need[r] > resources[r].limit.Evaluate(hardware)) value += step;
    }
    if (value > ranges[ToIndex(p)].max) return std::nullopt;
  }
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (need[r] > resources[r].limit.Evaluate(hardware)) return std::nullopt;
  }
  return hardware;
}

}  // namespace oneloop
