#include "server/access/caller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestUser = 64;

bool IsUserCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("._@+-").find(c) != std::string_view::npos;
}

}  // namespace

bool Includes(Scope scope, Scope needed) {
  if (scope == Scope::kWorker || needed == Scope::kWorker) return scope == needed || scope == Scope::kAdmin;
  return scope >= needed;
}

std::string_view ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kViewer:
      return "viewer";
    case Scope::kUser:
      return "user";
    case Scope::kWorker:
      return "worker";
    case Scope::kAdmin:
      break;
  }
  return "admin";
}

absl::StatusOr<Scope> ParseScope(std::string_view name) {
  for (const Scope scope : {Scope::kViewer, Scope::kUser, Scope::kAdmin, Scope::kWorker}) {
    if (ScopeName(scope) == name) return scope;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown scope '", ToAbsl(name), "'; valid: viewer, user, admin, worker"));
}

bool IsValidUser(std::string_view user) {
  return !user.empty() && user.size() <= kLongestUser && std::all_of(user.begin(), user.end(), IsUserCharacter);
}

bool Caller::MayUseAllProjects() const {
  return std::find(projects.begin(), projects.end(), kAllProjects) != projects.end();
}

bool Caller::MayUseProject(std::string_view project) const {
  return MayUseAllProjects() || std::find(projects.begin(), projects.end(), project) != projects.end();
}

Caller LocalCaller(std::string user) {
  Caller caller;
  caller.user = std::move(user);
  caller.scope = Scope::kAdmin;
  caller.projects = {kAllProjects};
  return caller;
}

}  // namespace oneloop
