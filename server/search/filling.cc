#include "server/search/filling.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/mapping/random_mapping.h"

namespace oneloop {
namespace {

// What is left of a size where it is not known how much of it layers can use.
constexpr double kLeft = 0.875;
// Ways in which memories are filled, and steps towards the largest factor that fits.
constexpr int kWaysToFill = 8;
constexpr int kMostHalvings = 31;
// Beginnings of mappings that are looked at in one go, of all layers together; a tenth of a second.
constexpr std::int64_t kMostTriedOfAll = 1 << 16;

// Lowers a parameter that sizes the rule's memory or one of its axes, the longest that can give way, until there is no
// more than so much of them, or it is at its least. False when none can.
bool Shorten(const SearchSpec& spec, const UtilizationRule& rule, double available, const ComponentCosts& costs,
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
  const double wanted = available * (rule.of_memory() ? limit : std::floor(limit)) / rule.Available(costs.limit);
  const double exponent = resource.limit.terms().front().exponents[ToIndex(resource.owner)];
  const double lower = std::floor(value * std::pow(wanted / limit, 1 / exponent) / step * (1 + 1e-12)) * step;
  value = std::max(std::min(lower, value - step), spec.hardware_range[ToIndex(resource.owner)].min);
  return true;
}

// To as much as the layer can use, for the first rule that asks for more; else a little, for what it lacked.
bool ShortenFor(const SearchSpec& spec, const ComponentCosts& costs, Filling* layer, HardwarePoint* hardware) {
  const std::vector<UtilizationRule>& rules = spec.hardware_template->utilization_rules();
  const UtilizationRule* lacking = layer->lacking();
  for (const UtilizationRule& rule : rules) {
    const double most = layer->Most(rule, costs);
    if (most >= rule.Least(costs.limit)) continue;
    if (Shorten(spec, rule, most / rule.share, costs, hardware)) return true;
  }
  if (lacking == nullptr) {
    for (const UtilizationRule& rule : rules) lacking = rule.of_memory() ? lacking : &rule;
  }
  return lacking != nullptr && Shorten(spec, *lacking, lacking->Available(costs.limit) * kLeft, costs, hardware);
}

}  // namespace

Filling::Filling(const CostModel& model, const LayerShape& shape) : model_(model), shape_(shape) {
  const Template& hardware_template = model.hardware_template();
  const FactorSpace& space = model.factor_space();
  std::vector<bool> is_ruled(hardware_template.resources().size());
  for (const UtilizationRule& rule : hardware_template.utilization_rules()) {
    has_memories_ = has_memories_ || rule.of_memory();
    for (const int r : rule.resources) is_ruled[ToIndex(r)] = true;
  }
  for (std::size_t r = 0; r < is_ruled.size(); ++r) {
    if (!is_ruled[r] || !hardware_template.resources()[r].is_axis()) continue;
    const FactorPlace place{true, hardware_template.resources()[r].axis};
    for (const Dim dim : kAllDims) {
      if (!hardware_template.axes()[ToIndex(place.index)].dims.Has(dim)) continue;
      const std::int64_t most = std::min(shape.bound(dim), space.range(place, dim).most);
      if (most > 1) slots_.push_back({r, place, dim, most});
    }
  }
  for (const Dim dim : kAllDims) grows_ = grows_ && space.IsFree(dim);
}

bool Filling::Begin(const ComponentCosts& costs, int choice) {
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
void Filling::Shuffle(Random& random) {
  for (std::size_t begin = 0; begin < slots_.size();) {
    std::size_t end = begin;
    while (end < slots_.size() && slots_[end].resource == slots_[begin].resource) ++end;
    for (std::size_t left = end - begin; left > 1; --left) {
      std::swap(slots_[begin + left - 1], slots_[begin + random.Below(left)]);
    }
    begin = end;
  }
}

Mapping Filling::Completed() const {
  Mapping mapping = wanted_;
  model_.factor_space().CompleteLeast(shape_, &mapping);
  return mapping;
}

bool Filling::MeetsGoals(const ResourceNeeds& need) const {
  return std::all_of(goals_.begin(), goals_.end(),
                     [&](const Goal& goal) { return goal.rule->Used(need) >= goal.least; });
}

// Whether the slots from this one on could bring every rule's product to its least, each as large as it may be alone.
bool Filling::CanReachGoals(std::size_t slot, const ComponentCosts& costs) const {
  std::array<double, kMaxResources> most = used_;
  for (std::size_t s = slot; s < slots_.size(); ++s) most[slots_[s].resource] *= static_cast<double>(slots_[s].most);
  for (std::size_t r = 0; r < model_.hardware_template().resources().size(); ++r) {
    most[r] = std::min(most[r], costs.limit[r]);
  }
  return MeetsGoals(most);
}

// Chooses the factors from this slot on; those before are chosen. The largest first, since they use most.
bool Filling::Fill(std::size_t slot, const ComponentCosts& costs) {
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

// The memory of a rule that the mapping fills too little, the innermost first.
const UtilizationRule* Filling::LackingMemory(const Mapping& mapping, const ComponentCosts& costs) const {
  const ResourceNeeds need = model_.Needs(shape_, mapping);
  for (const UtilizationRule& rule : model_.hardware_template().utilization_rules()) {
    if (rule.of_memory() && rule.Idle(need, costs.limit) > 1) return &rule;
  }
  return nullptr;
}

bool Filling::MayHave(const Mapping& mapping, const ComponentCosts& costs) const {
  const ResourceNeeds need = model_.Needs(shape_, mapping);
  const std::vector<UtilizationRule>& rules = model_.hardware_template().utilization_rules();
  return model_.FirstShortage(need, costs) < 0 && std::all_of(rules.begin(), rules.end(), [&](const auto& rule) {
           return rule.of_memory() || rule.Idle(need, costs.limit) == 1;
         });
}

// To the largest factor for which there is room. False where that is the one that stands there.
bool Filling::GrowAt(int level, Dim dim, const ComponentCosts& costs, Mapping* mapping) {
  const FactorSpace& space = model_.factor_space();
  const FactorPlace place{false, level};
  if (shape_.bound(dim) == 1 || !space.HasPlace(place, dim) || place == space.last(dim)) return false;
  const std::int64_t now = FactorAt(*mapping, place, dim);
  std::int64_t low = now;
  std::int64_t high = std::min(shape_.bound(dim), space.range(place, dim).most) + 1;
  Mapping best = *mapping;
  for (int i = 0; i < kMostHalvings && low + 1 < high; ++i) {
    // The whole at first: what fits as a whole is common.
    const std::int64_t middle = i == 0 ? high - 1 : low + (high - low) / 2;
    Mapping trial = *mapping;
    FactorAt(trial, place, dim) = middle;
    space.Complete(dim, shape_.bound(dim), &trial);
    ++tried_;
    ++total_tried_;
    if (MayHave(trial, costs)) {
      low = middle;
      best = trial;
    } else {
      high = middle;
    }
  }
  *mapping = best;
  return FactorAt(*mapping, place, dim) > now;
}

std::optional<Mapping> Filling::FillMemories(Mapping mapping, const ComponentCosts& costs, Random& random) {
  const Template& hardware_template = model_.hardware_template();
  lacking_ = nullptr;
  for (int way = 0; way < kWaysToFill; ++way) {
    Mapping filled = mapping;
    LoopOrder dims = RandomOrder(random);
    for (lacking_ = LackingMemory(filled, costs); lacking_ != nullptr; lacking_ = LackingMemory(filled, costs)) {
      const Resource& resource = hardware_template.resources()[ToIndex(lacking_->resources.front())];
      // What stands at the level itself leaves memories further inside as they are.
      bool grown = false;
      for (int level = resource.level; level >= 0 && !grown; --level) {
        for (std::size_t d = 0; d < dims.size() && !grown; ++d) grown = GrowAt(level, dims[d], costs, &filled);
      }
      if (!grown) break;
    }
    if (lacking_ == nullptr) return filled;
  }
  return std::nullopt;
}

std::optional<Mapping> Filling::Find(const ComponentCosts& costs, int choice, Random* random) {
  goals_.clear();
  for (const UtilizationRule& rule : model_.hardware_template().utilization_rules()) {
    if (!rule.of_memory()) goals_.push_back({&rule, rule.Least(costs.limit)});
  }
  if (random != nullptr) Shuffle(*random);
  tried_ = 0;
  lacking_ = nullptr;
  if (!Begin(costs, choice) || !has_memories_) return found_;
  Random own(0);
  const std::optional<Mapping> filled = FillMemories(*found_, costs, random != nullptr ? *random : own);
  // Not all ways were looked at.
  if (!filled.has_value()) tried_ = kMostTried;
  return filled;
}

std::optional<Mapping> Filling::FindAny(const ComponentCosts& costs) {
  std::optional<Mapping> mapping;
  for (int choice = 0; choice < model_.num_choices() && !mapping.has_value(); ++choice) mapping = Find(costs, choice);
  return mapping;
}

double Filling::Most(const UtilizationRule& rule, const ComponentCosts& costs) {
  tried_ = 0;
  if (rule.of_memory()) {
    // The whole layer.
    double most = 0;
    for (int choice = 0; choice < model_.num_choices(); ++choice) {
      Mapping whole;
      whole.choice = static_cast<std::uint8_t>(choice);
      for (const Dim dim : kAllDims) whole.t(0, dim) = shape_.bound(dim);
      most = std::max(most, rule.Used(model_.Needs(shape_, whole)));
    }
    return std::min(most, rule.Available(costs.limit));
  }
  double most = 0;
  goals_ = {{&rule, 1}};
  while (Begin(costs, 0)) {
    most = rule.Used(model_.Needs(shape_, *found_));
    goals_[0].least = most + 1;
  }
  return most;
}

std::optional<HardwarePoint> UsableHardware(const SearchSpec& spec, const CostModel& model, HardwarePoint hardware) {
  if (spec.hardware_template->utilization_rules().empty()) return hardware;
  std::vector<Filling> layers;
  for (const Layer& layer : spec.workload->layers) layers.emplace_back(model, layer.shape);
  ComponentCosts costs = model.CostsAt(hardware);
  std::size_t next = 0;
  std::int64_t tried = 0;
  for (std::size_t usable = 0; usable < layers.size();) {
    Filling& layer = layers[next];
    const std::int64_t before = layer.total_tried();
    const bool is_usable = layer.FindAny(costs).has_value();
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
