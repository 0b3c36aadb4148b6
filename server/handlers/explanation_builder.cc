#include "server/handlers/explanation_builder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/latency/timing_parameters.h"
#include "common/model/exact/explanation.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"
#include "server/search/search_bound.h"

namespace oneloop {
namespace {

constexpr std::size_t kMostNamedLayers = 20;
constexpr char kMacUnitsName[] = "macs";

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string ComponentName(const Template& hardware_template, int component) {
  return component == kMacUnits ? kMacUnitsName : hardware_template.level(component).name;
}

// Energy of a level by tensor: its accesses, and the ways through its fan-out.
std::array<double, kNumTensors> MovedUj(const LayerExplanation& explained, std::size_t level) {
  std::array<double, kNumTensors> moved = explained.energy_uj[level];
  for (std::size_t t = 0; t < moved.size(); ++t) moved[t] += explained.link_uj[level][t];
  return moved;
}

void AddTensors(const LevelSpec& level, const std::array<double, kNumTensors>& energy_uj,
                google::protobuf::RepeatedPtrField<v1::TensorEnergy>* tensors) {
  for (const Tensor tensor : kAllTensors) {
    if (!level.keeps.Has(tensor) && energy_uj[ToIndex(tensor)] == 0) continue;
    v1::TensorEnergy* const message = tensors->Add();
    message->set_tensor(std::string(1, Name(tensor)));
    message->set_energy_uj(energy_uj[static_cast<std::size_t>(tensor)]);
  }
}

double Sum(const std::array<double, kNumTensors>& parts) { return parts[0] + parts[1] + parts[2]; }

class Builder {
 public:
  Builder(const DecodedDesign& design, v1::DesignExplanation* explanation)
      : design_(design),
        spec_(*design.search),
        template_(*spec_.hardware_template),
        model_(spec_.hardware_template),
        costs_(model_.CostsAt(design.hardware)),
        explanation_(*explanation) {}

  void AddFigures(const JobRecord& job, const PointRecord& point) {
    explanation_.set_name(FormatDesignName(job.job.project, job.id, point.number));
    explanation_.set_workload(job.job.workload_name);
    explanation_.set_template_(job.job.template_name);
    if (spec_.latency != nullptr) explanation_.set_calibration(design_.spec.calibration_name());
    HardwareToMap(template_, design_.hardware, explanation_.mutable_parameters());
    explanation_.set_area_mm2(design_.metrics.area_mm2);
    SetFigures(design_.metrics, template_, &explanation_);
  }

  void AddLayers() {
    std::vector<double> energy_uj(static_cast<std::size_t>(template_.num_levels()) + 1);
    std::vector<double> bounds_cycles(energy_uj.size());
    std::vector<std::array<double, kNumTensors>> tensors(energy_uj.size());
    double macs = 0;
    for (std::size_t i = 0; i < spec_.workload->layers.size(); ++i) {
      const Layer& layer = spec_.workload->layers[i];
      LayerUse use = model_.Use(layer.shape, design_.mappings[i]);
      const std::optional<LatencyPrediction>& prediction = design_.evaluations[i].prediction;
      if (prediction.has_value()) use.predicted_cycles = prediction->cycles;
      const LayerExplanation explained = ExplainLayer(model_, use, costs_);
      AddLayer(layer, explained);
      uses_.push_back(use);
      const double count = Occurrences(layer);
      macs += count * use.macs;
      energy_uj[0] += count * explained.mac_energy_uj;
      for (std::size_t l = 0; l + 1 < energy_uj.size(); ++l) {
        const std::array<double, kNumTensors> moved = MovedUj(explained, l);
        energy_uj[l + 1] += count * (Sum(moved) + explained.leak_uj[l]);
        for (std::size_t t = 0; t < tensors[l].size(); ++t) tensors[l + 1][t] += count * moved[t];
      }
      if (explained.bound_by.has_value()) {
        const int component = *explained.bound_by + 1;
        bounds_cycles[static_cast<std::size_t>(component)] += count * explained.figures.latency_cycles;
      }
    }
    explanation_.set_utilisation(macs / design_.metrics.latency_cycles / PeakMacsPerCycle(template_, costs_));
    for (std::size_t c = 0; c < energy_uj.size(); ++c) {
      v1::ComponentExplanation* const component = explanation_.add_components();
      component->set_name(ComponentName(template_, static_cast<int>(c) - 1));
      component->set_energy_uj(energy_uj[c]);
      component->set_energy_share(Share(energy_uj[c], design_.metrics.energy_uj));
      component->set_bounds_latency_share(Share(bounds_cycles[c], design_.metrics.latency_cycles));
      if (c > 0) AddTensors(template_.level(static_cast<int>(c) - 1), tensors[c], component->mutable_tensors());
    }
  }

  // After the layers.
  void AddParameters() {
    for (std::size_t p = 0; p < design_.hardware.size(); ++p) {
      v1::ParameterExplanation* const message = explanation_.add_parameter_explanations();
      const ParameterSpec& parameter = template_.parameter(static_cast<int>(p));
      message->set_name(parameter.name);
      message->set_unit(parameter.unit);
      message->set_value(design_.hardware[p]);
      message->set_min(spec_.hardware_range[p].min);
      message->set_max(spec_.hardware_range[p].max);
    }
    for (const ResourceExplanation& explained : ExplainResources(model_, design_.hardware, uses_)) {
      const int owner = template_.resources()[explained.resource].owner;
      FillResource(explained, owner < 0 ? explanation_.add_constant_resources()
                                        : explanation_.mutable_parameter_explanations(owner)->add_resources());
    }
  }

  void AddLimits() {
    const double clock_mhz = template_.spec().clock_mhz.value_or(0);
    for (const MetricLimit& limit : spec_.limits) {
      const QuantityInfo& quantity = InfoOf(limit.quantity);
      const bool is_of_network = limit.network != MetricLimit::kWholeWorkload;
      const auto network = static_cast<std::size_t>(limit.network);
      const double product = MetricForm(quantity.product, template_)
                                 .Value(is_of_network ? design_.metrics.OfNetwork(network) : design_.metrics);
      const double figure = quantity.ValueAt(product, clock_mhz);
      v1::LimitExplanation* const message = explanation_.add_limits();
      message->mutable_limit()->set_quantity(std::string(quantity.name));
      if (is_of_network) message->mutable_limit()->set_network(spec_.workload->networks[network].name);
      if (quantity.at_least) {
        message->mutable_limit()->set_min(limit.bound);
      } else {
        message->mutable_limit()->set_max(limit.bound);
      }
      message->set_figure(figure);
      message->set_used(quantity.at_least ? limit.bound / figure : figure / limit.bound);
    }
  }

  void AddDistance(const JobBound& bound) {
    const Objective& objective = goal_.objective();
    const double score = objective.Value(design_.metrics);
    if (Contradicts(score, bound.objective)) return;
    *explanation_.mutable_certificate() = CertificateToProto(bound, design_.spec, score);
    v1::BoundDistance* const distance = explanation_.mutable_distance();
    if (const std::optional<double> gap = GapOf(score, bound.objective)) distance->set_gap(*gap);
    const std::optional<double> energy = GapOf(design_.metrics.energy_uj, bound.energy_uj);
    const std::optional<double> latency = GapOf(design_.metrics.latency_cycles, bound.latency_cycles);
    if (energy.has_value()) distance->set_energy_excess(*energy);
    if (latency.has_value()) distance->set_latency_excess(*latency);
    LogSlopes slopes;
    slopes.networks = PerNetwork<ObjectiveWeights>(design_.metrics.networks.size(), {0, 0});
    objective.AddSlopes(Log2Of(design_.metrics), &slopes);
    const double by_energy = std::max(0.0, slopes.energy * std::log1p(energy.value_or(0)));
    const double by_latency = std::max(0.0, slopes.latency * std::log1p(latency.value_or(0)));
    distance->set_energy_share(Share(by_energy, by_energy + by_latency));
    distance->set_latency_share(Share(by_latency, by_energy + by_latency));
  }

 private:
  void AddLayer(const Layer& layer, const LayerExplanation& explained) {
    v1::LayerExplanation* const message = explanation_.add_layers();
    const double count = Occurrences(layer);
    message->set_name(layer.name);
    if (!spec_.workload->networks.empty()) {
      message->set_network(spec_.workload->networks[static_cast<std::size_t>(layer.network)].name);
    }
    message->set_count(static_cast<std::int32_t>(layer.count));
    message->set_energy_uj(explained.figures.energy_uj);
    message->set_latency_cycles(explained.figures.latency_cycles);
    message->set_energy_share(Share(count * explained.figures.energy_uj, design_.metrics.energy_uj));
    message->set_latency_share(Share(count * explained.figures.latency_cycles, design_.metrics.latency_cycles));
    if (explained.bound_by.has_value()) {
      message->set_bound_by(ComponentName(template_, *explained.bound_by));
      message->set_bound_cycles(explained.bound_cycles);
    }
    if (explained.next.has_value()) {
      message->set_next(ComponentName(template_, *explained.next));
      message->set_next_cycles(explained.next_cycles);
    }
    message->set_utilisation(explained.utilisation);
    message->set_units_in_use(explained.units_in_use);
    for (int c = kMacUnits; c < template_.num_levels(); ++c) {
      v1::LayerComponent* const component = message->add_components();
      component->set_name(ComponentName(template_, c));
      if (c == kMacUnits) {
        component->set_energy_uj(explained.mac_energy_uj);
        component->set_cycles(explained.mac_cycles);
        continue;
      }
      const auto l = static_cast<std::size_t>(c);
      const std::array<double, kNumTensors> moved = MovedUj(explained, l);
      component->set_energy_uj(Sum(moved) + explained.leak_uj[l]);
      component->set_cycles(explained.cycles[l]);
      AddTensors(template_.level(c), moved, component->mutable_tensors());
    }
  }

  void FillResource(const ResourceExplanation& explained, v1::ResourceExplanation* message) const {
    const Resource& resource = template_.resources()[explained.resource];
    message->set_level(template_.level(resource.level).name);
    if (resource.is_axis()) {
      message->set_axis(template_.axes()[static_cast<std::size_t>(resource.axis)].name);
    }
    message->set_unit(NameOf(resource.unit));
    message->set_limit(explained.limit);
    message->set_need(explained.need);
    message->set_full(explained.need / explained.limit);
    for (std::size_t i = 0; i < std::min(kMostNamedLayers, explained.layers.size()); ++i) {
      message->add_layers(LayerName(explained.layers[i]));
    }
    message->set_layer_count(static_cast<std::int32_t>(explained.layers.size()));
    if (explained.next_layer.has_value()) {
      message->set_next_need(explained.next_need);
      message->set_next_layer(LayerName(*explained.next_layer));
    }
    if (explained.needed_value.has_value()) message->set_needed_value(*explained.needed_value);
    if (explained.next_value.has_value()) message->set_next_value(*explained.next_value);
  }

  // In a run of all networks, by their weights.
  double Occurrences(const Layer& layer) const {
    const std::vector<Network>& networks = spec_.workload->networks;
    const double runs = networks.empty() ? 1 : networks[static_cast<std::size_t>(layer.network)].weight;
    return runs * static_cast<double>(layer.count);
  }
  const std::string& LayerName(std::size_t layer) const { return spec_.workload->layers[layer].name; }

  const DecodedDesign& design_;
  const SearchSpec& spec_;
  const Template& template_;
  const CostModel model_;
  const ComponentCosts costs_;
  const Goal goal_ = GoalOf(spec_);
  v1::DesignExplanation& explanation_;
  std::vector<LayerUse> uses_;
};

void FillStep(const SensitivityStep& step, const SearchSpec& spec, v1::SensitivityStep* message) {
  message->set_value(step.value);
  if (step.predicted.has_value()) message->set_predicted(*step.predicted);
  if (step.searched.has_value()) message->set_searched(*step.searched);
  for (const std::size_t limit : step.broken) {
    message->add_broken_limits(NameOf(spec.limits[limit], *spec.workload));
  }
}

void FillParameter(const ParameterSensitivity& parameter, bool held, const DecodedDesign& design,
                   v1::ParameterSensitivity* message) {
  const SearchSpec& spec = *design.search;
  message->set_name(spec.hardware_template->parameter(static_cast<int>(parameter.parameter)).name);
  message->set_value(design.hardware[parameter.parameter]);
  message->set_direct_slope(parameter.direct_slope);
  message->set_room_slope(parameter.room_slope);
  message->set_held(held);
  if (parameter.less.has_value()) FillStep(*parameter.less, spec, message->mutable_less());
  if (parameter.more.has_value()) FillStep(*parameter.more, spec, message->mutable_more());
}

}  // namespace

absl::Status CheckSensitivitySamples(std::int64_t samples, const DecodedDesign& design) {
  const std::int64_t layers = std::ssize(design.mappings);
  const std::int64_t most = std::min(kMostSensitivitySamples, kMostSensitivityEvaluations / layers);
  if (samples >= 1 && samples <= most) return absl::OkStatus();
  return FieldError("samples", absl::StrCat("is ", samples, "; valid for ", layers, " layers: 1 to ", most));
}

void BuildExplanation(const JobRecord& job, const PointRecord& point, const DecodedDesign& design,
                      v1::DesignExplanation* explanation) {
  Builder builder(design, explanation);
  builder.AddFigures(job, point);
  builder.AddLayers();
  builder.AddParameters();
  builder.AddLimits();
  if (job.bound.has_value()) builder.AddDistance(*job.bound);
}

void AddSensitivities(const DecodedDesign& design, SensitivityOptions options, const std::function<bool()>& stopped,
                      v1::DesignExplanation* explanation) {
  const SearchSpec& spec = *design.search;
  for (std::size_t p = 0; p < design.hardware.size(); ++p) {
    options.held.push_back(spec.latency != nullptr && IsTimingParameter(*spec.hardware_template, static_cast<int>(p)));
  }
  const std::optional<Sensitivities> found =
      FindSensitivities(spec, design.hardware, design.mappings, options, stopped);
  if (!found.has_value()) return;
  v1::Sensitivities* const message = explanation->mutable_sensitivities();
  message->set_settled(found->settled);
  if (found->settled_freely.has_value()) message->set_settled_freely(*found->settled_freely);
  message->set_samples(found->samples);
  message->set_resolution(kSensitivityResolution);
  for (const ParameterSensitivity& parameter : found->parameters) {
    FillParameter(parameter, options.held[parameter.parameter], design, message->add_parameters());
  }
  for (const LimitSensitivity& limit : found->limits) {
    v1::LimitSensitivity* const added = message->add_limits();
    added->set_quantity(NameOf(spec.limits[limit.limit], *spec.workload));
    added->set_active(limit.active);
    added->set_price(limit.price);
    if (limit.tighter.has_value()) FillStep(*limit.tighter, spec, added->mutable_tighter());
    if (limit.wider.has_value()) FillStep(*limit.wider, spec, added->mutable_wider());
  }
}

}  // namespace oneloop
