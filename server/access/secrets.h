#ifndef ONELOOP_SERVER_ACCESS_SECRETS_H_
#define ONELOOP_SERVER_ACCESS_SECRETS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace oneloop {

// So many bytes that nobody can guess, as twice as many hexadecimal digits. INTERNAL when the system has none.
absl::StatusOr<std::string> RandomHex(std::size_t bytes);

// 64 hexadecimal digits; "" when there is no memory for it.
std::string Sha256Hex(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_SECRETS_H_
