#ifndef ONELOOP_TESTS_COMMON_MODEL_ALL_MAPPINGS_H_
#define ONELOOP_TESTS_COMMON_MODEL_ALL_MAPPINGS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/factorize.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"

namespace oneloop {

// Every mapping of a layer: all factorisations of each bound over the places that the template allows, and for each all
// orders of the loops that are not unit ones.
class AllMappings {
 public:
  AllMappings(const Template& hardware_template, const LayerShape& shape)
      : num_levels_(hardware_template.num_levels()) {
    for (const Dim dim : kAllDims) {
      std::vector<Place> places;
      for (int level = 0; level < num_levels_; ++level) {
        if (hardware_template.level(level).temporal.Has(dim)) places.push_back({false, level});
      }
      for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
        if (hardware_template.axes()[axis].dims.Has(dim)) places.push_back({true, static_cast<int>(axis)});
      }
      if (shape.bound(dim) > 1) dims_.push_back({dim, places, Factorisations(shape.bound(dim), places.size())});
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
    VisitFactors(0, mapping, visit);
  }

 private:
  struct Place {
    bool is_spatial;
    int index;
  };
  struct DimPlaces {
    Dim dim;
    std::vector<Place> places;
    std::vector<std::vector<std::int64_t>> choices;
  };

  static std::vector<std::vector<std::int64_t>> Factorisations(std::int64_t n, std::size_t places) {
    if (places == 1) return {{n}};
    std::vector<std::vector<std::int64_t>> all;
    for (const std::int64_t divisor : Divisors(n)) {
      for (std::vector<std::int64_t> rest : Factorisations(n / divisor, places - 1)) {
        rest.push_back(divisor);
        all.push_back(rest);
      }
    }
    return all;
  }

  void VisitFactors(std::size_t next, Mapping& mapping, const std::function<void(const Mapping&)>& visit) const {
    if (next == dims_.size()) return VisitOrders(0, mapping, visit);
    const DimPlaces& dim = dims_[next];
    for (const std::vector<std::int64_t>& factors : dim.choices) {
      for (std::size_t i = 0; i < factors.size(); ++i) {
        const Place& place = dim.places[i];
        (place.is_spatial ? mapping.s(place.index, dim.dim) : mapping.t(place.index, dim.dim)) = factors[i];
      }
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
      VisitOrders(level + 1, mapping, visit);
    } while (std::next_permutation(loops, mapping.order[static_cast<std::size_t>(level)].end()));
  }

  int num_levels_;
  std::vector<DimPlaces> dims_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_ALL_MAPPINGS_H_
