#ifndef ONELOOP_SERVER_HANDLERS_LIST_PAGE_H_
#define ONELOOP_SERVER_HANDLERS_LIST_PAGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/status.h"
#include "server/handlers/page_token.h"

namespace oneloop {

// A page ends early beyond this, so that it has at most 1 MiB: one entry more is at most some tens of KiB.
inline constexpr std::size_t kPageBytes = (1 << 20) - (128 << 10);

// Copies one page of a short list that is in memory; the token's key is the index of the last entry. Returns the token
// of the next page, "" after the last. Request: one of a List method without a filter.
template <class Request, class List, class Page>
absl::StatusOr<std::string> CopyPage(const Request& request, const List& all, Page* page) {
  const std::uint64_t hash = QueryHash(Request::descriptor()->full_name());
  ASSIGN_OR_RETURN(const int page_size, EffectivePageSize(request.page_size(), 100, 1000));
  const auto size = static_cast<std::int64_t>(all.size());
  std::int64_t begin = 0;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(const std::int64_t before, DecodePageToken(request.page_token(), hash));
    begin = std::clamp<std::int64_t>(before + 1, 0, size);
  }
  const std::int64_t last = std::min<std::int64_t>(begin + page_size, size);
  std::int64_t end = begin;
  for (std::size_t bytes = 0; end < last && bytes < kPageBytes; ++end) {
    auto* const entry = page->Add();
    *entry = *(all.begin() + static_cast<std::ptrdiff_t>(end));
    bytes += entry->ByteSizeLong();
  }
  return end < size ? EncodePageToken(end - 1, hash) : std::string();
}

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_LIST_PAGE_H_
