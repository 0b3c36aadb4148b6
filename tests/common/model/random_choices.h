#ifndef ONELOOP_TESTS_COMMON_MODEL_RANDOM_CHOICES_H_
#define ONELOOP_TESTS_COMMON_MODEL_RANDOM_CHOICES_H_

#include <memory>
#include <utility>

#include "common/base/random.h"
#include "common/hardware/template.h"

namespace oneloop {

// The template with some of what its levels keep, one or two tensors, left to mappings. Nothing when it has levels to
// keep nothing else than the last.
inline std::unique_ptr<const Template> WithChoices(const Template& hardware_template, Random& random) {
  TemplateSpec spec = hardware_template.spec();
  int left = 1 + static_cast<int>(random.Below(2));
  for (int attempt = 0; attempt < 20 && left > 0; ++attempt) {
    LevelSpec& level = spec.levels[random.Below(spec.levels.size() - 1)];
    const Tensor tensor = kAllTensors[random.Below(kNumTensors)];
    if (!level.keeps.Has(tensor)) continue;
    level.keeps.Remove(tensor);
    level.may_keep.Add(tensor);
    --left;
  }
  return *Template::Create(std::move(spec));
}

// The same template where what a choice keeps is kept, and nothing is left to choose.
inline std::unique_ptr<const Template> Fixed(const Template& hardware_template, int choice) {
  TemplateSpec spec = hardware_template.spec();
  for (std::size_t l = 0; l < spec.levels.size(); ++l) {
    LevelSpec& level = spec.levels[l];
    level.keeps = hardware_template.choice(choice).level(static_cast<int>(l)).keeps;
    level.may_keep = {};
    // What is kept by nobody pays nowhere.
    std::erase_if(level.ports, [&](const PortSpec& port) {
      const TensorSet tensors = TensorSet::FromBits(port.tensors.bits() & level.keeps.bits());
      return tensors.empty() || (port.flows == FlowSet{FlowKind::kUpdate} && !tensors.Has(Tensor::kO));
    });
    std::erase_if(level.partitions,
                  [&](const PartitionSpec& partition) { return (partition.tensors.bits() & level.keeps.bits()) == 0; });
    for (PortSpec& port : level.ports) {
      const bool updates = level.keeps.Has(Tensor::kO) && port.tensors.Has(Tensor::kO);
      if (!updates && !(port.flows == kEveryFlow)) port.flows.Remove(FlowKind::kUpdate);
      if (!(port.tensors == kEveryTensor)) port.tensors = TensorSet::FromBits(port.tensors.bits() & level.keeps.bits());
    }
    if (!level.keeps.empty()) continue;
    level.capacity_bytes = level.capacity_words = std::nullopt;
    level.energy_pj = level.words_per_cycle = level.block_words = level.leak_pj = std::nullopt;
  }
  return *Template::Create(std::move(spec));
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_RANDOM_CHOICES_H_
