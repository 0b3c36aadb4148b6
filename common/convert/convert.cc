#include "common/convert/convert.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/cut_text.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
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

// Members of `all` by their one-letter names, each at most once.
template <class E, std::size_t kCount>
absl::StatusOr<EnumSet<E>> SetFromNames(const google::protobuf::RepeatedPtrField<std::string>& names,
                                        const std::array<E, kCount>& all, std::string_view field) {
  EnumSet<E> set;
  for (int i = 0; i < names.size(); ++i) {
    const E* member = nullptr;
    std::string valid;
    for (const E& candidate : all) {
      absl::StrAppend(&valid, valid.empty() ? "" : ", ", std::string(1, Name(candidate)));
      if (names[i] == std::string(1, Name(candidate))) member = &candidate;
    }
    if (member == nullptr) {
      return FieldError(IndexPath(field, i), absl::StrCat("is '", names[i], "'; valid: ", valid));
    }
    if (set.Has(*member)) return FieldError(IndexPath(field, i), absl::StrCat("'", names[i], "' is there twice"));
    set.Add(*member);
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

absl::StatusOr<AxisSpec> AxisFromProto(const v1::SpatialAxis& message, const std::vector<std::string>& parameters) {
  ASSIGN_OR_RETURN(const DimSet dims, SetFromNames(message.dims(), kAllDims, "dims"));
  ASSIGN_OR_RETURN(Formula size, RequiredFormula(message.size(), "size", parameters));
  return AxisSpec{message.name(), dims, std::move(size)};
}

void OverrideWordBits(const v1::WordBits& message, std::array<int, kNumTensors>* word_bits) {
  if (message.has_w()) (*word_bits)[static_cast<std::size_t>(Tensor::kW)] = message.w();
  if (message.has_i()) (*word_bits)[static_cast<std::size_t>(Tensor::kI)] = message.i();
  if (message.has_o()) (*word_bits)[static_cast<std::size_t>(Tensor::kO)] = message.o();
}

absl::StatusOr<LevelSpec> LevelFromProto(const v1::Level& message, const v1::WordBits& word_bits,
                                         const std::vector<std::string>& parameters) {
  LevelSpec spec;
  spec.name = message.name();
  ASSIGN_OR_RETURN(spec.keeps, SetFromNames(message.keeps(), kAllTensors, "keeps"));
  if (!message.temporal().empty()) {
    ASSIGN_OR_RETURN(spec.temporal, SetFromNames(message.temporal(), kAllDims, "temporal"));
  }
  for (int a = 0; a < message.spatial_size(); ++a) {
    absl::StatusOr<AxisSpec> axis = AxisFromProto(message.spatial(a), parameters);
    if (!axis.ok()) return PrefixField(IndexPath("spatial", a), axis.status());
    spec.spatial.push_back(*std::move(axis));
  }
  ASSIGN_OR_RETURN(spec.capacity_bytes, OptionalFormula(message.capacity_bytes(), "capacity_bytes", parameters));
  ASSIGN_OR_RETURN(spec.capacity_words, OptionalFormula(message.capacity_words(), "capacity_words", parameters));
  ASSIGN_OR_RETURN(spec.words_per_cycle, OptionalFormula(message.words_per_cycle(), "words_per_cycle", parameters));
  ASSIGN_OR_RETURN(spec.energy_pj, OptionalFormula(message.energy_pj(), "energy_pj", parameters));
  OverrideWordBits(word_bits, &spec.word_bits);
  OverrideWordBits(message.word_bits(), &spec.word_bits);
  ASSIGN_OR_RETURN(spec.block_words, OptionalFormula(message.block_words(), "block_words", parameters));
  return spec;
}

absl::StatusOr<Dim> DimOf(const std::string& name, std::string_view field, const std::vector<Dim>& valid) {
  std::string names;
  for (const Dim dim : valid) {
    if (name == std::string(1, Name(dim))) return dim;
    absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(1, Name(dim)));
  }
  return FieldError(field, name.empty() ? absl::StrCat("is missing; valid: ", names)
                                        : absl::StrCat("is '", name, "'; valid: ", names));
}

absl::StatusOr<TilerSpec> TilerFromProto(const v1::DefaultTiler& message) {
  TilerSpec spec;
  if (message.dims().empty()) return FieldError("dims", "is empty: a tile needs an extent");
  RETURN_IF_ERROR(SetFromNames(message.dims(), kAllDims, "dims").status());
  const std::vector<Dim> all(kAllDims.begin(), kAllDims.end());
  for (int i = 0; i < message.dims_size(); ++i) {
    ASSIGN_OR_RETURN(const Dim dim, DimOf(message.dims(i), IndexPath("dims", i), all));
    spec.dims.push_back(dim);
  }
  for (int i = 0; i < message.whole_arrays_size(); ++i) {
    ASSIGN_OR_RETURN(const Dim dim, DimOf(message.whole_arrays(i), IndexPath("whole_arrays", i), spec.dims));
    spec.whole_arrays.Add(dim);
  }
  ASSIGN_OR_RETURN(spec.streamed, DimOf(message.streamed(), "streamed", spec.dims));
  ASSIGN_OR_RETURN(spec.rows, DimOf(message.rows(), "rows", spec.dims));
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

absl::StatusOr<std::unique_ptr<const Template>> TemplateFromProto(const v1::Template& message) {
  RETURN_IF_ERROR(CheckLength(message.name(), "name", kLongestName));
  RETURN_IF_ERROR(CheckLength(message.description(), "description", kLongestDescription));
  TemplateSpec spec;
  spec.name = message.name();
  spec.description = message.description();
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
