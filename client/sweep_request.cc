#include "client/sweep_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/errors.h"
#include "client/exit_code.h"
#include "client/sweep_jobs.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kCommand[] = "sweep";

bool IsSource(const SweepAxis& axis) { return axis.name == "workload" || axis.name == "template"; }

}  // namespace

void SweepRequest::Declare(FlagSet* flags) {
  flags_ = flags;
  flags->AddRepeated("vary", "NAME=VALUES",
                     "a limit, a parameter of the template or a flag below, and its values: a list 8,16,32, or "
                     "0.5:16:x2 or 1:9:+2; given several times, every combination",
                     &vary_);
  request_.Declare(flags);
}

absl::Status SweepRequest::Prepare(ServiceClient& client, const Environment& env) {
  ASSIGN_OR_RETURN(axes_, ParseSweepAxes(vary_));
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const Sources* const sources, SourcesAt(0, env));
  return FindParameters(client, sources->spec);
}

absl::Status SweepRequest::CheckFlags() const {
  if (flags_->given("request_id")) {
    return UsageError(kCommand, "--request_id: the jobs of a sweep have ids from its name; give it a NAME");
  }
  for (const SweepAxis& axis : axes_) {
    if (IsVariableFlag(axis.name) && flags_->given(axis.name)) {
      return UsageError(kCommand, absl::StrCat("--", axis.name, " and --vary ", axis.name, " exclude each other"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const SweepRequest::Sources*> SweepRequest::SourcesAt(std::size_t place, const Environment& env) {
  std::string key;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (IsSource(axes_[i])) absl::StrAppend(&key, ValueAt(place, i), "\n");
  }
  if (const auto known = sources_.find(key); known != sources_.end()) return &known->second;
  Sources sources{request_, {}};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (IsSource(axes_[i])) RETURN_IF_ERROR(sources.request.Set(axes_[i].name, ValueAt(place, i)));
  }
  RETURN_IF_ERROR(sources.request.FillSources(env, &sources.spec));
  return &sources_.emplace(key, std::move(sources)).first->second;
}

absl::Status SweepRequest::FindParameters(ServiceClient& client, const v1::JobSpec& spec) {
  v1::Template hardware = spec.template_();
  if (!spec.has_template_()) {
    v1::GetTemplateRequest get;
    get.set_name(absl::StrCat("templates/", spec.template_name()));
    absl::StatusOr<v1::Template> shipped = client.GetTemplate(get);
    if (!shipped.ok()) return RenameField(shipped.status(), [](const std::string&) { return "--template"; });
    hardware = *std::move(shipped);
  }
  for (const v1::Parameter& parameter : hardware.parameters()) parameters_.insert(parameter.name());
  return absl::OkStatus();
}

std::vector<std::string> SweepRequest::AxisNames() const {
  std::vector<std::string> names;
  for (const SweepAxis& axis : axes_) names.push_back(axis.name);
  return names;
}

const std::string& SweepRequest::ValueAt(std::size_t place, std::size_t axis) const {
  return axes_[axis].values[CombinationAt(axes_, place)[axis]];
}

absl::StatusOr<SubmitRequest> SweepRequest::RequestAt(std::size_t place, const SubmitRequest& base) const {
  SubmitRequest request = base;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const std::string& name = axes_[i].name;
    if (IsSource(axes_[i])) continue;
    if (IsVariableFlag(name)) {
      RETURN_IF_ERROR(request.Set(name, ValueAt(place, i)));
    } else if (parameters_.contains(name)) {
      RETURN_IF_ERROR(request.Set("fix", absl::StrCat(name, "=", ValueAt(place, i))));
    } else {
      RETURN_IF_ERROR(request.Set("limit", absl::StrCat(name, axes_[i].at_least ? ">=" : "<=", ValueAt(place, i))));
    }
  }
  return request;
}

absl::Status SweepRequest::CheckSpec(const v1::CreateJobRequest& request) const {
  for (const auto& [name, value] : request.labels()) {
    if (IsSweepLabel(name)) {
      return UsageError(kCommand, absl::StrCat("--label ", name, "=", value, ": sweeps set this label themselves"));
    }
  }
  for (const std::string& name : AxisNames()) {
    const auto limits = std::count_if(request.spec().limits().begin(), request.spec().limits().end(),
                                      [&](const v1::Limit& limit) { return limit.quantity() == name; });
    if (limits > (parameters_.contains(name) ? 0 : 1)) {
      return UsageError(kCommand, absl::StrCat("--limit ", name, " and --vary ", name, " exclude each other"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<PlannedJob> SweepRequest::JobAt(std::size_t place, const Environment& env) {
  absl::StatusOr<const Sources*> sources = SourcesAt(place, env);
  if (!sources.ok()) return WithContext(Context(place), sources.status());
  absl::StatusOr<SubmitRequest> flags = RequestAt(place, (*sources)->request);
  if (!flags.ok()) return WithContext(Context(place), flags.status());
  PlannedJob job{*std::move(flags), {}};
  *job.request.mutable_spec() = (*sources)->spec;
  const absl::Status filled = job.flags.FillSettings(env, &job.request);
  if (!filled.ok()) return WithContext(Context(place), filled);
  RETURN_IF_ERROR(CheckSpec(job.request));
  return job;
}

absl::Status SweepRequest::Locate(std::size_t place, const PlannedJob& job, const absl::Status& status) const {
  for (int i = 0; i < job.request.spec().limits_size(); ++i) {
    if (FieldOf(status) != absl::StrCat("spec.limits[", i, "].quantity")) continue;
    const std::string& name = job.request.spec().limits(i).quantity();
    if (std::none_of(axes_.begin(), axes_.end(), [&](const SweepAxis& axis) { return axis.name == name; })) break;
    // The daemon, which takes it for a limit, knows nothing of the flags.
    const std::string flag = NearestName(name, VariableFlags());
    return absl::InvalidArgumentError(absl::StrCat(
        "--vary ", name, ": ",
        flag.empty() ? DescriptionOf(status) : absl::StrCat("is '", name, "' (did you mean '", flag, "'?)")));
  }
  return WithContext(Context(place), job.flags.Locate(status));
}

std::string SweepRequest::Context(std::size_t place) const {
  const std::vector<std::size_t> combination = CombinationAt(axes_, place);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    values.push_back(absl::StrCat(axes_[i].name, " ", axes_[i].values[combination[i]]));
  }
  return absl::StrCat("job ", place + 1, " of ", size(), " (", absl::StrJoin(values, ", "), ")");
}

}  // namespace oneloop
