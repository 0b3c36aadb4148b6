#include "server/jobs/stop_rule.h"

#include <algorithm>
#include <cstddef>

namespace oneloop {

StopRule::StopRule(int num_starts)
    : num_starts_(num_starts),
      width_(std::max(2, num_starts / 8)),
      ended_(static_cast<std::size_t>(num_starts)),
      first_within_(num_starts) {}

void StopRule::OnEnded(int start, bool within_gap) {
  ended_[static_cast<std::size_t>(start)] = true;
  while (first_open_ < num_starts_ && ended_[static_cast<std::size_t>(first_open_)]) ++first_open_;
  if (within_gap) first_within_ = std::min(first_within_, start);
}

int StopRule::may_begin_below() const { return std::min(num_starts_, std::min(first_open_, first_within_) + width_); }

int StopRule::never_from() const { return std::min(num_starts_, first_within_ + width_); }

std::optional<int> StopRule::first_within() const {
  if (first_within_ == num_starts_) return std::nullopt;
  return first_within_;
}

}  // namespace oneloop
