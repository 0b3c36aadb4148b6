#ifndef ONELOOP_TESTS_COMMON_MODEL_ALL_MAPPINGS_H_
#define ONELOOP_TESTS_COMMON_MODEL_ALL_MAPPINGS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"

namespace oneloop {

// Every mapping of a layer that a template allows: all factors of each bound over the places that take some, and for
// each all orders of the loops that are not unit ones; with each choice of what is kept. The template must outlive it.
class AllMappings {
 public:
  AllMappings(const AllMappings&) = delete;
  AllMappings(const Template& hardware_template, const LayerShape& shape)
      : template_(hardware_template), num_levels_(hardware_template.num_levels()), space_(hardware_template) {
    for (const Dim dim : kAllDims) {
      if (shape.bound(dim) == 1) continue;
      dims_.push_back({dim, space_.places(dim), {}});
      std::vector<std::int64_t> factors;
      AddChoices(shape.bound(dim), 1, &factors, &dims_.back());
    }
  }

  // Without orders.
  double NumFactorisations() const {
    double product = 1;
    for (const DimPlaces& dim : dims_) product *= static_cast<double>(dim.choices.size());
    return product;
  }

  void ForEach(const std::function<void(const Mapping&)>& visit) const {
    Mapping mapping;
    for (int choice = 0; choice < template_.num_choices(); ++choice) {
      mapping.choice = static_cast<std::uint8_t>(choice);
      VisitFactors(0, mapping, visit);
    }
  }

 private:
  struct DimPlaces {
    Dim dim;
    std::span<const FactorPlace> places;
    std::vector<std::vector<std::int64_t>> choices;
  };

  // All ways to go on after `factors` of the first places, of which `inside` iterations are in the bound.
  void AddChoices(std::int64_t bound, std::int64_t inside, std::vector<std::int64_t>* factors, DimPlaces* dim) const {
    const std::size_t next = factors->size();
    const std::int64_t left = LeftOutside(bound, inside);
    const bool is_last = next + 1 == dim->places.size();
    for (std::int64_t factor = is_last ? left : 1; factor <= left; ++factor) {
      if (!FactorSpace::MayStand(factor, left, space_.MustDivide(dim->places[next], dim->dim))) continue;
      if (!space_.range(dim->places[next], dim->dim).Has(factor)) continue;
      factors->push_back(factor);
      if (is_last) {
        dim->choices.push_back(*factors);
      } else {
        AddChoices(bound, inside * factor, factors, dim);
      }
      factors->pop_back();
    }
  }

  void VisitFactors(std::size_t next, Mapping& mapping, const std::function<void(const Mapping&)>& visit) const {
    if (next == dims_.size()) return VisitOrders(0, mapping, visit);
    const DimPlaces& dim = dims_[next];
    for (const std::vector<std::int64_t>& factors : dim.choices) {
      for (std::size_t i = 0; i < factors.size(); ++i) FactorAt(mapping, dim.places[i], dim.dim) = factors[i];
      VisitFactors(next + 1, mapping, visit);
    }
  }

  void VisitOrders(int level, Mapping& mapping, const std::function<void(const Mapping&)>& visit) const {
    if (level == num_levels_) return visit(mapping);
    LoopOrder& order = mapping.order[static_cast<std::size_t>(level)];
    order = kAllDims;
    const auto loops =
        std::stable_partition(order.begin(), order.end(), [&](Dim dim) { return mapping.t(level, dim) == 1; });
    // Loops of the innermost level are inside every tile.
    if (level == 0) return VisitOrders(1, mapping, visit);
    do {
      if (IsAllowed(level, mapping)) VisitOrders(level + 1, mapping, visit);
    } while (std::next_permutation(loops, mapping.order[static_cast<std::size_t>(level)].end()));
  }

  bool IsAllowed(int level, const Mapping& mapping) const {
    DimSet outside;
    for (const Dim dim : mapping.order[static_cast<std::size_t>(level)]) {
      if (mapping.t(level, dim) == 1) continue;
      const DimSet inside = template_.loops_inside(level)[ToIndex(dim)];
      if ((inside.bits() & outside.bits()) != 0) return false;
      outside.Add(dim);
    }
    return true;
  }

  const Template& template_;
  int num_levels_;
  FactorSpace space_;
  std::vector<DimPlaces> dims_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_ALL_MAPPINGS_H_
