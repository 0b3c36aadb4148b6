#include "server/search/polish.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "common/mapping/factor_space.h"
#include "server/search/filling.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// A change below this in log2 of the objective is rounding.
constexpr double kProgress = 1e-9;
// A refitted design whose energy or latency is this much worse (log2) than the best one's is given up before its
// layers are improved.
constexpr double kHopeless = 0.2;
// Every kind of trial keeps at least this share; what it gained and cost before counts this much less with each of its
// trials.
constexpr double kLeastShare = 0.15;
constexpr double kHalfLife = 0.05;
constexpr double kLeastHalfLife = 20;
// Standard deviation of a jump of one parameter, in log2.
constexpr double kJump = 2;
// The same of how much larger hardware may be that a layer is fitted anew to.
constexpr double kGrowth = 1;
// Larger axes that are looked at.
constexpr std::ptrdiff_t kFullAxes = 3;

}  // namespace

Polish::Polish(Evaluator& evaluator, LayerSearch& layers, Random& random)
    : evaluator_(evaluator),
      random_(random),
      layers_(layers),
      limited_(evaluator.spec(), evaluator.goal()),
      exhausted_(static_cast<std::size_t>(evaluator.num_layers())) {
  const std::vector<ParameterRange>& ranges = evaluator.spec().hardware_range;
  for (std::size_t p = 0; p < ranges.size(); ++p) {
    if (ranges[p].min < ranges[p].max) free_parameters_.push_back(p);
    if (limited_.binds()) full_axes_.push_back(FullAxes(p));
  }
}

void Polish::Run(DesignState* state, std::int64_t reserve) {
  KeepLimits(-1, state);
  ImproveLayers(state);
  if (Shrink(state)) Report(*state);
  half_life_ = std::max(kLeastHalfLife, kHalfLife * static_cast<double>(evaluator_.layer_evaluations_left()) /
                                            static_cast<double>(evaluator_.num_layers()));
  // A restart or a refit needs at least a sample; less than that is left over.
  while (!evaluator_.Finished() && evaluator_.Affords(1) && evaluator_.layer_evaluations_left() > reserve) {
    Try(ChooseTrial(), state);
  }
}

// So that each kind gets its part of the samples: in proportion to what it gained per sample of late, but none is
// forgotten. What a trial costs differs by a factor of ten between the kinds.
Polish::Trial Polish::ChooseTrial() {
  if (free_parameters_.empty()) return Trial::kLayer;
  double total_rate = 0;
  for (const Record& record : records_) total_rate += record.gain / record.samples;
  const double spread = 1 - kLeastShare * static_cast<double>(records_.size());
  std::array<double, kNumTrials> weights;
  double total = 0;
  for (std::size_t kind = 0; kind < records_.size(); ++kind) {
    const Record& record = records_[kind];
    const double rate = record.gain / record.samples;
    const double share = kLeastShare + (total_rate > 0 ? spread * rate / total_rate : spread / kNumTrials);
    const bool exhausted = hardware_exhausted_ && static_cast<Trial>(kind) == Trial::kHardware;
    weights[kind] = exhausted ? 0 : share * record.trials / record.samples;
    total += weights[kind];
  }
  double draw = random_.Uniform() * total;
  std::size_t kind = 0;
  for (; kind + 1 < records_.size(); ++kind) {
    draw -= weights[kind];
    if (draw < 0) break;
  }
  return static_cast<Trial>(kind);
}

void Polish::Try(Trial trial, DesignState* state) {
  const double merit = state->merit();
  const std::int64_t left = evaluator_.layer_evaluations_left();
  switch (trial) {
    case Trial::kLayer:
      TryLayer(state);
      break;
    case Trial::kHardware:
      TryHardware(state);
      break;
    case Trial::kJump:
      TryJump(state);
      break;
  }
  Record& record = records_[static_cast<std::size_t>(trial)];
  const double spent =
      static_cast<double>(left - evaluator_.layer_evaluations_left()) / static_cast<double>(evaluator_.num_layers());
  // What a kind did fades with the samples that it has used since.
  const double fade = std::exp2(-spent / half_life_);
  record.gain = fade * record.gain + merit - state->merit();
  record.samples = fade * record.samples + spent;
  record.trials = fade * record.trials + 1;
}

std::vector<LayerSearch::Slopes> Polish::SlopesOf(const DesignState& state) const {
  return LayerSearch::SlopesOf(evaluator_.goal(), state.metrics(), evaluator_.spec().workload->num_networks());
}

bool Polish::ImproveLayer(int layer, DesignState* state) {
  std::optional<Exhausted>& exhausted = exhausted_[static_cast<std::size_t>(layer)];
  if (exhausted.has_value() && exhausted->mapping == state->mapping(layer) &&
      exhausted->hardware == state->hardware()) {
    return false;
  }
  LayerDesign design{state->mapping(layer), state->use(layer), state->figures(layer)};
  const bool improved = layers_.Improve(layer, state->costs(), SlopesOf(*state)[evaluator_.network(layer)], &design);
  exhausted = {design.mapping, state->hardware()};
  if (!improved) return false;
  // The slopes are a linear view; the objective itself decides.
  if (!(state->MeritWith(evaluator_, layer, design.figures) < state->merit() - kProgress)) return false;
  state->SetLayer(evaluator_, layer, design.mapping, design.use, design.figures);
  return true;
}

void Polish::ImproveLayers(DesignState* state) {
  for (bool progress = true; progress && !evaluator_.Finished();) {
    progress = false;
    for (int layer = 0; layer < evaluator_.num_layers() && !evaluator_.Finished(); ++layer) {
      if (!ImproveLayer(layer, state)) continue;
      progress = true;
      Report(*state);
    }
  }
}

bool Polish::Shrink(DesignState* state) {
  const std::optional<HardwarePoint> smallest = state->SmallestHardware(evaluator_);
  if (!smallest.has_value() || *smallest == state->hardware() || !evaluator_.Affords(1)) return false;
  DesignState candidate = *state;
  candidate.SetHardware(evaluator_, *smallest);
  if (!candidate.Fits(evaluator_) || !(candidate.merit() < state->merit() - kProgress)) return false;
  *state = std::move(candidate);
  return true;
}

void Polish::RunOnArray(DesignState* state, std::int64_t reserve) {
  for (std::size_t p = 0; p < full_axes_.size(); ++p) {
    if (!full_axes_[p].empty()) KeepLimits(static_cast<int>(p), state);
  }
  Run(state, reserve);
}

void Polish::KeepLimits(int kept, DesignState* state) {
  if (limited_.Keeps(state->hardware())) return;
  const std::optional<HardwarePoint> within = limited_.Within(state->hardware(), kept, random_);
  DesignState candidate = *state;
  if (within.has_value() && Refit(*within, &candidate)) Accept(std::move(candidate), state);
}

void Polish::Report(const DesignState& state) {
  tried_hardware_.clear();
  hardware_exhausted_ = false;
  evaluator_.Report(SearchPointOrigin::kPolish, state.metrics(), state.hardware(), &state.mappings());
}

double Polish::WholeValue(std::size_t parameter, double value) const {
  const ParameterRange& range = evaluator_.spec().hardware_range[parameter];
  const double step = evaluator_.spec().hardware_template->parameter(static_cast<int>(parameter)).step;
  return std::clamp(std::nearbyint(value / step) * step, range.min, range.max);
}

// Values of a parameter that sizes axes at which some layer fills one with a dimension: values between them give nobody
// more copies, and under a limit what they take is missed elsewhere. Ascending; empty for other parameters.
std::vector<double> Polish::FullAxes(std::size_t parameter) const {
  const Template& hardware_template = *evaluator_.spec().hardware_template;
  const FactorSpace& space = evaluator_.model().factor_space();
  HardwarePoint smallest;
  HardwarePoint largest;
  for (const ParameterRange& range : evaluator_.spec().hardware_range) {
    smallest.push_back(range.min);
    largest.push_back(range.max);
  }
  std::vector<double> sizes;
  for (const Resource& resource : hardware_template.resources()) {
    if (!resource.is_axis() || resource.owner != static_cast<int>(parameter)) continue;
    const Formula::Term& limit = resource.limit.terms().front();
    const DimSet dims = hardware_template.axes()[static_cast<std::size_t>(resource.axis)].dims;
    const FactorPlace place{true, resource.axis};
    const double longest = resource.limit.EvaluateLargest(smallest, largest);
    for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
      for (const Dim dim : kAllDims) {
        if (!dims.Has(dim)) continue;
        const std::int64_t bound = evaluator_.shape(layer).bound(dim);
        const double most = space.MustDivide(place, dim) ? static_cast<double>(bound) : longest;
        for (const std::int64_t factor : space.Factors(place, dim, bound, most)) {
          sizes.push_back(std::pow(static_cast<double>(factor) / limit.coefficient, 1 / limit.exponents[parameter]));
        }
      }
    }
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

// For one parameter: the values that let the next few layers no longer fit, and steps down and up.
std::vector<HardwarePoint> Polish::NearbyHardware(const DesignState& state, std::size_t p) const {
  const Template& hardware_template = *evaluator_.spec().hardware_template;
  const std::vector<ParameterRange>& all_ranges = evaluator_.spec().hardware_range;
  const double now = state.hardware()[p];
  std::vector<double> values;
  for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
    const std::optional<HardwarePoint> own = evaluator_.model().SmallestHardware(state.use(layer).need, all_ranges);
    if (own.has_value() && (*own)[p] < now) values.push_back((*own)[p]);
  }
  std::sort(values.begin(), values.end(), std::greater<>());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() > 4) values.resize(4);
  for (const double factor : {0.25, 0.5, 0.75, 0.9, 1.125, 1.25, 1.5, 2.0, 4.0}) values.push_back(now * factor);
  if (limited_.binds()) {
    const std::vector<double>& sizes = full_axes_[p];
    const auto larger = std::upper_bound(sizes.begin(), sizes.end(), now);
    values.insert(values.end(), larger, larger + std::min<std::ptrdiff_t>(kFullAxes, sizes.end() - larger));
  }

  std::vector<HardwarePoint> points;
  for (const double value : values) {
    const double whole = WholeValue(p, value);
    if (whole == now) continue;
    // The other parameters follow what the layers need of them; the layers will be fitted to this one.
    std::vector<ParameterRange> ranges = all_ranges;
    ranges[p] = {whole, whole};
    ResourceNeeds need = state.Need();
    const std::vector<Resource>& resources = hardware_template.resources();
    HardwarePoint trial = state.hardware();
    trial[p] = whole;
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].owner == static_cast<int>(p)) need[r] = std::min(need[r], resources[r].limit.Evaluate(trial));
    }
    if (auto hardware = evaluator_.model().SmallestHardware(need, ranges)) points.push_back(*std::move(hardware));
  }
  return points;
}

// What one parameter takes, others give up; what it gives up, another may take, as often as not.
HardwarePoint Polish::AlongLimits(const HardwarePoint& hardware, std::size_t parameter, const HardwarePoint& present) {
  const std::optional<HardwarePoint> within = limited_.Within(hardware, static_cast<int>(parameter), random_);
  if (!within.has_value()) return hardware;
  if (hardware[parameter] > present[parameter] || free_parameters_.size() < 2 || random_.Below(2) == 0) return *within;
  HardwarePoint grown = *within;
  std::size_t other = free_parameters_[random_.Below(free_parameters_.size() - 1)];
  if (other == parameter) other = free_parameters_.back();
  grown[other] = WholeValue(other, grown[other] * std::exp2(std::abs(kJump * random_.Normal())));
  return limited_.Towards(*within, grown);
}

// Moves the design to other hardware: layers that do not fit are repaired, then all are improved, the changed ones
// first. False when that cannot pay or the budget ends.
bool Polish::Refit(const HardwarePoint& hardware, DesignState* state) {
  if (!evaluator_.Affords(1)) return false;
  const double best = state->merit();
  const bool larger = !std::equal(hardware.begin(), hardware.end(), state->hardware().begin(), std::less_equal<>());
  state->SetHardware(evaluator_, hardware);
  std::vector<int> order;
  for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
    if (evaluator_.model().Takes(state->use(layer).need, state->costs())) continue;
    LayerDesign design{state->mapping(layer), state->use(layer), state->figures(layer)};
    if (!layers_.Repair(layer, state->costs(), &design)) return false;
    state->SetLayer(evaluator_, layer, design.mapping, design.use, design.figures);
    order.push_back(layer);
  }
  // What improving may bring back of energy and latency counts more where a limit on them is overrun.
  const LogSlopes slopes = evaluator_.goal().MeritSlopes(state->metrics());
  if (state->merit() > best + kHopeless * std::max({1.0, slopes.energy, slopes.latency})) return false;
  if (larger) {
    for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
      if (std::find(order.begin(), order.end(), layer) == order.end()) order.push_back(layer);
    }
  }
  for (const int layer : order) ImproveLayer(layer, state);
  return true;
}

void Polish::TryHardware(DesignState* state) {
  std::vector<HardwarePoint> points;
  // One parameter at random, or the next that still has a value to try.
  const std::size_t first = random_.Below(free_parameters_.size());
  for (std::size_t i = 0; i < free_parameters_.size() && points.empty(); ++i) {
    const std::size_t p = free_parameters_[(first + i) % free_parameters_.size()];
    points = NearbyHardware(*state, p);
    if (limited_.binds()) {
      for (HardwarePoint& point : points) point = AlongLimits(point, p, state->hardware());
    }
    std::erase_if(points, [this](const HardwarePoint& point) {
      return std::find(tried_hardware_.begin(), tried_hardware_.end(), point) != tried_hardware_.end();
    });
  }
  if (points.empty()) {
    hardware_exhausted_ = true;
    return;
  }
  DesignState candidate = *state;
  tried_hardware_.push_back(points[random_.Below(points.size())]);
  if (!Refit(tried_hardware_.back(), &candidate)) return;
  Accept(std::move(candidate), state);
}

// Takes other hardware's design when it is better, without what no layer needs of it.
void Polish::Accept(DesignState candidate, DesignState* state) {
  Shrink(&candidate);
  if (!(candidate.merit() < state->merit() - kProgress)) {
    evaluator_.Offer(SearchPointOrigin::kPolish, candidate.metrics(), candidate.hardware(), candidate.mappings());
    return;
  }
  *state = std::move(candidate);
  Report(*state);
}

// Of hardware far away what the limits leave, with one parameter as it is, and axes that a layer can fill.
HardwarePoint Polish::JumpWithin(HardwarePoint hardware) {
  for (const std::size_t p : free_parameters_) {
    const std::vector<double>& sizes = full_axes_[p];
    const auto larger = std::upper_bound(sizes.begin(), sizes.end(), hardware[p]);
    if (larger != sizes.begin()) hardware[p] = WholeValue(p, *(larger - 1));
  }
  const std::size_t kept = free_parameters_[random_.Below(free_parameters_.size())];
  return limited_.NearestTo(hardware, static_cast<int>(kept), random_);
}

// Fits every layer to hardware far away: from its present mapping, or from a new one when that is better there.
void Polish::TryJump(DesignState* state) {
  HardwarePoint hardware = state->hardware();
  for (const std::size_t p : free_parameters_) {
    hardware[p] = WholeValue(p, hardware[p] * std::exp2(kJump * random_.Normal()));
  }
  if (limited_.binds()) hardware = JumpWithin(hardware);
  hardware = UsableHardware(evaluator_.spec(), evaluator_.model(), hardware).value_or(hardware);
  DesignState candidate = *state;
  candidate.SetHardware(evaluator_, hardware);
  const ComponentCosts& costs = candidate.costs();
  const std::vector<LayerSearch::Slopes> all_slopes = SlopesOf(*state);
  for (int layer = 0; layer < evaluator_.num_layers(); ++layer) {
    if (evaluator_.Finished()) return;
    const LayerSearch::Slopes& slopes = all_slopes[evaluator_.network(layer)];
    const std::optional<Mapping> fresh = ConstructiveMapping(evaluator_.model(), evaluator_.shape(layer), costs,
                                                             random_, RandomChoice(evaluator_.model(), random_));
    if (!fresh.has_value()) return;
    LayerDesign design = layers_.Evaluate(layer, *fresh, costs);
    const bool fits = evaluator_.model().Takes(candidate.use(layer).need, costs);
    if (fits && slopes.Of(candidate.figures(layer)) < slopes.Of(design.figures)) {
      design = {candidate.mapping(layer), candidate.use(layer), candidate.figures(layer)};
    }
    layers_.Improve(layer, costs, slopes, &design);
    candidate.SetLayer(evaluator_, layer, design.mapping, design.use, design.figures);
  }
  Accept(std::move(candidate), state);
}

void Polish::TryLayer(DesignState* state) {
  // Layers in proportion to what they cost.
  const std::vector<LayerSearch::Slopes> slopes = SlopesOf(*state);
  const auto cost = [&](int layer) {
    return evaluator_.count(layer) * slopes[evaluator_.network(layer)].Of(state->figures(layer));
  };
  double total = 0;
  for (int layer = 0; layer < evaluator_.num_layers(); ++layer) total += cost(layer);
  double draw = random_.Uniform() * total;
  int chosen = 0;
  for (; chosen + 1 < evaluator_.num_layers(); ++chosen) {
    draw -= cost(chosen);
    if (draw < 0) break;
  }
  LayerDesign design{state->mapping(chosen), state->use(chosen), state->figures(chosen)};
  const HardwarePoint roomy = GrownHardware(*state);
  const ComponentCosts costs = evaluator_.model().CostsAt(roomy);
  const Mapping* other = nullptr;
  if (evaluator_.num_layers() > 1) {
    const auto o = static_cast<int>(random_.Below(static_cast<std::uint64_t>(evaluator_.num_layers() - 1)));
    other = &state->mapping(o < chosen ? o : o + 1);
  }
  if (!layers_.Disturb(chosen, costs, other, &design)) return;
  layers_.Improve(chosen, costs, slopes[evaluator_.network(chosen)], &design);
  if (roomy == state->hardware()) {
    if (!(state->MeritWith(evaluator_, chosen, design.figures) < state->merit() - kProgress)) return;
    state->SetLayer(evaluator_, chosen, design.mapping, design.use, design.figures);
    Report(*state);
    return;
  }
  DesignState candidate = *state;
  candidate.SetLayer(evaluator_, chosen, design.mapping, design.use, design.figures);
  const std::optional<HardwarePoint> hardware = candidate.SmallestHardware(evaluator_);
  if (!hardware.has_value()) return;
  // Most of them are no better for the layer itself, and the others need not be scored anew.
  const LayerFigures own = evaluator_.model().Score(design.use, evaluator_.model().CostsAt(*hardware));
  if (!(state->MeritWith(evaluator_, chosen, own) < state->merit() - kProgress) || !evaluator_.Affords(1)) return;
  candidate.SetHardware(evaluator_, *hardware);
  // Longer axes may be too long for others as they are.
  if (!candidate.Fits(evaluator_) && !Refit(*hardware, &candidate)) return;
  Accept(std::move(candidate), state);
}

// The present hardware, or, as often, with some parameters larger.
HardwarePoint Polish::GrownHardware(const DesignState& state) {
  HardwarePoint hardware = state.hardware();
  if (random_.Below(2) == 0) return hardware;
  for (const std::size_t p : free_parameters_) {
    if (random_.Below(2) == 0) continue;
    hardware[p] = std::max(hardware[p], WholeValue(p, hardware[p] * std::exp2(std::abs(kGrowth * random_.Normal()))));
  }
  return limited_.Keeps(state.hardware()) ? limited_.Towards(state.hardware(), hardware) : hardware;
}

}  // namespace oneloop
