#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/design_csv.h"
#include "client/errors.h"
#include "client/output.h"
#include "client/output_folder.h"
#include "common/base/status.h"
#include "common/convert/constraints.h"
#include "common/convert/yaml_document.h"
#include "common/formats/design_source.h"
#include "common/formats/gemmini_export.h"
#include "common/formats/message_yaml.h"
#include "common/formats/text_file.h"
#include "common/formats/timeloop_export.h"
#include "oneloop/v1/design_file.pb.h"

namespace oneloop {
namespace {

constexpr char kTimeloop[] = "timeloop";
constexpr char kGemmini[] = "gemmini";
constexpr char kYaml[] = "yaml";
constexpr char kCsv[] = "csv";

// Each version of Timeloop counts as templates of its dialect do.
TimeloopVersion VersionOf(const std::string& flag, const v1::Template& hardware_template) {
  if (flag == NameOf(TimeloopVersion::k03)) return TimeloopVersion::k03;
  if (flag == NameOf(TimeloopVersion::k04)) return TimeloopVersion::k04;
  const std::string& dialect = hardware_template.dialect();
  return dialect.empty() || dialect == "2022" ? TimeloopVersion::k03 : TimeloopVersion::k04;
}

absl::StatusOr<ExportedFiles> ExportYaml(const DesignSource& source, const std::vector<v1::Workload>& workloads) {
  const std::string head = absl::StrCat("# ", source.made_by, "\n");
  ExportedFiles result;
  v1::DesignFile file;
  *file.mutable_template_() = source.hardware_template;
  *file.mutable_design() = source.design;
  result.files.push_back({"design.yaml", head + MessageYaml(file)});
  result.files.push_back({"template.yaml", head + MessageYaml(source.hardware_template)});
  for (const v1::Workload& workload : workloads) {
    const std::string name =
        workloads.size() == 1 ? "workload.yaml" : absl::StrCat("workload_", workload.name(), ".yaml");
    result.files.push_back({name, head + MessageYaml(workload)});
  }
  for (const TextFile& written : result.files) {
    if (written.text.size() <= kMaxYamlBytes) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(written.name, ": takes more than ", kMaxYamlBytes >> 20, " MiB, the most that is read back"));
  }
  return result;
}

class ExportCommand : public Command {
 public:
  std::string Name() const override { return "export"; }
  std::string Summary() const override { return "writes a design of a job as files for other tools"; }
  std::string Notes() const override {
    return "timeloop: architecture, energies, and of each layer problem, mapping and constraints, for timeloop-model "
           "of\n"
           "2022 (version 0.3) or 2025 (0.4), with scripts that run it and compare its figures with ours.\n"
           "gemmini: parameters for its Chisel generator and tile sizes for its library, of templates built like it.\n"
           "yaml: design.yaml, which `oneloop evaluate` scores, with template and workload for `oneloop submit`.\n"
           "csv: the rows that `oneloop evaluate` reads.\n"
           "The first line of each file says what made it and from which job and point. Nothing is overwritten: a "
           "file\n"
           "that is there already is an error, and then nothing is written. What the other tool cannot express is an\n"
           "error, or a warning where the files still run; the README that is written says it once more.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("point", "N", "the design of exact point N; default the best", &point_);
    flags->AddChoice("as", {kTimeloop, kGemmini, kYaml, kCsv}, "the format", &as_);
    flags->Add("output", "DIR", "the folder to write to", &output_);
    flags->AddShort('o', "output");
    flags->AddChoice("timeloop_version", {NameOf(TimeloopVersion::k03), NameOf(TimeloopVersion::k04)},
                     "of Timeloop's files; default 0.3 for templates that count as Timeloop of 2022, else 0.4",
                     &timeloop_version_);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (as_.empty() || output_.empty()) return UsageError(Name(), "--as FORMAT and --output DIR are needed");
    if (!timeloop_version_.empty() && as_ != kTimeloop) {
      return UsageError(Name(), "--timeloop_version is for --as timeloop");
    }
    ASSIGN_OR_RETURN(const std::string job_name, project_.JobName(job_));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    v1::GetDesignRequest get_design;
    get_design.set_name(absl::StrCat(job_name, "/designs/", point_.has_value() ? absl::StrCat(*point_) : "best"));
    DesignSource source;
    ASSIGN_OR_RETURN(source.design, client->GetDesign(get_design));
    v1::GetJobRequest get_job;
    get_job.set_name(job_name);
    ASSIGN_OR_RETURN(const v1::Job job, client->GetJob(get_job));
    ASSIGN_OR_RETURN(const v1::Template hardware_template, TemplateOf(*client, job.spec()));
    ASSIGN_OR_RETURN(source.hardware_template, ConstrainedTemplate(job.spec().constraints(), hardware_template));
    source.made_by = absl::StrCat("Made by oneloop ", ONELOOP_VERSION, " from ", OneLine(source.design.name()), ".");
    ASSIGN_OR_RETURN(const ExportedFiles exported, Export(*client, source, job.spec()));
    for (const std::string& warning : exported.warnings) PrintNotice(env, OneLine(warning));
    std::vector<OutputFile> files;
    for (const TextFile& file : exported.files) files.push_back({file.name, file.text});
    RETURN_IF_ERROR(WriteNewFiles(output_, files, env.random_id()));
    return ExitCode::kOk;
  }

 private:
  static absl::StatusOr<v1::Template> TemplateOf(ServiceClient& client, const v1::JobSpec& spec) {
    if (spec.has_template_()) return spec.template_();
    v1::GetTemplateRequest request;
    request.set_name(absl::StrCat("templates/", spec.template_name()));
    return client.GetTemplate(request);
  }

  static absl::StatusOr<v1::Workload> ShippedWorkload(ServiceClient& client, const std::string& name) {
    v1::GetWorkloadRequest request;
    request.set_name(absl::StrCat("workloads/", name));
    return client.GetWorkload(request);
  }

  // Each of the networks, or the one workload.
  static absl::StatusOr<std::vector<v1::Workload>> WorkloadsOf(ServiceClient& client, const v1::JobSpec& spec) {
    std::vector<v1::Workload> workloads;
    const auto add = [&](const auto& source) -> absl::Status {
      if (source.has_workload()) {
        workloads.push_back(source.workload());
        return absl::OkStatus();
      }
      ASSIGN_OR_RETURN(workloads.emplace_back(), ShippedWorkload(client, source.workload_name()));
      return absl::OkStatus();
    };
    if (spec.networks().empty()) RETURN_IF_ERROR(add(spec));
    for (const v1::JobNetwork& network : spec.networks()) RETURN_IF_ERROR(add(network));
    return workloads;
  }

  absl::StatusOr<ExportedFiles> Export(ServiceClient& client, const DesignSource& source,
                                       const v1::JobSpec& spec) const {
    if (as_ == kTimeloop) return ExportTimeloop(source, VersionOf(timeloop_version_, source.hardware_template));
    if (as_ == kGemmini) return ExportGemmini(source);
    if (as_ == kYaml) {
      ASSIGN_OR_RETURN(const std::vector<v1::Workload> workloads, WorkloadsOf(client, spec));
      return ExportYaml(source, workloads);
    }
    ExportedFiles result;
    result.files.push_back({"design.csv", absl::StrCat("# ", source.made_by, "\n", DesignCsv(source.design))});
    return result;
  }

  std::string job_;
  std::optional<std::int64_t> point_;
  std::string as_;
  std::string output_;
  std::string timeloop_version_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeExportCommand() { return std::make_unique<ExportCommand>(); }

}  // namespace oneloop
