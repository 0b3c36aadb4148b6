#ifndef ONELOOP_SERVER_NET_CALL_BUDGET_H_
#define ONELOOP_SERVER_NET_CALL_BUDGET_H_

#include <cstddef>
#include <string>
#include <unordered_map>

#include "common/base/clock.h"

namespace oneloop {

// How many calls those who share a bound may begin in a short time. gRPC bounds the calls of a connection that are
// open, but one that is given up at once is open no longer while it still waits to be looked at, with some 16 KiB:
// without a budget, calls come faster than anybody can refuse them. Not thread-safe; times are of the steady clock.
class CallBudget {
 public:
  using Time = SteadyChrono::time_point;
  struct Options {
    double most = 0;        // calls at once
    double per_second = 0;  // that come back
    double given_up = 1;    // calls that one which its client gives up counts for, beside itself
  };
  explicit CallBudget(const Options& options) : options_(options) {}

  // False when there is nothing left for this.
  bool TakeCall(const std::string& shared, Time now) { return Take(shared, 1, now); }
  bool TakeGivenUp(const std::string& shared, Time now) { return Take(shared, options_.given_up, now); }

  // Forgets those who have it all.
  void Tidy(Time now);
  std::size_t size() const { return accounts_.size(); }

 private:
  struct Account {
    double left = 0;
    Time since;
  };
  double LeftAt(const Account& account, Time now) const;
  bool Take(const std::string& shared, double cost, Time now);

  const Options options_;
  std::unordered_map<std::string, Account> accounts_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_CALL_BUDGET_H_
