#ifndef ONELOOP_COMMON_MODEL_EXACT_EXACT_COUNTER_H_
#define ONELOOP_COMMON_MODEL_EXACT_EXACT_COUNTER_H_

#include <array>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/layer_use.h"
#include "common/model/exact/uneven_counter.h"
#include "common/model/structure/structure.h"
#include "common/workload/workload.h"

namespace oneloop {

// Counts the flows of a Structure for one layer's mapping, with unit loops left out and corners of the input looked for
// only where they can be. Where all factors divide what they split, counts are products of factors; else UnevenCounter
// counts. Numbers are doubles: exact below 2^53, correctly rounded beyond. Immutable; thread-safe; allocates nothing,
// except in corners.
class ExactCounter {
 public:
  // Both must outlive the counter.
  ExactCounter(const Template& hardware_template, const Structure& structure);

  // Precondition: ValidateMapping is OK.
  LayerUse Use(const LayerShape& shape, const Mapping& mapping) const;

  // LayerUse::need alone.
  ResourceNeeds Needs(const LayerShape& shape, const Mapping& mapping) const;

 private:
  class Nest;

  template <Tensor kTensor>
  void CountMonomialTensor(const Nest& nest, LayerUse* use) const;
  void CountInput(const Nest& nest, LayerUse* use) const;
  LinkUse CountLink(const Nest& nest, const LinkRow& link, Tensor tensor) const;
  void SetNeeds(const Nest& nest, LayerUse* use) const;

  const Template& template_;
  const Structure& structure_;
  const UnevenCounter uneven_;
  int num_levels_;
  // By level, what the axes of its fan-out allow: that neighbours hand inputs over, that they do so of inputs which the
  // level inside does not keep, and that the copies which share a request are not just a product of factors.
  std::array<bool, kMaxLevels> may_link_{};
  std::array<bool, kMaxLevels> passes_links_{};
  std::array<bool, kMaxLevels> corners_of_sharing_{};
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_EXACT_COUNTER_H_
