#include "server/search/mapping_sampler.h"
#include "common/model/structure/tile.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/mapping/random_mapping.h"

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

}  // namespace

std::size_t MappingSampler::NumPlaces(const Template& hardware_template, Dim dim) {
  std::size_t places = 0;
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    places += hardware_template.level(level).temporal.Has(dim) ? 1 : 0;
  }
  for (const Template::Axis& axis : hardware_template.axes()) places += axis.dims.Has(dim) ? 1 : 0;
  return places;
}

std::int64_t MappingSampler::Bytes(const Template& hardware_template, const LayerShape& shape) {
  std::size_t rows = 0;
  for (const Dim dim : kAllDims) {
    rows += NumRows(PrimePowers(shape.bound(dim)), NumPlaces(hardware_template, dim));
  }
  // Lists grow by doubling.
  return static_cast<std::int64_t>(sizeof(MappingSampler) + 2 * rows * (sizeof(Row) + sizeof(std::uintptr_t)));
}

MappingSampler::MappingSampler(const CostModel& model, const LayerShape& shape, Random& random)
    : model_(model), shape_(shape) {
  for (const Dim dim : kAllDims) BuildRows(dim, shape.bound(dim), random);
}

void MappingSampler::BuildRows(Dim dim, std::int64_t bound, Random& random) {
  const Template& hardware_template = model_.hardware_template();
  // In the order that AddRow reads; the outermost level allows every dimension and comes first.
  const std::size_t places = NumPlaces(hardware_template, dim);
  const std::vector<PrimePower> powers = PrimePowers(bound);
  const std::size_t count = CountFactorisations(powers, places);
  std::vector<std::int64_t> outermost(places, 1);
  outermost[0] = bound;
  if (count > kMaxRows) {
    AddRow(dim, outermost);
    while (rows_[static_cast<std::size_t>(dim)].size() < kMaxRows) {
      std::vector<std::int64_t> factors(places, 1);
      for (const PrimePower& power : powers) DrawComposition(power, random, &factors);
      AddRow(dim, factors);
    }
    return;
  }
  std::vector<std::vector<std::int64_t>> lists = {std::vector<std::int64_t>(places, 1)};
  for (const PrimePower& power : powers) lists = WithEveryComposition(power, std::move(lists));
  // Every prime in the first place is the first way of each power.
  for (const std::vector<std::int64_t>& factors : lists) AddRow(dim, factors);
}

// `factors`: of the outermost level, of the other levels from the innermost, then of the axes, as far as allowed.
void MappingSampler::AddRow(Dim dim, const std::vector<std::int64_t>& factors) {
  const Template& hardware_template = model_.hardware_template();
  const int outermost = hardware_template.num_levels() - 1;
  Row row;
  row.temporal.fill(1);
  row.spatial.fill(1);
  row.extent.fill(1);
  std::size_t next = 0;
  const auto take = [&factors, &next] { return static_cast<std::int32_t>(factors[next++]); };
  row.temporal[static_cast<std::size_t>(outermost)] = take();
  for (int level = 0; level < outermost; ++level) {
    if (hardware_template.level(level).temporal.Has(dim)) row.temporal[static_cast<std::size_t>(level)] = take();
  }
  for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
    if (hardware_template.axes()[axis].dims.Has(dim)) row.spatial[axis] = take();
  }
  double extent = 1;
  for (int level = 0; level <= outermost; ++level) {
    extent *= static_cast<double>(row.temporal[static_cast<std::size_t>(level)]);
    for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
      if (hardware_template.axes()[axis].level == level) extent *= static_cast<double>(row.spatial[axis]);
    }
    row.extent[static_cast<std::size_t>(level)] = extent;
  }
  rows_[static_cast<std::size_t>(dim)].push_back(row);
}

MappingSampler::Choice MappingSampler::SingleElements() const {
  Choice choice;
  for (std::size_t d = 0; d < kNumDims; ++d) choice[d] = rows_[d].data();
  return choice;
}

bool MappingSampler::FitsAtAll(const ComponentCosts& costs) const { return Fits(SingleElements(), costs.limit); }

bool MappingSampler::SetHardware(const ComponentCosts& costs) {
  limit_ = costs.limit;
  chain_ = false;
  last_ = SingleElements();
  if (!Fits(last_)) return false;
  for (std::size_t d = 0; d < kNumDims; ++d) {
    fitting_[d].clear();
    Choice alone = last_;
    for (const Row& row : rows_[d]) {
      alone[d] = &row;
      if (Fits(alone)) fitting_[d].push_back(&row);
    }
  }
  return true;
}

double MappingSampler::TileWords(const Choice& choice, Tensor tensor, int level) const {
  const auto extent = [&choice, level](Dim dim) {
    return choice[static_cast<std::size_t>(dim)]->extent[static_cast<std::size_t>(level)];
  };
  return oneloop::TileWords(shape_, tensor, extent);
}

bool MappingSampler::Fits(const Choice& choice, const std::array<double, kMaxResources>& limit) const {
  const Template& hardware_template = model_.hardware_template();
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    double need = 0;
    if (resources[r].is_axis()) {
      need = 1;
      for (const Row* row : choice)
        need *= static_cast<double>(row->spatial[static_cast<std::size_t>(resources[r].axis)]);
    } else {
      for (const Tensor tensor : kAllTensors) {
        if (!resources[r].Holds(tensor)) continue;
        need += TileWords(choice, tensor, resources[r].level) * resources[r].per_word[ToIndex(tensor)];
      }
    }
    if (need > limit[r]) return false;
  }
  return true;
}

const MappingSampler::Row* MappingSampler::DrawRow(Dim dim, Random& random) const {
  const std::vector<const Row*>& rows = fitting_[static_cast<std::size_t>(dim)];
  return rows.size() == 1 ? rows.front() : rows[random.Below(rows.size())];
}

bool MappingSampler::DrawIndependent(Random& random, Choice* choice) const {
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    for (const Dim dim : kAllDims) (*choice)[static_cast<std::size_t>(dim)] = DrawRow(dim, random);
    if (Fits(*choice)) return true;
  }
  return false;
}

void MappingSampler::StepChain(Random& random) {
  for (const Dim dim : kAllDims) {
    Choice choice = last_;
    for (int attempt = 0; attempt < kChainTries; ++attempt) {
      choice[static_cast<std::size_t>(dim)] = DrawRow(dim, random);
      if (!Fits(choice)) continue;
      last_ = choice;
      break;
    }
  }
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
  for (const Dim dim : kAllDims) {
    const Row& row = *last_[static_cast<std::size_t>(dim)];
    for (std::size_t level = 0; level < kMaxLevels; ++level) {
      mapping.t(static_cast<int>(level), dim) = row.temporal[level];
    }
    for (std::size_t axis = 0; axis < kMaxAxes; ++axis) mapping.s(static_cast<int>(axis), dim) = row.spatial[axis];
  }
  for (int level = 0; level < model_.hardware_template().num_levels(); ++level) {
    mapping.order[static_cast<std::size_t>(level)] = RandomOrder(random);
  }
  return mapping;
}

}  // namespace oneloop
