#include "server/access/method_rules.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace oneloop {

absl::Status CheckScope(std::string_view method, const MethodRule& rule, const Caller& caller) {
  if (rule.scope.has_value() && !rule.any_scope && !Includes(caller.scope, *rule.scope)) {
    return absl::PermissionDeniedError(absl::StrCat(ToAbsl(method), " needs the scope ", ToAbsl(ScopeName(*rule.scope)),
                                                    "; user ", caller.user, " has ", ToAbsl(ScopeName(caller.scope))));
  }
  if (rule.all_projects && !caller.MayUseAllProjects()) {
    return absl::PermissionDeniedError(absl::StrCat(ToAbsl(method), " acts on what is everyone's and needs access to ",
                                                    "all projects; user ", caller.user,
                                                    " has: ", absl::StrJoin(caller.projects, ", ")));
  }
  return absl::OkStatus();
}

absl::Status CheckProject(std::string_view method, const Caller& caller, std::optional<std::string_view> project) {
  if (!project.has_value() || caller.MayUseProject(*project)) return absl::OkStatus();
  const std::string own = absl::StrJoin(caller.projects, ", ");
  if (*project == "-") {
    return absl::PermissionDeniedError(absl::StrCat(
        "projects/-, all projects, needs access to all of them; name one of user ", caller.user, "'s: ", own));
  }
  return absl::PermissionDeniedError(absl::StrCat(ToAbsl(method), " needs access to project ", ToAbsl(*project),
                                                  "; user ", caller.user, " has: ", own));
}

absl::Status CheckOwner(std::string_view method, const MethodRule& rule, const Caller& caller, std::string_view owner) {
  if (!rule.own_only || caller.scope == Scope::kAdmin || caller.user == owner) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(ToAbsl(method), " needs the job's owner, ",
                                                  owner.empty() ? "which it has not" : ToAbsl(owner),
                                                  ", or an admin; user ", caller.user, " is neither"));
}

std::optional<std::string_view> ProjectOf(std::string_view resource_name) {
  constexpr std::string_view kCollection = "projects/";
  if (!resource_name.starts_with(kCollection)) return std::nullopt;
  resource_name.remove_prefix(kCollection.size());
  return resource_name.substr(0, resource_name.find('/'));
}

}  // namespace oneloop
