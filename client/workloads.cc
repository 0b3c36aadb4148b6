#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/job_output.h"
#include "client/layer_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/shipped_command.h"

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

}  // namespace

std::unique_ptr<Command> MakeWorkloadsCommand() { return std::make_unique<ShippedCommand<WorkloadKind>>(); }

}  // namespace oneloop
