#include "server/net/call_budget.h"

#include <algorithm>
#include <chrono>

namespace oneloop {

double CallBudget::LeftAt(const Account& account, Time now) const {
  const double seconds = std::chrono::duration<double>(now - account.since).count();
  return std::min(options_.most, account.left + std::max(0.0, seconds) * options_.per_second);
}

bool CallBudget::Take(const std::string& shared, double cost, Time now) {
  Account& account = accounts_.try_emplace(shared, Account{options_.most, now}).first->second;
  const double left = LeftAt(account, now) - cost;
  account = {std::max(left, 0.0), std::max(now, account.since)};
  return left >= 0;
}

void CallBudget::Tidy(Time now) {
  std::erase_if(accounts_, [&](const auto& entry) { return LeftAt(entry.second, now) >= options_.most; });
}

}  // namespace oneloop
