#ifndef ONELOOP_CLIENT_DIAGNOSIS_H_
#define ONELOOP_CLIENT_DIAGNOSIS_H_

#include <string>
#include <vector>

#include "client/environment.h"
#include "client/server_options.h"
#include "client/service_client.h"

namespace oneloop {

// One thing that was looked at between this program and the daemon.
struct Finding {
  std::string check;  // "port"
  std::string text;   // what is so, without line break
  std::string fix;    // what to do about it; "" when it is as it should be
};

struct Diagnosis {
  std::vector<Finding> findings;
  bool reached = false;  // a daemon has answered

  bool healthy() const;
};

// Goes from the address to the daemon's answer, one check after the other: name, port or socket, TLS, token, version,
// clock. What comes after a check that failed is left out where it depends on it.
Diagnosis Diagnose(const ServiceClient::Options& options, const ServerOptions::Sources& sources,
                   const std::string& client_version, const Environment& env);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_DIAGNOSIS_H_
