#include "server/search/race.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/search/polish.h"

namespace oneloop {
namespace {

constexpr std::int64_t kMostRunners = 6;
// Of the budget, for each round; evenly among those who run.
constexpr double kRoundShare = 0.1;
// A polish of fewer samples says nothing.
constexpr std::int64_t kLeastSamples = 10;

}  // namespace

Race::Race(Evaluator& evaluator, LayerSearch& layers, Random& random)
    : evaluator_(evaluator), layers_(layers), random_(random) {}

bool Race::HaveEqualArrays(const DesignState& a, const DesignState& b) const {
  const std::vector<Resource>& resources = evaluator_.spec().hardware_template->resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (resources[r].is_axis() && a.costs().limit[r] != b.costs().limit[r]) return false;
  }
  return true;
}

std::vector<DesignState> Race::BestOfArrays(std::vector<DesignState> designs, std::size_t most) const {
  std::stable_sort(designs.begin(), designs.end(),
                   [](const DesignState& a, const DesignState& b) { return a.merit() < b.merit(); });
  std::vector<DesignState> best;
  for (DesignState& design : designs) {
    const bool known =
        std::any_of(best.begin(), best.end(), [&](const DesignState& other) { return HaveEqualArrays(design, other); });
    if (!known && best.size() < most) best.push_back(std::move(design));
  }
  return best;
}

DesignState Race::Run(std::vector<DesignState> runners) {
  const auto round = static_cast<std::int64_t>(kRoundShare * static_cast<double>(evaluator_.budget()));
  const std::int64_t affordable = round / (kLeastSamples * evaluator_.num_layers());
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(affordable, 1, kMostRunners));
  runners = BestOfArrays(std::move(runners), most);
  while (runners.size() > 1) {
    const std::int64_t slice = round / static_cast<std::int64_t>(runners.size());
    for (DesignState& runner : runners) {
      if (evaluator_.Finished()) break;
      Polish(evaluator_, layers_, random_).Run(&runner, evaluator_.layer_evaluations_left() - slice);
    }
    const std::size_t half = (runners.size() + 1) / 2;
    runners = BestOfArrays(std::move(runners), half);
  }
  return std::move(runners.front());
}

}  // namespace oneloop
