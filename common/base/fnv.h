#ifndef ONELOOP_COMMON_BASE_FNV_H_
#define ONELOOP_COMMON_BASE_FNV_H_

#include <cstdint>
#include <string_view>

namespace oneloop {

// FNV-1a, 64 bits: the same on every machine and after a restart, which the hashes of the libraries do not promise.
// `hash`: of the bytes before these. Finds damage, not forgery.
inline std::uint64_t Fnv1a64(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_FNV_H_
