#include "server/net/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/log.h"

namespace oneloop {
namespace {

// What a login and a service usually get, when the process may not ask.
constexpr int kUsualLimit = 1024;

}  // namespace

int DescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsualLimit;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kMostDescriptors));
}

int RaiseDescriptorLimit(int most) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsualLimit;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(most));
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      Log(LogLevel::kWarning, absl::StrCat("the limit of open files cannot be raised: ",
                                           absl::ErrnoToStatus(errno, "setrlimit").message()));
    }
  }
  return DescriptorLimit();
}

}  // namespace oneloop
