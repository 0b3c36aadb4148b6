#include "common/model/exact/neighbour_links.h"
#include "common/workload/dims.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace oneloop {
namespace {

// One bit for each rule.
using RuleBits = std::uint64_t;

constexpr std::size_t kMaxRules = 64;
constexpr int kMaxCarries = 4096;
constexpr std::size_t kMaxBlocks = 64;
constexpr std::int64_t kMaxBrokenPlaces = 4096;
constexpr std::int64_t kMaxVisits = 65536;

// So many copies for which the same rules hold.
struct Block {
  RuleBits bits;
  std::int64_t count;
};
using Blocks = std::vector<Block>;

// Copies of so many windows; those of one window have these bits among them.
struct WindowKind {
  std::vector<RuleBits> bits;
  std::int64_t count;
};

Blocks Merged(Blocks blocks) {
  std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.bits < b.bits; });
  Blocks merged;
  for (const Block& block : blocks) {
    if (merged.empty() || merged.back().bits != block.bits) {
      merged.push_back(block);
    } else {
      merged.back().count += block.count;
    }
  }
  return merged;
}

Blocks Combined(const Blocks& a, const Blocks& b) {
  Blocks all;
  all.reserve(a.size() * b.size());
  for (const Block& x : a) {
    for (const Block& y : b) all.push_back({x.bits & y.bits, x.count * y.count});
  }
  return Merged(std::move(all));
}

// Windows of which one copy is linked in no way are left out.
void AddKind(std::vector<RuleBits> bits, std::int64_t count, std::map<std::vector<RuleBits>, std::int64_t>* kinds) {
  std::sort(bits.begin(), bits.end());
  if (bits.front() == 0) return;
  bits.erase(std::unique(bits.begin(), bits.end()), bits.end());
  (*kinds)[std::move(bits)] += count;
}

std::vector<WindowKind> ListOf(const std::map<std::vector<RuleBits>, std::int64_t>& kinds) {
  std::vector<WindowKind> list;
  list.reserve(kinds.size());
  for (const auto& [bits, count] : kinds) list.push_back({bits, count});
  return list;
}

NeighbourLinks::Shift Negative(NeighbourLinks::Shift shift) {
  for (std::int64_t& part : shift) part = -part;
  return shift;
}

}  // namespace

// Follows carries to the digits for which a neighbour's offset differs by the move.
class NeighbourLinks::Finder {
 public:
  Finder(const NeighbourLinks& links, const Shift& move) : links_(links), move_(move), back_(Negative(move)) {}

  // Nothing when there are too many to look at.
  std::optional<std::vector<Rule>> Find() {
    FindBeside();
    if (links_.row_ > 1 && links_.row_ < links_.copies_) {
      std::int64_t rest = links_.row_;
      for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
        row_digits_[k] = rest % links_.digits_[k].factor;
        rest /= links_.digits_[k].factor;
        if (links_.digits_[k].direction >= 0) last_of_[ToIndex(links_.digits_[k].direction)] = k;
      }
      FollowCarries(0, 0, Shift{});
    }
    if (carries_ > kMaxCarries || rules_.size() > kMaxRules) return std::nullopt;
    return std::move(rules_);
  }

 private:
  Rule AllCopies() const {
    Rule rule;
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) rule.spans[k] = {0, links_.digits_[k].factor - 1};
    return rule;
  }

  // From one copy to the next, one digit grows and all before it go from their last value to 0.
  void FindBeside() {
    Shift fallen{};
    std::int64_t stride = 1;
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
      const Digit& digit = links_.digits_[k];
      Shift difference = Negative(fallen);
      if (digit.direction >= 0) {
        difference[ToIndex(digit.direction)] += digit.step;
        fallen[ToIndex(digit.direction)] += (digit.factor - 1) * digit.step;
      }
      if (difference == move_) AddBeside(k, stride, true);
      if (difference == back_) AddBeside(k, stride, false);
      stride *= digit.factor;
    }
  }

  void AddBeside(std::size_t grown, std::int64_t stride, bool next) {
    Rule rule = AllCopies();
    rule.stride = stride;
    rule.factor = links_.digits_[grown].factor;
    rule.before = next ? 1 : 0;
    if (links_.row_ > 1 && links_.row_ < links_.copies_) {
      rule.breaks = links_.row_ / std::gcd(links_.row_, stride);
      if (rule.breaks == 1) return;  // every such step leaves the row
      if (rule.breaks % rule.factor == 0) rule.breaks = 0;
    }
    for (std::size_t k = 0; k < grown; ++k) {
      const std::int64_t value = next ? links_.digits_[k].factor - 1 : 0;
      rule.spans[k] = {value, value};
    }
    (next ? rule.spans[grown].last : rule.spans[grown].first) += next ? -1 : 1;
    rules_.push_back(rule);
  }

  // Adds the row's digits to a copy's: each sum stays below the digit's factor or carries one to the next digit.
  void FollowCarries(std::size_t k, int carry, const Shift& difference) {
    if (++carries_ > kMaxCarries) return;
    if (k == links_.digits_.size()) {
      if (carry == 0) AddRows(difference);
      return;
    }
    const Digit& digit = links_.digits_[k];
    const std::int64_t added = row_digits_[k] + carry;
    for (const int out : {0, 1}) {
      if (out == 0 ? added > digit.factor - 1 : added < 1) continue;
      Shift sum = difference;
      if (digit.direction >= 0) {
        const std::size_t direction = ToIndex(digit.direction);
        sum[direction] += (added - out * digit.factor) * digit.step;
        const bool settled = last_of_[direction] == k;
        if (settled && sum[direction] != move_[direction] && sum[direction] != back_[direction]) continue;
      }
      carries_in_[k] = carry;
      carries_out_[k] = out;
      FollowCarries(k + 1, out, sum);
    }
  }

  // A move of nothing has a neighbour either way.
  void AddRows(const Shift& difference) {
    if (difference == move_) AddRow(true);
    if (difference == back_) AddRow(false);
  }

  void AddRow(bool ahead) {
    Rule rule = AllCopies();
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
      const std::int64_t factor = links_.digits_[k].factor;
      const std::int64_t added = row_digits_[k] + carries_in_[k];
      // A carry asks for more than factor - added, none for less; a row back, the sum is the digit.
      if (ahead) {
        rule.spans[k] = carries_out_[k] == 1 ? Span{factor - added, factor - 1} : Span{0, factor - 1 - added};
      } else {
        rule.spans[k] = carries_out_[k] == 1 ? Span{0, added - 1} : Span{added, factor - 1};
      }
    }
    rules_.push_back(rule);
  }

  const NeighbourLinks& links_;
  const Shift& move_;
  const Shift back_;
  std::vector<Rule> rules_;
  int carries_ = 0;
  std::array<std::int64_t, kMaxDigits> row_digits_{};
  std::array<std::size_t, kNumDirections> last_of_{};
  std::array<int, kMaxDigits> carries_in_{};
  std::array<int, kMaxDigits> carries_out_{};
};

// Counts the copies that at least one rule holds for, and the windows all of whose copies are such.
class NeighbourLinks::Counter {
 public:
  Counter(const NeighbourLinks& links, const std::vector<Rule>& rules) : links_(links), rules_(rules) {}

  // Nothing when that takes too long.
  std::optional<Links> Count() {
    SplitDigits();
    Blocks free = {{~RuleBits{0}, 1}};
    blind_ = free;
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
      const int direction = links_.digits_[k].direction;
      if (direction >= kWidth) continue;
      Blocks& blocks = direction < 0 ? blind_ : free;
      blocks = Combined(blocks, blocks_[k]);
      if (blocks.size() > kMaxBlocks) return std::nullopt;
    }
    std::array<std::vector<WindowKind>, 2> kinds;
    Blocks all = Combined(free, blind_);
    for (std::size_t side = 0; side < 2; ++side) {
      const std::optional<Blocks> copies = SetSide(side, &kinds[side]);
      if (!copies.has_value() || all.size() > kMaxBlocks) return std::nullopt;
      all = Combined(all, *copies);
    }
    Links result;
    for (const Block& block : all) result.linked += block.bits != 0 ? block.count : 0;
    for (const Block& block : free) {
      for (const WindowKind& width : kinds[0]) {
        for (const WindowKind& height : kinds[1]) {
          if (AllLinked(block.bits, width.bits, height.bits)) result.saved += block.count * width.count * height.count;
        }
      }
    }
    if (!TakeBroken(&result)) return std::nullopt;
    return result.saved > 0 ? result : Links{};
  }

 private:
  // Outputs and filters of one direction.
  enum Part { kOutputs, kFilters };
  struct Side {
    std::array<std::vector<std::size_t>, 2> digits;
    std::array<std::int64_t, 2> size = {1, 1};
    std::optional<WindowGrid> grid;  // where copies of one window are more than one
  };

  // Of each digit, runs of values for which the same rules hold.
  void SplitDigits() {
    blocks_.resize(links_.digits_.size());
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
      std::set<std::int64_t> begins = {0, links_.digits_[k].factor};
      for (const Rule& rule : rules_) {
        begins.insert(rule.spans[k].first);
        begins.insert(rule.spans[k].last + 1);
      }
      for (auto begin = begins.begin(); std::next(begin) != begins.end(); ++begin) {
        RuleBits bits = 0;
        for (std::size_t r = 0; r < rules_.size(); ++r) {
          const bool holds = rules_[r].spans[k].first <= *begin && *begin <= rules_[r].spans[k].last;
          bits |= RuleBits{holds} << r;
        }
        blocks_[k].push_back({bits, *std::next(begin) - *begin});
      }
    }
  }

  RuleBits BitsOf(std::size_t k, std::int64_t value) const {
    for (const Block& block : blocks_[k]) {
      if (value < block.count) return block.bits;
      value -= block.count;
    }
    return 0;
  }
  RuleBits BitsOf(const Side& side, Part part, std::int64_t index) const {
    RuleBits bits = ~RuleBits{0};
    for (const std::size_t k : side.digits[part]) {
      bits &= BitsOf(k, index % links_.digits_[k].factor);
      index /= links_.digits_[k].factor;
    }
    return bits;
  }

  bool AllLinked(RuleBits free, const std::vector<RuleBits>& widths, const std::vector<RuleBits>& heights) const {
    for (const Block& blind : blind_) {
      for (const RuleBits width : widths) {
        for (const RuleBits height : heights) {
          if ((free & blind.bits & width & height) == 0) return false;
        }
      }
    }
    return true;
  }

  std::optional<Blocks> SetSide(std::size_t index, std::vector<WindowKind>* kinds) {
    Side& side = sides_[index];
    std::array<Blocks, 2> parts = {Blocks{{~RuleBits{0}, 1}}, Blocks{{~RuleBits{0}, 1}}};
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
      const Digit& digit = links_.digits_[k];
      if (digit.direction != kWidth + static_cast<int>(index)) continue;
      const std::size_t part = digit.is_filter ? kFilters : kOutputs;
      side.digits[part].push_back(k);
      side.size[part] *= digit.factor;
      parts[part] = Combined(parts[part], blocks_[k]);
      if (parts[part].size() > kMaxBlocks) return std::nullopt;
    }
    if (!side.digits[kOutputs].empty() && !side.digits[kFilters].empty()) {
      const WindowGrid grid(side.size[kOutputs], side.size[kFilters],
                            links_.digits_[side.digits[kOutputs].front()].step,
                            links_.digits_[side.digits[kFilters].front()].step);
      if (grid.Coincide()) side.grid = grid;
    }
    const Blocks copies = Combined(parts[kOutputs], parts[kFilters]);
    std::map<std::vector<RuleBits>, std::int64_t> found;
    if (!side.grid.has_value()) {
      for (const Block& block : copies) AddKind({block.bits}, block.count, &found);
    } else if (!AddChains(side, &found)) {
      return std::nullopt;
    }
    *kinds = ListOf(found);
    return copies;
  }

  // Whether rules tell only the digit's first, its last, and the values between.
  bool IsPlain(const std::vector<std::size_t>& digits) const {
    if (digits.size() != 1) return false;
    std::int64_t begin = 0;
    for (const Block& block : blocks_[digits.front()]) {
      if (begin > 1 && begin != links_.digits_[digits.front()].factor - 1) return false;
      begin += block.count;
    }
    return true;
  }

  bool AddChains(const Side& side, std::map<std::vector<RuleBits>, std::int64_t>* kinds) const {
    if (IsPlain(side.digits[kOutputs]) && IsPlain(side.digits[kFilters])) {
      const auto bits = [&](Part part, WindowGrid::Place place) {
        const std::int64_t last = side.size[part] - 1;
        return BitsOf(side, part, place == WindowGrid::kFirst ? 0 : place == WindowGrid::kLast ? last : 1);
      };
      for (const WindowGrid::ChainKind& kind : side.grid->ChainKinds()) {
        std::vector<RuleBits> hits;
        for (const WindowGrid::Hit& hit : kind.hits)
          hits.push_back(bits(kOutputs, hit.output) & bits(kFilters, hit.filter));
        AddKind(std::move(hits), kind.count, kinds);
      }
      return true;
    }
    if (side.size[kOutputs] > kMaxVisits / side.size[kFilters]) return false;
    for (std::int64_t i = 0; i < side.size[kOutputs]; ++i) {
      for (std::int64_t j = 0; j < side.size[kFilters]; ++j) {
        if (side.grid->IsFirst(i, j)) AddKind(ChainBits(side, i, j), 1, kinds);
      }
    }
    return true;
  }

  std::vector<RuleBits> ChainBits(const Side& side, std::int64_t output, std::int64_t filter) const {
    std::vector<RuleBits> bits;
    const auto add = [&](std::int64_t i, std::int64_t j) {
      bits.push_back(BitsOf(side, kOutputs, i) & BitsOf(side, kFilters, j));
    };
    if (side.grid.has_value()) {
      side.grid->VisitChain(output, filter, add);
    } else {
      add(output, filter);
    }
    return bits;
  }

  // Takes off what the rules promise beyond the ends of rows. False when there are too many ends.
  bool TakeBroken(Links* result) {
    std::int64_t longest = 1;
    for (const Side& side : sides_) longest *= side.grid.has_value() ? side.grid->LongestChain() : 1;
    std::int64_t places = 0;
    for (const Rule& rule : rules_) {
      if (rule.breaks != 0) places += (links_.copies_ - 1) / rule.stride / rule.breaks;
      if (places > kMaxBrokenPlaces || (places > 0 && longest > kMaxVisits / places)) return false;
    }
    std::set<Shift> lost;
    for (std::size_t r = 0; r < rules_.size(); ++r) {
      const Rule& rule = rules_[r];
      if (rule.breaks == 0) continue;
      for (std::int64_t x = rule.breaks; x <= (links_.copies_ - 1) / rule.stride; x += rule.breaks) {
        if (x % rule.factor != 0) TakeCopy(rule.stride * x - rule.before, RuleBits{1} << r, &lost, result);
      }
    }
    return true;
  }

  // The copy of this number is not linked by the rule of this bit.
  void TakeCopy(std::int64_t number, RuleBits rule, std::set<Shift>* lost, Links* result) const {
    RuleBits bits = ~RuleBits{0};
    RuleBits free = ~RuleBits{0};
    Shift offset{};
    std::array<std::array<std::int64_t, 2>, 2> at{};  // by side and part
    std::array<std::array<std::int64_t, 2>, 2> place = {{{1, 1}, {1, 1}}};
    for (std::size_t k = 0; k < links_.digits_.size(); ++k) {
      const Digit& digit = links_.digits_[k];
      const std::int64_t value = number % digit.factor;
      number /= digit.factor;
      const RuleBits here = BitsOf(k, value);
      bits &= here;
      if (digit.direction < 0) continue;
      offset[static_cast<std::size_t>(digit.direction)] += value * digit.step;
      if (digit.direction < kWidth) {
        free &= here;
        continue;
      }
      const auto side = static_cast<std::size_t>(digit.direction - kWidth);
      const std::size_t part = digit.is_filter ? kFilters : kOutputs;
      at[side][part] += value * place[side][part];
      place[side][part] *= digit.factor;
    }
    if ((bits & ~rule) != 0) return;
    --result->linked;
    if (!lost->insert(offset).second) return;
    if (AllLinked(free, ChainBits(sides_[0], at[0][0], at[0][1]), ChainBits(sides_[1], at[1][0], at[1][1]))) {
      --result->saved;
    }
  }

  const NeighbourLinks& links_;
  const std::vector<Rule>& rules_;
  std::vector<Blocks> blocks_;  // by digit, in the order of its values
  Blocks blind_;                // of the digits that the input does not use
  std::array<Side, 2> sides_;   // width, height
};

NeighbourLinks::NeighbourLinks(std::span<const Digit> digits, std::int64_t row) : digits_(digits), row_(row) {
  for (const Digit& digit : digits_) copies_ *= digit.factor;
}

NeighbourLinks::Links NeighbourLinks::Count(const Shift& move) const {
  const std::optional<std::vector<Rule>> rules = Finder(*this, move).Find();
  if (!rules.has_value() || rules->empty()) return {};
  return Counter(*this, *rules).Count().value_or(Links{});
}

}  // namespace oneloop
