#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/errors.h"
#include "client/exit_code.h"
#include "client/import_flags.h"
#include "client/input_file.h"
#include "client/job_output.h"
#include "client/layer_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/output_folder.h"
#include "client/shipped_command.h"
#include "client/workload_output.h"
#include "common/base/status.h"
#include "common/convert/yaml_document.h"
#include "common/formats/import.h"
#include "common/formats/timeloop.h"
#include "common/formats/workload_yaml.h"

namespace oneloop {
namespace {

using Workloads = google::protobuf::RepeatedPtrField<v1::Workload>;

std::int64_t CountOf(const v1::Layer& layer) { return layer.has_count() ? layer.count() : 1; }

void PrintOneTable(const v1::Workload& workload, std::ostream& out) {
  using Align = TextTable::Align;
  out << DetailLine("workload", workload.name());
  if (!workload.description().empty()) out << DetailLine("about", workload.description());
  out << DetailLine("layers", absl::StrCat(workload.layers_size())) << DetailLine("MACs", SiNumber(TotalMacs(workload)))
      << '\n';
  for (const std::string& skipped : workload.skipped()) out << DetailLine("left out", skipped);
  TextTable table(out, {{"layer"}, {"count", Align::kRight}, {"bounds"}});
  for (const v1::Layer& layer : workload.layers()) {
    table.AddRow({layer.name(), absl::StrCat(CountOf(layer)), FormatBounds(layer.bounds())});
  }
  table.Flush();
}

void PrintOneCsv(const v1::Workload& workload, std::ostream& out) {
  std::vector<std::string> header = {"layer", "count"};
  for (const std::string& name : BoundColumns()) header.push_back(name);
  out << CsvLine(header);
  for (const v1::Layer& layer : workload.layers()) {
    std::vector<std::string> row = {layer.name(), absl::StrCat(CountOf(layer))};
    for (const std::string& cell : BoundCells(layer.bounds())) row.push_back(cell);
    out << CsvLine(row);
  }
}

void PrintList(const Workloads& workloads, OutputFormat format, std::ostream& out) {
  using Align = TextTable::Align;
  if (format == OutputFormat::kJson) {
    JsonListWriter list(out, "workloads");
    for (const v1::Workload& workload : workloads) list.Add(workload);
    list.End();
    return;
  }
  TextTable table(out, {{"workload"}, {"layers", Align::kRight}, {"MACs", Align::kRight}, {"about"}});
  if (format == OutputFormat::kCsv) out << CsvLine({"name", "layers", "macs", "description"});
  for (const v1::Workload& workload : workloads) {
    const std::string layers = absl::StrCat(workload.layers_size());
    if (format == OutputFormat::kCsv) {
      out << CsvLine({workload.name(), layers, ExactNumber(TotalMacs(workload)), workload.description()});
    } else {
      table.AddRow({workload.name(), layers, SiNumber(TotalMacs(workload)), workload.description()});
    }
  }
  if (format == OutputFormat::kTable) table.Flush();
}

struct WorkloadKind {
  using Message = v1::Workload;
  using ListRequest = v1::ListWorkloadsRequest;
  using ListResponse = v1::ListWorkloadsResponse;
  static constexpr const char* kCommand = "workloads";
  static constexpr const char* kSingular = "workload";
  static constexpr const char* kWhat = "workloads";

  static absl::StatusOr<Message> Get(ServiceClient& client, const std::string& name) {
    v1::GetWorkloadRequest request;
    request.set_name(absl::StrCat("workloads/", name));
    return client.GetWorkload(request);
  }
  static absl::StatusOr<ListResponse> List(ServiceClient& client, const ListRequest& request) {
    return client.ListWorkloads(request);
  }
  static Workloads* Messages(ListResponse* response) { return response->mutable_workloads(); }
  static void PrintOneTable(const Message& message, std::ostream& out) { oneloop::PrintOneTable(message, out); }
  static void PrintOneCsv(const Message& message, std::ostream& out) { oneloop::PrintOneCsv(message, out); }
  static void PrintList(const Workloads& messages, OutputFormat format, std::ostream& out) {
    oneloop::PrintList(messages, format, out);
  }
};

// Shows what is shipped, and turns files of other tools into workloads and back.
class WorkloadsCommand : public ShippedCommand<WorkloadKind> {
 public:
  std::string Summary() const override { return "shows shipped workloads; reads and writes those of other tools"; }
  std::string Notes() const override {
    return "`workloads import FILE` reads an ONNX model, a Timeloop problem or a folder of them, ZigZag's or "
           "OneLoop's\n"
           "YAML, a SCALE-Sim topology (.csv) or a MAESTRO network (.m), and prints a workload file, or writes it to\n"
           "--output. json is the workload's message; with --list it is all that was understood of the file.\n"
           "`workloads export NAME|FILE --as timeloop -o DIR` writes a file for each layer.\n"
           "No daemon is needed but for NAME.\n";
  }

  void Declare(FlagSet* flags) override {
    ShippedCommand<WorkloadKind>::Declare(flags);
    flags->AddOptionalArgument("FILE", "after import: the file to read; after export: the workload, NAME|FILE", &file_);
    import_.Declare(flags);
    flags->Add("list", "show every multiplication, and what is not modelled", &list_);
    flags->Add("dot", "show the graph as a drawing for Graphviz", &dot_);
    flags->Add("output", "PATH", "the file to write, or the folder for export", &output_);
    flags->AddShort('o', "output");
    flags->AddChoice("as", {"timeloop", "yaml"}, "the format to export", &as_);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (name() == "import") return Import(env);
    if (name() == "export") return Export(env);
    if (file_.has_value()) return UsageError(Name(), "FILE is for `workloads import` and `workloads export`");
    return ShippedCommand<WorkloadKind>::Run(env);
  }

 private:
  absl::StatusOr<ExitCode> Import(Environment& env) {
    if (!file_.has_value()) return UsageError(Name(), "FILE is missing: workloads import FILE");
    ASSIGN_OR_RETURN(const ImportOptions options, import_.Options());
    ASSIGN_OR_RETURN(const v1::WorkloadImport result, ImportWorkload(*file_, options));
    for (const std::string& warning : result.warnings()) PrintNotice(env, OneLine(warning));
    if (output_.has_value()) RETURN_IF_ERROR(WriteYaml(*output_, result.workload(), env));
    if (list_) {
      PrintListing(result, env.out);
    } else if (dot_) {
      env.out << WorkloadDot(result.workload());
    } else if (format() == OutputFormat::kJson) {
      env.out << JsonPrinter().Pretty(result.workload());
    } else if (format() == OutputFormat::kCsv) {
      oneloop::PrintOneCsv(result.workload(), env.out);
    } else if (!output_.has_value()) {
      env.out << WorkloadYaml(result.workload());
    }
    return ExitCode::kOk;
  }

  void PrintListing(const v1::WorkloadImport& result, std::ostream& out) const {
    if (format() == OutputFormat::kJson) {
      out << JsonPrinter().Pretty(result);
    } else if (format() == OutputFormat::kCsv) {
      PrintImportCsv(result, out);
    } else {
      PrintImport(result, out);
    }
  }

  absl::StatusOr<ExitCode> Export(Environment& env) {
    if (!file_.has_value())
      return UsageError(Name(), "NAME is missing: workloads export NAME|FILE --as timeloop -o DIR");
    if (as_.empty() || !output_.has_value()) return UsageError(Name(), "export needs --as FORMAT and --output PATH");
    v1::Workload workload;
    if (IsFileArgument(*file_)) {
      ASSIGN_OR_RETURN(const ImportOptions options, import_.Options());
      ASSIGN_OR_RETURN(v1::WorkloadImport result, ImportWorkload(*file_, options));
      workload = std::move(*result.mutable_workload());
    } else {
      ASSIGN_OR_RETURN(const auto client, server().Connect(env));
      ASSIGN_OR_RETURN(workload, WorkloadKind::Get(*client, *file_));
    }
    if (as_ == "yaml") {
      RETURN_IF_ERROR(WriteYaml(*output_, workload, env));
      return ExitCode::kOk;
    }
    std::vector<OutputFile> files;
    for (const auto& [name, text] : TimeloopFiles(workload)) {
      RETURN_IF_ERROR(CheckOutputFile(*output_, name,
                                      [](std::string_view old) { return old.starts_with("# oneloop workload: "); }));
      files.push_back({name, text});
    }
    RETURN_IF_ERROR(WriteOutputFiles(*output_, files, env.random_id()));
    return ExitCode::kOk;
  }

  static absl::Status WriteYaml(const std::string& path, const v1::Workload& workload, Environment& env) {
    const std::string text = WorkloadYaml(workload);
    if (text.size() > kMaxYamlBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": the workload takes more than ", kMaxYamlBytes >> 20,
                                                     " MiB as YAML, the most that is read back; split the model"));
    }
    const auto is_ours = [](std::string_view old) { return old.starts_with(kWorkloadYamlHead); };
    return WriteOutputPath(path, text, is_ours, env.random_id());
  }

  std::optional<std::string> file_;
  ImportFlags import_{"workloads"};
  bool list_ = false;
  bool dot_ = false;
  std::optional<std::string> output_;
  std::string as_;
};

}  // namespace

std::unique_ptr<Command> MakeWorkloadsCommand() { return std::make_unique<WorkloadsCommand>(); }

}  // namespace oneloop
