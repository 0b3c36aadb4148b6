#ifndef ONELOOP_SERVER_HANDLERS_PAGE_TOKEN_H_
#define ONELOOP_SERVER_HANDLERS_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace oneloop {

// Page tokens are opaque to callers: the key of the last row, and a hash that binds them to their query.

// A fingerprint of a query; `text` spells out the method and every parameter but the page's.
std::uint64_t QueryHash(const std::string& text);

std::string EncodePageToken(std::int64_t last_key, std::uint64_t query_hash);
// For lists whose rows have a key of two parts, or whose pages are all of one revision.
struct PageKey {
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::int64_t revision = 0;  // of the first page
};
std::string EncodePageToken(const PageKey& last_key, std::uint64_t query_hash);

// INVALID_ARGUMENT with field "page_token" for a token that is damaged or of another query.
absl::StatusOr<std::int64_t> DecodePageToken(const std::string& token, std::uint64_t query_hash);
absl::StatusOr<PageKey> DecodePageKey(const std::string& token, std::uint64_t query_hash);

// The number of rows to return: `fallback` for 0, never above `most`. INVALID_ARGUMENT with field "page_size" for a
// negative one.
absl::StatusOr<int> EffectivePageSize(int page_size, int fallback, int most);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_PAGE_TOKEN_H_
