#include "server/handlers/job_convert.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/mapping/awkward_bounds.h"
#include "oneloop/v1/library.pb.h"
#include "server/handlers/deterministic_bytes.h"
#include "server/search/own_best.h"

namespace oneloop {
namespace {

// A list of a page's jobs holds so much of each at most.
constexpr std::size_t kLargestSummary = 16 << 10;

// Message: JobSpec or JobNetwork.
template <class Message>
absl::StatusOr<v1::Workload> ResolveWorkload(const Message& message, const Catalog& catalog) {
  switch (message.workload_source_case()) {
    case Message::kWorkloadName: {
      const v1::Workload* shipped = catalog.FindWorkload(message.workload_name());
      if (shipped != nullptr) return *shipped;
      return FieldError("workload_name", absl::StrCat("there is no workload '", message.workload_name(), "'",
                                                      catalog.SuggestWorkload(message.workload_name())));
    }
    case Message::kWorkload:
      RETURN_IF_ERROR(PrefixField("workload", CheckLayerNames(message.workload())));
      return message.workload();
    case Message::WORKLOAD_SOURCE_NOT_SET:
      break;
  }
  return FieldError("workload_name", "is missing; give the name of a shipped workload, or a workload");
}

absl::Status ResolveNetworks(const v1::JobSpec& spec, const Catalog& catalog, v1::Library* resolved) {
  if (spec.workload_source_case() != v1::JobSpec::WORKLOAD_SOURCE_NOT_SET) {
    return FieldError("networks", "cannot be given together with a workload");
  }
  if (spec.networks_size() > kMaxNetworks) {
    return FieldError("networks",
                      absl::StrCat("has ", spec.networks_size(), " networks; valid: at most ", kMaxNetworks));
  }
  for (int n = 0; n < spec.networks_size(); ++n) {
    absl::StatusOr<v1::Workload> workload = ResolveWorkload(spec.networks(n), catalog);
    if (!workload.ok()) return PrefixField(absl::StrCat("networks[", n, "]"), workload.status());
    *resolved->add_workloads() = *std::move(workload);
  }
  return absl::OkStatus();
}

// All sources as messages of their own.
absl::StatusOr<v1::Library> ResolveSources(const v1::JobSpec& spec, const Catalog& catalog,
                                           const CalibrationCatalog& calibrations, const std::string& project) {
  v1::Library resolved;
  if (spec.networks().empty()) {
    ASSIGN_OR_RETURN(*resolved.add_workloads(), ResolveWorkload(spec, catalog));
  } else {
    RETURN_IF_ERROR(ResolveNetworks(spec, catalog, &resolved));
  }
  ASSIGN_OR_RETURN(*resolved.add_templates(), ResolveTemplate(spec, catalog));
  if (!spec.calibration_name().empty()) {
    ASSIGN_OR_RETURN(*resolved.add_calibrations(), calibrations.GetReady(project, spec.calibration_name()));
  }
  return resolved;
}

// Of jobs that could have other factors, and of templates that ask for perfect ones.
void AddAwkwardBounds(v1::Factors asked, const v1::JobSpec& spec, PreparedJob* prepared) {
  if (asked != v1::PERFECT && spec.factors() == v1::PERFECT) return;
  HardwarePoint largest;
  for (const ParameterRange& range : prepared->search->hardware_range) largest.push_back(range.max);
  const std::vector<std::string> found =
      AwkwardBounds(*prepared->search->hardware_template, *prepared->search->workload, largest);
  if (found.empty()) return;
  prepared->warnings.insert(prepared->warnings.end(), found.begin(), found.end());
  prepared->warnings.emplace_back(spec.factors() == v1::PERFECT
                                      ? "factors IMPERFECT takes all bounds as they are"
                                      : "the template's perfect_dims ask that factors divide");
}

// What was stored before templates declared one is still read.
absl::Status CheckTiler(const SearchSpec& search) {
  if (search.algorithm != Algorithm::kDefaultTiling || search.hardware_template->spec().default_tiler) {
    return absl::OkStatus();
  }
  return FieldError("algorithm", absl::StrCat("is DEFAULT_TILER, but template '", search.hardware_template->name(),
                                              "' declares no default_tiler; valid: GRADIENT, RANDOM, BAYESIAN"));
}

}  // namespace

absl::StatusOr<PreparedJob> PrepareJob(const v1::JobSpec& spec, const Catalog& catalog,
                                       const CalibrationCatalog& calibrations, const std::string& project) {
  PreparedJob prepared;
  ASSIGN_OR_RETURN(prepared.spec, WithDefaults(spec));
  ASSIGN_OR_RETURN(const v1::Library resolved, ResolveSources(prepared.spec, catalog, calibrations, project));
  ASSIGN_OR_RETURN(prepared.search, BuildSearch(prepared.spec, resolved));
  RETURN_IF_ERROR(CheckTiler(*prepared.search));
  NewJob& job = prepared.job;
  job.spec = DeterministicBytes(prepared.spec);
  if (job.spec.size() > kLargestSummary) {
    v1::JobSpec summary = prepared.spec;
    Summarize(&summary);
    job.summary = DeterministicBytes(summary);
  }
  job.resolved = DeterministicBytes(resolved);
  job.workload_name = prepared.search->workload->name;
  job.template_name = prepared.search->hardware_template->name();
  job.parameter_names = prepared.search->hardware_template->parameter_names();
  job.num_layers = std::max(1, static_cast<int>(prepared.search->workload->layers.size()));
  job.num_starts = prepared.search->starts;
  job.starts_wait_for_bound = LacksReferences(*prepared.search);
  job.samples_total = prepared.search->samples_per_start * prepared.search->starts;
  if (prepared.spec.has_stop_gap()) job.stop_gap = prepared.spec.stop_gap();
  prepared.warnings =
      TemplateWarnings(*prepared.search->hardware_template,
                       /*energy_counts=*/prepared.search->objective != MetricProduct::Of(Metric::kLatency));
  AddAwkwardBounds(spec.factors(), prepared.spec, &prepared);
  return prepared;
}

void Summarize(v1::JobSpec* spec) {
  if (spec->ByteSizeLong() <= kLargestSummary) return;
  const auto leave_name = [](auto* message) {
    const std::string name = message->name();
    message->Clear();
    message->set_name(name);
  };
  if (spec->has_workload()) leave_name(spec->mutable_workload());
  for (v1::JobNetwork& network : *spec->mutable_networks()) {
    if (network.has_workload()) leave_name(network.mutable_workload());
  }
  if (spec->has_template_()) leave_name(spec->mutable_template_());
  if (spec->ByteSizeLong() <= kLargestSummary) return;
  spec->clear_limits();
  spec->clear_fixed_parameters();
}

EncodedSearch Encoded(const JobRecord& record) {
  return {record.job.spec, record.job.resolved, record.bound ? record.bound->own_bests : std::vector<double>()};
}

absl::StatusOr<v1::JobSpec> DecodeSpec(const JobRecord& record) {
  absl::StatusOr<v1::JobSpec> spec = ReadSpec(record.job.spec);
  if (!spec.ok()) return PrefixField(absl::StrCat("job ", record.id), spec.status());
  return spec;
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> DecodeSearch(const JobRecord& record) {
  return ReadSearch(Encoded(record));
}

}  // namespace oneloop
