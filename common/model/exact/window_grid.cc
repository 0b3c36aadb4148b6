#include "common/model/exact/window_grid.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace oneloop {
namespace {

// A chain runs from an end at the first output or last filter, its head, to one at the last output or first filter, its
// tail, and touches the border of the grid nowhere else. kInside: it begins or ends without touching it.
enum Head { kHeadLeft, kHeadCorner, kHeadTop, kHeadInside };
enum Tail { kTailBottom, kTailCorner, kTailRight, kTailInside };
constexpr std::size_t kNumEnds = 4;

constexpr std::array<WindowGrid::Hit, 3> kHeadHits = {{{WindowGrid::kFirst, WindowGrid::kBetween},
                                                       {WindowGrid::kFirst, WindowGrid::kLast},
                                                       {WindowGrid::kBetween, WindowGrid::kLast}}};
constexpr std::array<WindowGrid::Hit, 3> kTailHits = {{{WindowGrid::kBetween, WindowGrid::kFirst},
                                                       {WindowGrid::kLast, WindowGrid::kFirst},
                                                       {WindowGrid::kLast, WindowGrid::kBetween}}};

}  // namespace

// Counts of chains by head, tail and whether they pass the inside of the grid.
class WindowGrid::BorderCounts {
 public:
  explicit BorderCounts(const WindowGrid& grid)
      : m_(grid.outputs_), n_(grid.filters_), b_(grid.output_period_), a_(grid.filter_period_) {
    CountPairs();
    const std::int64_t inner_m = m_ - 2;
    const std::int64_t inner_n = n_ - 2;
    // Heads and tails, and those of them whose neighbour in the chain is inside.
    const std::array<std::int64_t, 3> ends = {inner_n, 1, inner_m};
    const bool corner = b_ <= inner_m && a_ <= inner_n;
    const std::array<std::int64_t, 3> next_inside = {b_ <= inner_m ? std::max<std::int64_t>(0, inner_n - a_) : 0,
                                                     corner ? 1 : 0,
                                                     a_ <= inner_n ? std::max<std::int64_t>(0, inner_m - b_) : 0};
    for (std::size_t e = 0; e < 3; ++e) {
      CloseHead(e, ends[e], next_inside[e]);
      // The grid turned by half a circle: bottom is top, right is left.
      CloseTail(e, ends[2 - e], next_inside[2 - e]);
    }
    std::int64_t inside = inner_m > 0 && inner_n > 0 ? grid.Chains(inner_m, inner_n) : 0;
    for (const auto& tails : counts_) {
      for (const auto& passes : tails) inside -= passes[1];
    }
    counts_[kHeadInside][kTailInside][1] = inside;
  }

  std::int64_t at(std::size_t head, std::size_t tail, bool inside) const { return counts_[head][tail][inside ? 1 : 0]; }

 private:
  // Heads and tails that lie on one chain, `steps` apart.
  void Add(Head head, Tail tail, std::int64_t steps, std::int64_t count) {
    if (count > 0) counts_[head][tail][steps >= 2 ? 1 : 0] += count;
  }
  // One chain for each number of steps from 1 to `most`.
  void AddEach(Head head, Tail tail, std::int64_t most) {
    Add(head, tail, 1, std::min<std::int64_t>(most, 1));
    Add(head, tail, 2, most - 1);
  }
  static bool Between(std::int64_t place, std::int64_t size) { return place >= 1 && place <= size - 2; }

  void CountPairs() {
    const std::int64_t most = std::min((m_ - 2) / b_, (n_ - 2) / a_);
    AddEach(kHeadLeft, kTailBottom, most);
    AddEach(kHeadTop, kTailRight, most);
    const bool across = (m_ - 1) % b_ == 0;
    const bool down = (n_ - 1) % a_ == 0;
    const std::int64_t wide = (m_ - 1) / b_;
    const std::int64_t high = (n_ - 1) / a_;
    // A step count from side to side may be far beyond the other side; then nothing is added.
    if (across && wide <= (n_ - 1) / a_) {
      if (Between(a_ * wide, n_)) {
        Add(kHeadLeft, kTailCorner, wide, 1);
        Add(kHeadCorner, kTailRight, wide, 1);
      }
      Add(kHeadLeft, kTailRight, wide, n_ - 2 - a_ * wide);
    }
    if (down && high <= (m_ - 1) / b_) {
      if (Between(b_ * high, m_)) {
        Add(kHeadCorner, kTailBottom, high, 1);
        Add(kHeadTop, kTailCorner, high, 1);
      }
      Add(kHeadTop, kTailBottom, high, m_ - 2 - b_ * high);
    }
    if (across && down && wide == high) Add(kHeadCorner, kTailCorner, wide, 1);
  }

  void CloseHead(std::size_t head, std::int64_t all, std::int64_t next_inside) {
    auto& tails = counts_[head];
    std::array<std::int64_t, 2> paired = {0, 0};
    for (std::size_t tail = 0; tail < kTailInside; ++tail) {
      for (std::size_t i = 0; i < 2; ++i) paired[i] += tails[tail][i];
    }
    tails[kTailInside] = {all - next_inside - paired[0], next_inside - paired[1]};
  }
  void CloseTail(std::size_t tail, std::int64_t all, std::int64_t previous_inside) {
    std::array<std::int64_t, 2> paired = {0, 0};
    for (std::size_t head = 0; head < kHeadInside; ++head) {
      for (std::size_t i = 0; i < 2; ++i) paired[i] += counts_[head][tail][i];
    }
    counts_[kHeadInside][tail] = {all - previous_inside - paired[0], previous_inside - paired[1]};
  }

  const std::int64_t m_;
  const std::int64_t n_;
  const std::int64_t b_;
  const std::int64_t a_;
  std::array<std::array<std::array<std::int64_t, 2>, kNumEnds>, kNumEnds> counts_{};
};

WindowGrid::WindowGrid(std::int64_t outputs, std::int64_t filters, std::int64_t output_step, std::int64_t filter_step)
    : outputs_(outputs), filters_(filters) {
  const std::int64_t divisor = std::gcd(output_step, filter_step);
  output_period_ = filter_step / divisor;
  filter_period_ = output_step / divisor;
}

// Every copy begins a chain but those that have one before them.
std::int64_t WindowGrid::Chains(std::int64_t outputs, std::int64_t filters) const {
  return outputs * filters -
         std::max<std::int64_t>(0, outputs - output_period_) * std::max<std::int64_t>(0, filters - filter_period_);
}

// Of a chain of n copies, n - k + 1 begin a stretch of k copies. With B(k) such stretches in the whole grid, B(k) -
// 2 B(k + 1) + B(k + 2) chains have exactly k copies.
void WindowGrid::ForEachLength(const std::function<void(double length, double chains)>& visit) const {
  const auto stretches = [this](std::int64_t copies) {
    const double outputs =
        static_cast<double>(outputs_) - static_cast<double>(copies - 1) * static_cast<double>(output_period_);
    const double filters =
        static_cast<double>(filters_) - static_cast<double>(copies - 1) * static_cast<double>(filter_period_);
    return std::max(0.0, outputs) * std::max(0.0, filters);
  };
  const std::int64_t longest = LongestChain();
  for (std::int64_t length = 1; length <= std::min(longest, kMostLengths); ++length) {
    const double chains = stretches(length) - 2 * stretches(length + 1) + stretches(length + 2);
    if (chains > 0) visit(static_cast<double>(length), chains);
  }
  if (longest <= kMostLengths) return;
  const double chains = stretches(kMostLengths + 1) - stretches(kMostLengths + 2);
  const double copies = stretches(kMostLengths + 1) + static_cast<double>(kMostLengths) * chains;
  visit(copies / chains, chains);
}

std::int64_t WindowGrid::LongestChain() const {
  return 1 + std::min((outputs_ - 1) / output_period_, (filters_ - 1) / filter_period_);
}

void WindowGrid::VisitChain(std::int64_t i, std::int64_t j,
                            const std::function<void(std::int64_t i, std::int64_t j)>& visit) const {
  const std::int64_t back = std::min(i / output_period_, (filters_ - 1 - j) / filter_period_);
  const std::int64_t ahead = std::min((outputs_ - 1 - i) / output_period_, j / filter_period_);
  for (std::int64_t step = -back; step <= ahead; ++step) visit(i + step * output_period_, j - step * filter_period_);
}

std::vector<WindowGrid::ChainKind> WindowGrid::ChainKinds() const {
  // Two corners are chains of their own.
  std::vector<ChainKind> kinds = {{{{kFirst, kFirst}}, 1}, {{{kLast, kLast}}, 1}};
  const BorderCounts counts(*this);
  for (std::size_t head = 0; head < kNumEnds; ++head) {
    for (std::size_t tail = 0; tail < kNumEnds; ++tail) {
      for (const bool inside : {false, true}) {
        const std::int64_t count = counts.at(head, tail, inside);
        if (count <= 0) continue;
        ChainKind kind{{}, count};
        if (head != kHeadInside) kind.hits.push_back(kHeadHits[head]);
        if (inside) kind.hits.push_back({kBetween, kBetween});
        if (tail != kTailInside) kind.hits.push_back(kTailHits[tail]);
        kinds.push_back(std::move(kind));
      }
    }
  }
  return kinds;
}

}  // namespace oneloop
