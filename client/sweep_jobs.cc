#include "client/sweep_jobs.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/point_metrics.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"

namespace oneloop {
namespace {

constexpr char kName[] = "sweep";
constexpr char kPlace[] = "sweep_place";
constexpr char kSize[] = "sweep_size";
constexpr char kPlan[] = "sweep_plan";
constexpr char kVary[] = "sweep_vary";

constexpr std::size_t kLongestName = 40;
constexpr int kPageSize = 1000;

std::string LabelOf(const v1::Job& job, const std::string& name) {
  const auto label = job.labels().find(name);
  return label == job.labels().end() ? "" : label->second;
}

std::optional<std::size_t> PlaceOf(const v1::Job& job) {
  const auto place = ParseInteger<std::size_t>(LabelOf(job, kPlace));
  if (!place.has_value() || *place == 0) return std::nullopt;
  return *place - 1;
}

SweepIdentity IdentityOf(const v1::Job& job) {
  SweepIdentity identity;
  identity.name = LabelOf(job, kName);
  identity.plan = LabelOf(job, kPlan);
  identity.size = ParseInteger<std::size_t>(LabelOf(job, kSize)).value_or(0);
  for (int i = 1; job.labels().contains(absl::StrCat(kVary, i)); ++i) {
    identity.axes.push_back(LabelOf(job, absl::StrCat(kVary, i)));
  }
  return identity;
}

// Hands over every job of a sweep of the project, or of one sweep, oldest first.
absl::Status ForEachSweepJob(ServiceClient& client, const std::string& parent, const std::string& filter,
                             bool with_deleted, const std::function<void(std::size_t place, v1::Job job)>& handle) {
  v1::ListJobsRequest request;
  request.set_parent(parent);
  request.set_filter(filter);
  request.set_order_by("create_time");
  request.set_page_size(kPageSize);
  request.set_show_deleted(with_deleted);
  do {
    ASSIGN_OR_RETURN(v1::ListJobsResponse response, client.ListJobs(request));
    for (v1::Job& job : *response.mutable_jobs()) {
      // A label of this name that somebody gave makes no sweep.
      if (const std::optional<std::size_t> place = PlaceOf(job)) handle(*place, std::move(job));
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

// The text of a plain field of the spec; "" for another.
std::string FieldText(const v1::JobSpec& spec, const std::string& name) {
  const google::protobuf::FieldDescriptor* const field = v1::JobSpec::descriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated()) return "";
  const google::protobuf::Reflection& reflection = *spec.GetReflection();
  switch (field->cpp_type()) {
    case google::protobuf::FieldDescriptor::CPPTYPE_ENUM:
      return absl::AsciiStrToLower(reflection.GetEnum(spec, field)->name());
    case google::protobuf::FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(spec, field));
    case google::protobuf::FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(spec, field));
    case google::protobuf::FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection.GetUInt64(spec, field));
    case google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE:
      return ExactNumber(reflection.GetDouble(spec, field));
    case google::protobuf::FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(spec, field);
    default:
      return "";
  }
}

const v1::Limit* FindLimit(const v1::JobSpec& spec, const std::string& quantity) {
  for (const v1::Limit& limit : spec.limits()) {
    if (limit.quantity() == quantity) return &limit;
  }
  return nullptr;
}

}  // namespace

absl::Status CheckSweepName(const std::string& name) {
  const bool valid = !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("NAME: is '", name, "'; valid: 1 to ", kLongestName, " letters, digits, '_', '-' and '.'"));
}

void SetSweepLabels(const SweepIdentity& identity, std::size_t place, LabelMap* labels) {
  (*labels)[kName] = identity.name;
  (*labels)[kPlace] = absl::StrCat(place + 1);
  (*labels)[kSize] = absl::StrCat(identity.size);
  (*labels)[kPlan] = identity.plan;
  for (std::size_t i = 0; i < identity.axes.size(); ++i) (*labels)[absl::StrCat(kVary, i + 1)] = identity.axes[i];
}

bool IsSweepLabel(const std::string& name) {
  return name == kName || name == kPlace || name == kSize || name == kPlan || name.starts_with(kVary);
}

std::string SweepsCommandText(const std::string& parent, const std::string& name) {
  constexpr std::string_view kProjects = "projects/";
  const std::string project = parent.substr(kProjects.size());
  return absl::StrCat("oneloop sweeps", name.empty() ? "" : " ", name,
                      project == "default" ? "" : absl::StrCat(" --project ", project));
}

std::string SweepRequestId(const std::string& name, std::size_t place) {
  return absl::StrCat("sweep.", name, ".", place + 1);
}

absl::StatusOr<Sweep> ReadSweep(ServiceClient& client, const std::string& parent, const std::string& name,
                                bool with_deleted) {
  RETURN_IF_ERROR(CheckSweepName(name));
  Sweep sweep;
  RETURN_IF_ERROR(ForEachSweepJob(client, parent, absl::StrCat("label.", kName, "=\"", name, "\""), with_deleted,
                                  [&](std::size_t place, v1::Job job) {
                                    sweep.jobs.push_back({place, std::move(job)});
                                  }));
  std::sort(sweep.jobs.begin(), sweep.jobs.end(),
            [](const SweepJob& a, const SweepJob& b) { return a.place < b.place; });
  if (!sweep.jobs.empty()) sweep.identity = IdentityOf(sweep.jobs.front().job);
  return sweep;
}

absl::StatusOr<Sweep> FindSweep(ServiceClient& client, const std::string& parent, const std::string& name) {
  ASSIGN_OR_RETURN(Sweep sweep, ReadSweep(client, parent, name, /*with_deleted=*/false));
  if (!sweep.jobs.empty()) return sweep;
  return absl::NotFoundError(
      absl::StrCat("there is no sweep '", name, "' in ", parent, "; `", SweepsCommandText(parent, ""), "` lists them"));
}

absl::StatusOr<std::vector<SweepOverview>> ListSweeps(ServiceClient& client, const std::string& parent) {
  std::vector<SweepOverview> sweeps;
  std::map<std::string, std::size_t> index;  // by name
  RETURN_IF_ERROR(ForEachSweepJob(client, parent, absl::StrCat("label.", kName, ":*"), /*with_deleted=*/false,
                                  [&](std::size_t /*place*/, const v1::Job& job) {
                                    const SweepIdentity identity = IdentityOf(job);
                                    const auto [known, is_new] = index.try_emplace(identity.name, sweeps.size());
                                    if (is_new) {
                                      sweeps.emplace_back();
                                      sweeps.back().name = identity.name;
                                      sweeps.back().owner = job.owner();
                                      sweeps.back().size = identity.size;
                                    }
                                    SweepOverview& sweep = sweeps[known->second];
                                    ++sweep.stored;
                                    if (IsFinal(job.state())) ++sweep.over;
                                    if (job.state() == v1::SUCCEEDED) ++sweep.succeeded;
                                    sweep.create_time = job.create_time();
                                  }));
  std::stable_sort(sweeps.begin(), sweeps.end(), [](const SweepOverview& a, const SweepOverview& b) {
    return a.create_time.seconds() > b.create_time.seconds();
  });
  return sweeps;
}

bool IsLimitAxis(const v1::Job& job, const std::string& axis) {
  return !job.spec().fixed_parameters().contains(axis) && FindLimit(job.spec(), axis) != nullptr;
}

std::string VariedValue(const v1::Job& job, const std::string& axis) {
  const v1::JobSpec& spec = job.spec();
  if (axis == "workload") return job.workload_display_name();
  if (axis == "template") return job.template_display_name();
  if (axis == "calibration") return spec.calibration_name();
  if (axis == "objective") return ObjectiveName(spec);
  const auto fixed = spec.fixed_parameters().find(axis);
  if (fixed != spec.fixed_parameters().end()) return ExactNumber(fixed->second);
  if (const v1::Limit* const limit = FindLimit(spec, axis))
    return ExactNumber(limit->min() > 0 ? limit->min() : limit->max());
  return FieldText(spec, axis);
}

}  // namespace oneloop
