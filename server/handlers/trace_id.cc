#include "server/handlers/trace_id.h"

#include <algorithm>
#include <cstddef>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestTraceId = 64;

bool IsValid(const std::string& id) {
  return !id.empty() && id.size() <= kLongestTraceId &&
         std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

}  // namespace

std::string TraceIdOr(std::string sent) {
  if (IsValid(sent)) return sent;
  // Opening one costs more than all that is drawn from it here.
  thread_local std::random_device device;
  return absl::StrFormat("%08x%08x%08x%08x", device(), device(), device(), device());
}

}  // namespace oneloop
