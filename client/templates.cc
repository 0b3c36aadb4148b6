#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/command.h"
#include "client/exit_code.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/shipped_command.h"
#include "client/template_check.h"
#include "client/template_import.h"
#include "common/convert/components.h"

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

// The capacities of a level or a partition, of one instance.
template <class Sized>
std::string SizeOf(const Sized& sized) {
  std::vector<std::string> sizes;
  if (!sized.capacity_bytes().empty()) sizes.push_back(absl::StrCat(sized.capacity_bytes(), " B"));
  if (!sized.capacity_words().empty()) sizes.push_back(absl::StrCat(sized.capacity_words(), " words"));
  return absl::StrJoin(sizes, ", ");
}

std::string CapacityOf(const v1::Level& level) {
  std::vector<std::string> parts;
  if (std::string whole = SizeOf(level); !whole.empty()) parts.push_back(std::move(whole));
  for (const v1::Partition& partition : level.partitions()) {
    const std::string tensors = absl::StrJoin(partition.tensors().empty() ? level.keeps() : partition.tensors(), " ");
    const bool is_buffered = partition.has_multiple_buffering() && partition.multiple_buffering() != 1;
    parts.push_back(
        absl::StrCat(tensors, ": ", SizeOf(partition),
                     is_buffered ? absl::StrCat(" for ", ShortNumber(partition.multiple_buffering()), " tiles of each")
                                 : std::string()));
  }
  return absl::StrJoin(parts, "; ");
}

std::string NamesOr(const google::protobuf::RepeatedPtrField<std::string>& names, const char* when_empty) {
  return names.empty() ? std::string(when_empty) : absl::StrJoin(names, " ");
}

// Where factors must divide at a level: "K, X: C".
std::string PerfectOf(const v1::Level& level) {
  std::vector<std::string> places;
  if (!level.perfect_dims().empty()) places.push_back(absl::StrJoin(level.perfect_dims(), " "));
  for (const v1::SpatialAxis& axis : level.spatial()) {
    if (axis.perfect_dims().empty()) continue;
    places.push_back(absl::StrCat(axis.name(), ": ", absl::StrJoin(axis.perfect_dims(), " ")));
  }
  return absl::StrJoin(places, "; ");
}

// "I W?": W as a mapping likes.
std::string KeptBy(const v1::Level& level) {
  std::vector<std::string> names(level.keeps().begin(), level.keeps().end());
  for (const std::string& tensor : level.may_keep()) names.push_back(tensor + "?");
  return names.empty() ? "nothing" : absl::StrJoin(names, " ");
}

// What mappings must be at a level: "R=1 K<=8, X: C>=2, inside: R S, K outside C".
std::string AskedOf(const v1::Level& level) {
  std::vector<std::string> asked;
  if (!level.factors().empty()) asked.push_back(absl::StrJoin(level.factors(), " "));
  if (level.min_utilization() > 0) asked.push_back(absl::StrCat("filled to ", ShortNumber(level.min_utilization())));
  for (const v1::SpatialAxis& axis : level.spatial()) {
    if (!axis.factors().empty()) asked.push_back(absl::StrCat(axis.name(), ": ", absl::StrJoin(axis.factors(), " ")));
    if (axis.min_utilization() > 0) {
      asked.push_back(absl::StrCat(axis.name(), " used to ", ShortNumber(axis.min_utilization())));
    }
  }
  if (!level.innermost().empty()) asked.push_back(absl::StrCat("inside: ", absl::StrJoin(level.innermost(), " ")));
  for (const std::string& pair : level.outside()) asked.push_back(absl::StrReplaceAll(pair, {{" ", " outside "}}));
  return absl::StrJoin(asked, ", ");
}

void PrintParameters(const v1::Template& message, std::ostream& out) {
  using Align = TextTable::Align;
  TextTable parameters(
      out,
      {{"parameter"}, {"min", Align::kRight}, {"max", Align::kRight}, {"step", Align::kRight}, {"unit"}, {"about"}});
  for (const v1::Parameter& parameter : message.parameters()) {
    parameters.AddRow({parameter.name(), ShortNumber(parameter.min()), ShortNumber(parameter.max()),
                       ShortNumber(parameter.has_step() ? parameter.step() : 1), parameter.unit(),
                       parameter.description()});
  }
  parameters.Flush();
}

// A column that the template has nothing for is left out.
void PrintLevels(const v1::Template& message, std::ostream& out) {
  const bool leaks = std::any_of(message.levels().begin(), message.levels().end(),
                                 [](const v1::Level& level) { return !level.leak_pj().empty(); });
  const bool divides = std::any_of(message.levels().begin(), message.levels().end(),
                                   [](const v1::Level& level) { return !PerfectOf(level).empty(); });
  std::vector<TextTable::Column> columns = {{"level"},    {"keeps"},           {"loops"},        {"spatial"},
                                            {"capacity"}, {"words per cycle"}, {"pJ per access"}};
  if (leaks) columns.push_back({"leaks pJ per cycle"});
  if (divides) columns.push_back({"perfect"});
  const bool asks = std::any_of(message.levels().begin(), message.levels().end(),
                                [](const v1::Level& level) { return !AskedOf(level).empty(); });
  if (asks) columns.push_back({"asked"});
  TextTable levels(out, columns);
  for (const v1::Level& level : message.levels()) {
    std::vector<std::string> row = {level.name(),       KeptBy(level),     NamesOr(level.temporal(), "all"),
                                    SpatialList(level), CapacityOf(level), level.words_per_cycle(),
                                    level.energy_pj()};
    if (leaks) row.push_back(level.leak_pj());
    if (divides) row.push_back(PerfectOf(level));
    if (asks) row.push_back(AskedOf(level));
    levels.AddRow(row);
  }
  levels.Flush();
}

// A line for each port; nothing where the levels' own lines say all.
void PrintPorts(const v1::Template& message, std::ostream& out) {
  TextTable ports(out, {{"port of"},
                        {"flows"},
                        {"tensors"},
                        {"pJ per access"},
                        {"words per access"},
                        {"instances per access"},
                        {"words per cycle"},
                        {"weight"}});
  bool any = false;
  for (const v1::Level& level : message.levels()) {
    for (const v1::Port& port : level.ports()) {
      if (!any) out << '\n';
      any = true;
      ports.AddRow({level.name(), NamesOr(port.flows(), "all"),
                    absl::StrJoin(port.tensors().empty() ? level.keeps() : port.tensors(), " "), port.access_pj(),
                    port.block_words(), port.cluster(), port.words_per_cycle(),
                    port.has_weight() ? ShortNumber(port.weight()) : ""});
    }
  }
  if (any) ports.Flush();
}

void PrintLinks(const v1::Template& message, std::ostream& out) {
  TextTable links(out,
                  {{"link of"}, {"pJ per hop"}, {"pJ per router"}, {"hops by"}, {"not shared"}, {"not handed on"}});
  bool any = false;
  for (const v1::Level& level : message.levels()) {
    if (!level.has_link()) continue;
    const v1::FanOutLink& link = level.link();
    if (!any) out << '\n';
    any = true;
    links.AddRow({level.name(), link.hop_pj(), link.router_pj(), link.mesh() ? "place" : "spread",
                  absl::StrJoin(link.unshared(), " "), absl::StrJoin(link.unlinked(), " ")});
  }
  if (any) links.Flush();
}

// With formulas in the place of components: what they cost.
void PrintOneTable(const v1::Template& short_form, std::ostream& out) {
  const absl::StatusOr<v1::Template> expanded = ExpandComponents(short_form);
  const v1::Template& message = expanded.ok() ? *expanded : short_form;
  out << DetailLine("template", message.name());
  if (!message.description().empty()) out << DetailLine("about", message.description());
  if (!message.dialect().empty()) out << DetailLine("counts as", absl::StrCat("Timeloop of ", message.dialect()));
  if (!message.perfect_dims().empty()) {
    out << DetailLine("perfect", absl::StrCat("factors of ", absl::StrJoin(message.perfect_dims(), " ")));
  }
  if (message.min_utilization() > 0) {
    out << DetailLine("in use", absl::StrCat("at least ", ShortNumber(message.min_utilization()), " of all units"));
  }
  if (message.has_node_nm()) out << DetailLine("node", absl::StrCat(ShortNumber(message.node_nm()), " nm"));
  if (message.has_clock_mhz()) out << DetailLine("clock", absl::StrCat(ShortNumber(message.clock_mhz()), " MHz"));
  out << DetailLine("MAC", absl::StrCat(message.compute().energy_pj(), " pJ"))
      << DetailLine("area", absl::StrCat(message.area_mm2(), " mm2")) << '\n';
  if (!message.parameters().empty()) {
    PrintParameters(message, out);
    out << '\n';
  }
  PrintLevels(message, out);
  PrintPorts(message, out);
  PrintLinks(message, out);
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

// Shows what is shipped, reads what other tools have, and shows what a template of the user's own can do.
class TemplatesCommand : public ShippedCommand<TemplateKind> {
 public:
  std::string Summary() const override { return "shows shipped templates; reads Timeloop's; checks your own"; }
  std::string Notes() const override {
    return "`templates import FILE [FILE...]` reads an architecture of Timeloop's (v0.2 to v0.4, or as its front end\n"
           "writes it), with constraints, tables and variables in the other files or after the flags, and prints a\n"
           "template, or writes it to --output. json is the template's message.\n"
           "`templates check FILE` shows what a template can do at one choice of its parameters.\n"
           "No daemon is needed but for NAME and the list.\n";
  }

  void Declare(FlagSet* flags) override {
    ShippedCommand<TemplateKind>::Declare(flags);
    flags->AddOptionalArguments("FILE", "after import and check: what to read", &files_);
    import_.Declare(flags);
    check_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (name() == "import") return import_.Run(files_, format(), env);
    if (name() == "check") return check_.Run(files_, format(), env);
    if (!files_.empty()) return UsageError(Name(), "FILE is for `templates import` and `templates check`");
    return ShippedCommand<TemplateKind>::Run(env);
  }

 private:
  std::vector<std::string> files_;
  TemplateImportCommand import_;
  TemplateCheckCommand check_;
};

}  // namespace

std::unique_ptr<Command> MakeTemplatesCommand() { return std::make_unique<TemplatesCommand>(); }

}  // namespace oneloop
