#ifndef ONELOOP_SERVER_HTTP_BROWSER_GUARD_H_
#define ONELOOP_SERVER_HTTP_BROWSER_GUARD_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/http/http_message.h"

namespace oneloop {

// That every request which may change something has to have: a page of another site cannot send it unasked.
inline constexpr char kChangeHeader[] = "X-OneLoop";

// Keeps other sites' pages from speaking to the daemon through the browser of somebody who may. Thread-safe.
class BrowserGuard {
 public:
  // `hosts`: names by which the daemon is reached besides this machine's own, as "oneloop.example.org".
  explicit BrowserGuard(std::vector<std::string> hosts);

  // INVALID_ARGUMENT for a request without a host, or a change without kChangeHeader; PERMISSION_DENIED for one to a
  // host that is not the daemon's (another's name may be made to stand for this machine), and for one that a page of
  // another site makes.
  absl::Status Check(const HttpHead& head) const;

 private:
  const std::vector<std::string> hosts_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_BROWSER_GUARD_H_
