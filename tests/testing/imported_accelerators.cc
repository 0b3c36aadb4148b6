#include "tests/testing/imported_accelerators.h"

#include <utility>
#include <vector>

#include "common/convert/convert.h"
#include "common/formats/timeloop_template.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

// Timeloop's name of a dimension.
std::string LoopOf(Dim dim) { return dim == Dim::kK ? "M" : std::string(1, Name(dim)); }

void Append(const std::string& item, std::string* list) { *list += (list->empty() ? "" : ", ") + item; }

std::string TensorList(TensorSet tensors, bool listed) {
  std::string list;
  for (const Tensor tensor : kAllTensors) {
    if (tensors.Has(tensor) == listed)
      Append(tensor == Tensor::kW ? "Weights" : tensor == Tensor::kI ? "Inputs" : "Outputs", &list);
  }
  return "[" + list + "]";
}

std::string SpatialOf(const LevelSpec& level, bool is_v04) {
  std::string permutation;
  std::string factors;
  int along_x = 0;
  DimSet named;
  for (const AxisSpec& axis : level.spatial) {
    for (const Dim dim : kAllDims) {
      if (!axis.dims.Has(dim)) continue;
      named.Add(dim);
      Append(LoopOf(dim), &permutation);
      along_x += axis.name == "X" ? 1 : 0;
    }
  }
  for (const Dim dim : kAllDims) {
    if (named.Has(dim)) continue;
    Append(LoopOf(dim) + "=1", &factors);
    along_x += is_v04 ? 1 : 0;
  }
  return "permutation: [" + permutation + "], split: " + std::to_string(along_x) + ", factors: [" + factors + "]";
}

}  // namespace

std::string ConstraintFileOf(const Template& told, bool is_v04) {
  std::string text = "architecture_constraints:\n  targets:\n";
  for (int l = 0; l < told.num_levels(); ++l) {
    const LevelSpec& level = told.level(l);
    const std::string head = "  - {target: " + level.name + ", type: ";
    text +=
        head + "bypass, keep: " + TensorList(level.keeps, true) + ", bypass: " + TensorList(level.keeps, false) + "}\n";
    if (!level.spatial.empty()) text += head + "spatial, " + SpatialOf(level, is_v04) + "}\n";
  }
  return text;
}

std::unique_ptr<const Template> ImportedAccelerator(const std::string& folder, const std::string& name,
                                                    const Template& told) {
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  files.push_back(ValueOrDie(TimeloopFile::Read(folder + "/" + name + ".arch.yaml")));
  files.push_back(ValueOrDie(TimeloopFile::Read(folder + "/" + name + ".ert.yaml")));
  files.push_back(ValueOrDie(TimeloopFile::Parse(ConstraintFileOf(told), name + ".constraints.yaml")));
  TemplateImportOptions options;
  options.name = name;
  options.dialect = NameOf(told.spec().dialect);
  const TemplateImport result = ValueOrDie(ImportTimeloopTemplate(files, options));
  return ValueOrDie(TemplateFromProto(result.hardware_template));
}

}  // namespace oneloop
