#ifndef ONELOOP_COMMON_BASE_READ_FILE_H_
#define ONELOOP_COMMON_BASE_READ_FILE_H_

#include <cstddef>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// The bytes of a file, pipe or device, to its end. Errors begin with "PATH: ": NOT_FOUND when there is none,
// PERMISSION_DENIED when this user may not read it, INVALID_ARGUMENT when it is a directory, holds more than `most`
// bytes (an endless one is left there) or fails while it is read.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     std::size_t most = std::numeric_limits<std::size_t>::max());

// The error of ReadFile for a file that could not be opened or read; `code` is its errno.
absl::Status ReadFileError(const std::string& path, int code);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_READ_FILE_H_
