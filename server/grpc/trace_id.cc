#include "server/grpc/trace_id.h"

#include <algorithm>
#include <cstddef>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestTraceId = 64;

std::string RandomTraceId() {
  std::random_device device;
  return absl::StrFormat("%08x%08x%08x%08x", device(), device(), device(), device());
}

}  // namespace

bool IsValidTraceId(std::string_view id) {
  return !id.empty() && id.size() <= kLongestTraceId &&
         std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

std::string TakeTraceId(grpc::ServerContextBase& context) {
  const auto sent = context.client_metadata().find(kTraceMetadata);
  std::string id = sent == context.client_metadata().end() ? "" : std::string(sent->second.data(), sent->second.size());
  if (!IsValidTraceId(id)) id = RandomTraceId();
  context.AddTrailingMetadata(kTraceMetadata, id);
  return id;
}

}  // namespace oneloop
