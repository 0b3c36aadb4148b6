#ifndef ONELOOP_SERVER_JOBS_TRAINING_QUEUE_H_
#define ONELOOP_SERVER_JOBS_TRAINING_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace oneloop {

// Which thread a training may run on: short ones have one that no long one gets.
enum class TrainingLane { kShort, kAny };

// Decides which training is next. A user has at most one short and one long training under way; between users the one
// is next whose last turn is longest ago, of short ones or of long ones, and within a user what came first. kAny takes
// long ones, and short ones when there are none. Pure. Not thread-safe.
class TrainingQueue {
 public:
  struct Training {
    std::int64_t id = 0;
    std::string owner;
    bool is_short = false;
  };

  void Add(const Training& training);
  // Also of one that runs: then its user's next may begin.
  void Remove(std::int64_t id);
  std::optional<std::int64_t> Take(TrainingLane lane);

 private:
  static constexpr std::size_t kShortKind = 0;
  static constexpr std::size_t kLongKind = 1;

  struct User {
    std::deque<std::int64_t> waiting;
    std::int64_t running = 0;  // 0: none
    std::int64_t last_turn = 0;
  };
  using Users = std::map<std::string, User>;

  static std::optional<std::int64_t> TakeOf(Users& users, std::int64_t turn);

  std::array<Users, 2> users_;  // by kind
  std::int64_t turns_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_TRAINING_QUEUE_H_
