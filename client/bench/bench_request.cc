#include "client/bench/bench_request.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/enum_names.h"
#include "client/errors.h"
#include "client/exit_code.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kCommand[] = "bench";
constexpr std::int32_t kDefaultSeeds = 5;
constexpr std::int32_t kMostSeeds = 1000;
// Of a job, as the daemon has them.
constexpr std::int32_t kDefaultStarts = 7;
constexpr std::int32_t kDefaultSteps = 1490;

std::string NameOf(v1::Algorithm algorithm) { return absl::AsciiStrToLower(v1::Algorithm_Name(algorithm)); }

// The names of the daemon's workloads or templates that are meant for comparisons.
template <class Request, class Response, class Items>
absl::StatusOr<std::vector<std::string>> BenchmarkNames(ServiceClient& client,
                                                        absl::StatusOr<Response> (ServiceClient::*list)(const Request&),
                                                        Items items) {
  std::vector<std::string> names;
  Request request;
  do {
    ASSIGN_OR_RETURN(const Response response, (client.*list)(request));
    for (const auto& item : items(response)) {
      if (item.benchmark()) names.push_back(item.name());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return names;
}

std::string FlagOf(const std::string& field) {
  static const auto* const kFlags = new std::map<std::string, std::string>{
      {"parent", "--project"},   {"spec.template_name", "--template"}, {"spec.starts", "--starts"},
      {"spec.steps", "--steps"}, {"spec.samples", "--steps"},          {"spec.algorithm", "--algorithm"}};
  const auto flag = kFlags->find(field);
  return flag == kFlags->end() ? "" : flag->second;
}

// All but the tiling heuristic, which needs fixed hardware.
std::vector<std::string> SearchAlgorithms() {
  std::vector<std::string> names;
  for (const std::string& name : EnumNames(v1::Algorithm_descriptor())) {
    if (EnumNumber(v1::Algorithm_descriptor(), name) != v1::DEFAULT_TILER) names.push_back(name);
  }
  return names;
}

}  // namespace

void BenchRequest::Declare(FlagSet* flags) {
  flags->AddRepeated("workload", "NAME|FILE",
                     "what to compute; may be given several times; default those with the mark `benchmark`",
                     &workloads_);
  flags->Add("template", "NAME|FILE", "the hardware; default the one with the mark `benchmark`", &template_);
  flags->AddRepeatedChoice("algorithm", EnumNames(v1::Algorithm_descriptor()),
                           "how to search; may be given several times; default all that search", &algorithms_);
  flags->AddChoice("factors", EnumNames(v1::Factors_descriptor()),
                   "into which factors bounds are split: those that divide them, or any; default imperfect", &factors_);
  flags->Add("ablations", "compare the gradient search with itself, one part taken out or replaced at a time",
             &ablations_);
  flags->Add("seeds", "N", "jobs for each workload and algorithm, with seeds 0 to N-1; default 5", &seeds_);
  flags->Add("starts", "N", "independent starts of each job; default 7", &starts_, "1 to 10000");
  flags->Add("steps", "N", "samples of each start; default 1490", &steps_, "1 to 10000000");
}

std::string BenchRequest::reference() const {
  return ablations_ ? AblationVariants(1).front().name : NameOf(v1::GRADIENT);
}

absl::StatusOr<std::vector<BenchCase>> BenchRequest::Cases(ServiceClient& client, const std::string& parent,
                                                           Environment& env) {
  RETURN_IF_ERROR(CheckCounts());
  ASSIGN_OR_RETURN(const std::vector<BenchVariant> variants, Variants());
  ASSIGN_OR_RETURN(const std::vector<Source> sources, Workloads(client));
  v1::JobSpec common;
  RETURN_IF_ERROR(SetTemplate(client, &common));
  common.set_factors(static_cast<v1::Factors>(EnumNumber(v1::Factors_descriptor(), factors_).value_or(0)));
  if (starts_.has_value()) common.set_starts(*starts_);
  if (steps_.has_value() && !ablations_) common.set_steps(*steps_);
  const std::string id = env.random_id();
  std::set<std::string> names;
  std::vector<BenchCase> cases;
  for (const Source& source : sources) {
    std::string name;
    for (const BenchVariant& variant : variants) {
      BenchCase bench_case;
      bench_case.variant = variant.name;
      bench_case.request.set_parent(parent);
      *bench_case.request.mutable_spec() = common;
      bench_case.request.mutable_spec()->MergeFrom(source.spec);
      bench_case.request.mutable_spec()->MergeFrom(variant.changes);
      ASSIGN_OR_RETURN(name, Check(client, bench_case.request, source));
      bench_case.workload = name;
      for (std::int32_t seed = 0; seed < seeds_.value_or(kDefaultSeeds); ++seed) {
        bench_case.request.mutable_spec()->set_seed(static_cast<std::uint64_t>(seed));
        bench_case.request.set_request_id(absl::StrCat(id, "-", cases.size()));
        cases.push_back(bench_case);
      }
    }
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("--workload ", source.flag, ": workload '", name, "' is given twice"));
    }
  }
  return cases;
}

absl::Status BenchRequest::CheckCounts() const {
  const std::int32_t seeds = seeds_.value_or(kDefaultSeeds);
  if (seeds >= 1 && seeds <= kMostSeeds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--seeds: is ", seeds, "; valid: 1 to ", kMostSeeds));
}

absl::StatusOr<std::vector<BenchVariant>> BenchRequest::Variants() const {
  if (ablations_ && !algorithms_.empty()) {
    return UsageError(kCommand, "--ablations and --algorithm exclude each other");
  }
  if (ablations_) return AblationVariants(SamplesOfJob());
  const std::set<std::string> distinct(algorithms_.begin(), algorithms_.end());
  if (distinct.size() < algorithms_.size()) return UsageError(kCommand, "--algorithm: one is given twice");
  return AlgorithmVariants(algorithms_.empty() ? SearchAlgorithms() : algorithms_);
}

std::int64_t BenchRequest::SamplesOfJob() const {
  return std::int64_t{starts_.value_or(kDefaultStarts)} * steps_.value_or(kDefaultSteps);
}

absl::StatusOr<std::vector<BenchRequest::Source>> BenchRequest::Workloads(ServiceClient& client) {
  std::vector<std::string> flags = workloads_;
  if (flags.empty()) {
    ASSIGN_OR_RETURN(flags, BenchmarkNames(client, &ServiceClient::ListWorkloads,
                                           [](const v1::ListWorkloadsResponse& r) { return r.workloads(); }));
    if (flags.empty()) return UsageError(kCommand, "--workload is missing: the daemon marks none for comparisons");
  }
  std::vector<Source> sources;
  for (const std::string& flag : flags) {
    Source source;
    source.flag = flag;
    if (IsFileArgument(flag)) {
      RETURN_IF_ERROR(source.file.Read(flag, "spec.workload", source.spec.mutable_workload()));
    } else {
      source.spec.set_workload_name(flag);
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

absl::Status BenchRequest::SetTemplate(ServiceClient& client, v1::JobSpec* spec) {
  if (IsFileArgument(template_)) return template_file_.Read(template_, "spec.template", spec->mutable_template_());
  spec->set_template_name(template_);
  if (!template_.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   BenchmarkNames(client, &ServiceClient::ListTemplates,
                                  [](const v1::ListTemplatesResponse& r) { return r.templates(); }));
  if (names.empty()) return UsageError(kCommand, "--template is missing: the daemon marks none for comparisons");
  spec->set_template_name(names.front());
  return absl::OkStatus();
}

absl::StatusOr<std::string> BenchRequest::Check(ServiceClient& client, v1::CreateJobRequest request,
                                                const Source& source) {
  request.set_validate_only(true);
  const absl::StatusOr<v1::Job> job = client.CreateJob(request);
  if (job.ok()) return job->workload_display_name();
  return RenameField(template_file_.Locate(source.file.Locate(job.status())), [&](const std::string& field) {
    return field == "spec.workload_name" ? absl::StrCat("--workload ", source.flag) : FlagOf(field);
  });
}

}  // namespace oneloop
