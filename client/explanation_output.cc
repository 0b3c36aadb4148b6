#include "client/explanation_output.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"

namespace oneloop {
namespace {

using Align = TextTable::Align;

constexpr std::size_t kLargestLayers = 10;

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

// A relative change: "-0.83 %", "none" below the resolution, "no design".
std::string ChangeCell(bool has_change, double change, double resolution) {
  if (!has_change) return "no design";
  if (std::abs(change) < resolution) return "none";
  return absl::StrFormat("%+.*f %%", std::abs(change) < 0.1 ? 2 : 1, 100 * change);
}

// "dram 61.0 % (W 20.1 %, I 25.3 %, O 15.6 %)"
std::string EnergyText(const v1::ComponentExplanation& component, double total) {
  std::string text = absl::StrCat(component.name(), " ", Percent(component.energy_share()));
  if (component.tensors_size() < 2) return text;
  return absl::StrCat(text, " (",
                      absl::StrJoin(component.tensors(), ", ",
                                    [total](std::string* part, const v1::TensorEnergy& tensor) {
                                      absl::StrAppend(part, tensor.tensor(), " ",
                                                      Percent(total > 0 ? tensor.energy_uj() / total : 0));
                                    }),
                      ")");
}

// What a layer or a limit is of, where there are several networks: "NETWORK:conv1".
std::string OfNetwork(const std::string& network, const std::string& name) {
  return network.empty() ? name : absl::StrCat(network, ":", name);
}

std::vector<const v1::ComponentExplanation*> ByShare(const v1::DesignExplanation& explanation,
                                                     double (v1::ComponentExplanation::*share)() const) {
  std::vector<const v1::ComponentExplanation*> components;
  for (const v1::ComponentExplanation& component : explanation.components()) {
    if ((component.*share)() > 0) components.push_back(&component);
  }
  std::stable_sort(components.begin(), components.end(),
                   [share](const auto* a, const auto* b) { return (a->*share)() > (b->*share)(); });
  return components;
}

std::string DistanceText(const v1::BoundDistance& distance) {
  std::vector<std::string> parts;
  if (distance.has_energy_excess()) {
    parts.push_back(absl::StrCat("energy ", Percent(distance.energy_excess()), " above its own bound"));
  }
  if (distance.has_latency_excess()) {
    parts.push_back(absl::StrCat("latency ", Percent(distance.latency_excess()), " above its own"));
  }
  if (parts.empty()) return "";
  std::string text = absl::StrJoin(parts, ", ");
  if (distance.energy_share() + distance.latency_share() > 0) {
    absl::StrAppend(&text, absl::StrFormat("; the distance is %.0f %% the energy's, %.0f %% the latency's",
                                           100 * distance.energy_share(), 100 * distance.latency_share()));
  }
  return text;
}

void PrintFigures(const v1::DesignExplanation& explanation, std::ostream& out) {
  out << DetailLine("design", explanation.name()) << DetailLine("workload", explanation.workload())
      << DetailLine("template", explanation.template_())
      << DetailLine("hardware", FormatParameters(explanation.parameters()))
      << DetailLine("EDP", absl::StrCat(ShortNumber(explanation.edp()), " uJ*cycles"))
      << DetailLine("energy", absl::StrCat(ShortNumber(explanation.energy_uj()), " uJ: ",
                                           absl::StrJoin(ByShare(explanation, &v1::ComponentExplanation::energy_share),
                                                         ", ", [&](std::string* text, const auto* component) {
                                                           absl::StrAppend(
                                                               text, EnergyText(*component, explanation.energy_uj()));
                                                         })));
  std::string latency = absl::StrCat(ShortNumber(explanation.latency_cycles()), " cycles");
  const auto bounding = ByShare(explanation, &v1::ComponentExplanation::bounds_latency_share);
  if (!bounding.empty()) {
    absl::StrAppend(&latency, ": ", absl::StrJoin(bounding, ", ", [](std::string* text, const auto* component) {
      absl::StrAppend(text, Percent(component->bounds_latency_share()), " bound by ", component->name());
    }));
  }
  if (!explanation.calibration().empty()) {
    absl::StrAppend(&latency, ", predicted by calibration ", explanation.calibration(),
                    ": what bounds them is not known");
  }
  out << DetailLine("latency", latency)
      << DetailLine("area", absl::StrCat(ShortNumber(explanation.area_mm2()), " mm2"));
  if (explanation.has_latency_ms()) {
    out << DetailLine("time", absl::StrCat(ShortNumber(explanation.latency_ms()), " ms"))
        << DetailLine("power", absl::StrCat(ShortNumber(explanation.power_w()), " W"));
  }
  out << DetailLine("MACs used", Percent(explanation.utilisation()));
  if (explanation.has_certificate()) {
    out << CertificateDetails(explanation.certificate(), "this template that its job could find");
    const std::string distance = DistanceText(explanation.distance());
    if (!distance.empty()) out << DetailLine("distance", distance);
  }
}

std::string AheadText(const v1::LayerExplanation& layer) {
  if (layer.next_cycles() <= 0) return "";
  return absl::StrFormat("%.2fx", layer.bound_cycles() / layer.next_cycles());
}

void PrintLayers(const v1::DesignExplanation& explanation, bool all, std::ostream& out) {
  std::vector<const v1::LayerExplanation*> layers;
  for (const v1::LayerExplanation& layer : explanation.layers()) layers.push_back(&layer);
  const auto weight = [](const v1::LayerExplanation* layer) { return layer->energy_share() + layer->latency_share(); };
  std::stable_sort(layers.begin(), layers.end(),
                   [&weight](const auto* a, const auto* b) { return weight(a) > weight(b); });
  const std::size_t shown = all ? layers.size() : std::min(layers.size(), kLargestLayers);
  TextTable table(out, {{"layer"},
                        {"count", Align::kRight},
                        {"energy", Align::kRight},
                        {"latency", Align::kRight},
                        {"bound by"},
                        {"over next", Align::kRight},
                        {"next"},
                        {"MACs used", Align::kRight},
                        {"units in use", Align::kRight}});
  for (std::size_t i = 0; i < shown; ++i) {
    const v1::LayerExplanation& layer = *layers[i];
    table.AddRow({OfNetwork(layer.network(), layer.name()), absl::StrCat(layer.count()), Percent(layer.energy_share()),
                  Percent(layer.latency_share()), layer.bound_by().empty() ? "unknown" : layer.bound_by(),
                  AheadText(layer), layer.next(), Percent(layer.utilisation()), Percent(layer.units_in_use())});
  }
  out << '\n';
  table.Flush();
  if (shown < layers.size()) {
    out << "and " << layers.size() - shown << " smaller layers: --all shows them\n";
  }
}

// "conv1 and 3 more"
std::string SizedBy(const v1::ResourceExplanation& resource) {
  if (resource.layers_size() == 0) return "";
  const int more = resource.layer_count() - 1;
  return more > 0 ? absl::StrCat(resource.layers(0), " and ", more, " more") : resource.layers(0);
}

std::string ResourceText(const v1::ResourceExplanation& resource) {
  return resource.axis().empty() ? absl::StrCat(resource.level(), " ", resource.unit())
                                 : absl::StrCat(resource.level(), " axis ", resource.axis());
}

// With what the job made of it, where that leaves no room.
std::string ValueText(const v1::ParameterExplanation& parameter) {
  const bool at_max = parameter.value() == parameter.max();
  return absl::StrCat(ShortNumber(parameter.value()), !at_max                              ? ""
                                                      : parameter.min() == parameter.max() ? " fixed"
                                                                                           : " max");
}

void PrintSizes(const v1::DesignExplanation& explanation, std::ostream& out) {
  TextTable table(out, {{"parameter"},
                        {"value", Align::kRight},
                        {"gives"},
                        {"full", Align::kRight},
                        {"needed", Align::kRight},
                        {"by"},
                        {"next needs", Align::kRight},
                        {"for"}});
  const auto add = [&table](const std::string& name, const std::string& value,
                            const v1::ResourceExplanation& resource) {
    table.AddRow({name, value, ResourceText(resource), Percent(resource.full()),
                  resource.has_needed_value() ? ShortNumber(resource.needed_value()) : "", SizedBy(resource),
                  resource.has_next_value() ? ShortNumber(resource.next_value()) : "", resource.next_layer()});
  };
  for (const v1::ParameterExplanation& parameter : explanation.parameter_explanations()) {
    if (parameter.resources().empty()) {
      table.AddRow({parameter.name(), ValueText(parameter), "", "", "", "", "", ""});
    }
    for (const v1::ResourceExplanation& resource : parameter.resources()) {
      add(parameter.name(), ValueText(parameter), resource);
    }
  }
  for (const v1::ResourceExplanation& resource : explanation.constant_resources()) add("", "", resource);
  out << '\n';
  table.Flush();
}

void PrintLimits(const v1::DesignExplanation& explanation, std::ostream& out) {
  if (explanation.limits().empty()) return;
  TextTable table(out, {{"limit"}, {"design", Align::kRight}, {"used", Align::kRight}, {"price", Align::kRight}});
  for (int i = 0; i < explanation.limits_size(); ++i) {
    const v1::LimitExplanation& limit = explanation.limits(i);
    const bool at_least = limit.limit().min() > 0;
    std::string price;
    if (i < explanation.sensitivities().limits_size()) {
      const v1::LimitSensitivity& sensitivity = explanation.sensitivities().limits(i);
      price = sensitivity.active() ? absl::StrFormat("%.3f", sensitivity.price()) : "inactive";
    }
    table.AddRow({absl::StrCat(OfNetwork(limit.limit().network(), limit.limit().quantity()), at_least ? " >= " : " <= ",
                               ShortNumber(at_least ? limit.limit().min() : limit.limit().max())),
                  ShortNumber(limit.figure()), Percent(limit.used()), price});
  }
  out << '\n';
  table.Flush();
}

void PrintSensitivities(const v1::Sensitivities& sensitivities, std::ostream& out) {
  TextTable table(
      out,
      {{"change of"}, {"to", Align::kRight}, {"predicted", Align::kRight}, {"searched", Align::kRight}, {"breaks"}});
  const auto add = [&](const std::string& name, const v1::SensitivityStep& step) {
    table.AddRow({name, ShortNumber(step.value()),
                  ChangeCell(step.has_predicted(), step.predicted(), sensitivities.resolution()),
                  ChangeCell(step.has_searched(), step.searched(), sensitivities.resolution()),
                  absl::StrJoin(step.broken_limits(), ", ")});
  };
  std::vector<std::string> held;
  for (const v1::ParameterSensitivity& parameter : sensitivities.parameters()) {
    const std::string name = absl::StrCat(parameter.name(), " ", ShortNumber(parameter.value()));
    if (parameter.held()) held.push_back(parameter.name());
    if (parameter.has_less()) add(name, parameter.less());
    if (parameter.has_more()) add(name, parameter.more());
  }
  for (const v1::LimitSensitivity& limit : sensitivities.limits()) {
    const std::string name = absl::StrCat("limit ", limit.quantity());
    if (limit.has_tighter()) add(name, limit.tighter());
    if (limit.has_wider()) add(name, limit.wider());
  }
  out << "\nChange of the objective (" << GroupedNumber(sensitivities.samples()) << " samples; below "
      << Percent(sensitivities.resolution()) << ": none):\n";
  table.Flush();
  if (!held.empty()) out << absl::StrJoin(held, ", ") << ": latencies were measured at this value alone\n";
  if (sensitivities.settled() <= -sensitivities.resolution()) {
    out << "The design itself is not done: other mappings on its hardware make the objective "
        << Percent(-sensitivities.settled()) << " smaller; changes of parameters are from there.\n";
  }
  if (sensitivities.settled_freely() <= -sensitivities.resolution()) {
    out << "Within its limits as they are, a design with an objective " << Percent(-sensitivities.settled_freely())
        << " smaller was found; changes of limits are from there.\n";
  }
}

}  // namespace

void PrintExplanation(const v1::DesignExplanation& explanation, bool all_layers, std::ostream& out) {
  PrintFigures(explanation, out);
  PrintLayers(explanation, all_layers, out);
  PrintSizes(explanation, out);
  PrintLimits(explanation, out);
  if (explanation.has_sensitivities()) PrintSensitivities(explanation.sensitivities(), out);
}

void PrintLayersCsv(const v1::DesignExplanation& explanation, std::ostream& out) {
  out << CsvLine({"layer", "count", "energy_uj", "latency_cycles", "energy_share", "latency_share", "bound_by",
                  "bound_cycles", "next", "next_cycles", "utilisation", "units_in_use"});
  for (const v1::LayerExplanation& layer : explanation.layers()) {
    out << CsvLine({OfNetwork(layer.network(), layer.name()), absl::StrCat(layer.count()),
                    ExactNumber(layer.energy_uj()), ExactNumber(layer.latency_cycles()),
                    ExactNumber(layer.energy_share()), ExactNumber(layer.latency_share()), layer.bound_by(),
                    ExactNumber(layer.bound_cycles()), layer.next(), ExactNumber(layer.next_cycles()),
                    ExactNumber(layer.utilisation()), ExactNumber(layer.units_in_use())});
  }
}

}  // namespace oneloop
