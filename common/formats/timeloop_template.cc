#include "common/formats/timeloop_template.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"
#include "common/convert/constraints.h"
#include "common/convert/convert.h"
#include "common/formats/file_name.h"
#include "common/formats/timeloop_architecture.h"
#include "common/formats/timeloop_constraints.h"
#include "common/formats/timeloop_costs.h"
#include "common/formats/timeloop_memory.h"
#include "common/formats/timeloop_prices.h"

namespace oneloop {
namespace {

// What files of Timeloop's hold at their outermost level. What is not read here says nothing of an accelerator.
constexpr std::array<std::string_view, 20> kFileKeys = {"architecture",
                                                        "arch",
                                                        "architecture_constraints",
                                                        "arch_constraints",
                                                        "mapspace_constraints",
                                                        "mapspace",
                                                        "constraints",
                                                        "problem",
                                                        "variables",
                                                        "ERT",
                                                        "ART",
                                                        "components",
                                                        "compound_components",
                                                        "mapper",
                                                        "mapping",
                                                        "sparse_optimizations",
                                                        "globals",
                                                        "specification",
                                                        "version",
                                                        "dumped_by_timeloop_front_end"};

constexpr std::array<std::string_view, 4> kDialects = {"", "2022", "2023", "2025"};

class Importer {
 public:
  explicit Importer(const TemplateImportOptions& options) : options_(options) {}

  absl::StatusOr<TemplateImport> Import(const std::vector<std::unique_ptr<const TimeloopFile>>& files) {
    RETURN_IF_ERROR(CheckOptions());
    RETURN_IF_ERROR(ReadFiles(files));
    if (architecture_.levels.empty()) return notes_.status();
    RETURN_IF_ERROR(ReadCosts());
    RETURN_IF_ERROR(VarySizes());
    MakeLevels();
    ApplyConstraints(files);
    RETURN_IF_ERROR(notes_.status());
    AddCosts();
    FoldFanOuts();
    RETURN_IF_ERROR(notes_.status());
    return Finish();
  }

 private:
  v1::Template& message() { return result_.hardware_template; }

  // Levels of the message are innermost first, components outermost first.
  std::size_t LevelOf(std::size_t component) const { return architecture_.levels.size() - 1 - component; }
  const TimeloopComponent& ComponentAt(std::size_t level) const { return architecture_.levels[LevelOf(level)]; }
  // The next one inwards, the compute units inside the last.
  const TimeloopComponent& InsideOf(std::size_t component) const {
    return component + 1 < architecture_.levels.size() ? architecture_.levels[component + 1] : architecture_.compute;
  }

  absl::Status CheckOptions() const {
    if (std::find(kDialects.begin(), kDialects.end(), options_.dialect) == kDialects.end()) {
      return FieldError("dialect", absl::StrCat("is '", options_.dialect, "'; valid: 2022, 2023, 2025"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadFiles(const std::vector<std::unique_ptr<const TimeloopFile>>& files) {
    variables_ = options_.variables;
    const TimeloopFile* architecture = nullptr;
    names_ = TimeloopNames::OfCnnLayer();
    for (const auto& file : files) {
      const YamlView root = file->root();
      NoteKeys(*file);
      for (const auto& [name, value] : root.Get("variables").Entries()) {
        if (value.IsScalar()) variables_.emplace(name, value.Text());
      }
      const YamlView own = root.GetAny({"architecture", "arch"});
      if (!own.empty()) {
        if (architecture != nullptr) {
          return absl::InvalidArgumentError(
              absl::StrCat(file->PlaceOf(own), ": a second architecture; the first is in ", architecture->path()));
        }
        architecture = file.get();
      }
      const YamlView problem = root.Get("problem");
      if (problem.IsMap()) {
        ASSIGN_OR_RETURN(names_, NamesOfProblem(problem, file->path()));
      }
      ReadTimeloopCosts(*file, &tables_.base, &notes_);
    }
    if (architecture == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(files.empty() ? "" : files.front()->path(), ": no `architecture` is in it"));
    }
    path_ = architecture->path();
    const YamlView root = architecture->root();
    architecture_ =
        root.Get("architecture").empty()
            ? ReadTimeloopArch(*architecture, root.Get("arch"), variables_, names_, &notes_)
            : ReadTimeloopArchitecture(*architecture, root.Get("architecture"), variables_, names_, &notes_);
    dialect_ = !options_.dialect.empty() ? options_.dialect : architecture_.is_v04 ? "2023" : "2022";
    for (const TimeloopComponent& component : architecture_.levels) {
      memories_.push_back(ReadTimeloopMemory(component, dialect_, variables_, &notes_));
    }
    std::reverse(memories_.begin(), memories_.end());
    return absl::OkStatus();
  }

  void NoteKeys(const TimeloopFile& file) {
    const std::vector<std::string> known(kFileKeys.begin(), kFileKeys.end());
    for (const auto& [key, value] : file.root().Entries()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const std::string nearest = NearestName(key, known);
      if (nearest.empty()) continue;
      notes_.AddWarning(file.PlaceOf(value), absl::StrCat(key, ": not read (did you mean '", nearest, "'?)"));
    }
    const YamlView sparse = file.root().Get("sparse_optimizations");
    const YamlView targets = sparse.Get("targets");
    const bool is_nothing = sparse.empty() || (targets.IsList() ? targets.Items().empty() : sparse.Entries().empty());
    if (is_nothing) return;
    notes_.AddError(file.PlaceOf(sparse), "sparse_optimizations: skipping and gating cannot be expressed");
  }

  // Tables in files of their own.
  absl::Status ReadCosts() {
    for (const TimeloopCostFile& cost_file : options_.costs) {
      ASSIGN_OR_RETURN(const auto file, TimeloopFile::Read(cost_file.path, options_.variables));
      if (!cost_file.size.has_value()) {
        ReadTimeloopCosts(*file, &tables_.base, &notes_);
        continue;
      }
      ASSIGN_OR_RETURN(const std::string key, SeriesKey(cost_file));
      if (!series_key_.empty() && series_key_ != key) {
        return absl::InvalidArgumentError(absl::StrCat(cost_file.path, ": costs are given for sizes of ", series_key_,
                                                       " and of ", key, "; give them for one"));
      }
      series_key_ = key;
      ReadTimeloopCosts(*file, &tables_.series[*cost_file.size], &notes_);
    }
    if (tables_.base.energies.empty() && !tables_.series.empty())
      tables_.base.energies = tables_.series.begin()->second.energies;
    if (tables_.base.areas.empty() && !tables_.series.empty())
      tables_.base.areas = tables_.series.begin()->second.areas;
    return absl::OkStatus();
  }

  // "shared_glb.depth", which a table is of a size of.
  absl::StatusOr<std::string> SeriesKey(const TimeloopCostFile& cost_file) const {
    std::vector<std::string> sizes;
    for (const VariedSize& varied : options_.varied) {
      if (varied.key == "depth" || varied.key == "entries")
        sizes.push_back(absl::StrCat(varied.level, ".", varied.key));
    }
    if (cost_file.level_key.empty() && sizes.size() == 1) return sizes.front();
    if (!cost_file.level_key.empty() && std::find(sizes.begin(), sizes.end(), cost_file.level_key) != sizes.end()) {
      return cost_file.level_key;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        cost_file.path, ": is of a size that is not varied",
        sizes.empty() ? "; vary a level's depth or entries" : absl::StrCat("; varied: ", absl::StrJoin(sizes, ", "))));
  }

  static std::string ParameterName(const VariedSize& varied) {
    std::string name;
    for (const char c : varied.level.substr(0, 48)) {
      name.push_back(absl::ascii_isalnum(static_cast<unsigned char>(c))
                         ? absl::ascii_tolower(static_cast<unsigned char>(c))
                         : '_');
    }
    if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) name = absl::StrCat("level_", name);
    const std::string suffix = varied.key == "meshX" ? "columns" : varied.key == "meshY" ? "rows" : varied.key;
    return absl::StrCat(name, "_", suffix);
  }

  absl::Status VarySizes() {
    for (const VariedSize& varied : options_.varied) {
      const std::string what = absl::StrCat(varied.level, ".", varied.key);
      const std::string name = ParameterName(varied);
      for (const v1::Parameter& other : message().parameters()) {
        if (other.name() == name) return FieldError("", absl::StrCat(what, ": is varied twice"));
      }
      if (!(varied.min >= 1 && varied.min <= varied.max && varied.max <= kMaxParameterValue) ||
          varied.min != std::floor(varied.min) || varied.max != std::floor(varied.max)) {
        return FieldError("", absl::StrCat(what, ": expected whole numbers MIN:MAX, 1 or more"));
      }
      RETURN_IF_ERROR(varied.key == "depth" || varied.key == "entries" ? VaryDepth(varied, name)
                                                                       : VaryMesh(varied, name));
      v1::Parameter& parameter = *message().add_parameters();
      parameter.set_name(name);
      parameter.set_min(varied.min);
      parameter.set_max(varied.max);
      parameter.set_description(absl::StrCat(varied.key, " of ", varied.level));
      if (what == series_key_) tables_.parameter = name;
      const bool is_size = varied.key == "depth" || varied.key == "entries";
      if (is_size && what != series_key_ && tables_.base.has_energies()) {
        result_.warnings.push_back(absl::StrCat(path_, ": costs of ", varied.level,
                                                " stay those of the size in the tables; ",
                                                "give tables of several sizes"));
      }
    }
    return absl::OkStatus();
  }

  // -1 when there is no such component, levels_.size() for compute units; by component, outermost first.
  std::optional<std::size_t> FindComponent(const std::string& name) const {
    for (std::size_t c = 0; c < architecture_.levels.size(); ++c) {
      if (architecture_.levels[c].name == name) return c;
    }
    if (architecture_.compute.name == name) return architecture_.levels.size();
    return std::nullopt;
  }

  absl::Status UnknownLevel(const VariedSize& varied) const {
    std::vector<std::string> names;
    for (const TimeloopComponent& component : architecture_.levels) names.push_back(component.name);
    names.push_back(architecture_.compute.name);
    return FieldError("", absl::StrCat(varied.level, ".", varied.key, ": '", varied.level, "' is not in ", path_,
                                       SuggestName(varied.level, names)));
  }

  absl::Status VaryDepth(const VariedSize& varied, const std::string& parameter) {
    const std::optional<std::size_t> component = FindComponent(varied.level);
    if (!component.has_value()) return UnknownLevel(varied);
    const bool is_memory = *component > 0 && *component < architecture_.levels.size() &&
                           !architecture_.levels[*component].is_fan_out && memories_[LevelOf(*component)].words != 0;
    if (!is_memory) {
      return FieldError("", absl::StrCat(varied.level, ".", varied.key, ": has no size to vary"));
    }
    const std::size_t level = LevelOf(*component);
    if (depths_.count(level) > 0) return FieldError("", absl::StrCat(varied.level, ": its size is varied twice"));
    const double block = varied.key == "depth" ? static_cast<double>(memories_[level].block) : 1;
    depths_[level] = {block, {parameter}, memories_[level].multiple_buffering};
    return absl::OkStatus();
  }

  // The fan-out whose copies are the columns or rows of the level.
  absl::Status VaryMesh(const VariedSize& varied, const std::string& parameter) {
    if (varied.key != "meshX" && varied.key != "meshY") {
      return FieldError("", absl::StrCat(varied.level, ".", varied.key, ": valid: depth, entries, meshX, meshY"));
    }
    std::optional<std::size_t> component = FindComponent(varied.level);
    if (!component.has_value()) return UnknownLevel(varied);
    const bool is_container = *component < architecture_.levels.size() && architecture_.levels[*component].is_fan_out;
    // A component of v0.4 with a mesh has a fan-out of its own around it.
    if (!is_container && *component == 0) {
      return FieldError("", absl::StrCat(varied.level, ".", varied.key, ": it is the outermost level"));
    }
    const std::size_t outside = is_container ? *component : *component - 1;
    const TimeloopComponent& outer = architecture_.levels[outside];
    const TimeloopComponent& inner = InsideOf(outside);
    const bool is_x = varied.key == "meshX";
    const std::int64_t around = is_x ? outer.mesh_x : outer.mesh_y;
    const std::int64_t here = is_x ? inner.mesh_x : inner.mesh_y;
    if (here == around && around > 1) {
      return FieldError(
          "", absl::StrCat(varied.level, ".", varied.key, ": is that of ", outer.name, " outside it; vary that"));
    }
    // In v0.3 the mesh is that of all instances.
    const double per = architecture_.has_nodes ? 1 : static_cast<double>(around);
    meshes_[{LevelOf(outside), is_x ? 'X' : 'Y'}] = {1, {parameter}, per};
    return absl::OkStatus();
  }

  // Names, axes and sizes; all is kept that nothing says otherwise of.
  void MakeLevels() {
    instances_.resize(memories_.size());
    TimeloopCount around;
    for (std::size_t c = 0; c < architecture_.levels.size(); ++c) instances_[LevelOf(c)] = {};
    for (std::size_t level = 0; level < memories_.size(); ++level)
      message().add_levels()->set_name(ComponentAt(level).name);
    for (std::size_t c = 0; c < architecture_.levels.size(); ++c) {
      const std::size_t level = LevelOf(c);
      instances_[level] = around;
      const TimeloopComponent& outer = architecture_.levels[c];
      const TimeloopComponent& inner = InsideOf(c);
      AddAxis(level, 'X', inner.mesh_x / outer.mesh_x, &around);
      AddAxis(level, 'Y', inner.mesh_y / outer.mesh_y, &around);
    }
    compute_instances_ = around;
    for (std::size_t level = 0; level < memories_.size(); ++level) AddSize(level);
  }

  void AddAxis(std::size_t level, char name, std::int64_t size, TimeloopCount* around) {
    const auto varied = meshes_.find({level, name});
    if (varied == meshes_.end() && size == 1) return;
    v1::SpatialAxis& axis = *message().mutable_levels(static_cast<int>(level))->add_spatial();
    axis.set_name(std::string(1, name));
    for (const Dim dim : kAllDims) axis.add_dims(std::string(1, Name(dim)));
    const TimeloopCount count =
        varied == meshes_.end() ? TimeloopCount{static_cast<double>(size), {}, 1} : varied->second;
    axis.set_size(TimeloopCountText(count));
    around->factor *= count.factor;
    around->divisor *= count.divisor;
    around->parameters.insert(around->parameters.end(), count.parameters.begin(), count.parameters.end());
  }

  void AddSize(std::size_t level) {
    v1::Level& out = *message().mutable_levels(static_cast<int>(level));
    const TimeloopMemory& memory = memories_[level];
    const TimeloopComponent& component = ComponentAt(level);
    if (component.is_fan_out) {
      out.add_temporal("none");
      return;
    }
    // A memory without room is a fan-out of its own.
    if (memory.words == 0) return;
    for (const Tensor tensor : kAllTensors) out.add_keeps(std::string(1, Name(tensor)));
    const auto varied = depths_.find(level);
    const bool is_outermost = level + 1 == memories_.size();
    if (memory.min_utilization > 0 && (is_outermost || !memory.words.has_value())) {
      notes_.AddError(component.place, absl::StrCat(component.name, ": min-utilization of a memory without a limit"));
    } else if (memory.min_utilization > 0) {
      out.set_min_utilization(memory.min_utilization);
    }
    if (varied != depths_.end()) {
      out.set_capacity_words(TimeloopCountText(varied->second));
      return;
    }
    if (!memory.words.has_value()) return;
    if (is_outermost) {
      notes_.AddWarning(component.place, absl::StrCat(component.name, ": is the outermost memory; its size of ",
                                                      *memory.words, " words is not looked at"));
      return;
    }
    const double words = std::floor(static_cast<double>(*memory.words) / memory.multiple_buffering);
    if (words < 1) {
      notes_.AddError(component.place, absl::StrCat(component.name, ": holds no word with multiple buffering"));
      return;
    }
    out.set_capacity_words(ExactNumber(words));
  }

  void ApplyConstraints(const std::vector<std::unique_ptr<const TimeloopFile>>& files) {
    std::vector<TimeloopConstraint> constraints = architecture_.constraints;
    for (const auto& file : files) {
      for (TimeloopConstraint& constraint : ReadTimeloopConstraints(*file, names_, architecture_.is_v04, &notes_)) {
        constraints.push_back(std::move(constraint));
      }
    }
    const v1::Constraints merged = ToConstraints(constraints, message(), names_, &notes_);
    if (options_.search_bypass) {
      for (int l = 0; l + 1 < message().levels_size(); ++l) {
        v1::Level& level = *message().mutable_levels(l);
        level.mutable_may_keep()->Swap(level.mutable_keeps());
      }
    }
    for (const v1::LevelConstraints& asked : merged.levels()) {
      if (asked.level() != message().levels().rbegin()->name() || asked.bypass().empty()) continue;
      notes_.AddError(ComponentAt(memories_.size() - 1).place,
                      "the outermost memory keeps weights, inputs and outputs");
      return;
    }
    if (const absl::Status added = AddConstraints(merged, &message()); !added.ok()) {
      notes_.AddError(path_, Message(added));
      return;
    }
    // A memory without room keeps nothing, whatever is said.
    for (std::size_t level = 0; level < memories_.size(); ++level) {
      v1::Level& out = *message().mutable_levels(static_cast<int>(level));
      const bool is_empty = ComponentAt(level).is_fan_out || memories_[level].words == 0;
      if (is_empty) out.clear_keeps();
      if (!out.keeps().empty()) SortTensors(out.mutable_keeps());
      if (!out.keeps().empty() || !out.may_keep().empty()) continue;
      out.clear_capacity_words();
      out.clear_min_utilization();
    }
  }

  static void SortTensors(google::protobuf::RepeatedPtrField<std::string>* names) {
    std::sort(names->begin(), names->end(),
              [](const std::string& a, const std::string& b) { return kTensorNames.find(a) < kTensorNames.find(b); });
  }

  void AddCosts() {
    ParameterSpace parameters;
    for (const v1::Parameter& parameter : message().parameters()) {
      parameters.names.push_back(parameter.name());
      parameters.low.push_back(parameter.min());
      parameters.high.push_back(parameter.max());
    }
    TimeloopPrices prices({architecture_, memories_, dialect_, tables_, options_.components, std::move(parameters)},
                          &notes_);
    for (std::size_t l = 0; l < memories_.size(); ++l) {
      v1::Level& level = *message().mutable_levels(static_cast<int>(l));
      if (!level.keeps().empty() || !level.may_keep().empty()) AddWordBits(memories_[l].word_bits, &level);
      prices.AddToLevel(l, &level);
    }
    *message().mutable_word_bits() = message().levels().rbegin()->word_bits();
    prices.AddToCompute(&message());
    message().set_area_mm2(prices.AreaMm2(instances_, compute_instances_));
    result_.fits = prices.fits();
    const bool is_free = !tables_.base.has_energies() && options_.components == nullptr;
    if (is_free) notes_.AddWarning(path_, "no ERT is given: energies that no attribute gives are 0");
  }

  static void AddWordBits(int bits, v1::Level* level) {
    level->mutable_word_bits()->set_w(bits);
    level->mutable_word_bits()->set_i(bits);
    level->mutable_word_bits()->set_o(bits);
  }

  // A fan-out without memory and loops is one of the level outside it, which has one copy of it. Where it has several,
  // or a network of its own, the two stay apart.
  void FoldFanOuts() {
    google::protobuf::RepeatedPtrField<v1::Level>& levels = *message().mutable_levels();
    for (int l = levels.size() - 2; l >= 0; --l) {
      v1::Level& inner = *levels.Mutable(l);
      v1::Level& outer = *levels.Mutable(l + 1);
      const bool has_loops = !(inner.temporal_size() == 1 && inner.temporal(0) == "none");
      if (has_loops || !inner.keeps().empty() || !inner.may_keep().empty()) continue;
      const bool is_nothing = inner.spatial().empty() && !inner.has_link();
      if (!is_nothing && (!outer.spatial().empty() || outer.has_link())) continue;
      if (!is_nothing) {
        outer.mutable_spatial()->Swap(inner.mutable_spatial());
        if (inner.has_link()) outer.mutable_link()->Swap(inner.mutable_link());
      }
      levels.DeleteSubrange(l, 1);
    }
    // Words are as wide as the template says but where a level says otherwise.
    for (v1::Level& level : levels) {
      if (level.word_bits().w() == message().word_bits().w()) level.clear_word_bits();
    }
  }

  absl::StatusOr<TemplateImport> Finish() {
    message().set_name(options_.name.empty() ? WorkloadNameOf(path_) : options_.name);
    message().set_dialect(dialect_);
    message().set_description("Read from an architecture of Timeloop's");
    const absl::Status status = TemplateFromProto(message()).status();
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(path_, ": as a template: ", status.message()));
    for (std::string& warning : notes_.warnings()) result_.warnings.push_back(std::move(warning));
    return std::move(result_);
  }

  const TemplateImportOptions& options_;
  TimeloopNotes notes_;
  TemplateImport result_;
  std::string path_;  // of the architecture
  std::string dialect_;
  TimeloopVariables variables_;
  TimeloopNames names_;
  TimeloopArchitecture architecture_;
  std::vector<TimeloopMemory> memories_;  // by level
  TimeloopTables tables_;
  std::string series_key_;                                        // of which size the tables are, "shared_glb.depth"
  std::map<std::size_t, TimeloopCount> depths_;                   // words, by level
  std::map<std::pair<std::size_t, char>, TimeloopCount> meshes_;  // sizes of axes, by level and name
  std::vector<TimeloopCount> instances_;                          // by level
  TimeloopCount compute_instances_;
};

}  // namespace

absl::StatusOr<TimeloopVariables> ReadTimeloopVariables(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, TimeloopFile::Read(path));
  const YamlView root = file->root();
  const YamlView inner = root.Get("variables");
  TimeloopVariables variables;
  for (const auto& [name, value] : (inner.IsMap() ? inner : root).Entries()) {
    if (value.IsScalar()) variables[name] = value.Text();
  }
  if (variables.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": no variables are in it"));
  return variables;
}

absl::StatusOr<TemplateImport> ImportTimeloopTemplate(const std::vector<std::unique_ptr<const TimeloopFile>>& files,
                                                      const TemplateImportOptions& options) {
  return Importer(options).Import(files);
}

absl::StatusOr<TemplateImport> ImportTimeloopTemplate(const std::vector<std::string>& paths,
                                                      const TemplateImportOptions& options) {
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(files.emplace_back(), TimeloopFile::Read(path, options.variables));
  }
  return ImportTimeloopTemplate(files, options);
}

}  // namespace oneloop
