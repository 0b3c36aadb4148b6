#include "common/formats/import.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/convert/yaml_document.h"
#include "common/formats/layer_tables.h"
#include "common/formats/onnx_import.h"
#include "common/formats/timeloop.h"
#include "common/formats/yaml_view.h"

namespace oneloop {
namespace {

// As for YAML.
constexpr std::size_t kMostBytes = kMaxYamlBytes;

WorkloadFormat DetectYaml(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxYamlBytes);
  if (!text.ok()) return WorkloadFormat::kOneLoop;
  // With Jinja it may be no YAML.
  if (text->find("{{") != std::string::npos && text->find("include_text") != std::string::npos)
    return WorkloadFormat::kTimeloop;
  const absl::StatusOr<YamlDocument> document = YamlDocument::Parse(*text, path);
  if (!document.ok()) return WorkloadFormat::kOneLoop;
  const YamlView root(document->root());
  if (root.IsList()) return WorkloadFormat::kZigzag;
  return root.Get("problem").empty() ? WorkloadFormat::kOneLoop : WorkloadFormat::kTimeloop;
}

}  // namespace

WorkloadFormat DetectWorkloadFormat(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return WorkloadFormat::kTimeloop;
  const std::string extension = absl::AsciiStrToLower(std::filesystem::path(path).extension().string());
  if (extension == ".onnx") return WorkloadFormat::kOnnx;
  if (extension == ".csv") return WorkloadFormat::kScaleSim;
  if (extension == ".m") return WorkloadFormat::kMaestro;
  return DetectYaml(path);
}

v1::WorkloadImport ImportOf(v1::Workload workload) {
  v1::WorkloadImport result;
  for (const v1::Layer& layer : workload.layers()) {
    const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(layer.bounds());
    v1::ImportedProduct* const product = result.add_products();
    product->set_node(layer.name());
    product->set_layer(layer.name());
    *product->mutable_bounds() = layer.bounds();
    product->set_count(layer.has_count() ? layer.count() : 1);
    std::int64_t macs = 0;
    if (!shape.ok() || __builtin_mul_overflow(Macs(*shape), product->count(), &macs)) macs = INT64_MAX;
    product->set_macs(macs);
    result.set_layers(result.layers() + product->count());
    std::int64_t total = 0;
    result.set_macs(__builtin_add_overflow(result.macs(), macs, &total) ? INT64_MAX : total);
  }
  result.set_distinct_layers(workload.layers_size());
  *result.mutable_workload() = std::move(workload);
  return result;
}

absl::StatusOr<v1::WorkloadImport> ImportWorkload(const std::string& path, const ImportOptions& options) {
  const WorkloadFormat format = DetectWorkloadFormat(path);
  if (format == WorkloadFormat::kOnnx) return ImportOnnxFile(path, options);
  if (!options.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": --bind, --shape, --value and --skip are for ONNX models"));
  }
  const auto wrap = [](absl::StatusOr<v1::Workload> workload) -> absl::StatusOr<v1::WorkloadImport> {
    RETURN_IF_ERROR(workload.status());
    return ImportOf(*std::move(workload));
  };
  if (format == WorkloadFormat::kOneLoop) return wrap(ReadWorkloadFile(path));
  if (format == WorkloadFormat::kTimeloop) return wrap(ReadTimeloop(path));
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  if (format == WorkloadFormat::kZigzag) return ReadZigzagText(text, path);
  return wrap(format == WorkloadFormat::kScaleSim ? ReadScaleSimText(text, path) : ReadMaestroText(text, path));
}

}  // namespace oneloop
