#ifndef ONELOOP_CLIENT_LISTENER_H_
#define ONELOOP_CLIENT_LISTENER_H_

#include <string>

#include "absl/time/time.h"
#include "client/tls_probe.h"

namespace oneloop {

// Who, if anybody, listens at an address where calls get no answer.
struct Listener {
  enum class Kind {
    kNobody,   // nothing listens there
    kMute,     // the connection is neither made nor refused: a machine that is down, a firewall
    kListens,  // a process takes connections, or has too many that wait
    kStopped,  // that process is stopped, by SIGSTOP or a debugger
    kUnfit,    // the two sides do not agree about TLS
  };
  Kind kind = Kind::kNobody;
  int pid = 0;         // of the process at a Unix socket; 0 when unknown
  std::string detail;  // of kUnfit: what is wrong

  // "process 1234", "a process"
  std::string Who() const;
};

// Looks at a socket, "unix:PATH" or "HOST:PORT", beneath gRPC, within some seconds at most. `tls` is what the client
// has to show.
Listener LookAt(const std::string& address, const TlsProbeOptions& tls);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_LISTENER_H_
