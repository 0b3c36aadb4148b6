#ifndef ONELOOP_CLIENT_ENVIRONMENT_H_
#define ONELOOP_CLIENT_ENVIRONMENT_H_

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace oneloop {

// Ctrl-C while a command waits for a job.
class InterruptSource {
 public:
  virtual ~InterruptSource() = default;
  // From here to Disarm() an interrupt no longer ends the process; it is reported by Pending().
  virtual void Arm() = 0;
  virtual void Disarm() = 0;
  // True once an interrupt has come since Arm().
  virtual bool Pending() = 0;
};

// All that a command knows of the world outside: main.cc supplies the process's, tests their own. The streams and
// `interrupts` are borrowed. Used by one thread.
struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  InterruptSource& interrupts;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::function<int()> output_error;      // errno of the first failed write to `out`; 0 when unknown
  std::function<int()> terminal_columns;  // of standard error; 0 when unknown
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::vector<std::string>()> variables;  // all of them, "NAME=value"
  std::function<absl::Time()> now;                      // the wall clock, for dates
  std::function<SteadyTime()> steady_now;               // for waiting and measuring
  std::function<void(absl::Duration)> sleep;
  std::function<std::string()> random_id;  // a fresh identifier of 32 hexadecimal digits
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_ENVIRONMENT_H_
