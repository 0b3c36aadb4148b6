#include "common/convert/convert.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/cut_text.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "common/convert/components.h"
#include "common/convert/constraints.h"
#include "common/convert/workload_graph.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace oneloop {
namespace {

struct BoundField {
  const char* name;
  bool (v1::Bounds::*has)() const;
  std::int32_t (v1::Bounds::*get)() const;
  void (v1::Bounds::*set)(std::int32_t);
};

// In the order of Dim; G, the last, may be absent.
constexpr BoundField kBoundFields[kNumDims] = {
    {"R", &v1::Bounds::has_r, &v1::Bounds::r, &v1::Bounds::set_r},
    {"S", &v1::Bounds::has_s, &v1::Bounds::s, &v1::Bounds::set_s},
    {"P", &v1::Bounds::has_p, &v1::Bounds::p, &v1::Bounds::set_p},
    {"Q", &v1::Bounds::has_q, &v1::Bounds::q, &v1::Bounds::set_q},
    {"C", &v1::Bounds::has_c, &v1::Bounds::c, &v1::Bounds::set_c},
    {"K", &v1::Bounds::has_k, &v1::Bounds::k, &v1::Bounds::set_k},
    {"N", &v1::Bounds::has_n, &v1::Bounds::n, &v1::Bounds::set_n},
    {"G", &v1::Bounds::has_g, &v1::Bounds::g, &v1::Bounds::set_g},
};

std::string IndexPath(std::string_view list, int index) { return absl::StrCat(ToAbsl(list), "[", index, "]"); }

std::string TextOf(Dim dim) { return std::string(1, Name(dim)); }
std::string TextOf(Tensor tensor) { return std::string(1, Name(tensor)); }
std::string TextOf(FlowKind kind) { return NameOf(kind); }
std::string TextOf(Dialect dialect) { return NameOf(dialect); }

// The one of `all` that has this name.
template <class Members>
auto MemberOf(const std::string& name, const Members& all, std::string_view field)
    -> absl::StatusOr<std::decay_t<decltype(*all.begin())>> {
  std::vector<std::string> valid;
  for (const auto& member : all) {
    valid.push_back(TextOf(member));
    if (name == valid.back()) return member;
  }
  const std::string nearest = NearestName(name, valid);
  return FieldError(field, absl::StrCat(name.empty() ? "is missing" : absl::StrCat("is '", name, "'"),
                                        nearest.empty() ? "" : absl::StrCat(" (did you mean '", nearest, "'?)"),
                                        "; valid: ", absl::StrJoin(valid, ", ")));
}

// Members of `all`, each at most once.
template <class E, std::size_t kCount>
absl::StatusOr<EnumSet<E>> SetFromNames(const google::protobuf::RepeatedPtrField<std::string>& names,
                                        const std::array<E, kCount>& all, std::string_view field) {
  EnumSet<E> set;
  for (int i = 0; i < names.size(); ++i) {
    ASSIGN_OR_RETURN(const E member, MemberOf(names[i], all, IndexPath(field, i)));
    if (set.Has(member)) return FieldError(IndexPath(field, i), absl::StrCat("'", names[i], "' is there twice"));
    set.Add(member);
  }
  return set;
}

absl::StatusOr<Formula> RequiredFormula(const std::string& text, std::string_view field,
                                        const std::vector<std::string>& parameters) {
  if (text.empty()) return FieldError(field, "is missing; expected a formula, for example \"16\"");
  absl::StatusOr<Formula> formula = Formula::Parse(text, parameters);
  if (!formula.ok()) return PrefixField(field, formula.status());
  return formula;
}

// Texts are for people, and lists of many things carry them.
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kLongestDescription = 64 << 10;

absl::Status CheckLength(const std::string& text, std::string_view field, std::size_t most) {
  if (text.size() <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", text.size(), " bytes; valid: at most ", most));
}

// Nothing for an empty text.
absl::StatusOr<std::optional<Formula>> OptionalFormula(const std::string& text, std::string_view field,
                                                       const std::vector<std::string>& parameters) {
  if (text.empty()) return std::optional<Formula>();
  ASSIGN_OR_RETURN(Formula formula, RequiredFormula(text, field, parameters));
  return std::optional<Formula>(std::move(formula));
}

absl::StatusOr<ParameterSpec> ParameterFromProto(const v1::Parameter& message) {
  if (!message.has_min()) return FieldError("min", "is missing; expected the smallest value, above 0");
  if (!message.has_max()) return FieldError("max", "is missing; expected the largest value");
  RETURN_IF_ERROR(CheckLength(message.unit(), "unit", kLongestName));
  RETURN_IF_ERROR(CheckLength(message.description(), "description", kLongestDescription));
  ParameterSpec spec;
  spec.name = message.name();
  spec.unit = message.unit();
  spec.description = message.description();
  spec.min = message.min();
  spec.max = message.max();
  spec.step = message.has_step() ? message.step() : 1;
  spec.start_min = message.has_start_min() ? message.start_min() : message.min();
  spec.start_max = message.has_start_max() ? message.start_max() : message.max();
  return spec;
}

constexpr std::string_view kAllOfThem = "all";

// Of `dims`, which "all" stands for.
absl::StatusOr<DimSet> PerfectDimsFromNames(const google::protobuf::RepeatedPtrField<std::string>& names, DimSet dims) {
  if (names.size() == 1 && names[0] == kAllOfThem) return dims;
  for (int i = 0; i < names.size(); ++i) {
    if (names[i] == kAllOfThem) {
      return FieldError(IndexPath("perfect_dims", i), "is 'all' beside others; valid: 'all' alone, or dimensions");
    }
  }
  return SetFromNames(names, kAllDims, "perfect_dims");
}

absl::StatusOr<AxisSpec> AxisFromProto(const v1::SpatialAxis& message, const std::vector<std::string>& parameters) {
  ASSIGN_OR_RETURN(const DimSet dims, SetFromNames(message.dims(), kAllDims, "dims"));
  ASSIGN_OR_RETURN(const DimSet perfect_dims, PerfectDimsFromNames(message.perfect_dims(), dims));
  ASSIGN_OR_RETURN(Formula size, RequiredFormula(message.size(), "size", parameters));
  ASSIGN_OR_RETURN(const FactorRanges factors, FactorRangesFromTexts(message.factors()));
  return AxisSpec{.name = message.name(),
                  .dims = dims,
                  .size = std::move(size),
                  .perfect_dims = perfect_dims,
                  .factors = factors,
                  .min_utilization = message.min_utilization()};
}

void OverrideWordBits(const v1::WordBits& message, std::array<int, kNumTensors>* word_bits) {
  if (message.has_w()) (*word_bits)[static_cast<std::size_t>(Tensor::kW)] = message.w();
  if (message.has_i()) (*word_bits)[static_cast<std::size_t>(Tensor::kI)] = message.i();
  if (message.has_o()) (*word_bits)[static_cast<std::size_t>(Tensor::kO)] = message.o();
}

constexpr std::string_view kNoLoops = "none";

absl::StatusOr<DimSet> TemporalFromNames(const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.empty()) return kEveryDim;
  if (names.size() == 1 && names[0] == kNoLoops) return DimSet();
  for (int i = 0; i < names.size(); ++i) {
    if (names[i] == kNoLoops) {
      return FieldError(IndexPath("temporal", i), "is 'none' beside others; valid: 'none' alone, or dimensions");
    }
  }
  return SetFromNames(names, kAllDims, "temporal");
}

absl::StatusOr<PortSpec> PortFromProto(const v1::Port& message, const std::vector<std::string>& parameters) {
  PortSpec spec;
  if (!message.flows().empty()) {
    ASSIGN_OR_RETURN(spec.flows, SetFromNames(message.flows(), kAllFlows, "flows"));
  }
  if (!message.tensors().empty()) {
    ASSIGN_OR_RETURN(spec.tensors, SetFromNames(message.tensors(), kAllTensors, "tensors"));
  }
  ASSIGN_OR_RETURN(spec.access_pj, OptionalFormula(message.access_pj(), "access_pj", parameters));
  ASSIGN_OR_RETURN(spec.block_words, OptionalFormula(message.block_words(), "block_words", parameters));
  ASSIGN_OR_RETURN(spec.cluster, OptionalFormula(message.cluster(), "cluster", parameters));
  ASSIGN_OR_RETURN(spec.words_per_cycle, OptionalFormula(message.words_per_cycle(), "words_per_cycle", parameters));
  if (message.has_weight()) spec.weight = message.weight();
  return spec;
}

absl::StatusOr<LinkSpec> LinkFromProto(const v1::FanOutLink& message, const std::vector<std::string>& parameters) {
  LinkSpec spec;
  ASSIGN_OR_RETURN(spec.hop_pj, OptionalFormula(message.hop_pj(), "hop_pj", parameters));
  ASSIGN_OR_RETURN(spec.router_pj, OptionalFormula(message.router_pj(), "router_pj", parameters));
  ASSIGN_OR_RETURN(spec.unshared, SetFromNames(message.unshared(), kAllTensors, "unshared"));
  ASSIGN_OR_RETURN(spec.unlinked, SetFromNames(message.unlinked(), kAllTensors, "unlinked"));
  spec.mesh = message.mesh();
  return spec;
}

absl::StatusOr<PartitionSpec> PartitionFromProto(const v1::Partition& message,
                                                 const std::vector<std::string>& parameters) {
  PartitionSpec spec;
  if (!message.tensors().empty()) {
    ASSIGN_OR_RETURN(spec.tensors, SetFromNames(message.tensors(), kAllTensors, "tensors"));
  }
  ASSIGN_OR_RETURN(spec.capacity_bytes, OptionalFormula(message.capacity_bytes(), "capacity_bytes", parameters));
  ASSIGN_OR_RETURN(spec.capacity_words, OptionalFormula(message.capacity_words(), "capacity_words", parameters));
  if (message.has_multiple_buffering()) spec.multiple_buffering = message.multiple_buffering();
  return spec;
}

// Each message of a list, with its place in what is wrong with it.
template <class Spec, class Message>
absl::Status AppendFromProto(const google::protobuf::RepeatedPtrField<Message>& messages, std::string_view field,
                             const std::vector<std::string>& parameters,
                             absl::StatusOr<Spec> (*convert)(const Message&, const std::vector<std::string>&),
                             std::vector<Spec>* specs) {
  for (int i = 0; i < messages.size(); ++i) {
    absl::StatusOr<Spec> spec = convert(messages[i], parameters);
    if (!spec.ok()) return PrefixField(IndexPath(field, i), spec.status());
    specs->push_back(*std::move(spec));
  }
  return absl::OkStatus();
}

absl::StatusOr<LevelSpec> LevelFromProto(const v1::Level& message, const v1::WordBits& word_bits,
                                         const std::vector<std::string>& parameters) {
  LevelSpec spec;
  spec.name = message.name();
  ASSIGN_OR_RETURN(spec.keeps, SetFromNames(message.keeps(), kAllTensors, "keeps"));
  spec.min_utilization = message.min_utilization();
  ASSIGN_OR_RETURN(spec.may_keep, SetFromNames(message.may_keep(), kAllTensors, "may_keep"));
  ASSIGN_OR_RETURN(spec.temporal, TemporalFromNames(message.temporal()));
  ASSIGN_OR_RETURN(spec.perfect_dims, PerfectDimsFromNames(message.perfect_dims(), spec.temporal));
  ASSIGN_OR_RETURN(spec.factors, FactorRangesFromTexts(message.factors()));
  ASSIGN_OR_RETURN(spec.order, OrderFromTexts(message.innermost(), message.outside()));
  RETURN_IF_ERROR(AppendFromProto(message.spatial(), "spatial", parameters, AxisFromProto, &spec.spatial));
  ASSIGN_OR_RETURN(spec.capacity_bytes, OptionalFormula(message.capacity_bytes(), "capacity_bytes", parameters));
  ASSIGN_OR_RETURN(spec.capacity_words, OptionalFormula(message.capacity_words(), "capacity_words", parameters));
  ASSIGN_OR_RETURN(spec.words_per_cycle, OptionalFormula(message.words_per_cycle(), "words_per_cycle", parameters));
  ASSIGN_OR_RETURN(spec.energy_pj, OptionalFormula(message.energy_pj(), "energy_pj", parameters));
  OverrideWordBits(word_bits, &spec.word_bits);
  OverrideWordBits(message.word_bits(), &spec.word_bits);
  ASSIGN_OR_RETURN(spec.block_words, OptionalFormula(message.block_words(), "block_words", parameters));
  RETURN_IF_ERROR(AppendFromProto(message.ports(), "ports", parameters, PortFromProto, &spec.ports));
  if (message.has_link()) {
    absl::StatusOr<LinkSpec> link = LinkFromProto(message.link(), parameters);
    if (!link.ok()) return PrefixField("link", link.status());
    spec.link = *std::move(link);
  }
  ASSIGN_OR_RETURN(spec.leak_pj, OptionalFormula(message.leak_pj(), "leak_pj", parameters));
  RETURN_IF_ERROR(
      AppendFromProto(message.partitions(), "partitions", parameters, PartitionFromProto, &spec.partitions));
  return spec;
}

absl::StatusOr<TilerSpec> TilerFromProto(const v1::DefaultTiler& message) {
  TilerSpec spec;
  if (message.dims().empty()) return FieldError("dims", "is empty: a tile needs an extent");
  RETURN_IF_ERROR(SetFromNames(message.dims(), kAllDims, "dims").status());
  for (int i = 0; i < message.dims_size(); ++i) {
    ASSIGN_OR_RETURN(const Dim dim, MemberOf(message.dims(i), kAllDims, IndexPath("dims", i)));
    spec.dims.push_back(dim);
  }
  for (int i = 0; i < message.whole_arrays_size(); ++i) {
    ASSIGN_OR_RETURN(const Dim dim, MemberOf(message.whole_arrays(i), spec.dims, IndexPath("whole_arrays", i)));
    spec.whole_arrays.Add(dim);
  }
  ASSIGN_OR_RETURN(spec.streamed, MemberOf(message.streamed(), spec.dims, "streamed"));
  ASSIGN_OR_RETURN(spec.rows, MemberOf(message.rows(), spec.dims, "rows"));
  return spec;
}

}  // namespace

absl::StatusOr<LayerShape> LayerShapeFromProto(const v1::Bounds& bounds) {
  LayerShape shape;
  for (const Dim dim : kAllDims) {
    const BoundField& field = kBoundFields[Index(dim)];
    if ((bounds.*field.has)()) {
      shape.bounds[static_cast<std::size_t>(dim)] = (bounds.*field.get)();
    } else if (dim != Dim::kG) {
      return FieldError(field.name, "is missing; R, S, P, Q, C, K and N must be given, 1 where there is no loop");
    }
  }
  if (bounds.has_wstride()) shape.w_stride = bounds.wstride();
  if (bounds.has_hstride()) shape.h_stride = bounds.hstride();
  if (bounds.has_wdilation()) shape.w_dilation = bounds.wdilation();
  if (bounds.has_hdilation()) shape.h_dilation = bounds.hdilation();
  RETURN_IF_ERROR(ValidateShape(shape));
  return shape;
}

v1::Bounds LayerShapeToProto(const LayerShape& shape) {
  v1::Bounds bounds;
  for (const Dim dim : kAllDims) {
    (bounds.*kBoundFields[Index(dim)].set)(static_cast<std::int32_t>(shape.bound(dim)));
  }
  bounds.set_wstride(static_cast<std::int32_t>(shape.w_stride));
  bounds.set_hstride(static_cast<std::int32_t>(shape.h_stride));
  bounds.set_wdilation(static_cast<std::int32_t>(shape.w_dilation));
  bounds.set_hdilation(static_cast<std::int32_t>(shape.h_dilation));
  return bounds;
}

absl::StatusOr<Workload> WorkloadFromProto(const v1::Workload& message) {
  RETURN_IF_ERROR(CheckLength(message.name(), "name", kLongestName));
  RETURN_IF_ERROR(CheckLength(message.description(), "description", kLongestDescription));
  Workload workload;
  workload.name = message.name();
  workload.description = message.description();
  workload.layers.reserve(static_cast<std::size_t>(message.layers_size()));
  for (int i = 0; i < message.layers_size(); ++i) {
    const v1::Layer& layer = message.layers(i);
    const std::string path = IndexPath("layers", i);
    RETURN_IF_ERROR(CheckLength(layer.name(), path + ".name", kLongestName));
    if (!layer.has_bounds()) return FieldError(path + ".bounds", "is missing; R, S, P, Q, C, K and N must be given");
    const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(layer.bounds());
    if (!shape.ok()) return PrefixField(path, PrefixField("bounds", shape.status()));
    workload.layers.push_back({layer.name(), layer.has_count() ? layer.count() : 1, *shape});
  }
  RETURN_IF_ERROR(ValidateWorkload(workload));
  RETURN_IF_ERROR(CheckWorkloadGraph(message));
  return workload;
}

absl::Status CheckLayerNames(const v1::Workload& message) {
  std::map<std::string_view, int> known;
  for (int i = 0; i < message.layers_size(); ++i) {
    const std::string& name = message.layers(i).name();
    const std::string path = IndexPath("layers", i) + ".name";
    if (name.empty()) return FieldError(path, "is missing; each layer needs a name of its own");
    if (const auto [other, is_new] = known.emplace(name, i); !is_new) {
      return FieldError(
          path, absl::StrCat("is '", CutText(PrintableText(name), 100), "', as ", IndexPath("layers", other->second),
                             ".name is; each layer needs a name of its own"));
    }
  }
  return absl::OkStatus();
}

v1::Workload WorkloadToProto(const Workload& workload) {
  v1::Workload message;
  message.set_name(workload.name);
  message.set_description(workload.description);
  for (const Layer& layer : workload.layers) {
    v1::Layer* out = message.add_layers();
    out->set_name(layer.name);
    out->set_count(static_cast<std::int32_t>(layer.count));
    *out->mutable_bounds() = LayerShapeToProto(layer.shape);
  }
  return message;
}

absl::StatusOr<std::unique_ptr<const Template>> TemplateFromProto(const v1::Template& short_form) {
  ASSIGN_OR_RETURN(const v1::Template message, ExpandComponents(short_form));
  RETURN_IF_ERROR(CheckLength(message.name(), "name", kLongestName));
  RETURN_IF_ERROR(CheckLength(message.description(), "description", kLongestDescription));
  TemplateSpec spec;
  spec.name = message.name();
  spec.description = message.description();
  if (!message.dialect().empty()) {
    ASSIGN_OR_RETURN(spec.dialect, MemberOf(message.dialect(), kAllDialects, "dialect"));
  }
  ASSIGN_OR_RETURN(spec.perfect_dims, PerfectDimsFromNames(message.perfect_dims(), kEveryDim));
  spec.min_utilization = message.min_utilization();
  std::vector<std::string> names;
  for (int p = 0; p < message.parameters_size(); ++p) {
    const absl::StatusOr<ParameterSpec> parameter = ParameterFromProto(message.parameters(p));
    if (!parameter.ok()) return PrefixField(IndexPath("parameters", p), parameter.status());
    spec.parameters.push_back(*parameter);
    names.push_back(parameter->name);
  }
  for (int l = 0; l < message.levels_size(); ++l) {
    absl::StatusOr<LevelSpec> level = LevelFromProto(message.levels(l), message.word_bits(), names);
    if (!level.ok()) return PrefixField(IndexPath("levels", l), level.status());
    spec.levels.push_back(*std::move(level));
  }
  ASSIGN_OR_RETURN(spec.mac_energy_pj, OptionalFormula(message.compute().energy_pj(), "compute.energy_pj", names));
  if (message.compute().has_macs_per_cycle()) spec.macs_per_cycle = message.compute().macs_per_cycle();
  ASSIGN_OR_RETURN(spec.area_mm2, OptionalFormula(message.area_mm2(), "area_mm2", names));
  if (message.has_clock_mhz()) spec.clock_mhz = message.clock_mhz();
  if (message.has_leakage_w_per_mm2()) spec.leakage_w_per_mm2 = message.leakage_w_per_mm2();
  if (message.has_default_tiler()) {
    absl::StatusOr<TilerSpec> tiler = TilerFromProto(message.default_tiler());
    if (!tiler.ok()) return PrefixField("default_tiler", tiler.status());
    spec.default_tiler = *std::move(tiler);
  }
  return Template::Create(std::move(spec));
}

absl::StatusOr<HardwarePoint> HardwareFromMap(const Template& hardware_template,
                                              const google::protobuf::Map<std::string, double>& values) {
  HardwarePoint hardware;
  for (const ParameterSpec& parameter : hardware_template.spec().parameters) {
    const auto found = values.find(parameter.name);
    if (found == values.end()) {
      return FieldError("parameters." + parameter.name,
                        absl::StrCat("is missing; valid: ", parameter.min, " to ", parameter.max));
    }
    hardware.push_back(found->second);
  }
  // The smallest unknown name, so that the error does not depend on the map's order.
  std::string unknown;
  for (const auto& [name, value] : values) {
    if (hardware_template.FindParameter(name) < 0 && (unknown.empty() || name < unknown)) unknown = name;
  }
  if (values.size() > hardware.size()) {
    return FieldError("parameters." + unknown,
                      absl::StrCat("is not a parameter of template '", hardware_template.name(), "'",
                                   SuggestName(unknown, hardware_template.parameter_names())));
  }
  RETURN_IF_ERROR(hardware_template.ValidateHardware(hardware));
  return hardware;
}

void HardwareToMap(const Template& hardware_template, const HardwarePoint& hardware,
                   google::protobuf::Map<std::string, double>* values) {
  values->clear();
  for (std::size_t p = 0; p < hardware.size(); ++p) {
    (*values)[hardware_template.spec().parameters[p].name] = hardware[p];
  }
}

}  // namespace oneloop
