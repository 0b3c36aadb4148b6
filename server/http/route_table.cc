#include "server/http/route_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "server/http/http_message.h"

namespace oneloop {
namespace {

constexpr char kAny[] = "*";

// The action behind the last segment's colon, taken off it.
std::string TakeAction(std::string* last) {
  const std::size_t colon = last->rfind(':');
  if (colon == std::string::npos) return "";
  std::string action = last->substr(colon + 1);
  last->resize(colon);
  return action;
}

// What stands for "*": a name, and nothing that means another place.
absl::StatusOr<std::string> NameOf(const std::string& segment) {
  ASSIGN_OR_RETURN(std::string name, Unescape(segment, /*plus_is_space=*/false));
  if (name.empty() || name == "." || name == ".." || name.find_first_of("/\\") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("'", segment, "' in the URL is no name"));
  }
  return name;
}

bool Fits(const RoutePattern& pattern, const std::vector<std::string>& segments, const std::string& action) {
  if (pattern.segments.size() != segments.size() || pattern.action != action) return false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (pattern.segments[i] != kAny && pattern.segments[i] != segments[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view VerbName(HttpVerb verb) {
  switch (verb) {
    case HttpVerb::kGet:
      return "GET";
    case HttpVerb::kPost:
      return "POST";
    case HttpVerb::kPatch:
      return "PATCH";
    case HttpVerb::kDelete:
      break;
  }
  return "DELETE";
}

RoutePattern ParseRoute(std::string_view path) {
  RoutePattern pattern;
  std::string text(path.substr(1));
  const std::size_t open = text.find('{');
  if (open != std::string::npos) {
    const std::size_t equals = text.find('=', open);
    const std::size_t close = text.find('}', open);
    pattern.field = text.substr(open + 1, equals - open - 1);
    const std::string inside = text.substr(equals + 1, close - equals - 1);
    const auto count = [](const std::string& part) {
      return static_cast<std::size_t>(std::count(part.begin(), part.end(), '/'));
    };
    pattern.field_begin = count(text.substr(0, open));
    pattern.field_end = pattern.field_begin + count(inside) + 1;
    text = absl::StrCat(text.substr(0, open), inside, text.substr(close + 1));
  }
  pattern.segments = absl::StrSplit(text, '/');
  pattern.action = TakeAction(&pattern.segments.back());
  return pattern;
}

RouteTable::RouteTable(const std::vector<Method>& methods) {
  for (const Method& method : methods) {
    for (const HttpRoute& route : method.http) entries_.push_back({&method, &route, ParseRoute(route.path)});
  }
}

absl::StatusOr<std::vector<RouteMatch>> RouteTable::Find(std::string_view path) const {
  std::vector<std::string> segments = absl::StrSplit(ToAbsl(path.substr(1)), '/');
  const std::string action = TakeAction(&segments.back());
  std::vector<RouteMatch> matches;
  for (const Entry& entry : entries_) {
    if (!Fits(entry.pattern, segments, action)) continue;
    RouteMatch match = {entry.method, entry.route, entry.pattern.field, ""};
    for (std::size_t i = entry.pattern.field_begin; i < entry.pattern.field_end; ++i) {
      ASSIGN_OR_RETURN(const std::string name, NameOf(segments[i]));
      absl::StrAppend(&match.value, match.value.empty() ? "" : "/", name);
    }
    matches.push_back(std::move(match));
  }
  return matches;
}

}  // namespace oneloop
