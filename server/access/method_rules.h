#ifndef ONELOOP_SERVER_ACCESS_METHOD_RULES_H_
#define ONELOOP_SERVER_ACCESS_METHOD_RULES_H_

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "server/access/caller.h"

namespace oneloop {

// What a method asks of its caller.
struct MethodRule {
  // What the caller's scope has to include; none: everyone may call, also without saying who they are.
  std::optional<Scope> scope;
  // The request's field that names the project or something in it, as a path ("job.name"); "" for none.
  std::string_view resource;
  bool changes = false;       // leaves a line in the audit log
  bool own_only = false;      // users may only with what is theirs; admins with everything
  bool all_projects = false;  // acts on what is everyone's: needs access to all projects
  bool any_scope = false;     // whoever they are, but they have to say so
};

// Whether the caller's scope is enough for the method, whatever it is about. PERMISSION_DENIED, with what is needed.
absl::Status CheckScope(std::string_view method, const MethodRule& rule, const Caller& caller);

// Whether the project is one of the caller's. `project` is of the resource, "-" for all of them, none when the name has
// another form, which the handler tells better. PERMISSION_DENIED, with what is needed.
absl::Status CheckProject(std::string_view method, const Caller& caller, std::optional<std::string_view> project);

// Whether the caller may change what belongs to `owner`. PERMISSION_DENIED, with what is needed.
absl::Status CheckOwner(std::string_view method, const MethodRule& rule, const Caller& caller, std::string_view owner);

// "p" of "projects/p/jobs/7"; none when the name does not begin so.
std::optional<std::string_view> ProjectOf(std::string_view resource_name);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_METHOD_RULES_H_
