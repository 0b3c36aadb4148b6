#include "common/formats/design_source.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"

namespace oneloop {

absl::StatusOr<MappedDesign> ReadMappedDesign(const DesignSource& source) {
  MappedDesign result;
  absl::StatusOr<std::unique_ptr<const Template>> hardware_template = TemplateFromProto(source.hardware_template);
  if (!hardware_template.ok()) return PrefixField("template", hardware_template.status());
  result.hardware_template = *std::move(hardware_template);
  ASSIGN_OR_RETURN(result.hardware, HardwareFromMap(*result.hardware_template, source.design.parameters()));
  std::map<std::string, double> weights;
  for (const v1::NetworkFigures& network : source.design.networks()) weights[network.name()] = network.weight();
  for (int i = 0; i < source.design.layers_size(); ++i) {
    const v1::LayerDesign& layer = source.design.layers(i);
    const std::string field = absl::StrCat("layers[", i, "]");
    const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(layer.bounds());
    if (!shape.ok()) return PrefixField(field + ".bounds", shape.status());
    const absl::StatusOr<Mapping> mapping = ParseMapping(*result.hardware_template, *shape, layer.mapping());
    if (!mapping.ok()) return PrefixField(field, mapping.status());
    const auto weight = weights.find(layer.network());
    result.layers.push_back({*shape, *mapping, layer.count() * (weight == weights.end() ? 1 : weight->second)});
  }
  if (result.layers.empty()) return FieldError("layers", "the design has no layers");
  return result;
}

v1::Workload WorkloadOfDesign(const v1::Design& design) {
  v1::Workload workload;
  workload.set_name(design.workload());
  for (const v1::LayerDesign& layer : design.layers()) {
    v1::Layer& added = *workload.add_layers();
    added.set_name(layer.name());
    added.set_count(layer.count());
    *added.mutable_bounds() = layer.bounds();
  }
  return workload;
}

}  // namespace oneloop
