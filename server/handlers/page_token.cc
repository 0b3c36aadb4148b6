#include "server/handlers/page_token.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/fnv.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

template <std::size_t kParts>
std::string Encode(const std::array<std::uint64_t, kParts>& parts) {
  std::string bytes(sizeof(parts), '\0');
  std::memcpy(bytes.data(), parts.data(), sizeof(parts));
  return absl::WebSafeBase64Escape(bytes);
}

// The last part is the hash of the query.
template <std::size_t kParts>
absl::StatusOr<std::array<std::uint64_t, kParts>> Decode(const std::string& token, std::uint64_t query_hash) {
  std::string bytes;
  std::array<std::uint64_t, kParts> parts;
  if (!absl::WebSafeBase64Unescape(token, &bytes) || bytes.size() != sizeof(parts)) {
    return FieldError("page_token", "is damaged; valid: the next_page_token of the page before, as it was");
  }
  std::memcpy(parts.data(), bytes.data(), sizeof(parts));
  if (parts.back() != query_hash) {
    return FieldError("page_token", "belongs to another query; repeat the first page's request, or leave it empty");
  }
  return parts;
}

}  // namespace

std::uint64_t QueryHash(const std::string& text) { return Fnv1a64(text); }

std::string EncodePageToken(std::int64_t last_key, std::uint64_t query_hash) {
  return Encode<2>({static_cast<std::uint64_t>(last_key), query_hash});
}

std::string EncodePageToken(const PageKey& last_key, std::uint64_t query_hash) {
  return Encode<4>({static_cast<std::uint64_t>(last_key.first), static_cast<std::uint64_t>(last_key.second),
                    static_cast<std::uint64_t>(last_key.revision), query_hash});
}

absl::StatusOr<std::int64_t> DecodePageToken(const std::string& token, std::uint64_t query_hash) {
  ASSIGN_OR_RETURN(const auto parts, Decode<2>(token, query_hash));
  return static_cast<std::int64_t>(parts[0]);
}

absl::StatusOr<PageKey> DecodePageKey(const std::string& token, std::uint64_t query_hash) {
  ASSIGN_OR_RETURN(const auto parts, Decode<4>(token, query_hash));
  return PageKey{static_cast<std::int64_t>(parts[0]), static_cast<std::int64_t>(parts[1]),
                 static_cast<std::int64_t>(parts[2])};
}

absl::StatusOr<int> EffectivePageSize(int page_size, int fallback, int most) {
  if (page_size < 0) {
    return FieldError("page_size", absl::StrCat("is ", page_size, "; valid: 0 to ", most));
  }
  return page_size == 0 ? fallback : std::min(page_size, most);
}

}  // namespace oneloop
