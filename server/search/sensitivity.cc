#include "server/search/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "common/model/smooth/smooth_model.h"
#include "server/search/costless_parameters.h"
#include "server/search/design_probe.h"
#include "server/search/design_state.h"
#include "server/search/limited_hardware.h"
#include "server/search/moves.h"
#include "server/search/nearby_hardware.h"
#include "server/search/null_sink.h"
#include "server/search/objective_slopes.h"
#include "server/search/search_memory.h"

namespace oneloop {
namespace {

// Tilings of a layer, besides its own, from which the gradient is followed.
constexpr int kOtherTilings = 32;
// A network of fewer distinct layers has as many evaluations, and tilings, as one of so many.
constexpr std::int64_t kFewLayers = 8;
// Rounds of looking at hardware nearby within a limit.
constexpr int kHardwareRounds = 4;
// Times that the changed limits are looked at: anew when one of the searches betters the unchanged design.
constexpr int kLimitPasses = 3;

std::int64_t Effort(const Workload& workload) {
  return std::max(std::int64_t{1}, kFewLayers / std::ssize(workload.layers));
}

// Every shape once, with its best mapping of those that layers of that shape have.
struct Distinct {
  SearchSpec spec;
  std::vector<Mapping> mappings;
};

Distinct Merge(const SearchSpec& spec, const CostModel& model, const HardwarePoint& hardware,
               const std::vector<Mapping>& mappings) {
  Distinct distinct{spec, {}};
  DistinctShapes shapes = MergeEqualShapes(*spec.workload);
  const ComponentCosts costs = model.CostsAt(hardware);
  const ObjectiveWeights weights = GoalOf(spec).objective().layer_weights();
  std::vector<double> best(shapes.workload.layers.size(), std::numeric_limits<double>::infinity());
  distinct.mappings.resize(best.size());
  for (std::size_t layer = 0; layer < mappings.size(); ++layer) {
    const std::size_t shape = shapes.layers[layer];
    const LayerFigures figures = model.Score(model.Use(spec.workload->layers[layer].shape, mappings[layer]), costs);
    const double cost = weights.Log2Of(figures.energy_uj, figures.latency_cycles);
    if (!(cost < best[shape]) && best[shape] < std::numeric_limits<double>::infinity()) continue;
    best[shape] = cost;
    distinct.mappings[shape] = mappings[layer];
  }
  distinct.spec.workload = std::make_shared<const Workload>(std::move(shapes.workload));
  return distinct;
}

SearchSpec WithSamples(SearchSpec spec, std::int64_t samples) {
  spec.samples_per_start = samples * Effort(*spec.workload);
  spec.stop_score = std::nullopt;
  return spec;
}

SearchSpec On(SearchSpec spec, const HardwarePoint& hardware) {
  for (std::size_t p = 0; p < hardware.size(); ++p) spec.hardware_range[p] = {hardware[p], hardware[p]};
  return spec;
}

// A neighbourhood that was looked at: designs on the changed hardware; nothing when none was found.
struct Visit {
  std::optional<DesignState> predicted;
  std::optional<DesignState> searched;
};

class Explorer {
 public:
  Explorer(const SearchSpec& spec, const HardwarePoint& hardware, const std::vector<Mapping>& mappings,
           const SensitivityOptions& options, const std::function<bool()>& stop_requested)
      : options_(options),
        stop_requested_(stop_requested),
        hardware_(hardware),
        model_(spec.hardware_template),
        distinct_(Merge(spec, model_, hardware, mappings)),
        goal_(GoalOf(spec)),
        smooth_(model_, *distinct_.spec.workload, distinct_.spec.hardware_range, goal_, spec.latency.get()),
        moves_(model_) {}

  std::optional<Sensitivities> Run() {
    if (!Settle()) return std::nullopt;
    LookAtParameters();
    LookAtLimits();
    if (stopped_) return std::nullopt;
    result_.samples = (layer_evaluations_ + num_layers() - 1) / num_layers();
    return std::move(result_);
  }

 private:
  std::int64_t num_layers() const { return std::ssize(distinct_.spec.workload->layers); }
  std::int64_t other_tilings() const { return kOtherTilings * Effort(*distinct_.spec.workload); }
  const Template& hardware_template() const { return model_.hardware_template(); }
  double ObjectiveOf(const DesignState& state) const { return goal_.objective().Value(state.metrics()); }

  std::unique_ptr<DesignProbe> MakeProbe(SearchSpec spec) {
    return std::make_unique<DesignProbe>(std::move(spec), model_, smooth_, moves_, stop_requested_, next_stream_++);
  }
  std::unique_ptr<DesignProbe> MakeProbeOn(const HardwarePoint& hardware) {
    return MakeProbe(On(WithSamples(distinct_.spec, options_.samples), hardware));
  }
  void Finish(DesignProbe& probe) {
    layer_evaluations_ += probe.evaluator().budget() - probe.evaluator().layer_evaluations_left();
    stopped_ = stopped_ || probe.evaluator().stopped();
  }

  // The design itself, with mappings that nothing near betters.
  bool Settle() {
    const std::unique_ptr<DesignProbe> probe = MakeProbeOn(hardware_);
    settled_ = DesignState::Create(probe->evaluator(), distinct_.mappings);
    if (!settled_.has_value()) return false;
    given_ = ObjectiveOf(*settled_);
    probe->Search(&*settled_);
    Finish(*probe);
    return true;
  }

  // The parameter's value after the change; nothing when that is out of range.
  std::optional<double> Stepped(std::size_t p, int direction) const {
    const ParameterSpec& parameter = hardware_template().parameter(static_cast<int>(p));
    const double steps = std::max(1.0, std::nearbyint(options_.step * hardware_[p] / parameter.step));
    const double value = (std::nearbyint(hardware_[p] / parameter.step) + direction * steps) * parameter.step;
    if (value < parameter.min || value > parameter.max) return std::nullopt;
    return value;
  }

  Visit VisitHardware(const HardwarePoint& hardware) {
    Visit visit;
    const std::unique_ptr<DesignProbe> prediction = MakeProbeOn(hardware);
    DesignState state = *settled_;
    const bool fits = prediction->Follow(hardware, &state);
    if (fits) {
      // The check begins from the design as well, and knows nothing else of the prediction.
      visit.predicted = visit.searched = std::move(state);
      prediction->FollowFromOthers(other_tilings(), &*visit.predicted);
      const std::unique_ptr<DesignProbe> search = MakeProbeOn(hardware);
      search->Search(&*visit.searched);
      Finish(*search);
    }
    Finish(*prediction);
    return visit;
  }

  void LookAtParameters() {
    std::vector<Visit> visits;  // less, more of each parameter in turn
    std::vector<std::optional<double>> values;
    for (std::size_t p = 0; p < hardware_.size(); ++p) {
      for (const int direction : {-1, 1}) {
        const bool held = p < options_.held.size() && options_.held[p];
        values.push_back(held || stopped_ ? std::nullopt : Stepped(p, direction));
        HardwarePoint hardware = hardware_;
        if (values.back().has_value()) hardware[p] = *values.back();
        visits.push_back(values.back().has_value() ? VisitHardware(hardware) : Visit());
      }
    }
    DesignState predicted_from = *settled_;
    TakeFromEachOther(&Visit::predicted, &visits, &predicted_from);
    DesignState searched_from = *settled_;
    TakeFromEachOther(&Visit::searched, &visits, &searched_from);
    result_.settled = ObjectiveOf(searched_from) / given_ - 1;
    const std::vector<double> direct = DirectSlopes(distinct_.spec, model_, goal_, *settled_);
    const std::vector<double> room = RoomSlopes(distinct_.spec, model_, goal_, smooth_, moves_, *settled_, [this] {
      stopped_ = stopped_ || stop_requested_();
      return stopped_;
    });
    const auto step = [&](std::size_t i) -> std::optional<SensitivityStep> {
      if (!values[i].has_value()) return std::nullopt;
      SensitivityStep made{*values[i], std::nullopt, std::nullopt, {}};
      if (!visits[i].searched.has_value()) return made;
      made.predicted = ObjectiveOf(*visits[i].predicted) / ObjectiveOf(predicted_from) - 1;
      made.searched = ObjectiveOf(*visits[i].searched) / ObjectiveOf(searched_from) - 1;
      made.broken = Broken(visits[i].searched->metrics());
      return made;
    };
    for (std::size_t p = 0; p < hardware_.size(); ++p) {
      result_.parameters.push_back({p, direct[p], room[p], step(2 * p), step(2 * p + 1)});
    }
    Keep(Visit{std::move(predicted_from), std::move(searched_from)});
    for (const Visit& visit : visits) Keep(visit);
  }

  // A mapping that was found on one hardware serves wherever it fits, so that what differs is the hardware and not
  // luck.
  void TakeFromEachOther(std::optional<DesignState> Visit::*kind, std::vector<Visit>* visits, DesignState* base) {
    std::vector<DesignState*> designs = {base};
    for (Visit& visit : *visits) {
      if ((visit.*kind).has_value()) designs.push_back(&*(visit.*kind));
    }
    for (DesignState* const to : designs) {
      const std::unique_ptr<DesignProbe> probe = MakeProbeOn(to->hardware());
      for (const DesignState* const from : designs) {
        if (from != to) probe->TakeFrom(*from, to);
      }
      Finish(*probe);
    }
  }

  // For limits, which a design on any hardware may serve.
  void Keep(const Visit& visit) {
    if (visit.predicted.has_value()) predicted_.push_back(visit.predicted->metrics());
    if (visit.searched.has_value()) searched_.push_back(visit.searched->metrics());
  }

  std::vector<std::size_t> Broken(const WorkloadMetrics& metrics) const {
    std::vector<std::size_t> broken;
    for (std::size_t i = 0; i < distinct_.spec.limits.size(); ++i) {
      const std::vector<MetricLimit> one = {distinct_.spec.limits[i]};
      if (!Constraints(one, hardware_template()).Met(metrics)) broken.push_back(i);
    }
    return broken;
  }

  void LookAtLimits() {
    const std::vector<MetricLimit>& limits = distinct_.spec.limits;
    const double clock_mhz = hardware_template().spec().clock_mhz.value_or(0);
    bool any = false;
    for (std::size_t i = 0; i < limits.size(); ++i) {
      const QuantityInfo& quantity = InfoOf(limits[i].quantity);
      LimitSensitivity& limit = result_.limits.emplace_back();
      limit.limit = i;
      const WorkloadMetrics& metrics = settled_->metrics();
      const int network = limits[i].network;
      limit.figure =
          quantity.ValueAt(MetricForm(quantity.product, hardware_template())
                               .Value(network < 0 ? metrics : metrics.OfNetwork(static_cast<std::size_t>(network))),
                           clock_mhz);
      limit.active = !Constraints(Changed(i, /*wider=*/false), hardware_template()).Met(metrics);
      any = any || limit.active;
    }
    if (!any) return;
    // What more searching finds under the limits as they are is no gain by a change of them: all begin from there.
    VisitLimits(limits, *settled_);
    const std::vector<WorkloadMetrics> predicted = predicted_;
    for (int pass = 0; pass < kLimitPasses && !stopped_; ++pass) {
      const DesignState from = within_.value_or(*settled_);
      predicted_ = predicted;
      predicted_.push_back(from.metrics());
      for (const LimitSensitivity& limit : result_.limits) {
        if (!limit.active) continue;
        for (const bool wider : {false, true}) VisitLimits(Changed(limit.limit, wider), from);
      }
      if (!within_.has_value() || ObjectiveOf(*within_) > ObjectiveOf(from) * (1 - kSensitivityResolution)) break;
    }
    if (!stopped_) TellLimits();
  }

  std::vector<MetricLimit> Changed(std::size_t limit, bool wider) const {
    std::vector<MetricLimit> limits = distinct_.spec.limits;
    const bool larger = wider != InfoOf(limits[limit].quantity).at_least;
    limits[limit].bound *= larger ? 1 + options_.step : 1 - options_.step;
    return limits;
  }

  // The best objective under limits of designs that were found, under whatever limits.
  std::optional<double> BestOf(const std::vector<WorkloadMetrics>& found,
                               const std::vector<MetricLimit>& limits) const {
    const Constraints constraints(limits, hardware_template());
    std::optional<double> best;
    for (const WorkloadMetrics& metrics : found) {
      if (!constraints.Met(metrics)) continue;
      const double value = goal_.objective().Value(metrics);
      if (!best.has_value() || value < *best) best = value;
    }
    return best;
  }

  void TellLimits() {
    const std::vector<MetricLimit>& limits = distinct_.spec.limits;
    // What a prediction has found the search need not find again.
    searched_.insert(searched_.end(), predicted_.begin(), predicted_.end());
    const std::optional<double> predicted_from = BestOf(predicted_, limits);
    const std::optional<double> searched_from = BestOf(searched_, limits);
    if (!predicted_from.has_value()) return;
    result_.settled_freely = *searched_from / given_ - 1;
    for (LimitSensitivity& limit : result_.limits) {
      if (!limit.active) continue;
      for (const bool wider : {false, true}) {
        const std::vector<MetricLimit> changed = Changed(limit.limit, wider);
        SensitivityStep step{changed[limit.limit].bound, std::nullopt, std::nullopt, {}};
        if (const auto best = BestOf(predicted_, changed)) step.predicted = *best / *predicted_from - 1;
        if (const auto best = BestOf(searched_, changed)) step.searched = *best / *searched_from - 1;
        if (wider && step.searched.has_value()) {
          limit.price = -std::log2(1 + *step.searched) / std::abs(std::log2(step.value / limits[limit.limit].bound));
        }
        (wider ? limit.wider : limit.tighter) = std::move(step);
      }
    }
  }

  // The best of the design on other hardware, by what the gradient promises its layers there.
  // None begins once there were `most_evaluations` of layers in all.
  std::optional<DesignState> BestOn(const std::vector<HardwarePoint>& points, const SearchSpec& spec,
                                    const DesignState& from, std::int64_t most_evaluations) {
    std::optional<DesignState> best;
    for (const HardwarePoint& hardware : points) {
      if (stopped_ || layer_evaluations_ >= most_evaluations) break;
      const std::unique_ptr<DesignProbe> probe = MakeProbe(On(spec, hardware));
      DesignState state = from;
      const bool follows = probe->Follow(hardware, &state);
      Finish(*probe);
      if (follows) predicted_.push_back(state.metrics());
      if (follows && (!best.has_value() || state.merit() < best->merit())) best = std::move(state);
    }
    return best;
  }

  // Looks at hardware near a design's under limits, and searches on from the best.
  void VisitLimits(const std::vector<MetricLimit>& limits, const DesignState& begin) {
    SearchSpec spec = WithSamples(distinct_.spec, options_.samples);
    spec.limits = limits;
    const Goal goal = GoalOf(spec);
    const LimitedHardware limited(spec, goal);
    const std::int64_t most_evaluations = layer_evaluations_ + kLimitSamples * spec.samples_per_start * num_layers();
    std::optional<DesignState> best =
        BestOn(NearestWithin(spec, limited, begin.hardware()), spec, begin, most_evaluations);
    for (int round = 0; round < kHardwareRounds && best.has_value() && !stopped_; ++round) {
      std::optional<DesignState> next =
          BestOn(NearbyWithin(spec, limited, best->hardware()), spec, *best, most_evaluations);
      if (!next.has_value() || !(next->merit() < best->merit() - kSensitivityResolution)) break;
      best = std::move(next);
    }
    if (!best.has_value() || stopped_) return;
    {
      const std::unique_ptr<DesignProbe> probe = MakeProbe(On(spec, best->hardware()));
      probe->FollowFromOthers(other_tilings(), &*best);
      Finish(*probe);
      predicted_.push_back(best->metrics());
    }
    // As a start searches.
    NullSink sink;
    const CostlessRoom room(spec, model_, sink);
    const std::unique_ptr<DesignProbe> probe = MakeProbe(WithSamples(room.spec(), kLimitSamples * options_.samples));
    probe->Search(&*best);
    Finish(*probe);
    if (stopped_) return;
    searched_.push_back(best->metrics());
    const double objective = ObjectiveOf(*best);
    if (goal_.constraints().Met(best->metrics()) && !(within_.has_value() && ObjectiveOf(*within_) <= objective)) {
      within_ = std::move(best);
    }
  }

  const SensitivityOptions& options_;
  const std::function<bool()>& stop_requested_;
  const HardwarePoint& hardware_;
  const CostModel model_;
  const Distinct distinct_;
  const Goal goal_;
  const SmoothModel smooth_;
  const MoveSet moves_;
  std::uint64_t next_stream_ = 0;
  std::int64_t layer_evaluations_ = 0;
  bool stopped_ = false;
  double given_ = 0;  // the objective of the design as it is
  std::optional<DesignState> settled_;
  std::vector<WorkloadMetrics> predicted_;  // designs on any hardware
  std::vector<WorkloadMetrics> searched_;
  std::optional<DesignState> within_;  // the best that was searched within the limits as they are
  Sensitivities result_;
};

}  // namespace

std::optional<Sensitivities> FindSensitivities(const SearchSpec& spec, const HardwarePoint& hardware,
                                               const std::vector<Mapping>& mappings, const SensitivityOptions& options,
                                               const std::function<bool()>& stop_requested) {
  return Explorer(spec, hardware, mappings, options, stop_requested).Run();
}

std::int64_t EstimateSensitivityBytes(const SearchSpec& spec) {
  SearchSpec search = spec;
  search.algorithm = Algorithm::kGradient;
  const auto layers = static_cast<std::int64_t>(spec.workload->layers.size());
  // Predicted and searched, on less and more of each parameter, and those under way.
  const auto designs = static_cast<std::int64_t>(4 * spec.hardware_range.size() + 6);
  return EstimateSearchBytes(search) +
         designs * layers * static_cast<std::int64_t>(sizeof(Mapping) + sizeof(LayerUse) + sizeof(LayerFigures));
}

}  // namespace oneloop
