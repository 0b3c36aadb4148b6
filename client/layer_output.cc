#include "client/layer_output.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"

namespace oneloop {
namespace {

constexpr int kNumLoopBounds = 8;      // R S P Q C K N G: the first fields
constexpr int kNumRequiredBounds = 7;  // all of them but G

std::int32_t BoundOf(const v1::Bounds& bounds, const google::protobuf::FieldDescriptor* field) {
  const google::protobuf::Reflection* reflection = bounds.GetReflection();
  return reflection->HasField(bounds, field) ? reflection->GetInt32(bounds, field) : 1;
}

}  // namespace

std::vector<std::string> BoundColumns() {
  std::vector<std::string> names;
  const google::protobuf::Descriptor* type = v1::Bounds::descriptor();
  names.reserve(static_cast<std::size_t>(type->field_count()));
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return names;
}

std::vector<std::string> BoundCells(const v1::Bounds& bounds) {
  std::vector<std::string> cells;
  const google::protobuf::Descriptor* type = v1::Bounds::descriptor();
  cells.reserve(static_cast<std::size_t>(type->field_count()));
  for (int i = 0; i < type->field_count(); ++i) cells.push_back(absl::StrCat(BoundOf(bounds, type->field(i))));
  return cells;
}

std::string FormatBounds(const v1::Bounds& bounds) {
  std::string text;
  const google::protobuf::Descriptor* type = v1::Bounds::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const std::int32_t bound = BoundOf(bounds, type->field(i));
    if (i >= kNumRequiredBounds && bound == 1) continue;
    absl::StrAppend(&text, text.empty() ? "" : " ", type->field(i)->name(), i < kNumLoopBounds ? "" : " ", bound);
  }
  return text;
}

std::string FormatPadding(const v1::LayerDesign& layer) {
  return absl::StrJoin(layer.padding(), ", ", [](std::string* text, const v1::Padding& padding) {
    const double share = static_cast<double>(padding.padded()) / static_cast<double>(padding.bound()) - 1;
    absl::StrAppend(text, padding.dim(), " ", padding.bound(), "->", padding.padded(),
                    absl::StrFormat(" (%+.1f %%)", 100 * share));
  });
}

double TotalMacs(const v1::Workload& workload) {
  double total = 0;
  const google::protobuf::Descriptor* type = v1::Bounds::descriptor();
  for (const v1::Layer& layer : workload.layers()) {
    double macs = layer.has_count() ? layer.count() : 1;
    for (int i = 0; i < kNumLoopBounds; ++i) macs *= BoundOf(layer.bounds(), type->field(i));
    total += macs;
  }
  return total;
}

}  // namespace oneloop
