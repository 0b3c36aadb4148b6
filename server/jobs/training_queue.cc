#include "server/jobs/training_queue.h"

#include <algorithm>
#include <utility>

namespace oneloop {

void TrainingQueue::Add(const Training& training) {
  users_[training.is_short ? kShortKind : kLongKind][training.owner].waiting.push_back(training.id);
}

void TrainingQueue::Remove(std::int64_t id) {
  for (Users& users : users_) {
    for (auto& [name, user] : users) {
      user.waiting.erase(std::remove(user.waiting.begin(), user.waiting.end(), id), user.waiting.end());
      if (user.running == id) user.running = 0;
    }
    // Once nobody waits, nobody's last turn matters.
    if (std::all_of(users.begin(), users.end(), [](const auto& entry) { return entry.second.waiting.empty(); })) {
      std::erase_if(users, [](const auto& entry) { return entry.second.running == 0; });
    }
  }
}

std::optional<std::int64_t> TrainingQueue::Take(TrainingLane lane) {
  ++turns_;
  if (lane == TrainingLane::kAny) {
    if (const std::optional<std::int64_t> id = TakeOf(users_[kLongKind], turns_)) return id;
  }
  return TakeOf(users_[kShortKind], turns_);
}

std::optional<std::int64_t> TrainingQueue::TakeOf(Users& users, std::int64_t turn) {
  User* next = nullptr;
  for (auto& [name, user] : users) {
    if (user.waiting.empty() || user.running != 0) continue;
    // Among those who had no turn yet, whoever has waited longest.
    if (next == nullptr ||
        std::pair(user.last_turn, user.waiting.front()) < std::pair(next->last_turn, next->waiting.front())) {
      next = &user;
    }
  }
  if (next == nullptr) return std::nullopt;
  next->running = next->waiting.front();
  next->waiting.pop_front();
  next->last_turn = turn;
  return next->running;
}

}  // namespace oneloop
