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
inline constexpr double kDecay1 = 0.9;
inline constexpr double kDecay2 = 0.999;
inline constexpr double kEpsilon = 1e-8;

}  // namespace oneloop
#endif  // ONELOOP_SERVER_SEARCH_ADAM_ROWS_

HWY_BEFORE_NAMESPACE();
namespace oneloop {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, kBlockLanes>;
using V = hn::Vec<D>;

// Moves `size` factors, a multiple of kBlockLanes; false when a derivative is not finite.
bool MoveImpl(const AdamStep& step, const double* gradient, std::size_t size, double* first_moment,
              double* second_moment, double* x) {
  const D d;
  const V keep1 = hn::Set(d, kDecay1);
  const V take1 = hn::Set(d, 1 - kDecay1);
  const V keep2 = hn::Set(d, kDecay2);
  const V take2 = hn::Set(d, 1 - kDecay2);
  const V correction2 = hn::Set(d, step.correction2);
  const V epsilon = hn::Set(d, kEpsilon);
  const V rate = hn::Set(d, step.rate);
  V infinite = hn::Zero(d);  // becomes NaN with the first derivative that is not finite
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    const V slope = hn::LoadU(d, gradient + i);
    infinite = hn::Add(infinite, hn::Sub(slope, slope));
    const V first = hn::Add(hn::Mul(keep1, hn::LoadU(d, first_moment + i)), hn::Mul(take1, slope));
    const V square = hn::Mul(slope, slope);
    const V second = hn::Add(hn::Mul(keep2, hn::LoadU(d, second_moment + i)), hn::Mul(take2, square));
    hn::StoreU(first, d, first_moment + i);
    hn::StoreU(second, d, second_moment + i);
    const V scale = hn::Add(hn::Sqrt(hn::Mul(second, correction2)), epsilon);
    hn::StoreU(hn::Sub(hn::LoadU(d, x + i), hn::Div(hn::Mul(rate, first), scale)), d, x + i);
  }
  return hn::AllTrue(d, hn::Eq(infinite, hn::Zero(d)));
}

// Projects one dimension of one block: `slots` are its rows, `room` log2 of the bound.
void ProjectImpl(const std::vector<std::size_t>& slots, const double* room, double* x) {
  const D d;
  for (std::size_t lane = 0; lane < kBlockLanes; lane += hn::Lanes(d)) {
    V sum = hn::Zero(d);
    for (const std::size_t slot : slots) {
      const V moved = hn::LoadU(d, x + slot * kBlockLanes + lane);
      const V factor = hn::IfThenElseZero(hn::Gt(moved, hn::Zero(d)), moved);
      hn::StoreU(factor, d, x + slot * kBlockLanes + lane);
      sum = hn::Add(sum, factor);
    }
    const V bound = hn::LoadU(d, room + slots.front() * kBlockLanes + lane);
    const auto beyond = hn::Gt(sum, bound);
    if (hn::AllFalse(d, beyond)) continue;
    const V scale = hn::IfThenElse(beyond, hn::Div(bound, sum), hn::Set(d, 1.0));
    for (const std::size_t slot : slots) {
      hn::StoreU(hn::Mul(hn::LoadU(d, x + slot * kBlockLanes + lane), scale), d, x + slot * kBlockLanes + lane);
    }
  }
}

bool StepImpl(const AdamStep& step, std::span<const double> gradient, std::size_t num_blocks, std::size_t num_slots,
              const std::vector<std::vector<std::size_t>>& groups, const double* room, double* first_moment,
              double* second_moment, double* x) {
  if (!MoveImpl(step, gradient.data(), gradient.size(), first_moment, second_moment, x)) return false;
  for (std::size_t block = 0; block < num_blocks; ++block) {
    const std::size_t begin = block * num_slots * kBlockLanes;
    for (const std::vector<std::size_t>& slots : groups) ProjectImpl(slots, room + begin, x + begin);
  }
  return true;
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
    : num_blocks_(static_cast<std::size_t>((model.num_layers() + kBlockLanes - 1) / kBlockLanes)),
      num_slots_(static_cast<std::size_t>(model.num_slots())),
      room_(model.size()),
      first_moment_(model.size()),
      second_moment_(model.size()) {
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
  power1_ *= kDecay1;
  power2_ *= kDecay2;
  const AdamStep step{rate / (1 - power1_), 1 / (1 - power2_)};
  return HWY_DYNAMIC_DISPATCH(StepImpl)(step, gradient, num_blocks_, num_slots_, groups_, room_.data(),
                                        first_moment_.data(), second_moment_.data(), x.data());
}

}  // namespace oneloop
#endif  // HWY_ONCE
