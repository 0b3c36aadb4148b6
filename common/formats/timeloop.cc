#include "common/formats/timeloop.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/yaml.h"
#include "common/formats/file_name.h"
#include "common/formats/layer_names.h"
#include "common/formats/message_yaml.h"
#include "common/formats/operation.h"
#include "common/formats/timeloop_names.h"
#include "common/formats/timeloop_text.h"
#include "common/formats/yaml_view.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 4096;
constexpr char kLayerComment[] = "# oneloop layer: ";
constexpr char kWorkloadComment[] = "# oneloop workload: ";

// What stands in the comments of a file that TimeloopFiles wrote.
template <class Message>
absl::Status ReadComment(const std::string& text, const char* head, const std::string& file, Message* message) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "#")) return absl::OkStatus();
    if (!absl::StartsWith(line, head)) continue;
    return ReadYamlText(ToString(line.substr(std::string_view(head).size())), file, message, nullptr);
  }
  return absl::OkStatus();
}

class ProblemReader {
 public:
  // Where only names are asked for, bounds may be missing.
  ProblemReader(const YamlView& problem, const std::string& file, bool only_names = false)
      : problem_(problem), file_(file), only_names_(only_names) {}

  absl::StatusOr<LayerShape> Read() {
    const YamlView shape = problem_.Get("shape");
    instance_ = problem_.Get("instance");
    // Before v0.3 the bounds stood in the problem itself.
    if (instance_.empty()) instance_ = problem_;
    if (shape.empty()) return problem_.Error(file_, "problem.shape is missing");
    if (shape.IsScalar()) return ReadNamed(shape);
    RETURN_IF_ERROR(ReadOperation(shape));
    const absl::StatusOr<LayerShape> result = ShapeOf(operation_);
    if (!result.ok()) return shape.Error(file_, absl::StrCat("problem.shape: ", result.status().message()));
    return *result;
  }

  absl::StatusOr<TimeloopNames> ReadNames() {
    const YamlView shape = problem_.Get("shape");
    instance_ = problem_.Get("instance");
    TimeloopNames names = TimeloopNames::OfCnnLayer();
    if (shape.IsMap()) {
      RETURN_IF_ERROR(ReadOperation(shape));
      absl::StatusOr<std::map<std::string, Dim>> dims = DimsOf(operation_);
      if (!dims.ok()) return shape.Error(file_, absl::StrCat("problem.shape: ", dims.status().message()));
      names.dims = *std::move(dims);
      names.tensors = tensors_;
    }
    names.are_given = true;
    for (const auto& [loop, dim] : names.dims) {
      if (instance_.Get(loop).Integer() == 1) names.unit_loops.push_back(loop);
    }
    return names;
  }

 private:
  absl::Status ReadOperation(const YamlView& shape) {
    RETURN_IF_ERROR(ReadLoops(shape));
    return ReadSpaces(shape);
  }

  // The one shape that Timeloop ships by name.
  absl::StatusOr<LayerShape> ReadNamed(const YamlView& shape) {
    const std::string name = absl::AsciiStrToLower(shape.Text());
    if (name != "cnn-layer" && name != "cnn_layer") {
      return shape.Error(file_, absl::StrCat("problem.shape: '", shape.Text(),
                                             "' is not known; valid: cnn-layer, or a map with its data spaces"));
    }
    LayerShape result;
    for (const Dim dim : kAllDims) {
      if (dim == Dim::kG) continue;
      ASSIGN_OR_RETURN(result.bounds[static_cast<std::size_t>(dim)], Bound(std::string(1, Name(dim)), std::nullopt));
    }
    ASSIGN_OR_RETURN(result.w_stride, Bound("Wstride", 1));
    ASSIGN_OR_RETURN(result.h_stride, Bound("Hstride", 1));
    ASSIGN_OR_RETURN(result.w_dilation, Bound("Wdilation", 1));
    ASSIGN_OR_RETURN(result.h_dilation, Bound("Hdilation", 1));
    return result;
  }

  absl::StatusOr<std::int64_t> Bound(const std::string& name, std::optional<std::int64_t> otherwise) const {
    YamlView value = instance_.Get(name);
    // Published files spell Wstride and WStride.
    if (value.empty()) {
      for (const auto& [key, entry] : instance_.Entries()) {
        if (absl::EqualsIgnoreCase(key, name) && name.size() > 1) value = entry;
      }
    }
    if (value.empty() && otherwise.has_value()) return *otherwise;
    if (value.empty()) return instance_.Error(file_, absl::StrCat("problem.instance.", name, " is missing"));
    const std::optional<std::int64_t> number = value.Integer();
    if (!number.has_value() || *number < 1 || *number > kMaxBound) {
      return value.Error(file_,
                         absl::StrCat("problem.instance.", name, ": expected a whole number of 1 to ", kMaxBound));
    }
    return *number;
  }

  absl::Status ReadLoops(const YamlView& shape) {
    const YamlView dimensions = shape.Get("dimensions");
    if (!dimensions.IsList()) return shape.Error(file_, "problem.shape.dimensions: expected a list");
    for (const YamlView& item : dimensions.Items()) {
      const std::string loop = item.Text();
      if (loop.empty() || operation_.bounds.count(loop) > 0 || operation_.loops.size() > 64) {
        return item.Error(file_, "problem.shape.dimensions: expected different names, at most 64");
      }
      operation_.loops.push_back(loop);
      ASSIGN_OR_RETURN(operation_.bounds[loop],
                       Bound(loop, only_names_ ? std::optional<std::int64_t>(kAnyBound) : std::nullopt));
    }
    for (const YamlView& item : shape.Get("coefficients").Items()) {
      const std::string name = item.Get("name").Text();
      const std::optional<std::int64_t> preset = item.Get("default").Integer();
      ASSIGN_OR_RETURN(steps_[name], Bound(name, preset.value_or(1)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<AxisTerm> ReadTerm(const YamlView& term) const {
    const std::vector<YamlView> parts = term.IsList() ? term.Items() : std::vector<YamlView>{term};
    AxisTerm result;
    if (!parts.empty()) result.loop = parts[0].Text();
    if (parts.empty() || parts.size() > 2 || operation_.bounds.count(result.loop) == 0) {
      return term.Error(file_, "expected [DIMENSION] or [DIMENSION, COEFFICIENT]");
    }
    if (parts.size() < 2) return result;
    const auto step = steps_.find(parts[1].Text());
    const std::optional<std::int64_t> number = parts[1].Integer();
    if (step == steps_.end() && !number.has_value()) {
      return parts[1].Error(
          file_, absl::StrCat("coefficient '", parts[1].Text(), "' is not among problem.shape.coefficients"));
    }
    result.step = number.has_value() ? *number : step->second;
    if (result.step < 1 || result.step > kMaxBound) return parts[1].Error(file_, "coefficient is not 1 to 2^31-1");
    return result;
  }

  absl::StatusOr<Projection> ReadProjection(const YamlView& space) const {
    const YamlView axes = space.Get("projection");
    if (!axes.IsList()) return space.Error(file_, "projection: expected a list of axes");
    Projection projection;
    for (const YamlView& axis : axes.Items()) {
      // An axis of one loop may be written without brackets.
      std::vector<AxisTerm> terms;
      const std::vector<YamlView> items = axis.IsList() ? axis.Items() : std::vector<YamlView>{axis};
      for (const YamlView& term : items) {
        ASSIGN_OR_RETURN(terms.emplace_back(), ReadTerm(term));
      }
      projection.push_back(std::move(terms));
    }
    return projection;
  }

  absl::Status ReadSpaces(const YamlView& shape) {
    const YamlView spaces = shape.GetAny({"data_spaces", "data-spaces"});
    const std::vector<YamlView> items = spaces.Items();
    if (items.size() != kNumTensors) {
      return (spaces.empty() ? shape : spaces)
          .Error(file_, "problem.shape.data_spaces: expected three, of a product of two tensors");
    }
    std::vector<std::size_t> inputs;
    std::optional<std::size_t> output;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string writes = absl::AsciiStrToLower(items[i].GetAny({"read_write", "read-write"}).Text());
      if (writes == "true") {
        output = i;
      } else {
        inputs.push_back(i);
      }
    }
    if (!output.has_value() || inputs.size() != 2) {
      return spaces.Error(file_, "problem.shape.data_spaces: expected one with read_write: true");
    }
    if (IsWeights(items[inputs[0]], items[inputs[1]])) std::swap(inputs[0], inputs[1]);
    tensors_ = {{items[inputs[1]].Get("name").Text(), Tensor::kW},
                {items[inputs[0]].Get("name").Text(), Tensor::kI},
                {items[*output].Get("name").Text(), Tensor::kO}};
    ASSIGN_OR_RETURN(operation_.tensors[static_cast<std::size_t>(Tensor::kI)], ReadProjection(items[inputs[0]]));
    ASSIGN_OR_RETURN(operation_.tensors[static_cast<std::size_t>(Tensor::kW)], ReadProjection(items[inputs[1]]));
    ASSIGN_OR_RETURN(operation_.tensors[static_cast<std::size_t>(Tensor::kO)], ReadProjection(items[*output]));
    return absl::OkStatus();
  }

  // Whether `a` rather than `b` is W: by their names, or by windows, which only I has.
  bool IsWeights(const YamlView& a, const YamlView& b) const {
    const auto first = [](const YamlView& space) {
      const std::string name = absl::AsciiStrToLower(space.Get("name").Text());
      return name.empty() ? ' ' : name[0];
    };
    if (first(a) == 'w' || first(a) == 'f' || first(b) == 'i') return true;
    if (first(b) == 'w' || first(b) == 'f' || first(a) == 'i') return false;
    for (const YamlView& axis : b.Get("projection").Items()) {
      if (axis.Items().size() > 1) return true;
    }
    return false;
  }

  // Of a loop of which only the name counts.
  static constexpr std::int64_t kAnyBound = 2;

  const YamlView& problem_;
  const std::string& file_;
  const bool only_names_;
  YamlView instance_;
  std::map<std::string, Tensor> tensors_;  // by the names of the data spaces
  Operation operation_;
  std::map<std::string, std::int64_t> steps_;
};

struct LayerFile {
  bool has_problem = false;
  v1::Layer layer;
  v1::Workload workload;  // what its comment says; no layers
};

absl::StatusOr<LayerFile> ReadLayerText(const std::string& text, const std::string& path) {
  ASSIGN_OR_RETURN(const YamlDocument document, YamlDocument::Parse(text, path));
  LayerFile file;
  const YamlView problem = YamlView(document.root()).Get("problem");
  file.has_problem = problem.IsMap();
  if (!file.has_problem) return file;
  ASSIGN_OR_RETURN(const LayerShape shape, ProblemReader(problem, path).Read());
  if (const absl::Status status = ValidateShape(shape); !status.ok()) {
    return problem.Error(path, absl::StrCat("problem: ", status.message()));
  }
  RETURN_IF_ERROR(ReadComment(text, kLayerComment, path, &file.layer));
  RETURN_IF_ERROR(ReadComment(text, kWorkloadComment, path, &file.workload));
  if (file.layer.name().empty()) {
    const std::string name = problem.Get("name").Text();
    file.layer.set_name(name.empty() ? fs::path(path).stem().string() : name);
  }
  *file.layer.mutable_bounds() = LayerShapeToProto(shape);
  return file;
}

absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string extension = entry->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") files.push_back(entry->path().string());
    if (files.size() > kMostFiles)
      return absl::InvalidArgumentError(absl::StrCat(path, ": holds more than ", kMostFiles, " files"));
  }
  if (error) return ReadFileError(path, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

std::string DataSpace(const char* name, const Projection& projection, const std::array<const char*, 2>& steps_of_axes,
                      const std::array<const char*, 2>& dilations, const char* writes) {
  std::string text = absl::StrCat("      - name: ", name, "\n        projection: [");
  std::size_t window = 0;
  for (std::size_t i = 0; i < projection.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ");
    if (projection[i].size() == 1) {
      absl::StrAppend(&text, "[[", projection[i][0].loop, "]]");
      continue;
    }
    absl::StrAppend(&text, "[[", projection[i][0].loop, ", ", dilations[window], "], [", projection[i][1].loop, ", ",
                    steps_of_axes[window], "]]");
    ++window;
  }
  return absl::StrCat(text, "]\n", writes == nullptr ? "" : absl::StrCat("        ", writes, ": true\n"));
}

std::string ProblemText(const v1::Layer& layer, TimeloopVersion version) {
  // Hyphens became underscores in 2023.
  const bool is_new = version == TimeloopVersion::k04;
  const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(layer.bounds());
  const LayerShape known = shape.ok() ? *shape : LayerShape();
  const Operation operation = OperationOf(known);
  std::string text = absl::StrCat("problem:\n  version: ", NameOf(version),
                                  "\n  shape:\n    name: layer\n    dimensions: [R, S, P, Q, C, K, N, G]\n    "
                                  "coefficients:\n");
  for (const char* const name : {"Wstride", "Hstride", "Wdilation", "Hdilation"}) {
    absl::StrAppend(&text, "      - {name: ", name, ", default: 1}\n");
  }
  absl::StrAppend(&text, is_new ? "    data_spaces:\n" : "    data-spaces:\n");
  const std::array<const char*, 2> steps = {"Wstride", "Hstride"};
  const std::array<const char*, 2> dilations = {"Wdilation", "Hdilation"};
  absl::StrAppend(&text, DataSpace("Weights", operation.tensors[0], steps, dilations, nullptr),
                  DataSpace("Inputs", operation.tensors[1], steps, dilations, nullptr),
                  DataSpace("Outputs", operation.tensors[2], steps, dilations, is_new ? "read_write" : "read-write"),
                  "  instance: {");
  for (const std::string& loop : operation.loops) absl::StrAppend(&text, loop, ": ", operation.bounds.at(loop), ", ");
  return absl::StrCat(text, "Wstride: ", known.w_stride, ", Hstride: ", known.h_stride,
                      ", Wdilation: ", known.w_dilation, ", Hdilation: ", known.h_dilation, "}\n");
}

absl::StatusOr<v1::Workload> Finish(const std::string& path, v1::Workload workload) {
  if (workload.layers().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no Timeloop problem is in it; expected a key `problem`"));
  }
  if (workload.name().empty()) workload.set_name(WorkloadNameOf(path));
  NameLayersApart(&workload);
  const absl::Status status = WorkloadFromProto(workload).status();
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
  return workload;
}

}  // namespace

absl::StatusOr<TimeloopNames> NamesOfProblem(const YamlView& problem, const std::string& file) {
  return ProblemReader(problem, file, /*only_names=*/true).ReadNames();
}

absl::StatusOr<v1::Workload> ReadTimeloop(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(path));
  v1::Workload workload;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(const TimeloopText expanded, ExpandTimeloopFile(file));
    ASSIGN_OR_RETURN(const LayerFile read, ReadLayerText(expanded.text, file));
    if (!read.has_problem) continue;
    if (workload.name().empty() && workload.layers().empty()) workload = read.workload;
    *workload.add_layers() = read.layer;
  }
  return Finish(path, std::move(workload));
}

absl::StatusOr<v1::Workload> ReadTimeloopText(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const TimeloopText expanded, ExpandTimeloopText(text, file));
  ASSIGN_OR_RETURN(const LayerFile read, ReadLayerText(expanded.text, file));
  v1::Workload workload = read.workload;
  if (read.has_problem) *workload.add_layers() = read.layer;
  return Finish(file, std::move(workload));
}

const char* NameOf(TimeloopVersion version) { return version == TimeloopVersion::k03 ? "0.3" : "0.4"; }

std::vector<std::pair<std::string, std::string>> TimeloopFiles(const v1::Workload& workload, TimeloopVersion version) {
  v1::Workload head;
  head.set_name(workload.name());
  head.set_description(workload.description());
  head.set_benchmark(workload.benchmark());
  *head.mutable_skipped() = workload.skipped();
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < workload.layers_size(); ++i) {
    v1::Layer layer = workload.layers(i);
    std::string name;
    for (const char c : layer.name().substr(0, 80)) {
      name.push_back(absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_');
    }
    const std::string problem = ProblemText(layer, version);
    layer.clear_bounds();
    files.emplace_back(
        absl::StrFormat("%04d_%s.yaml", i + 1, name),
        absl::StrCat(kWorkloadComment, YamlLine(head), "\n", kLayerComment, YamlLine(layer), "\n", problem));
  }
  return files;
}

}  // namespace oneloop
