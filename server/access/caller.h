#ifndef ONELOOP_SERVER_ACCESS_CALLER_H_
#define ONELOOP_SERVER_ACCESS_CALLER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// What a caller may do. A viewer changes nothing, a user changes what is theirs, too, an admin everything. A worker
// runs parts of jobs and does nothing else.
enum class Scope { kViewer = 1, kUser = 2, kAdmin = 3, kWorker = 4 };

// Whether a caller of one scope may do what needs the other.
bool Includes(Scope scope, Scope needed);

std::string_view ScopeName(Scope scope);
// INVALID_ARGUMENT with the valid names.
absl::StatusOr<Scope> ParseScope(std::string_view name);

// Stands for all projects in a list of projects.
inline constexpr char kAllProjects[] = "*";

// A user's name: 1 to 64 letters, digits and ". _ @ + -". Jobs keep it as their owner.
bool IsValidUser(std::string_view user);

// Who makes a call: known before any handler runs.
struct Caller {
  std::string user;
  Scope scope = Scope::kViewer;
  std::vector<std::string> projects;  // or kAllProjects
  std::string token_id;               // "" when no token was needed

  bool MayUseAllProjects() const;
  bool MayUseProject(std::string_view project) const;
};

// Whom everyone who can open the Unix socket is: an admin of all projects. The name tells people apart, and proves
// nothing.
Caller LocalCaller(std::string user);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_CALLER_H_
