#ifndef ONELOOP_SERVER_HTTP_HTTP_SESSIONS_H_
#define ONELOOP_SERVER_HTTP_HTTP_SESSIONS_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace oneloop {

// Who is logged in by a browser: which token stands behind a cookie. In memory alone, so that a restart of the daemon
// logs everybody out. Each call has the token looked at again, so that one that is revoked ends its sessions.
// Thread-safe.
class HttpSessions {
 public:
  struct Options {
    absl::Duration lifetime = absl::Hours(12);
    std::size_t most = 1000;          // the oldest makes room
    std::size_t most_per_token = 50;  // likewise
    std::function<SteadyTime()> clock = SteadyNow;
  };
  HttpSessions() : HttpSessions(Options()) {}
  explicit HttpSessions(Options options) : options_(std::move(options)) {}

  // The cookie's value, 256 random bits. INTERNAL when the system has none.
  absl::StatusOr<std::string> Create(const std::string& token);
  // Its token; none when there is no such session, or it is over.
  std::optional<std::string> TokenOf(const std::string& cookie);
  void Remove(const std::string& cookie);

  absl::Duration lifetime() const { return options_.lifetime; }

 private:
  struct Session {
    std::string token;
    SteadyTime begin;
  };
  bool IsOver(const Session& session) const { return options_.clock() - session.begin >= options_.lifetime; }
  void RemoveOldest(std::optional<std::string_view> token) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  Mutex mutex_;
  std::map<std::string, Session, std::less<>> sessions_ ABSL_GUARDED_BY(mutex_);
};

inline constexpr char kSessionCookie[] = "oneloop_session";
// The value of a cookie in a header Cookie; "" when it is not there.
std::string CookieOf(std::string_view header, std::string_view name);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_SESSIONS_H_
