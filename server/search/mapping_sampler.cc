#include "server/search/mapping_sampler.h"
#include "common/model/structure/tile.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/mapping/random_mapping.h"
#include "server/search/filling.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// Attempts to redraw one dimension in a step of the chain; it stays as it is when all fail.
constexpr int kChainTries = 64;

struct PrimePower {
  std::int64_t prime;
  int exponent;
};

std::vector<PrimePower> PrimePowers(std::int64_t n) {
  std::vector<PrimePower> powers;
  for (const std::int64_t prime : PrimeFactors(n)) {
    if (powers.empty() || powers.back().prime != prime) powers.push_back({prime, 0});
    ++powers.back().exponent;
  }
  return powers;
}

// Ways to share out `exponent` equal primes among `places`, or `most` when there are more.
std::size_t CountCompositions(int exponent, std::size_t places, std::size_t most) {
  std::size_t count = 1;
  for (int i = 1; i <= exponent; ++i) {
    count = count * (places - 1 + static_cast<std::size_t>(i)) / static_cast<std::size_t>(i);
    if (count >= most) return most;
  }
  return count;
}

// Ordered factorisations into so many places; any number beyond kMaxRows when there are more.
std::size_t CountFactorisations(const std::vector<PrimePower>& powers, std::size_t places) {
  std::size_t count = 1;
  for (const PrimePower& power : powers) {
    if (count <= MappingSampler::kMaxRows) {
      count *= CountCompositions(power.exponent, places, MappingSampler::kMaxRows + 1);
    }
  }
  return count;
}

std::size_t NumRows(const std::vector<PrimePower>& powers, std::size_t places) {
  return std::min(CountFactorisations(powers, places), MappingSampler::kMaxRows);
}

// A uniformly random one of those ways, multiplied onto `factors`: selection sampling (Knuth, algorithm 3.4.2S) of the
// bars among primes and bars.
void DrawComposition(const PrimePower& power, Random& random, std::vector<std::int64_t>* factors) {
  std::size_t bars = factors->size() - 1;
  std::size_t left = static_cast<std::size_t>(power.exponent) + bars;
  for (std::size_t place = 0; left > 0; --left) {
    if (random.Below(left) < bars) {
      ++place;
      --bars;
    } else {
      (*factors)[place] *= power.prime;
    }
  }
}

// All ways, appended to each of `lists`.
std::vector<std::vector<std::int64_t>> WithEveryComposition(const PrimePower& power,
                                                            std::vector<std::vector<std::int64_t>> lists) {
  // Primes are given out one by one, each to the place of the one before or a later one.
  struct Partial {
    std::vector<std::int64_t> factors;
    std::size_t place;
  };
  std::vector<Partial> partials;
  partials.reserve(lists.size());
  for (std::vector<std::int64_t>& list : lists) partials.push_back({std::move(list), 0});
  for (int i = 0; i < power.exponent; ++i) {
    std::vector<Partial> next;
    for (const Partial& partial : partials) {
      for (std::size_t place = partial.place; place < partial.factors.size(); ++place) {
        next.push_back({partial.factors, place});
        next.back().factors[place] *= power.prime;
      }
    }
    partials = std::move(next);
  }
  lists.clear();
  for (Partial& partial : partials) lists.push_back(std::move(partial.factors));
  return lists;
}

// Whether the dimension's factorisations are those of its prime factors into places.
bool HasPerfectRows(const FactorSpace& space, Dim dim) { return space.IsPerfect(dim) && space.IsFree(dim); }

// All factorisations of the factors to tell apart at each place, by the dimension's places, the first with as much as
// may be at the last of them; false when there are more than `most`.
bool ListFactorisations(const FactorSpace& space, Dim dim, std::int64_t bound, std::size_t most,
                        std::vector<std::vector<std::int64_t>>* all) {
  const std::span<const FactorPlace> places = space.places(dim);
  // By place: the factors that may stand there, and which one does.
  struct Choice {
    std::int64_t left;
    std::vector<std::int64_t> factors;
    std::size_t at = 0;
  };
  std::vector<Choice> choices;
  const auto fill_from = [&](std::int64_t left) {
    while (choices.size() + 1 < places.size()) {
      choices.push_back({left, space.Factors(places[choices.size()], dim, left)});
      left = LeftOutside(left, choices.back().factors.front());
    }
    return left;
  };
  for (std::int64_t left = fill_from(bound);;) {
    if (all->size() == most) return false;
    std::vector<std::int64_t>& factors = all->emplace_back();
    for (const Choice& choice : choices) factors.push_back(choice.factors[choice.at]);
    factors.push_back(left);
    while (!choices.empty() && choices.back().at + 1 == choices.back().factors.size()) choices.pop_back();
    if (choices.empty()) return true;
    Choice& next = choices.back();
    ++next.at;
    left = fill_from(LeftOutside(next.left, next.factors[next.at]));
  }
}

}  // namespace

std::int64_t MappingSampler::Bytes(const CostModel& model, const LayerShape& shape) {
  std::size_t rows = 0;
  for (const Dim dim : kAllDims) {
    const FactorSpace& space = model.factor_space();
    rows += HasPerfectRows(space, dim) ? NumRows(PrimePowers(shape.bound(dim)), space.places(dim).size()) : kMaxRows;
  }
  // Lists grow by doubling.
  return static_cast<std::int64_t>(sizeof(MappingSampler) + 2 * rows * (sizeof(Row) + sizeof(std::uintptr_t)));
}

MappingSampler::MappingSampler(const CostModel& model, const LayerShape& shape, Random& random)
    : model_(model), shape_(shape) {
  for (const Dim dim : kAllDims) {
    if (HasPerfectRows(model.factor_space(), dim)) {
      BuildPerfectRows(dim, shape.bound(dim), random);
    } else {
      BuildRows(dim, shape.bound(dim), random);
    }
  }
}

void MappingSampler::BuildRows(Dim dim, std::int64_t bound, Random& random) {
  const FactorSpace& space = model_.factor_space();
  std::vector<std::vector<std::int64_t>> lists;
  if (!ListFactorisations(space, dim, bound, kMaxRows, &lists)) {
    lists.resize(1);
    while (lists.size() < kMaxRows) lists.push_back(RandomFactors(space, dim, bound, random));
  }
  for (const std::vector<std::int64_t>& factors : lists) AddRow(dim, space.places(dim), factors);
}

void MappingSampler::BuildPerfectRows(Dim dim, std::int64_t bound, Random& random) {
  // The outermost level comes first, then the other levels from the innermost, then the axes.
  const std::span<const FactorPlace> inner = model_.factor_space().places(dim);
  std::vector<FactorPlace> places = {inner.back()};
  for (const bool is_spatial : {false, true}) {
    for (const FactorPlace& place : inner.first(inner.size() - 1)) {
      if (place.is_spatial == is_spatial) places.push_back(place);
    }
  }
  const std::vector<PrimePower> powers = PrimePowers(bound);
  const std::size_t count = CountFactorisations(powers, places.size());
  std::vector<std::int64_t> outermost(places.size(), 1);
  outermost[0] = bound;
  if (count > kMaxRows) {
    AddRow(dim, places, outermost);
    while (rows_[static_cast<std::size_t>(dim)].size() < kMaxRows) {
      std::vector<std::int64_t> factors(places.size(), 1);
      for (const PrimePower& power : powers) DrawComposition(power, random, &factors);
      AddRow(dim, places, factors);
    }
    return;
  }
  std::vector<std::vector<std::int64_t>> lists = {std::vector<std::int64_t>(places.size(), 1)};
  for (const PrimePower& power : powers) lists = WithEveryComposition(power, std::move(lists));
  // Every prime in the first place is the first way of each power.
  for (const std::vector<std::int64_t>& factors : lists) AddRow(dim, places, factors);
}

MappingSampler::Row MappingSampler::RowOf(Dim dim, std::span<const FactorPlace> places,
                                          const std::vector<std::int64_t>& factors) const {
  const Template& hardware_template = model_.hardware_template();
  const int outermost = hardware_template.num_levels() - 1;
  Row row;
  row.temporal.fill(1);
  row.spatial.fill(1);
  row.extent.fill(1);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto index = static_cast<std::size_t>(places[i].index);
    (places[i].is_spatial ? row.spatial[index] : row.temporal[index]) = static_cast<std::int32_t>(factors[i]);
  }
  double extent = 1;
  for (int level = 0; level <= outermost; ++level) {
    extent *= static_cast<double>(row.temporal[static_cast<std::size_t>(level)]);
    for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
      if (hardware_template.axes()[axis].level == level) extent *= static_cast<double>(row.spatial[axis]);
    }
    row.extent[static_cast<std::size_t>(level)] = std::min(extent, static_cast<double>(shape_.bound(dim)));
  }
  return row;
}

void MappingSampler::AddRow(Dim dim, std::span<const FactorPlace> places, const std::vector<std::int64_t>& factors) {
  rows_[static_cast<std::size_t>(dim)].push_back(RowOf(dim, places, factors));
}

MappingSampler::Choice MappingSampler::SingleElements() const {
  Choice choice;
  for (std::size_t d = 0; d < kNumDims; ++d) choice.rows[d] = rows_[d].data();
  return choice;
}

bool MappingSampler::FitsAtAll(const ComponentCosts& costs) const {
  if (!Fits(SingleElements(), costs.limit)) return false;
  return model_.hardware_template().utilization_rules().empty() || Filling(model_, shape_).FindAny(costs).has_value();
}

bool MappingSampler::BeginFilled(const ComponentCosts& costs) {
  const std::optional<Mapping> filled = Filling(model_, shape_).FindAny(costs);
  if (!filled.has_value()) return false;
  last_.kept = filled->choice;
  filled_.clear();
  for (const Dim dim : kAllDims) {
    const std::span<const FactorPlace> places = model_.factor_space().places(dim);
    std::vector<std::int64_t> factors;
    for (const FactorPlace& place : places) factors.push_back(FactorAt(*filled, place, dim));
    filled_.push_back(RowOf(dim, places, factors));
  }
  for (std::size_t d = 0; d < kNumDims; ++d) {
    // One that is drawn anyway is not to be drawn twice as often.
    const auto is_same = [&](const Row* row) {
      return row->temporal == filled_[d].temporal && row->spatial == filled_[d].spatial;
    };
    const auto same = std::find_if(fitting_[d].begin(), fitting_[d].end(), is_same);
    last_.rows[d] = same != fitting_[d].end() ? *same : &filled_[d];
    if (same == fitting_[d].end()) fitting_[d].push_back(&filled_[d]);
  }
  return true;
}

bool MappingSampler::SetHardware(const ComponentCosts& costs) {
  limit_ = costs.limit;
  chain_ = false;
  last_ = SingleElements();
  if (!Fits(last_, limit_)) return false;
  for (std::size_t d = 0; d < kNumDims; ++d) {
    fitting_[d].clear();
    Choice alone = last_;
    for (const Row& row : rows_[d]) {
      alone.rows[d] = &row;
      if (Fits(alone, limit_)) fitting_[d].push_back(&row);
    }
  }
  return model_.hardware_template().utilization_rules().empty() || BeginFilled(costs);
}

double MappingSampler::TileWords(const Choice& choice, Tensor tensor, int level) const {
  const auto extent = [&choice, level](Dim dim) {
    return choice.rows[static_cast<std::size_t>(dim)]->extent[static_cast<std::size_t>(level)];
  };
  return oneloop::TileWords(shape_, tensor, extent);
}

double MappingSampler::NeedOf(const Choice& choice, const Resource& resource) const {
  double need = 0;
  if (resource.is_axis()) {
    need = 1;
    for (const Row* row : choice.rows) need *= static_cast<double>(row->spatial[ToIndex(resource.axis)]);
    return need;
  }
  for (const Tensor tensor : kAllTensors) {
    if (!resource.Holds(tensor)) continue;
    need += TileWords(choice, tensor, resource.level) * resource.per_word[ToIndex(tensor)];
  }
  return need;
}

bool MappingSampler::Fits(const Choice& choice, const std::array<double, kMaxResources>& limit) const {
  const std::vector<Resource>& resources = model_.hardware_template().choice(choice.kept).resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (NeedOf(choice, resources[r]) > limit[r]) return false;
  }
  return true;
}

bool MappingSampler::UsesEnough(const Choice& choice) const {
  const Template& hardware_template = model_.hardware_template();
  if (hardware_template.utilization_rules().empty()) return true;
  ResourceNeeds need{};
  for (const UtilizationRule& rule : hardware_template.utilization_rules()) {
    for (const int r : rule.resources) {
      need[ToIndex(r)] = NeedOf(choice, hardware_template.choice(choice.kept).resources()[ToIndex(r)]);
    }
  }
  return std::all_of(hardware_template.utilization_rules().begin(), hardware_template.utilization_rules().end(),
                     [&](const UtilizationRule& rule) { return rule.Idle(need, limit_) == 1; });
}

const MappingSampler::Row* MappingSampler::DrawRow(Dim dim, Random& random) const {
  const std::vector<const Row*>& rows = fitting_[static_cast<std::size_t>(dim)];
  return rows.size() == 1 ? rows.front() : rows[random.Below(rows.size())];
}

bool MappingSampler::DrawIndependent(Random& random, Choice* choice) const {
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    for (const Dim dim : kAllDims) choice->rows[static_cast<std::size_t>(dim)] = DrawRow(dim, random);
    choice->kept = RandomChoice(model_, random);
    if (IsValid(*choice)) return true;
  }
  return false;
}

void MappingSampler::StepChain(Random& random) {
  for (const Dim dim : kAllDims) {
    Choice choice = last_;
    for (int attempt = 0; attempt < kChainTries; ++attempt) {
      choice.rows[static_cast<std::size_t>(dim)] = DrawRow(dim, random);
      if (!IsValid(choice)) continue;
      last_ = choice;
      break;
    }
  }
  Choice other = last_;
  other.kept = RandomChoice(model_, random);
  if (IsValid(other)) last_ = other;
}

Mapping MappingSampler::Draw(Random& random) {
  Choice choice;
  if (!chain_ && DrawIndependent(random, &choice)) {
    last_ = choice;
  } else {
    chain_ = true;
    StepChain(random);
  }
  Mapping mapping;
  mapping.choice = static_cast<std::uint8_t>(last_.kept);
  for (const Dim dim : kAllDims) {
    const Row& row = *last_.rows[static_cast<std::size_t>(dim)];
    for (std::size_t level = 0; level < kMaxLevels; ++level) {
      mapping.t(static_cast<int>(level), dim) = row.temporal[level];
    }
    for (std::size_t axis = 0; axis < kMaxAxes; ++axis) mapping.s(static_cast<int>(axis), dim) = row.spatial[axis];
  }
  for (int level = 0; level < model_.hardware_template().num_levels(); ++level) {
    mapping.order[static_cast<std::size_t>(level)] = model_.order_space().Nearest(level, RandomOrder(random));
  }
  return mapping;
}

}  // namespace oneloop
