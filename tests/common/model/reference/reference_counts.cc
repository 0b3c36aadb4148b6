#include "tests/common/model/reference/reference_counts.h"

#include <cmath>
#include <cstddef>

#include "common/model/exact/input_corners.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

NestFactors<ExactFactor> FactorsOf(const Template& hardware_template, const Mapping& mapping) {
  NestFactors<ExactFactor> factors;
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    for (const Dim dim : kAllDims) {
      factors.temporal[ToIndex(level)][ToIndex(dim)] = ExactFactor::Of(static_cast<double>(mapping.t(level, dim)));
    }
  }
  const auto& axes = hardware_template.axes();
  for (std::size_t a = 0; a < axes.size(); ++a) {
    for (const Dim dim : kAllDims) {
      ExactFactor& factor = factors.spatial[ToIndex(axes[a].level)][ToIndex(dim)];
      factor = factor * ExactFactor::Of(static_cast<double>(mapping.s(static_cast<int>(a), dim)));
    }
  }
  return factors;
}

// From the innermost keeper outwards: each keeper's fills are the next one's reads.
class InputCorrection {
 public:
  InputCorrection(const CostModel& model, const LayerShape& shape, const Mapping& mapping,
                  const NestCounter<ExactFactor>& counter, NestCounts<ExactFactor>* counts)
      : model_(model),
        shape_(shape),
        corners_(model.hardware_template(), model.structure(), shape, mapping),
        counter_(counter),
        counts_(*counts) {}

  void Run() {
    int inner = -1;
    double inner_loads = 0;
    for (const int level : model_.structure().keeper_levels(Tensor::kI)) {
      TensorCounts<double>& here = Input(level);
      const double requests = inner < 0 ? static_cast<double>(Macs(shape_)) : inner_loads;
      here.reads = requests / Sharing(inner + 1, level);
      if (inner >= 0) {
        const InputCorners::Links links = corners_.LinksOf(inner);
        const double fan_outs = Instances(inner + 1);
        here.reads -= fan_outs * links.saved / Sharing(inner + 2, level);
        // Timeloop spreads the words of one fan-out over all instances, which count alike, in whole words.
        const double children = Instances(inner);
        Input(inner).reads = children * std::floor((Input(inner).reads + links.linked) / children + 0.5);
        if (links.linked != 0 && fan_outs > 1) {
          Input(inner).fills = children * std::floor((Input(inner).fills - (fan_outs - 1) * links.linked) / children);
        }
      }
      if (level + 1 < model_.structure().num_levels()) here.fills = inner_loads = Loads(level);
      inner = level;
    }
  }

 private:
  TensorCounts<double>& Input(int level) { return counts_.tensors[ToIndex(level)][ToIndex(Tensor::kI)]; }
  double Instances(int level) const { return counts_.instances[ToIndex(level)].value; }
  double Loads(int level) const {
    return counter_.InputFills(level) - Instances(level) * corners_.RepeatedMoves(level);
  }

  double Sharing(int first, int last) const {
    double sharing = 1;
    for (int level = first; level <= last; ++level) {
      double here = corners_.Multicast(level);
      if (level > 0 && !model_.hardware_template().level(level - 1).keeps.Has(Tensor::kI)) {
        const InputCorners::Links links = corners_.LinksOf(level - 1);
        if (links.linked != 0) {
          const double words = Loads(level - 1) / Instances(level);
          here = (words - links.linked) / (words / here - links.saved);
        }
      }
      sharing *= here;
    }
    return sharing;
  }

  const CostModel& model_;
  const LayerShape& shape_;
  const InputCorners corners_;
  const NestCounter<ExactFactor>& counter_;
  NestCounts<ExactFactor>& counts_;
};

}  // namespace

NestCounts<ExactFactor> ReferenceCounts(const CostModel& model, const LayerShape& shape, const Mapping& mapping) {
  const NestFactors<ExactFactor> factors = FactorsOf(model.hardware_template(), mapping);
  NestCounter<ExactFactor> counter(model.structure(), shape, mapping.order, factors);
  NestCounts<ExactFactor> counts = counter.Count();
  InputCorrection(model, shape, mapping, counter, &counts).Run();
  return counts;
}

}  // namespace oneloop
