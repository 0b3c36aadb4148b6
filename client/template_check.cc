#include "client/template_check.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/assignments.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"

namespace oneloop {
namespace {

constexpr char kCommand[] = "templates";

using Align = TextTable::Align;

std::string Names(const google::protobuf::RepeatedPtrField<std::string>& names) { return absl::StrJoin(names, " "); }

std::string TensorNames(TensorSet tensors) {
  std::string text;
  for (const Tensor tensor : kAllTensors) {
    if (tensors.Has(tensor)) absl::StrAppend(&text, text.empty() ? "" : " ", std::string(1, Name(tensor)));
  }
  return text;
}

std::string FlowNames(FlowSet flows) {
  std::vector<std::string> names;
  for (const FlowKind flow : kAllFlows) {
    if (flows.Has(flow)) names.emplace_back(NameOf(flow));
  }
  return absl::StrJoin(names, " ");
}

// A template with values for its parameters.
class Checked {
 public:
  Checked(v1::Template message, std::unique_ptr<const Template> hardware_template, HardwarePoint hardware)
      : message_(std::move(message)), template_(std::move(hardware_template)), hardware_(std::move(hardware)) {
    instances_.assign(static_cast<std::size_t>(template_->num_levels()), 1);
    double copies = 1;
    for (int l = template_->num_levels() - 1; l >= 0; --l) {
      instances_[static_cast<std::size_t>(l)] = copies;
      for (const AxisSpec& axis : template_->level(l).spatial) copies *= std::floor(axis.size.Evaluate(hardware_));
    }
    units_ = copies;
  }

  void Print(std::ostream& out) const {
    out << DetailLine("template", template_->name());
    if (!message_.description().empty()) out << DetailLine("about", message_.description());
    if (!message_.dialect().empty()) out << DetailLine("counts as", absl::StrCat("Timeloop of ", message_.dialect()));
    std::vector<std::string> parameters;
    parameters.reserve(hardware_.size());
    for (int p = 0; p < template_->num_parameters(); ++p) {
      parameters.push_back(
          absl::StrCat(template_->parameter(p).name, " = ", ShortNumber(hardware_[static_cast<std::size_t>(p)])));
    }
    if (!parameters.empty()) out << DetailLine("where", absl::StrJoin(parameters, ", "));
    out << DetailLine("PEs", SiNumber(units_)) << DetailLine("peak", absl::StrCat(SiNumber(Peak()), " MACs per cycle"));
    if (template_->spec().mac_energy_pj.has_value()) {
      out << DetailLine("MAC", absl::StrCat(ShortNumber(template_->spec().mac_energy_pj->Evaluate(hardware_)), " pJ"));
    }
    if (template_->spec().area_mm2.has_value()) {
      out << DetailLine("area", absl::StrCat(ShortNumber(template_->AreaMm2(hardware_)), " mm2"));
    }
    out << '\n';
    PrintLevels(out);
    PrintPorts(out);
    PrintConstraints(out);
    for (const std::string& warning : TemplateWarnings(*template_, template_->GivesEnergy())) {
      out << "\nwarning: " << warning << '\n';
    }
  }

  // A line for each port, with what Print shows of it and its level.
  void PrintCsv(std::ostream& out) const {
    out << CsvLine({"level", "instances", "capacity_words", "flows", "tensors", "access_pj", "words_per_access",
                    "words_per_cycle", "bytes_per_cycle", "macs_per_byte"});
    for (const Template::Port& port : template_->ports()) {
      const std::optional<double> bytes = BytesPerCycle(port);
      const std::optional<double> price = AccessPj(port.spec);
      out << CsvLine({template_->level(port.level).name, ExactNumber(InstancesOf(port.level)),
                      CapacityText(port.level, Resource::Unit::kWords), FlowNames(port.spec.flows),
                      TensorNames(port.spec.tensors), price.has_value() ? ExactNumber(*price) : "",
                      ValueText(port.spec.block_words), ValueText(port.spec.words_per_cycle),
                      bytes.has_value() ? ExactNumber(*bytes) : "",
                      bytes.has_value() ? ExactNumber(Peak() / *bytes) : ""});
    }
  }

  const v1::Template& message() const { return message_; }

 private:
  double Peak() const { return units_ * template_->spec().macs_per_cycle; }
  double InstancesOf(int level) const { return instances_[static_cast<std::size_t>(level)]; }

  std::string ValueText(const std::optional<Formula>& formula) const {
    return formula.has_value() ? ExactNumber(formula->Evaluate(hardware_)) : "";
  }
  std::string ShortText(const std::optional<Formula>& formula) const {
    return formula.has_value() ? ShortNumber(formula->Evaluate(hardware_)) : "";
  }

  // Of a whole access.
  std::optional<double> AccessPj(const PortSpec& port) const {
    if (!port.access_pj.has_value()) return std::nullopt;
    const double words =
        port.priced_by_word && port.block_words.has_value() ? port.block_words->Evaluate(hardware_) : 1;
    return port.access_pj->Evaluate(hardware_) * words;
  }

  // What one instance holds, of each partition; "" without limit.
  std::string CapacityText(int level, Resource::Unit unit) const {
    std::vector<std::string> limits;
    for (const Resource& resource : template_->resources()) {
      if (resource.is_axis() || resource.level != level || resource.unit != unit) continue;
      limits.push_back(ExactNumber(std::floor(resource.limit.Evaluate(hardware_))));
    }
    return absl::StrJoin(limits, ", ");
  }

  // Of all instances, words as wide as the widest that pass.
  std::optional<double> BytesPerCycle(const Template::Port& port) const {
    if (!port.spec.words_per_cycle.has_value()) return std::nullopt;
    int bits = 0;
    for (const Tensor tensor : kAllTensors) {
      if (port.spec.tensors.Has(tensor)) bits = std::max(bits, template_->level(port.level).word_bits[ToIndex(tensor)]);
    }
    if (bits == 0) return std::nullopt;
    return port.spec.words_per_cycle->Evaluate(hardware_) * bits / 8 * InstancesOf(port.level);
  }

  void PrintLevels(std::ostream& out) const {
    TextTable table(out, {{"level"},
                          {"keeps"},
                          {"instances", Align::kRight},
                          {"copies inside"},
                          {"words", Align::kRight},
                          {"bytes", Align::kRight},
                          {"leaks pJ per cycle", Align::kRight}});
    for (int l = 0; l < template_->num_levels(); ++l) {
      const LevelSpec& level = template_->level(l);
      std::vector<std::string> axes;
      for (const AxisSpec& axis : level.spatial) {
        axes.push_back(absl::StrCat(axis.name, " ", ExactNumber(std::floor(axis.size.Evaluate(hardware_)))));
      }
      const v1::Level& message = message_.levels(l);
      std::string keeps = level.keeps.empty() ? "nothing" : TensorNames(level.keeps);
      if (!message.may_keep().empty()) absl::StrAppend(&keeps, ", may keep ", Names(message.may_keep()));
      table.AddRow({level.name, keeps, ExactNumber(InstancesOf(l)), absl::StrJoin(axes, ", "),
                    CapacityText(l, Resource::Unit::kWords), CapacityText(l, Resource::Unit::kBytes),
                    ShortText(level.leak_pj)});
    }
    table.Flush();
  }

  void PrintPorts(std::ostream& out) const {
    if (template_->ports().empty()) return;
    out << '\n';
    TextTable table(out, {{"port of"},
                          {"flows"},
                          {"tensors"},
                          {"pJ per access", Align::kRight},
                          {"words per access", Align::kRight},
                          {"words per cycle", Align::kRight},
                          {"bytes per cycle in all", Align::kRight},
                          {"MACs per byte at peak", Align::kRight}});
    for (const Template::Port& port : template_->ports()) {
      const std::optional<double> bytes = BytesPerCycle(port);
      const std::optional<double> price = AccessPj(port.spec);
      table.AddRow({template_->level(port.level).name, FlowNames(port.spec.flows), TensorNames(port.spec.tensors),
                    price.has_value() ? ShortNumber(*price) : "", ShortText(port.spec.block_words),
                    ShortText(port.spec.words_per_cycle), bytes.has_value() ? ShortNumber(*bytes) : "",
                    bytes.has_value() ? ShortNumber(Peak() / *bytes) : ""});
    }
    table.Flush();
  }

  // What the template asks of mappings, a line for each place that asks something.
  void PrintConstraints(std::ostream& out) const {
    bool any = false;
    TextTable table(out, {{"at"}, {"loops"}, {"factors"}, {"innermost"}, {"outside"}, {"perfect"}, {"in use"}});
    const auto share = [](double least) { return least > 0 ? absl::StrCat("at least ", ShortNumber(least)) : ""; };
    const auto add = [&](const std::string& place, const auto& dims, const auto& from, const std::string& innermost,
                         const std::string& outside, double least) {
      if (from.factors().empty() && from.perfect_dims().empty() && dims.empty() && innermost.empty() &&
          outside.empty() && least == 0)
        return;
      any = true;
      table.AddRow({place, dims.empty() ? "all" : Names(dims), Names(from.factors()), innermost, outside,
                    Names(from.perfect_dims()), share(least)});
    };
    for (const v1::Level& level : message_.levels()) {
      add(level.name(), level.temporal(), level, Names(level.innermost()), absl::StrJoin(level.outside(), ", "),
          level.min_utilization());
      for (const v1::SpatialAxis& axis : level.spatial()) {
        add(absl::StrCat(level.name(), " ", axis.name()), axis.dims(), axis, "", "", axis.min_utilization());
      }
    }
    if (message_.min_utilization() > 0) {
      any = true;
      table.AddRow({"all axes", "", "", "", "", "", share(message_.min_utilization())});
    }
    if (!any) return;
    out << '\n';
    table.Flush();
  }

  const v1::Template message_;
  const std::unique_ptr<const Template> template_;
  const HardwarePoint hardware_;
  std::vector<double> instances_;  // that there are, by level
  double units_ = 1;
};

}  // namespace

void TemplateCheckCommand::Declare(FlagSet* flags) {
  flags->AddRepeated("set", "NAME=VALUE", "check: the value of a parameter; its start_max or max when absent",
                     &values_);
}

absl::StatusOr<ExitCode> TemplateCheckCommand::Run(const std::vector<std::string>& files, OutputFormat format,
                                                   Environment& env) const {
  if (files.size() != 1) return UsageError(kCommand, "expected one FILE: templates check FILE");
  ASSIGN_OR_RETURN(const v1::Template message, ReadTemplateFile(files[0]));
  ASSIGN_OR_RETURN(std::unique_ptr<const Template> hardware_template, TemplateFromProto(message));
  google::protobuf::Map<std::string, double> values;
  for (const ParameterSpec& parameter : hardware_template->spec().parameters) {
    values[parameter.name] = std::floor(parameter.start_max / parameter.step) * parameter.step;
  }
  for (const std::string& text : values_) {
    ASSIGN_OR_RETURN(const Assignment set, ParseAssignment(kCommand, "set", text, "=", "pe_dim=16"));
    values[set.name] = set.value;
  }
  ASSIGN_OR_RETURN(HardwarePoint hardware, HardwareFromMap(*hardware_template, values));
  const Checked checked(message, std::move(hardware_template), std::move(hardware));
  if (format == OutputFormat::kJson) {
    env.out << JsonPrinter().Pretty(checked.message());
  } else if (format == OutputFormat::kCsv) {
    checked.PrintCsv(env.out);
  } else {
    checked.Print(env.out);
  }
  return ExitCode::kOk;
}

}  // namespace oneloop
