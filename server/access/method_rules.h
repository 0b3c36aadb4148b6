#ifndef ONELOOP_SERVER_ACCESS_METHOD_RULES_H_
#define ONELOOP_SERVER_ACCESS_METHOD_RULES_H_

#include <optional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "server/access/caller.h"

namespace oneloop {

// What a call needs, one rule for every method of the API.
struct MethodRule {
  std::string_view method;  // "SearchService.CancelJob"
  Scope scope = Scope::kViewer;
  // The request's field that names the project or something in it, as a path ("job.name"); "" for none.
  std::string_view resource;
  bool changes = false;   // leaves a line in the audit log
  bool own_only = false;  // users may only with what is theirs; admins with everything
};

std::span<const MethodRule> MethodRules();
// Null for a method without a rule, which nobody may call.
const MethodRule* FindMethodRule(std::string_view method);

// Whether the caller's scope is enough and the project theirs. `project` is of the resource, "-" for all of them, none
// when the name has another form, which the handler tells better. PERMISSION_DENIED, with what is needed.
absl::Status CheckRule(const MethodRule& rule, const Caller& caller, std::optional<std::string_view> project);

// Whether the caller may change what belongs to `owner`. PERMISSION_DENIED, with what is needed.
absl::Status CheckOwner(const MethodRule& rule, const Caller& caller, std::string_view owner);

// "p" of "projects/p/jobs/7"; none when the name does not begin so.
std::optional<std::string_view> ProjectOf(std::string_view resource_name);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_METHOD_RULES_H_
