#include "server/search/axis_filling.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "common/mapping/factorize.h"

namespace oneloop {
namespace {

// What is left of an axis's copies where it is not known how many of them layers can use.
constexpr double kLeft = 0.875;
// Beginnings of mappings that are looked at in one go, of all layers together; a tenth of a second.
constexpr std::int64_t kMostTriedOfAll = 1 << 16;

// Lowers a parameter that sizes one of the rule's axes, the longest that can give way, until the axes together have no
// more than so many copies, or it is at its least. False when none can.
bool Shorten(const SearchSpec& spec, const UtilizationRule& rule, double copies, const ComponentCosts& costs,
             HardwarePoint* hardware) {
  const std::vector<Resource>& resources = spec.hardware_template->resources();
  int longest = -1;
  for (const int r : rule.resources) {
    const int owner = resources[ToIndex(r)].owner;
    if (owner < 0 || (*hardware)[ToIndex(owner)] <= spec.hardware_range[ToIndex(owner)].min) continue;
    if (longest < 0 || costs.limit[ToIndex(r)] > costs.limit[ToIndex(longest)]) longest = r;
  }
  if (longest < 0) return false;
  const Resource& resource = resources[ToIndex(longest)];
  double& value = (*hardware)[ToIndex(resource.owner)];
  const double step = spec.hardware_template->parameter(resource.owner).step;
  const double limit = costs.limit[ToIndex(longest)];
  const double wanted = copies * std::floor(limit) / rule.Copies(costs.limit);
  const double exponent = resource.limit.terms().front().exponents[ToIndex(resource.owner)];
  const double lower = std::floor(value * std::pow(wanted / limit, 1 / exponent) / step * (1 + 1e-12)) * step;
  value = std::max(std::min(lower, value - step), spec.hardware_range[ToIndex(resource.owner)].min);
  return true;
}

// As much as the layer can use, for the first rule that asks for more; of the last rule, where they ask for too much
// only together.
bool ShortenFor(const SearchSpec& spec, const ComponentCosts& costs, AxisFilling* layer, HardwarePoint* hardware) {
  const std::vector<UtilizationRule>& rules = spec.hardware_template->utilization_rules();
  for (const UtilizationRule& rule : rules) {
    const double most = layer->Most(rule, costs);
    if (most >= rule.Least(costs.limit)) continue;
    if (Shorten(spec, rule, most / rule.share, costs, hardware)) return true;
  }
  return Shorten(spec, rules.back(), rules.back().Copies(costs.limit) * kLeft, costs, hardware);
}

}  // namespace

AxisFilling::AxisFilling(const CostModel& model, const LayerShape& shape) : model_(model), shape_(shape) {
  const Template& hardware_template = model.hardware_template();
  const FactorSpace& space = model.factor_space();
  std::vector<bool> is_ruled(hardware_template.resources().size());
  for (const UtilizationRule& rule : hardware_template.utilization_rules()) {
    for (const int r : rule.resources) is_ruled[ToIndex(r)] = true;
  }
  for (std::size_t r = 0; r < is_ruled.size(); ++r) {
    if (!is_ruled[r]) continue;
    const FactorPlace place{true, hardware_template.resources()[r].axis};
    for (const Dim dim : kAllDims) {
      if (!hardware_template.axes()[ToIndex(place.index)].dims.Has(dim)) continue;
      const std::int64_t most = std::min(shape.bound(dim), space.range(place, dim).most);
      if (most > 1) slots_.push_back({r, place, dim, most});
    }
  }
  for (const Dim dim : kAllDims) grows_ = grows_ && space.IsFree(dim);
}

bool AxisFilling::Begin(const ComponentCosts& costs, int choice) {
  wanted_ = Mapping();
  wanted_.choice = static_cast<std::uint8_t>(choice);
  used_.fill(1);
  found_.reset();
  const std::int64_t before = tried_;
  const bool found = Fill(0, costs);
  total_tried_ += tried_ - before;
  return found;
}

// The dimensions of each axis.
void AxisFilling::Shuffle(Random& random) {
  for (std::size_t begin = 0; begin < slots_.size();) {
    std::size_t end = begin;
    while (end < slots_.size() && slots_[end].resource == slots_[begin].resource) ++end;
    for (std::size_t left = end - begin; left > 1; --left) {
      std::swap(slots_[begin + left - 1], slots_[begin + random.Below(left)]);
    }
    begin = end;
  }
}

Mapping AxisFilling::Completed() const {
  Mapping mapping = wanted_;
  model_.factor_space().CompleteLeast(shape_, &mapping);
  return mapping;
}

bool AxisFilling::MeetsGoals(const ResourceNeeds& need) const {
  return std::all_of(goals_.begin(), goals_.end(),
                     [&](const Goal& goal) { return goal.rule->Used(need) >= goal.least; });
}

// Whether the slots from this one on could bring every rule's product to its least, each as large as it may be alone.
bool AxisFilling::CanReachGoals(std::size_t slot, const ComponentCosts& costs) const {
  std::array<double, kMaxResources> most = used_;
  for (std::size_t s = slot; s < slots_.size(); ++s) most[slots_[s].resource] *= static_cast<double>(slots_[s].most);
  for (std::size_t r = 0; r < model_.hardware_template().resources().size(); ++r) {
    most[r] = std::min(most[r], costs.limit[r]);
  }
  return MeetsGoals(most);
}

// Chooses the factors from this slot on; those before are chosen. The largest first, since they use most.
bool AxisFilling::Fill(std::size_t slot, const ComponentCosts& costs) {
  if (tried_ >= kMostTried || !CanReachGoals(slot, costs)) return false;
  ++tried_;
  if (grows_ || slot == slots_.size()) {
    const Mapping mapping = Completed();
    const ResourceNeeds need = model_.Needs(shape_, mapping);
    if (model_.FirstShortage(need, costs) >= 0) return false;
    if (MeetsGoals(need)) {
      found_ = mapping;
      return true;
    }
  }
  if (slot == slots_.size()) return false;
  const Slot& at = slots_[slot];
  const double before = used_[at.resource];
  const double room = std::floor(costs.limit[at.resource] / before);
  const auto most = static_cast<std::int64_t>(std::clamp(room, 1.0, static_cast<double>(at.most)));
  std::int64_t& factor = FactorAt(wanted_, at.place, at.dim);
  bool found = false;
  const bool must_divide = model_.factor_space().MustDivide(at.place, at.dim);
  const std::int64_t bound = shape_.bound(at.dim);
  for (std::int64_t candidate = must_divide ? LargestDivisorWithin(bound, most) : most; candidate >= 1;
       candidate = must_divide && candidate > 1 ? LargestDivisorWithin(bound, candidate - 1) : candidate - 1) {
    factor = candidate;
    used_[at.resource] = before * static_cast<double>(candidate);
    // What is too little here is too little with less, too.
    if (!CanReachGoals(slot + 1, costs)) break;
    found = Fill(slot + 1, costs);
    if (found || tried_ >= kMostTried) break;
  }
  factor = 1;
  used_[at.resource] = before;
  return found;
}

std::optional<Mapping> AxisFilling::Find(const ComponentCosts& costs, int choice, Random* random) {
  goals_.clear();
  for (const UtilizationRule& rule : model_.hardware_template().utilization_rules()) {
    goals_.push_back({&rule, rule.Least(costs.limit)});
  }
  if (random != nullptr) Shuffle(*random);
  tried_ = 0;
  Begin(costs, choice);
  return found_;
}

double AxisFilling::Most(const UtilizationRule& rule, const ComponentCosts& costs) {
  double most = 0;
  goals_ = {{&rule, 1}};
  tried_ = 0;
  while (Begin(costs, 0)) {
    most = rule.Used(model_.Needs(shape_, *found_));
    goals_[0].least = most + 1;
  }
  return most;
}

std::optional<HardwarePoint> UsableHardware(const SearchSpec& spec, const CostModel& model, HardwarePoint hardware) {
  if (spec.hardware_template->utilization_rules().empty()) return hardware;
  std::vector<AxisFilling> layers;
  for (const Layer& layer : spec.workload->layers) layers.emplace_back(model, layer.shape);
  ComponentCosts costs = model.CostsAt(hardware);
  std::size_t next = 0;
  std::int64_t tried = 0;
  for (std::size_t usable = 0; usable < layers.size();) {
    AxisFilling& layer = layers[next];
    const std::int64_t before = layer.total_tried();
    const bool is_usable = layer.Find(costs).has_value();
    if (!is_usable && !ShortenFor(spec, costs, &layer, &hardware)) return std::nullopt;
    tried += 1 + layer.total_tried() - before;
    if (tried > kMostTriedOfAll) return std::nullopt;
    if (is_usable) {
      ++usable;
      next = (next + 1) % layers.size();
    } else {
      costs = model.CostsAt(hardware);
      usable = 0;
    }
  }
  return hardware;
}

}  // namespace oneloop
