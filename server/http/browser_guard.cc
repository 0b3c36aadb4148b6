#include "server/http/browser_guard.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// "localhost" of "localhost:8080", "[::1]" of "[::1]:8080".
std::string NameOf(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return absl::AsciiStrToLower(ToAbsl(host.substr(0, colon)));
}

std::vector<std::string> WithOwnNames(std::vector<std::string> hosts) {
  for (std::string& host : hosts) absl::AsciiStrToLower(&host);
  hosts.insert(hosts.end(), {"localhost", "127.0.0.1", "[::1]"});
  return hosts;
}

}  // namespace

BrowserGuard::BrowserGuard(std::vector<std::string> hosts) : hosts_(WithOwnNames(std::move(hosts))) {}

absl::Status BrowserGuard::Check(const HttpHead& head) const {
  const std::optional<std::string_view> host = head.Find("host");
  if (!host.has_value() || host->empty()) return absl::InvalidArgumentError("the request has not one header Host");
  if (std::find(hosts_.begin(), hosts_.end(), NameOf(*host)) == hosts_.end()) {
    return absl::PermissionDeniedError(absl::StrCat("the daemon is not called '", ToAbsl(*host),
                                                    "'; valid: ", absl::StrJoin(hosts_, ", "),
                                                    " (oneloopd --http_host NAME adds a name)"));
  }
  for (const char* field : {"origin", "sec-fetch-site"}) {
    if (head.Has(field) && !head.Find(field).has_value()) {
      return absl::PermissionDeniedError(absl::StrCat("the header ", field, " says two things"));
    }
  }
  const std::optional<std::string_view> origin = head.Find("origin");
  if (origin.has_value() && *origin != absl::StrCat("http://", ToAbsl(*host)) &&
      *origin != absl::StrCat("https://", ToAbsl(*host))) {
    return absl::PermissionDeniedError(absl::StrCat("a page of '", ToAbsl(*origin), "' may not call this daemon"));
  }
  const std::optional<std::string_view> site = head.Find("sec-fetch-site");
  const bool is_navigation = head.Find("sec-fetch-mode") == "navigate";
  if (site.has_value() && *site != "same-origin" && *site != "none" && !(is_navigation && head.verb == "GET")) {
    return absl::PermissionDeniedError("a page of another site may not call this daemon");
  }
  const bool may_change = head.verb != "GET" && head.verb != "HEAD";
  if (may_change && !head.Find(absl::AsciiStrToLower(kChangeHeader)).has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("a ", head.verb, " needs the header '", kChangeHeader,
                                                   ": 1', which a page of another site cannot send"));
  }
  return absl::OkStatus();
}

}  // namespace oneloop
