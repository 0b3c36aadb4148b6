#include "server/search/adam.h"

#include <algorithm>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "server/search/adam.cc"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#ifndef ONELOOP_SERVER_SEARCH_ADAM_ROWS_
#define ONELOOP_SERVER_SEARCH_ADAM_ROWS_
namespace oneloop {

// What one step needs beside the vectors.
struct AdamStep {
  double rate;         // learning rate, corrected for the first moment's bias
  double correction2;  // of the second moment's bias
};

}  // namespace oneloop
#endif  // ONELOOP_SERVER_SEARCH_ADAM_ROWS_

HWY_BEFORE_NAMESPACE();
namespace oneloop {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, kBlockLanes>;
using V = hn::Vec<D>;

// What one block of layers keeps from step to step; rows of kBlockLanes.
struct BlockMoments {
  double* first;   // by slot
  double* second;  // one row: of all slots of a layer together
};

// Moves one block; false when a derivative is not finite.
bool MoveBlock(const AdamStep& step, const double* gradient, std::size_t num_slots, const BlockMoments& moments,
               double* x) {
  const D d;
  const V keep1 = hn::Set(d, kAdamDecay1);
  const V take1 = hn::Set(d, 1 - kAdamDecay1);
  const V keep2 = hn::Set(d, kAdamDecay2);
  const V take2 = hn::Set(d, 1 - kAdamDecay2);
  V infinite = hn::Zero(d);  // becomes NaN with the first derivative that is not finite
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(d)) {
    V square = hn::Zero(d);
    for (std::size_t s = 0; s < num_slots; ++s) {
      const V slope = hn::LoadU(d, gradient + s * kBlockLanes + lane);
      infinite = hn::Add(infinite, hn::Sub(slope, slope));
      square = hn::Add(square, hn::Mul(slope, slope));
    }
    const V second = hn::Add(hn::Mul(keep2, hn::LoadU(d, moments.second + lane)), hn::Mul(take2, square));
    hn::StoreU(second, d, moments.second + lane);
    const V scale = hn::Add(hn::Sqrt(hn::Mul(second, hn::Set(d, step.correction2))), hn::Set(d, kAdamEpsilon));
    const V rate = hn::Div(hn::Set(d, step.rate), scale);
    for (std::size_t s = 0; s < num_slots; ++s) {
      const std::size_t i = s * kBlockLanes + lane;
      const V first =
          hn::Add(hn::Mul(keep1, hn::LoadU(d, moments.first + i)), hn::Mul(take1, hn::LoadU(d, gradient + i)));
      hn::StoreU(first, d, moments.first + i);
      hn::StoreU(hn::Sub(hn::LoadU(d, x + i), hn::Mul(rate, first)), d, x + i);
    }
  }
  return hn::AllTrue(d, hn::Eq(infinite, hn::Zero(d)));
}

// Σ max(x − threshold, 0) over the slots, and how many are above it.
struct Above {
  V sum;
  V count;
};
Above SumAbove(const std::vector<std::size_t>& slots, V threshold, const double* x) {
  const D d;
  Above above{hn::Zero(d), hn::Zero(d)};
  for (const std::size_t slot : slots) {
    const V value = hn::LoadU(d, x + slot * kBlockLanes);
    const auto higher = hn::Gt(value, threshold);
    above.sum = hn::Add(above.sum, hn::IfThenElseZero(higher, hn::Sub(value, threshold)));
    above.count = hn::Add(above.count, hn::IfThenElseZero(higher, hn::Set(d, 1.0)));
  }
  return above;
}

// The nearest point of {x ≥ 0, Σ x ≤ room} for one dimension of one block: x becomes max(x − threshold, 0), with the
// least threshold ≥ 0 that meets the sum. It is raised from 0 by what is over, shared by those above it; each time at
// least one falls below, so that one pass a slot suffices (Michelot, 1986).
void ProjectBlock(const std::vector<std::size_t>& slots, const double* room, double* x) {
  const D d;
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(d)) {
    const V bound = hn::LoadU(d, room + slots.front() * kBlockLanes + lane);
    V threshold = hn::Zero(d);
    for (std::size_t pass = 0; pass < slots.size(); ++pass) {
      const Above above = SumAbove(slots, threshold, x + lane);
      const auto beyond = hn::Gt(above.sum, bound);
      if (hn::AllFalse(d, beyond)) break;
      const V raise = hn::Div(hn::Sub(above.sum, bound), hn::Max(above.count, hn::Set(d, 1.0)));
      threshold = hn::Add(threshold, hn::IfThenElseZero(beyond, raise));
    }
    for (const std::size_t slot : slots) {
      double* place = x + slot * kBlockLanes + lane;
      hn::StoreU(hn::Max(hn::Sub(hn::LoadU(d, place), threshold), hn::Zero(d)), d, place);
    }
  }
}

bool StepImpl(const AdamStep& step, std::span<const double> gradient, std::size_t num_blocks, std::size_t num_slots,
              const std::vector<std::vector<std::size_t>>& groups, const double* room, double* first_moment,
              double* second_moment, double* x) {
  bool finite = true;
  for (std::size_t block = 0; block < num_blocks; ++block) {
    const std::size_t begin = block * num_slots * kBlockLanes;
    const BlockMoments moments{first_moment + begin, second_moment + block * kBlockLanes};
    finite = MoveBlock(step, gradient.data() + begin, num_slots, moments, x + begin) && finite;
    for (const std::vector<std::size_t>& slots : groups) ProjectBlock(slots, room + begin, x + begin);
  }
  return finite;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace oneloop
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oneloop {
namespace {
HWY_EXPORT(StepImpl);
}  // namespace

ProjectedAdam::ProjectedAdam(const SmoothModel& model)
    : num_blocks_(static_cast<std::size_t>(model.num_blocks())),
      num_slots_(static_cast<std::size_t>(model.num_slots())),
      room_(model.size()),
      first_moment_(model.size()),
      second_moment_(num_blocks_ * kBlockLanes) {
  for (const Dim dim : kAllDims) {
    std::vector<std::size_t> slots;
    for (std::size_t s = 0; s < num_slots_; ++s) {
      if (model.slots()[s].dim == dim) slots.push_back(s);
    }
    if (!slots.empty()) groups_.push_back(slots);
  }
  for (int layer = 0; layer < model.num_layers(); ++layer) {
    for (int s = 0; s < model.num_slots(); ++s) room_[model.index(layer, s)] = model.log2_bound(layer, s);
  }
}

void ProjectedAdam::Reset() {
  std::fill(first_moment_.begin(), first_moment_.end(), 0.0);
  std::fill(second_moment_.begin(), second_moment_.end(), 0.0);
  power1_ = power2_ = 1;
}

bool ProjectedAdam::Step(double rate, std::span<const double> gradient, std::span<double> x) {
  power1_ *= kAdamDecay1;
  power2_ *= kAdamDecay2;
  const AdamStep step{rate / (1 - power1_), 1 / (1 - power2_)};
  return HWY_DYNAMIC_DISPATCH(StepImpl)(step, gradient, num_blocks_, num_slots_, groups_, room_.data(),
                                        first_moment_.data(), second_moment_.data(), x.data());
}

}  // namespace oneloop
#endif  // HWY_ONCE
