#include "server/http/http_sessions.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "server/access/secrets.h"

namespace oneloop {
namespace {

constexpr std::size_t kCookieBytes = 32;

}  // namespace

absl::StatusOr<std::string> HttpSessions::Create(const std::string& token) {
  ASSIGN_OR_RETURN(std::string cookie, RandomHex(kCookieBytes));
  MutexLock lock(&mutex_);
  std::erase_if(sessions_, [this](const auto& entry) { return IsOver(entry.second); });
  const auto of_token =
      std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) { return entry.second.token == token; });
  if (static_cast<std::size_t>(of_token) >= options_.most_per_token) RemoveOldest(token);
  if (sessions_.size() >= options_.most) RemoveOldest(std::nullopt);
  sessions_[cookie] = {token, options_.clock()};
  return cookie;
}

void HttpSessions::RemoveOldest(std::optional<std::string_view> token) {
  auto oldest = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
    if (token.has_value() && it->second.token != *token) continue;
    if (oldest == sessions_.end() || it->second.begin < oldest->second.begin) oldest = it;
  }
  if (oldest != sessions_.end()) sessions_.erase(oldest);
}

std::optional<std::string> HttpSessions::TokenOf(const std::string& cookie) {
  MutexLock lock(&mutex_);
  const auto found = sessions_.find(cookie);
  if (found == sessions_.end() || IsOver(found->second)) return std::nullopt;
  return found->second.token;
}

void HttpSessions::Remove(const std::string& cookie) {
  MutexLock lock(&mutex_);
  sessions_.erase(cookie);
}

std::string CookieOf(std::string_view header, std::string_view name) {
  for (const absl::string_view part : absl::StrSplit(ToAbsl(header), ';')) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(absl::StripAsciiWhitespace(part), absl::MaxSplits('=', 1));
    if (pair.first == name) return pair.second;
  }
  return "";
}

}  // namespace oneloop
