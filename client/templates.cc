#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/shipped_command.h"

namespace oneloop {
namespace {

using Templates = google::protobuf::RepeatedPtrField<v1::Template>;

std::string ParameterList(const v1::Template& message) {
  return absl::StrJoin(message.parameters(), ", ", [](std::string* text, const v1::Parameter& parameter) {
    absl::StrAppend(text, parameter.name());
  });
}

std::string SpatialList(const v1::Level& level) {
  return absl::StrJoin(level.spatial(), "; ", [](std::string* text, const v1::SpatialAxis& axis) {
    absl::StrAppend(text, axis.name(), ": ", absl::StrJoin(axis.dims(), " "), " <= ", axis.size());
  });
}

std::string CapacityOf(const v1::Level& level) {
  if (!level.capacity_bytes().empty()) return absl::StrCat(level.capacity_bytes(), " B");
  return level.capacity_words().empty() ? "" : absl::StrCat(level.capacity_words(), " words");
}

void PrintOneTable(const v1::Template& message, std::ostream& out) {
  using Align = TextTable::Align;
  out << DetailLine("template", message.name());
  if (!message.description().empty()) out << DetailLine("about", message.description());
  out << DetailLine("MAC", absl::StrCat(message.compute().energy_pj(), " pJ"))
      << DetailLine("area", absl::StrCat(message.area_mm2(), " mm2")) << '\n';
  TextTable parameters(
      out,
      {{"parameter"}, {"min", Align::kRight}, {"max", Align::kRight}, {"step", Align::kRight}, {"unit"}, {"about"}});
  for (const v1::Parameter& parameter : message.parameters()) {
    parameters.AddRow({parameter.name(), ShortNumber(parameter.min()), ShortNumber(parameter.max()),
                       ShortNumber(parameter.has_step() ? parameter.step() : 1), parameter.unit(),
                       parameter.description()});
  }
  parameters.Flush();
  out << '\n';
  TextTable levels(
      out, {{"level"}, {"keeps"}, {"loops"}, {"spatial"}, {"capacity"}, {"words per cycle"}, {"pJ per access"}});
  for (const v1::Level& level : message.levels()) {
    levels.AddRow({level.name(), absl::StrJoin(level.keeps(), " "),
                   level.temporal().empty() ? "all" : absl::StrJoin(level.temporal(), " "), SpatialList(level),
                   CapacityOf(level), level.words_per_cycle(), level.energy_pj()});
  }
  levels.Flush();
}

void PrintOneCsv(const v1::Template& message, std::ostream& out) {
  out << CsvLine({"parameter", "min", "max", "step", "unit", "description"});
  for (const v1::Parameter& parameter : message.parameters()) {
    out << CsvLine({parameter.name(), ExactNumber(parameter.min()), ExactNumber(parameter.max()),
                    ExactNumber(parameter.has_step() ? parameter.step() : 1), parameter.unit(),
                    parameter.description()});
  }
}

void PrintList(const Templates& templates, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    JsonListWriter list(out, "templates");
    for (const v1::Template& message : templates) list.Add(message);
    list.End();
    return;
  }
  TextTable table(out, {{"template"}, {"levels", TextTable::Align::kRight}, {"parameters"}, {"about"}});
  if (format == OutputFormat::kCsv) out << CsvLine({"name", "levels", "parameters", "description"});
  for (const v1::Template& message : templates) {
    const std::vector<std::string> row = {message.name(), absl::StrCat(message.levels_size()), ParameterList(message),
                                          message.description()};
    if (format == OutputFormat::kCsv) {
      out << CsvLine(row);
    } else {
      table.AddRow(row);
    }
  }
  if (format == OutputFormat::kTable) table.Flush();
}

struct TemplateKind {
  using Message = v1::Template;
  using ListRequest = v1::ListTemplatesRequest;
  using ListResponse = v1::ListTemplatesResponse;
  static constexpr const char* kCommand = "templates";
  static constexpr const char* kSingular = "template";
  static constexpr const char* kWhat = "hardware templates";

  static absl::StatusOr<Message> Get(ServiceClient& client, const std::string& name) {
    v1::GetTemplateRequest request;
    request.set_name(absl::StrCat("templates/", name));
    return client.GetTemplate(request);
  }
  static absl::StatusOr<ListResponse> List(ServiceClient& client, const ListRequest& request) {
    return client.ListTemplates(request);
  }
  static Templates* Messages(ListResponse* response) { return response->mutable_templates(); }
  static void PrintOneTable(const Message& message, std::ostream& out) { oneloop::PrintOneTable(message, out); }
  static void PrintOneCsv(const Message& message, std::ostream& out) { oneloop::PrintOneCsv(message, out); }
  static void PrintList(const Templates& messages, OutputFormat format, std::ostream& out) {
    oneloop::PrintList(messages, format, out);
  }
};

}  // namespace

std::unique_ptr<Command> MakeTemplatesCommand() { return std::make_unique<ShippedCommand<TemplateKind>>(); }

}  // namespace oneloop
