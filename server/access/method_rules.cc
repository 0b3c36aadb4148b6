#include "server/access/method_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr bool kChanges = true;
constexpr bool kOwnOnly = true;

constexpr std::array kRules = {
    MethodRule{"AdminService.Backup", Scope::kAdmin, "", kChanges},
    MethodRule{"AdminService.Drain", Scope::kAdmin, "", kChanges},
    // Names of calibrations may lack their project, and only handlers know their owners: they check both, and the
    // project of the one that EvaluateDesigns names.
    MethodRule{"CalibrationService.CancelCalibration", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"CalibrationService.CreateCalibration", Scope::kUser, "parent", kChanges},
    MethodRule{"CalibrationService.DeleteCalibration", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"CalibrationService.GetCalibration", Scope::kViewer, "name"},
    MethodRule{"CalibrationService.ListCalibrations", Scope::kViewer, "parent"},
    MethodRule{"ModelService.EvaluateDesigns", Scope::kViewer, ""},
    MethodRule{"ModelService.GetServerInfo", Scope::kViewer, ""},
    MethodRule{"ModelService.GetTemplate", Scope::kViewer, ""},
    MethodRule{"ModelService.GetWorkload", Scope::kViewer, ""},
    MethodRule{"ModelService.ListTemplates", Scope::kViewer, ""},
    MethodRule{"ModelService.ListWorkloads", Scope::kViewer, ""},
    MethodRule{"SearchService.CancelJob", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"SearchService.CreateJob", Scope::kUser, "parent", kChanges},
    MethodRule{"SearchService.DeleteJob", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"SearchService.GetDesign", Scope::kViewer, "name"},
    MethodRule{"SearchService.GetJob", Scope::kViewer, "name"},
    MethodRule{"SearchService.GetPoint", Scope::kViewer, "name"},
    MethodRule{"SearchService.ListJobs", Scope::kViewer, "parent"},
    MethodRule{"SearchService.ListPoints", Scope::kViewer, "parent"},
    MethodRule{"SearchService.PauseJob", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"SearchService.ResumeJob", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"SearchService.UndeleteJob", Scope::kUser, "name", kChanges, kOwnOnly},
    MethodRule{"SearchService.UpdateJob", Scope::kUser, "job.name", kChanges, kOwnOnly},
    MethodRule{"SearchService.Watch", Scope::kViewer, "name"},
    MethodRule{"ServerReflection.ServerReflectionInfo", Scope::kViewer, ""},
};

}  // namespace

std::span<const MethodRule> MethodRules() { return kRules; }

const MethodRule* FindMethodRule(std::string_view method) {
  const auto* const found =
      std::find_if(kRules.begin(), kRules.end(), [&](const MethodRule& rule) { return rule.method == method; });
  return found == kRules.end() ? nullptr : found;
}

absl::Status CheckRule(const MethodRule& rule, const Caller& caller, std::optional<std::string_view> project) {
  if (caller.scope < rule.scope) {
    return absl::PermissionDeniedError(absl::StrCat(ToAbsl(rule.method), " needs the scope ",
                                                    ToAbsl(ScopeName(rule.scope)), "; user ", caller.user, " has ",
                                                    ToAbsl(ScopeName(caller.scope))));
  }
  if (!project.has_value() || caller.MayUseProject(*project)) return absl::OkStatus();
  const std::string own = absl::StrJoin(caller.projects, ", ");
  if (*project == "-") {
    return absl::PermissionDeniedError(absl::StrCat(
        "projects/-, all projects, needs access to all of them; name one of user ", caller.user, "'s: ", own));
  }
  return absl::PermissionDeniedError(absl::StrCat(ToAbsl(rule.method), " needs access to project ", ToAbsl(*project),
                                                  "; user ", caller.user, " has: ", own));
}

absl::Status CheckOwner(const MethodRule& rule, const Caller& caller, std::string_view owner) {
  if (!rule.own_only || caller.scope == Scope::kAdmin || caller.user == owner) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(ToAbsl(rule.method), " needs the job's owner, ",
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
