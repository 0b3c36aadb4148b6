#ifndef ONELOOP_SERVER_SEARCH_FILLING_H_
#define ONELOOP_SERVER_SEARCH_FILLING_H_

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

// What one layer can use of what a template's utilization rules are about: copies along axes, and room in memories.
// Used by one thread.
class Filling {
 public:
  // `model` must outlive this.
  Filling(const CostModel& model, const LayerShape& shape);

  // A mapping that fits and uses as much as all rules ask for: of `choice` (Template::choice), all loops in the order R
  // S P Q C K N G, with as little as may be wherever no rule asks for more. Nothing where none was found. Of axes all
  // ways to fill them are looked at, the longest factors first; memories are filled from there, in a few ways. What
  // shares an axis or a memory comes in random order if there is a `random`.
  std::optional<Mapping> Find(const ComponentCosts& costs, int choice = 0, Random* random = nullptr);
  // Of any choice, the first for which there is one.
  std::optional<Mapping> FindAny(const ComponentCosts& costs);
  // A mapping that uses the axes as this one does, which is enough, and in which more stands at levels until memories
  // are filled. Nothing where that was not found.
  std::optional<Mapping> FillMemories(Mapping mapping, const ComponentCosts& costs, Random& random);
  // The most that a mapping which fits uses of what one rule is about, whatever the others ask for: of axes what some
  // mapping does, and 0 where none fits at all; of a memory no mapping uses more.
  double Most(const UtilizationRule& rule, const ComponentCosts& costs);
  // The first rule by itself of which the last mapping that was looked at uses too little; null where axes together
  // were the reason.
  const UtilizationRule* lacking() const { return lacking_; }
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
  const UtilizationRule* LackingMemory(const Mapping& mapping, const ComponentCosts& costs) const;
  bool MayHave(const Mapping& mapping, const ComponentCosts& costs) const;
  bool GrowAt(int level, Dim dim, const ComponentCosts& costs, Mapping* mapping);

  const CostModel& model_;
  const LayerShape shape_;
  std::vector<Slot> slots_;  // axis by axis
  bool has_memories_ = false;
  bool grows_ = true;  // whether larger factors never need less room
  std::vector<Goal> goals_;
  Mapping wanted_;
  std::array<double, kMaxResources> used_{};  // by resource: the product of the factors chosen
  std::optional<Mapping> found_;
  const UtilizationRule* lacking_ = nullptr;
  std::int64_t tried_ = 0;  // in the last call
  std::int64_t total_tried_ = 0;
};

// Hardware on which each layer has a mapping that uses as much as the template's utilization rules ask for: this one,
// or it with shorter axes and smaller memories, as large as was found. Nothing where none was found within a tenth of a
// second or so. Precondition: ValidateSearchSpec is OK.
std::optional<HardwarePoint> UsableHardware(const SearchSpec& spec, const CostModel& model, HardwarePoint hardware);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_FILLING_H_
