#include "server/search/design_probe.h"

#include <utility>
#include <vector>

#include "server/search/polish.h"

namespace oneloop {
namespace {

// A change below this in log2 of the objective is rounding.
constexpr double kProgress = 1e-9;
// Apart from the random sequences of starts.
constexpr std::uint64_t kStream = 0x5e25;

LayerDesign DesignOf(int layer, const DesignState& state) {
  return {state.mapping(layer), state.use(layer), state.figures(layer)};
}

}  // namespace

DesignProbe::DesignProbe(SearchSpec spec, const CostModel& model, const SmoothModel& smooth, const MoveSet& moves,
                         std::function<bool()> stop_requested, std::uint64_t stream)
    : spec_(std::move(spec)),
      sink_(std::move(stop_requested)),
      evaluator_(spec_, model, sink_),
      random_(MixSeed(spec_.seed, MixSeed(kStream, stream))),
      layers_(evaluator_, smooth, moves, random_) {}

bool DesignProbe::Follow(const HardwarePoint& hardware, DesignState* state) {
  if (!evaluator_.Affords(1)) return false;
  state->SetHardware(evaluator_, hardware);
  for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
    if (evaluator_.model().Takes(state->use(layer).need, state->costs())) continue;
    LayerDesign design = DesignOf(layer, *state);
    if (!layers_.Repair(layer, state->costs(), &design)) return false;
    state->SetLayer(evaluator_, layer, design.mapping, design.use, design.figures);
  }
  for (bool progress = true; progress && !evaluator_.Finished();) {
    progress = false;
    for (int layer = 0; layer < evaluator_.num_layers() && !evaluator_.Finished(); ++layer) {
      progress = Improve(layer, DesignOf(layer, *state), state) || progress;
    }
  }
  return true;
}

void DesignProbe::FollowFromOthers(std::int64_t tilings, DesignState* state) {
  for (std::int64_t i = 0; i < tilings; ++i) {
    for (int layer = 0; layer < evaluator_.num_layers() && !evaluator_.Finished(); ++layer) {
      LayerDesign design = DesignOf(layer, *state);
      if (layers_.Disturb(layer, state->costs(), OtherThan(layer, *state), &design)) Improve(layer, design, state);
    }
  }
}

void DesignProbe::Search(DesignState* state) { Polish(evaluator_, layers_, random_).Run(state); }

void DesignProbe::TakeFrom(const DesignState& other, DesignState* state) {
  for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
    if (evaluator_.Interrupted()) return;
    if (other.mapping(layer) == state->mapping(layer)) continue;
    if (!evaluator_.model().Takes(other.use(layer).need, state->costs())) continue;
    evaluator_.CountLayer();
    Take(layer, {other.mapping(layer), other.use(layer), evaluator_.model().Score(other.use(layer), state->costs())},
         state);
  }
}

const Mapping* DesignProbe::OtherThan(int layer, const DesignState& state) {
  if (evaluator_.num_layers() == 1) return nullptr;
  const auto other = static_cast<int>(random_.Below(static_cast<std::uint64_t>(evaluator_.num_layers() - 1)));
  return &state.mapping(other < layer ? other : other + 1);
}

bool DesignProbe::Improve(int layer, LayerDesign design, DesignState* state) {
  const std::vector<LayerSearch::Slopes> slopes =
      LayerSearch::SlopesOf(evaluator_.goal(), state->metrics(), spec_.workload->num_networks());
  layers_.Improve(layer, state->costs(), slopes[evaluator_.network(layer)], &design);
  return Take(layer, design, state);
}

// The slopes are a linear view; the objective itself decides.
bool DesignProbe::Take(int layer, const LayerDesign& design, DesignState* state) {
  if (!(state->MeritWith(evaluator_, layer, design.figures) < state->merit() - kProgress)) return false;
  state->SetLayer(evaluator_, layer, design.mapping, design.use, design.figures);
  return true;
}

}  // namespace oneloop
