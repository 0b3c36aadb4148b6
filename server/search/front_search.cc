#include "server/search/front_search.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "server/search/front_archive.h"
#include "server/search/front_gaps.h"
#include "server/search/gradient_search.h"
#include "server/search/layer_search.h"
#include "server/search/moves.h"
#include "server/search/polish.h"

namespace oneloop {
namespace {

// Of a start's samples, for its first design: more of them where the area is not traded, since the front is short then
// and all of it depends on one array.
constexpr double kFirstShare = 0.2;
constexpr double kFirstShareWithoutArea = 0.6;
// Stages of a start, and what a stage takes at least.
constexpr std::int64_t kStages = 36;
constexpr std::int64_t kLeastSamples = 20;
// Of a stage's samples, for each of the two designs of which the better has the rest.
constexpr double kTrialShare = 0.3;

// From 1 on: 1/2, 1/4, 3/4, 1/8, 5/8, …
double LowDiscrepancy(int index) {
  double value = 0;
  double place = 0.5;
  for (int rest = index; rest > 0; rest /= 2, place /= 2) value += place * (rest % 2);
  return value;
}

double FigureOf(std::size_t budgeted, const WorkloadMetrics& metrics) {
  return budgeted == kAreaFigure ? metrics.area_mm2 : metrics.latency_cycles;
}

// The goals of a start's stages: the spec's limits, and a budget, log2, for one figure besides.
class StageGoals {
 public:
  StageGoals(const SearchSpec& spec, int start) : spec_(spec), start_(start) {}

  Goal Whole() const { return GoalOf(spec_); }
  Goal First(const FrontDirection& direction) const {
    if (direction.budgeted == kAreaFigure) return Within(direction, FirstBudget());
    const double weight = LowDiscrepancy(start_ + 1);
    return Within({direction.budgeted, {2 * weight, 2 - 2 * weight, 0}}, std::nullopt);
  }
  Goal Within(const FrontDirection& direction, std::optional<double> budget) const;

 private:
  std::optional<double> FirstBudget() const;

  const SearchSpec& spec_;
  const int start_;
};

// The area at the start's place between the least hardware and the largest that starts are drawn on; none for the first
// start.
std::optional<double> StageGoals::FirstBudget() const {
  if (start_ == 0) return std::nullopt;
  HardwarePoint least;
  HardwarePoint most;
  for (std::size_t p = 0; p < spec_.hardware_range.size(); ++p) {
    const ParameterRange& range = spec_.hardware_range[p];
    least.push_back(range.min);
    most.push_back(std::clamp(spec_.hardware_template->parameter(static_cast<int>(p)).start_max, range.min, range.max));
  }
  const double low = std::log2(spec_.hardware_template->AreaMm2(least));
  double high = std::log2(spec_.hardware_template->AreaMm2(most));
  for (const MetricLimit& limit : spec_.limits) {
    if (limit.quantity == Quantity::kAreaMm2) high = std::min(high, std::log2(limit.bound));
  }
  if (!std::isfinite(low) || !(low < high)) return std::nullopt;
  return low + LowDiscrepancy(start_) * (high - low);
}

Goal StageGoals::Within(const FrontDirection& direction, std::optional<double> budget) const {
  SearchSpec stage = spec_;
  const std::array<double, 3>& exponents = direction.exponents;
  stage.objective = {{exponents[kEnergyFigure], exponents[kLatencyFigure], exponents[kAreaFigure], 0}};
  if (budget.has_value()) {
    const Quantity quantity = direction.budgeted == kAreaFigure ? Quantity::kAreaMm2 : Quantity::kLatencyCycles;
    double bound = std::exp2(*budget);
    std::erase_if(stage.limits, [quantity, &bound](const MetricLimit& limit) {
      if (limit.quantity != quantity || limit.network != MetricLimit::kWholeWorkload) return false;
      bound = std::min(bound, limit.bound);
      return true;
    });
    stage.limits.push_back({quantity, bound});
  }
  return GoalOf(stage);
}

// Stages of equal samples that polish known designs for other goals than they were found by.
class Stages {
 public:
  // All must outlive this.
  Stages(Evaluator& evaluator, Random& random, std::int64_t samples)
      : evaluator_(evaluator),
        random_(random),
        samples_(samples),
        smooth_(evaluator.model(), *evaluator.spec().workload, evaluator.spec().hardware_range, evaluator.goal(),
                evaluator.spec().latency.get()),
        moves_(evaluator.model()),
        layers_(evaluator, smooth_, moves_, random) {}

  // Each of one or two designs for a while, then the better one for the rest. Returns how that ends; nothing when the
  // start is over.
  std::optional<std::vector<Mapping>> Run(const Goal& goal, std::vector<std::vector<Mapping>> parents) {
    evaluator_.BeginStage(goal, samples_ * evaluator_.num_layers());
    if (evaluator_.Finished() || !evaluator_.Affords(1)) return std::nullopt;
    std::vector<DesignState> designs;
    for (std::vector<Mapping>& mappings : parents) {
      std::optional<DesignState> design = DesignState::Create(evaluator_, std::move(mappings));
      if (design.has_value()) designs.push_back(*std::move(design));
    }
    if (designs.size() > 1) {
      const auto trial = static_cast<std::int64_t>(kTrialShare * static_cast<double>(evaluator_.budget()));
      for (DesignState& design : designs) PolishDesign(evaluator_.layer_evaluations_left() - trial, &design);
    }
    const auto best = std::min_element(designs.begin(), designs.end(),
                                       [](const auto& a, const auto& b) { return a.merit() < b.merit(); });
    if (best == designs.end()) return std::nullopt;
    PolishDesign(0, &*best);
    return best->mappings();
  }

 private:
  void PolishDesign(std::int64_t reserve, DesignState* design) {
    if (!evaluator_.Finished()) Polish(evaluator_, layers_, random_).RunOnArray(design, reserve);
  }

  Evaluator& evaluator_;
  Random& random_;
  const std::int64_t samples_;  // of a stage
  const SmoothModel smooth_;
  const MoveSet moves_;
  LayerSearch layers_;
};

StartSummary Walk(Evaluator& evaluator, int start, Random& random, const FrontArchive& archive) {
  const SearchSpec& spec = evaluator.spec();
  const StageGoals goals(spec, start);
  const std::vector<FrontDirection> directions = DirectionsOf(*spec.front);
  const double first_share = spec.front->Has(kAreaFigure) ? kFirstShare : kFirstShareWithoutArea;
  const std::int64_t samples = std::max(spec.samples_per_start / kStages, kLeastSamples);
  const auto first_samples =
      std::max(samples, static_cast<std::int64_t>(first_share * static_cast<double>(spec.samples_per_start)));
  evaluator.BeginStage(goals.First(directions.front()), first_samples * evaluator.num_layers());
  StartSummary summary;
  const std::optional<DesignState> first = RunGradientStage(evaluator, random, &summary);
  if (!first.has_value()) return summary;
  Stages stages(evaluator, random, samples);
  // Nothing is to the front before something keeps the limits.
  std::optional<std::vector<Mapping>> last = first->mappings();
  while (archive.members().empty()) {
    last = stages.Run(goals.Whole(), {*std::move(last)});
    if (!last.has_value()) return summary;
  }
  FrontGaps gaps(directions, std::log2(FigureOf(directions.front().budgeted, first->metrics())));
  for (;;) {
    const std::optional<FrontGap> gap = gaps.Next(archive.members());
    if (!gap.has_value()) return summary;
    std::vector<std::vector<Mapping>> parents = {gap->below->mappings};
    if (gap->above != nullptr) parents.push_back(gap->above->mappings);
    if (!stages.Run(goals.Within(directions[gap->direction], gap->budget), std::move(parents))) return summary;
  }
}

}  // namespace

StartSummary RunFrontStart(Evaluator& evaluator, int start, Random& random) {
  FrontArchive archive(*evaluator.spec().front);
  evaluator.set_archive(&archive);
  StartSummary summary = Walk(evaluator, start, random, archive);
  evaluator.set_archive(nullptr);
  return summary;
}

}  // namespace oneloop
