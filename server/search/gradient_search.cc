#include "server/search/gradient_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "server/search/descent.h"
#include "server/search/design_state.h"
#include "server/search/filling.h"
#include "server/search/layer_search.h"
#include "server/search/limited_hardware.h"
#include "server/search/moves.h"
#include "server/search/polish.h"
#include "server/search/race.h"
#include "server/search/rounding.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// Random hardware points that a start looks at before it begins from the best, while each leaves this many samples for
// the rest.
constexpr std::int64_t kMostDraws = 8;
constexpr std::int64_t kMostLimitedDraws = 32;
constexpr std::int64_t kSamplesPerDraw = 20;
// Samples kept for the first rounding; for later ones, so many times what the one before took.
constexpr std::int64_t kFirstRounding = 10;
constexpr std::int64_t kRoundingMargin = 2;

// What most layers keep.
std::uint8_t MostFrequentChoice(const std::vector<Mapping>& mappings) {
  std::array<int, 1 << kMaxMayKeep> layers{};
  for (const Mapping& mapping : mappings) ++layers[mapping.choice];
  return static_cast<std::uint8_t>(std::max_element(layers.begin(), layers.end()) - layers.begin());
}

// The steps of one start, in order.
class GradientStart {
 public:
  GradientStart(Evaluator& evaluator, Random& random)
      : evaluator_(evaluator),
        random_(random),
        spec_(evaluator.spec()),
        smooth_(evaluator.model(), *spec_.workload, spec_.hardware_range, evaluator.goal(), spec_.latency.get()),
        moves_(evaluator.model()),
        limited_(spec_, evaluator.goal()),
        layers_(evaluator, smooth_, moves_, random) {}

  std::optional<DesignState> Run(StartSummary* summary) {
    if (!Begin()) {
      summary->termination = StartSummary::Termination::kDiverged;
      summary->message = NothingFits(*spec_.hardware_template);
    } else {
      if (limited_.binds() && spec_.descent_share < 1) RunRace();
      Descend(summary);
      if (spec_.descent_share < 1 && !evaluator_.Finished()) Polish(evaluator_, layers_, random_).Run(&*best_);
    }
    return std::move(best_);
  }

 private:
  // Scores a constructive mapping on each of a few random hardware points. False when no hardware takes every layer.
  bool Begin() {
    const std::int64_t draws = std::clamp(spec_.samples_per_start / kSamplesPerDraw, std::int64_t{1},
                                          limited_.binds() ? kMostLimitedDraws : kMostDraws);
    for (std::int64_t i = 0; i < draws && !evaluator_.Finished(); ++i) DrawAndReport();
    if (!best_.has_value()) {
      // Drawn too small for some layer: the largest hardware takes what any does.
      HardwarePoint largest;
      for (const ParameterRange& range : spec_.hardware_range) largest.push_back(range.max);
      ReportOn(Usable(largest));
    }
    if (!best_.has_value()) {
      // Some memory shrinks as something else grows.
      const std::optional<HardwarePoint> smallest = SmallestFor(spec_, evaluator_.model());
      if (smallest.has_value()) ReportOn(Usable(*smallest));
    }
    if (!best_.has_value()) return false;
    last_ = best_->mappings();
    return true;
  }

  // Hardware that breaks a limit as it is gives way until it does not.
  void DrawAndReport() {
    const HardwarePoint drawn = RandomHardwareFor(spec_, evaluator_.model(), random_);
    if (!limited_.binds()) {
      ReportOn(drawn);
      return;
    }
    // Sizes that were drawn are likelier to suit the layers than what others leave of them: one stays.
    ReportOn(Usable(limited_.NearestTo(drawn, static_cast<int>(random_.Below(drawn.size())), random_)));
  }

  // With axes that all layers can use as much as is asked for, where that can be.
  HardwarePoint Usable(const HardwarePoint& hardware) const {
    return UsableHardware(spec_, evaluator_.model(), hardware).value_or(hardware);
  }

  void ReportOn(const HardwarePoint& hardware) {
    const std::optional<std::vector<Mapping>> mappings = MappingsFor(hardware);
    if (mappings.has_value()) Report(*mappings, limited_.binds() ? &drawn_ : nullptr);
  }

  std::optional<std::vector<Mapping>> MappingsFor(const HardwarePoint& hardware) {
    const ComponentCosts costs = evaluator_.model().CostsAt(hardware);
    // All layers alike, as the descent has one model of them.
    const int choice = RandomChoice(evaluator_.model(), random_);
    std::vector<Mapping> mappings;
    for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
      if (evaluator_.Interrupted()) return std::nullopt;
      std::optional<Mapping> mapping =
          ConstructiveMapping(evaluator_.model(), evaluator_.shape(layer), costs, random_, choice);
      if (!mapping.has_value()) return std::nullopt;
      mappings.push_back(*mapping);
    }
    return mappings;
  }

  // Fits whole mappings to the hardware that they were meant for, chooses their orders, scores and reports the design.
  void Round(std::vector<Mapping> mappings, const HardwarePoint& hardware) {
    const ComponentCosts costs = evaluator_.model().CostsAt(hardware);
    for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
      if (evaluator_.Finished()) return;
      Mapping& mapping = mappings[static_cast<std::size_t>(layer)];
      LayerDesign design = layers_.Evaluate(layer, mapping, costs);
      if (!layers_.Repair(layer, costs, &design)) return;
      if (spec_.order_strategy != OrderStrategy::kFixed) layers_.ChooseOrders(layer, costs, &design);
      mapping = design.mapping;
    }
    Report(mappings);
  }

  // Scores whole mappings on the smallest hardware that takes them.
  void Report(const std::vector<Mapping>& mappings, std::vector<DesignState>* kept = nullptr) {
    std::optional<DesignState> rounded = DesignState::Create(evaluator_, mappings);
    if (!rounded.has_value()) return;
    evaluator_.Report(SearchPointOrigin::kRounded, rounded->metrics(), rounded->hardware(), &rounded->mappings());
    last_ = rounded->mappings();
    if (kept != nullptr) kept->push_back(*rounded);
    if (!best_.has_value() || rounded->merit() < best_->merit()) best_ = *std::move(rounded);
  }

  void RunRace() {
    DesignState winner = Race(evaluator_, layers_, random_).Run(std::move(drawn_));
    drawn_.clear();
    if (winner.merit() < best_->merit()) best_ = std::move(winner);
    last_ = best_->mappings();
  }

  void Descend(StartSummary* summary) {
    const auto descent_budget =
        static_cast<std::int64_t>(spec_.descent_share * static_cast<double>(evaluator_.budget()));
    const std::int64_t reserve = evaluator_.budget() - descent_budget;
    // What the descent has found by its end is rounded, too.
    std::int64_t keep = std::max(reserve, kFirstRounding * evaluator_.num_layers());
    // What a race has kept layer by layer goes on as most layers have it.
    const std::uint8_t choice = MostFrequentChoice(last_);
    for (Mapping& mapping : last_) mapping.choice = choice;
    Descent descent(smooth_.of_choice(choice), evaluator_);
    descent.StartFrom(last_);
    // A step of several samples must not reach into what is kept.
    const std::int64_t beyond = std::int64_t{descent.samples_per_step() - 1} * evaluator_.num_layers();
    const auto goes_on = [&] { return evaluator_.layer_evaluations_left() > keep + beyond; };
    while (!evaluator_.Finished() && goes_on()) {
      for (int step = 0; step < spec_.round_period && goes_on(); ++step) {
        if (evaluator_.Finished() || !evaluator_.Affords(descent.samples_per_step())) return;
        if (!descent.Step()) {
          // A step that was cut short has no value either.
          if (evaluator_.Interrupted()) return;
          summary->message = "the descent diverged; the search went on from the best rounded design";
          return;
        }
      }
      const std::int64_t before = evaluator_.layer_evaluations_left();
      RoundFrom(descent);
      keep = std::max(reserve, kRoundingMargin * (before - evaluator_.layer_evaluations_left()));
      descent.StartFrom(last_);
    }
  }

  void RoundFrom(const Descent& descent) {
    std::vector<Mapping> mappings;
    for (std::size_t layer = 0; layer < last_.size(); ++layer) {
      if (evaluator_.Interrupted()) return;
      const int l = static_cast<int>(layer);
      mappings.push_back(
          RoundToWhole(smooth_, evaluator_.shape(l), smooth_.LayerFactors(descent.x(), l), last_[layer]));
    }
    HardwarePoint hardware = descent.hardware();
    for (std::size_t p = 0; p < hardware.size(); ++p) {
      const double step = spec_.hardware_template->parameter(static_cast<int>(p)).step;
      hardware[p] = std::min(std::ceil(hardware[p] / step) * step, spec_.hardware_range[p].max);
    }
    Round(std::move(mappings), Usable(limited_.NearestTo(hardware, -1, random_)));
  }

  Evaluator& evaluator_;
  Random& random_;
  const SearchSpec& spec_;
  const SmoothModel smooth_;
  const MoveSet moves_;
  const LimitedHardware limited_;
  LayerSearch layers_;
  std::vector<Mapping> last_;  // of the last rounding
  std::optional<DesignState> best_;
  std::vector<DesignState> drawn_;  // where parameters compete: who runs the race
};

}  // namespace

std::optional<DesignState> RunGradientStage(Evaluator& evaluator, Random& random, StartSummary* summary) {
  return GradientStart(evaluator, random).Run(summary);
}

StartSummary RunGradientStart(Evaluator& evaluator, Random& random) {
  StartSummary summary;
  RunGradientStage(evaluator, random, &summary);
  return summary;
}

}  // namespace oneloop
