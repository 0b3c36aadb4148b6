#include "common/base/flush_output.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace oneloop {

absl::Status FlushOutput(std::ostream& out) {
  errno = 0;
  out.flush();
  if (out.good()) return absl::OkStatus();
  const int code = errno;
  return absl::UnavailableError(
      absl::StrCat("the output cannot be written", code == 0 ? "" : absl::StrCat(": ", std::strerror(code))));
}

}  // namespace oneloop
