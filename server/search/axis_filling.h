#ifndef ONELOOP_SERVER_SEARCH_AXIS_FILLING_H_
#define ONELOOP_SERVER_SEARCH_AXIS_FILLING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "common/hardware/template.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/workload.h"
#include "server/search/search_spec.h"

namespace oneloop {

// What one layer can use of the copies that a template's utilization rules are about. Used by one thread.
class AxisFilling {
 public:
  // `model` must outlive this.
  AxisFilling(const CostModel& model, const LayerShape& shape);

  // A mapping that fits and uses as much as all rules ask for, with as little as may be everywhere else: of `choice`
  // (Template::choice), all loops in the order R S P Q C K N G. Nothing where none was found. Dimensions that share an
  // axis come in random order if there is a `random`.
  std::optional<Mapping> Find(const ComponentCosts& costs, int choice = 0, Random* random = nullptr);
  // The most copies of one rule's axes that a mapping uses which fits, whatever the other rules ask for; 0 where none
  // fits at all.
  double Most(const UtilizationRule& rule, const ComponentCosts& costs);
  // Whether the last call has looked at all mappings that could be what was asked for, until it found one.
  bool looked_at_all() const { return tried_ < kMostTried; }
  // What all calls have looked at, in beginnings of mappings.
  std::int64_t total_tried() const { return total_tried_; }

 private:
  // Beyond it a layer has so many dimensions along large axes that a search does better to try other hardware.
  static constexpr std::int64_t kMostTried = 16384;

  // A factor to choose.
  struct Slot {
    std::size_t resource;
    FactorPlace place;
    Dim dim;
    std::int64_t most;  // of the dimension's bound and range
  };
  // As many copies as a rule asks for, at least.
  struct Goal {
    const UtilizationRule* rule;
    double least;
  };

  bool Begin(const ComponentCosts& costs, int choice);
  void Shuffle(Random& random);
  bool Fill(std::size_t slot, const ComponentCosts& costs);
  bool CanReachGoals(std::size_t slot, const ComponentCosts& costs) const;
  bool MeetsGoals(const ResourceNeeds& need) const;
  Mapping Completed() const;

  const CostModel& model_;
  const LayerShape shape_;
  std::vector<Slot> slots_;  // axis by axis
  bool grows_ = true;        // whether larger factors never need less room
  std::vector<Goal> goals_;
  Mapping wanted_;
  std::array<double, kMaxResources> used_{};  // by resource: the product of the factors chosen
  std::optional<Mapping> found_;
  std::int64_t tried_ = 0;  // in the last call
  std::int64_t total_tried_ = 0;
};

// Hardware on which each layer has a mapping that uses as much as the template's utilization rules ask for: this one,
// or it with shorter axes, as long as was found. Nothing where none was found within a tenth of a second or so.
// Precondition: ValidateSearchSpec is OK.
std::optional<HardwarePoint> UsableHardware(const SearchSpec& spec, const CostModel& model, HardwarePoint hardware);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_AXIS_FILLING_H_
