#ifndef ONELOOP_SERVER_JOBS_STOP_RULE_H_
#define ONELOOP_SERVER_JOBS_STOP_RULE_H_

#include <optional>
#include <vector>

namespace oneloop {

// Which starts of a job with a stop gap run, so that they are the same ones on any number of threads: with k the first
// start that ends within the gap, exactly the starts below k + width. A start may therefore begin once every start that
// is `width` or more before it has ended, none of them within the gap. `width`, the larger of 2 and an eighth of the
// starts, bounds both how many run at a time and how many run in vain. Not thread-safe.
class StopRule {
 public:
  explicit StopRule(int num_starts);

  // Once or more often for each start that has ended.
  void OnEnded(int start, bool within_gap);

  // Starts below may begin by now.
  int may_begin_below() const;
  // Starts from here on never begin, as far as is known.
  int never_from() const;
  // The first start that ended within the gap, as far as is known.
  std::optional<int> first_within() const;

 private:
  const int num_starts_;
  const int width_;
  std::vector<bool> ended_;
  int first_open_ = 0;
  int first_within_;  // num_starts_ when there is none
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_STOP_RULE_H_
