#include "common/formats/timeloop_template.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
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
#include "common/formats/size_fit.h"
#include "common/formats/timeloop_architecture.h"
#include "common/formats/timeloop_constraints.h"
#include "common/formats/timeloop_costs.h"
#include "common/formats/timeloop_memory.h"

namespace oneloop {
namespace {

constexpr std::array<std::string_view, 4> kDialects = {"", "2022", "2023", "2025"};
constexpr double kUm2PerMm2 = 1e6;

std::string Number(std::int64_t value) { return absl::StrCat(value); }

bool IsKept(const v1::Level& level, Tensor tensor) {
  const std::string name(1, Name(tensor));
  const auto has = [&](const auto& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
  return has(level.keeps()) || has(level.may_keep());
}

// A monomial of a number and parameters.
struct Count {
  double factor = 1;
  std::vector<std::string> parameters;
};

std::string CountText(const Count& count) {
  std::string text = count.factor == 1 && !count.parameters.empty() ? "" : ExactNumber(count.factor);
  for (const std::string& parameter : count.parameters) absl::StrAppend(&text, text.empty() ? "" : " * ", parameter);
  return text;
}

// A cost of one instance, of several sizes where several tables are given.
using CostOf = std::function<std::optional<double>(const TimeloopCosts&)>;

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
    for (std::size_t l = 0; l < memories_.size(); ++l) AddCosts(l);
    AddCompute();
    AddArea();
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
      ReadTimeloopCosts(*file, &costs_, &notes_);
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
        ReadTimeloopCosts(*file, &costs_, &notes_);
        continue;
      }
      ASSIGN_OR_RETURN(const std::string key, SeriesKey(cost_file));
      if (!series_key_.empty() && series_key_ != key) {
        return absl::InvalidArgumentError(absl::StrCat(cost_file.path, ": costs are given for sizes of ", series_key_,
                                                       " and of ", key, "; give them for one"));
      }
      series_key_ = key;
      ReadTimeloopCosts(*file, &series_[*cost_file.size], &notes_);
    }
    if (costs_.energies.empty() && !series_.empty()) costs_.energies = series_.begin()->second.energies;
    if (costs_.areas.empty() && !series_.empty()) costs_.areas = series_.begin()->second.areas;
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
      if (what == series_key_) series_parameter_ = name;
      const bool is_size = varied.key == "depth" || varied.key == "entries";
      if (is_size && what != series_key_ && costs_.has_energies()) {
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
    depths_[level] = {block, {parameter}};
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
    meshes_[{LevelOf(outside), is_x ? 'X' : 'Y'}] = {1 / per, {parameter}};
    return absl::OkStatus();
  }

  // Names, axes and sizes; all is kept that nothing says otherwise of.
  void MakeLevels() {
    instances_.resize(memories_.size());
    Count around;
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

  void AddAxis(std::size_t level, char name, std::int64_t size, Count* around) {
    const auto varied = meshes_.find({level, name});
    if (varied == meshes_.end() && size == 1) return;
    v1::SpatialAxis& axis = *message().mutable_levels(static_cast<int>(level))->add_spatial();
    axis.set_name(std::string(1, name));
    for (const Dim dim : kAllDims) axis.add_dims(std::string(1, Name(dim)));
    const Count count = varied == meshes_.end() ? Count{static_cast<double>(size), {}} : varied->second;
    axis.set_size(CountText(count));
    around->factor *= count.factor;
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
    if (varied != depths_.end()) {
      Count words = varied->second;
      words.factor /= memory.multiple_buffering;
      out.set_capacity_words(CountText(words));
      return;
    }
    if (!memory.words.has_value()) return;
    if (level + 1 == memories_.size()) {
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
      if (out.keeps().empty() && out.may_keep().empty()) out.clear_capacity_words();
    }
  }

  static void SortTensors(google::protobuf::RepeatedPtrField<std::string>* names) {
    std::sort(names->begin(), names->end(),
              [](const std::string& a, const std::string& b) { return kTensorNames.find(a) < kTensorNames.find(b); });
  }

  // A cost as a formula, "" for 0; fitted where tables of several sizes differ in it. Nothing when no table has it.
  std::optional<std::string> Formula(const std::string& what, const CostOf& cost) {
    std::vector<std::pair<double, double>> samples;
    for (const auto& [size, costs] : series_) {
      const std::optional<double> value = cost(costs);
      if (value.has_value()) samples.emplace_back(size, *value);
    }
    const bool varies = std::any_of(samples.begin(), samples.end(),
                                    [&](const auto& sample) { return sample.second != samples.front().second; });
    if (varies && !series_parameter_.empty()) {
      const SizeFit fit = FitSize(samples);
      const std::string text = fit.Text(series_parameter_);
      result_.fits.push_back(absl::StrFormat("%s = %s: within %.2f %% of the %d tables", what,
                                             text.empty() ? "0" : text, 100 * fit.worst_error,
                                             static_cast<int>(samples.size())));
      return text;
    }
    const std::optional<double> value = samples.empty() ? cost(costs_) : samples.front().second;
    if (!value.has_value()) return std::nullopt;
    return *value == 0 ? std::string() : ExactNumber(*value);
  }

  // Of an access by the first of these names that the tables have.
  std::optional<std::string> Energy(std::size_t level, const std::vector<std::string_view>& actions, const char* flow) {
    const std::string& name = ComponentAt(level).name;
    const TimeloopMemory& memory = memories_[level];
    std::optional<std::string> energy = Formula(absl::StrCat(flow, " of ", name), [&](const TimeloopCosts& costs) {
      const std::optional<double> named = costs.Energy(name, actions);
      if (named.has_value()) return named;
      // Timeloop takes the dearest action for one that is not there, and divides it among the cluster.
      const std::optional<double> dearest = costs.Dearest(name);
      return dearest.has_value() ? std::optional<double>(*dearest / static_cast<double>(memory.cluster)) : std::nullopt;
    });
    if (!energy.has_value() && memory.access_pj.has_value()) {
      energy = *memory.access_pj == 0 ? std::string() : ExactNumber(*memory.access_pj);
    }
    return energy;
  }

  ComponentUse UseOf(const TimeloopComponent& component, const std::string& words) const {
    ComponentUse use;
    use.name = component.name;
    use.component_class = component.component_class;
    use.subclass = component.subclass;
    for (const auto& [key, attribute] : component.attributes) use.attributes[key] = attribute.text;
    use.words = words;
    for (const v1::Parameter& parameter : result_.hardware_template.parameters()) {
      use.parameters.names.push_back(parameter.name());
      use.parameters.low.push_back(parameter.min());
      use.parameters.high.push_back(parameter.max());
    }
    return use;
  }

  std::optional<ComponentCostTexts> FromSource(std::size_t level) const {
    // What a table leaves out costs nothing.
    if (options_.components == nullptr || costs_.has_energies()) return std::nullopt;
    ComponentUse use = UseOf(ComponentAt(level), message_words(level));
    use.word_bits = memories_[level].word_bits;
    use.block_words = memories_[level].block;
    use.cluster = memories_[level].cluster;
    return options_.components->CostsOf(use);
  }
  const std::string& message_words(std::size_t level) const {
    return result_.hardware_template.levels(static_cast<int>(level)).capacity_words();
  }

  void AddCosts(std::size_t level) {
    v1::Level& out = *message().mutable_levels(static_cast<int>(level));
    const TimeloopMemory& memory = memories_[level];
    AddLink(level, &out);
    if (out.keeps().empty() && out.may_keep().empty()) return;
    AddWordBits(memory.word_bits, level + 1 == memories_.size(), &out);
    std::optional<std::string> read = Energy(level, {"random_read", "read"}, "read");
    std::optional<std::string> fill = Energy(level, {"random_fill", "write"}, "write");
    std::optional<std::string> update =
        dialect_ == "2022" ? fill : Energy(level, {"random_update", "random_write", "update", "write"}, "update");
    std::optional<std::string> leak;
    if (dialect_ != "2022") {
      leak = Formula(absl::StrCat("leakage of ", ComponentAt(level).name),
                     [&](const TimeloopCosts& costs) { return costs.Energy(ComponentAt(level).name, {"leak"}); });
    }
    if (!read.has_value()) {
      const std::optional<ComponentCostTexts> costs = FromSource(level);
      if (costs.has_value()) {
        read = costs->read_pj;
        fill = costs->write_pj;
        update = dialect_ == "2022" ? costs->write_pj : costs->update_pj;
        if (dialect_ != "2022") leak = costs->leak_pj;
        areas_from_source_[level] = costs->area_um2;
        NoteSource(ComponentAt(level), *costs);
      } else if (costs_.has_energies()) {
        notes_.AddWarning(ComponentAt(level).place,
                          absl::StrCat(ComponentAt(level).name, ": is not in the ERT; its accesses cost nothing"));
      } else if (options_.components != nullptr) {
        WarnOfNoTable(ComponentAt(level));
      }
    }
    AddPorts(level, read.value_or(""), fill.value_or(""), update.value_or(""), &out);
    if (leak.has_value() && !leak->empty()) {
      out.set_leak_pj(*leak);
      CheckPowerGate(ComponentAt(level));
    }
  }

  void WarnOfNoTable(const TimeloopComponent& component) {
    notes_.AddWarning(component.place,
                      absl::StrCat(component.name,
                                   ": no ERT is given, and no shipped table has its class, size and `technology`; its "
                                   "accesses cost nothing"));
  }

  void NoteSource(const TimeloopComponent& component, const ComponentCostTexts& costs) {
    if (costs.source.empty()) return;
    notes_.AddWarning(component.place,
                      absl::StrCat(component.name, ": no ERT is given; its costs are those of ", costs.source));
  }

  void CheckPowerGate(const TimeloopComponent& component) {
    const auto gate = component.attributes.find("power_gated_at");
    if (gate == component.attributes.end() || gate->second.text.empty()) return;
    const std::string lower = absl::AsciiStrToLower(gate->second.text);
    // A gate at itself is one for each instance.
    if (lower == "null" || lower == "none" || lower == "~" || gate->second.text == component.name) return;
    notes_.AddError(gate->second.place, absl::StrCat(component.name,
                                                     ".power_gated_at: leakage of instances that share a gate "
                                                     "cannot be expressed"));
  }

  void AddWordBits(int bits, bool is_last, v1::Level* level) {
    if (is_last) {
      message().mutable_word_bits()->set_w(bits);
      message().mutable_word_bits()->set_i(bits);
      message().mutable_word_bits()->set_o(bits);
    }
    level->mutable_word_bits()->set_w(bits);
    level->mutable_word_bits()->set_i(bits);
    level->mutable_word_bits()->set_o(bits);
  }

  void SetPrice(const std::string& price, const TimeloopMemory& memory, v1::Port* port) const {
    if (price.empty()) return;
    port->set_access_pj(price);
    if (memory.block != 1) port->set_block_words(Number(memory.block));
    if (memory.cluster != 1) port->set_cluster(Number(memory.cluster));
  }

  static void SetLimit(const std::optional<double>& limit, v1::Port* port) {
    if (limit.has_value()) port->set_words_per_cycle(ExactNumber(*limit));
  }

  static void AddPort(const v1::Port& port, const std::vector<const char*>& flows, v1::Level* level) {
    if (port.access_pj().empty() && port.words_per_cycle().empty()) return;
    v1::Port& added = *level->add_ports();
    added = port;
    for (const char* const flow : flows) added.add_flows(flow);
  }

  void AddPorts(std::size_t l, const std::string& read, const std::string& fill, const std::string& update,
                v1::Level* level) {
    const TimeloopMemory& memory = memories_[l];
    const bool has_o = IsKept(*level, Tensor::kO);
    const std::vector<const char*> writes =
        has_o ? std::vector<const char*>{"fill", "update"} : std::vector<const char*>{"fill"};
    v1::Port port;
    SetPrice(read, memory, &port);
    SetLimit(memory.read_bandwidth, &port);
    AddPort(port, {"read"}, level);
    const bool is_split = has_o && update != fill;
    port.Clear();
    SetPrice(fill, memory, &port);
    if (!is_split) SetLimit(memory.write_bandwidth, &port);
    AddPort(port, is_split ? std::vector<const char*>{"fill"} : writes, level);
    if (is_split) {
      port.Clear();
      SetPrice(update, memory, &port);
      AddPort(port, {"update"}, level);
      port.Clear();
      SetLimit(memory.write_bandwidth, &port);
      AddPort(port, writes, level);
    }
    port.Clear();
    SetLimit(memory.shared_bandwidth, &port);
    AddPort(port, {}, level);
    AddAddressPorts(memory, has_o, level);
  }

  // Addresses are generated for reads and fills of inputs and weights, and for fills and updates of outputs.
  static void AddAddressPorts(const TimeloopMemory& memory, bool has_o, v1::Level* level) {
    if (memory.address_pj == 0) return;
    v1::Port port;
    port.set_access_pj(ExactNumber(memory.address_pj));
    if (memory.cluster != 1) port.set_cluster(Number(memory.cluster));
    if (has_o) {
      v1::Port outputs = port;
      outputs.add_tensors(std::string(1, Name(Tensor::kO)));
      AddPort(outputs, {"fill", "update"}, level);
    }
    for (const Tensor tensor : {Tensor::kW, Tensor::kI}) {
      if (IsKept(*level, tensor)) port.add_tensors(std::string(1, Name(tensor)));
    }
    if (!port.tensors().empty()) AddPort(port, {"read", "fill"}, level);
  }

  // um, of a square of what is inside one instance of the fan-out.
  std::optional<double> TileWidth(std::size_t level) const {
    double area = 0;
    for (std::size_t l = 0; l <= level; ++l) {
      const TimeloopComponent& component = l == 0 ? architecture_.compute : ComponentAt(l - 1);
      const TimeloopComponent& inside = l < 2 ? architecture_.compute : ComponentAt(l - 2);
      const double copies = static_cast<double>(inside.instances()) / static_cast<double>(component.instances());
      const auto own = costs_.areas.find(component.name);
      const std::optional<double> given = l == 0 ? std::nullopt : memories_[l - 1].area_um2;
      if (own == costs_.areas.end() && !given.has_value() && !component.is_fan_out) return std::nullopt;
      area = (own != costs_.areas.end() ? own->second.um2 : given.value_or(0)) + (l == 0 ? 0 : area * copies);
    }
    return std::sqrt(area);
  }

  void AddLink(std::size_t level, v1::Level* out) {
    const TimeloopMemory& memory = memories_[level];
    std::optional<double> wire = memory.wire_pj_per_bit_mm;
    for (const char* const name : {"wire", "Wire"}) {
      const std::optional<double> all = costs_.Energy(name, {"transfer_random"});
      if (all.has_value()) wire = all;
    }
    double hop = memory.hop_pj.value_or(0);
    if (!memory.hop_pj.has_value() && wire.value_or(0) > 0) {
      const std::optional<double> width = memory.tile_width_um.has_value() ? memory.tile_width_um : TileWidth(level);
      if (!width.has_value()) {
        return notes_.AddError(
            ComponentAt(level).place,
            absl::StrCat(ComponentAt(level).name, ".wire-energy: the length of wires is not known; give ",
                         "tile-width, or an ART with all that is inside"));
      }
      hop = static_cast<double>(memory.network_bits) * *width / 1000 * *wire;
    }
    if (hop > 0) out->mutable_link()->set_hop_pj(ExactNumber(hop));
    if (memory.router_pj > 0) out->mutable_link()->set_router_pj(ExactNumber(memory.router_pj));
    if (out->has_link() && dialect_ == "2025") out->mutable_link()->set_mesh(true);
  }

  void AddCompute() {
    const TimeloopComponent& compute = architecture_.compute;
    std::optional<std::string> energy =
        Formula(absl::StrCat("operation of ", compute.name), [&](const TimeloopCosts& costs) {
          const std::optional<double> named =
              costs.Energy(compute.name, {"mac_random", "mult_random", "mac", "mult", "compute"});
          return named.has_value() ? named : costs.Dearest(compute.name);
        });
    if (!energy.has_value() && options_.components != nullptr && !costs_.has_energies()) {
      const std::optional<ComponentCostTexts> costs = options_.components->CostsOf(UseOf(compute, ""));
      if (costs.has_value()) {
        energy = costs->read_pj;
        compute_area_ = costs->area_um2;
        NoteSource(compute, *costs);
      }
    }
    if (energy.has_value() && !energy->empty()) message().mutable_compute()->set_energy_pj(*energy);
    if (energy.has_value()) return;
    if (costs_.has_energies()) {
      notes_.AddWarning(compute.place, absl::StrCat(compute.name, ": is not in the ERT; operations cost nothing"));
    } else if (options_.components == nullptr) {
      notes_.AddWarning(path_, "no ERT is given: energies that no attribute gives are 0");
    } else {
      WarnOfNoTable(compute);
    }
  }

  // mm2 of all instances.
  void AddArea() {
    std::vector<std::string> terms;
    const auto add = [&](const std::string& um2, const Count& count) {
      if (um2.empty()) return;
      Count scaled = count;
      scaled.factor /= kUm2PerMm2;
      // Each term of a sum has the count as a factor.
      for (std::size_t begin = 0; begin < um2.size();) {
        const std::size_t plus = std::min(um2.find(" + ", begin), um2.size());
        terms.push_back(absl::StrCat(CountText(scaled), " * ", um2.substr(begin, plus - begin)));
        begin = plus + 3;
      }
    };
    double constant_um2 = 0;
    std::vector<std::string> known = {architecture_.compute.name};
    const auto add_component = [&](const std::string& name, const Count& count, const std::optional<double>& given,
                                   const std::string& from_source) {
      known.push_back(name);
      const std::optional<std::string> um2 = Formula(absl::StrCat("area of ", name), [&](const TimeloopCosts& costs) {
        const auto found = costs.areas.find(name);
        return found == costs.areas.end() ? given : std::optional<double>(found->second.um2);
      });
      const bool is_constant = um2.has_value() && um2->find(' ') == std::string::npos && count.parameters.empty();
      if (is_constant && !um2->empty()) {
        constant_um2 += std::strtod(um2->c_str(), nullptr) * count.factor;
      } else {
        add(um2.has_value() ? *um2 : from_source, count);
      }
    };
    add_component(architecture_.compute.name, compute_instances_, std::nullopt, compute_area_);
    for (std::size_t level = 0; level < memories_.size(); ++level) {
      const auto source = areas_from_source_.find(level);
      add_component(ComponentAt(level).name, instances_[level], memories_[level].area_um2,
                    source == areas_from_source_.end() ? std::string() : source->second);
    }
    for (const auto& [name, area] : costs_.areas) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      constant_um2 += area.um2 * static_cast<double>(area.count);
    }
    if (constant_um2 > 0) terms.insert(terms.begin(), ExactNumber(constant_um2 / kUm2PerMm2));
    message().set_area_mm2(absl::StrJoin(terms, " + "));
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
  TimeloopCosts costs_;
  std::map<double, TimeloopCosts> series_;  // by the value of one size
  std::string series_key_;                  // "shared_glb.depth"
  std::string series_parameter_;
  std::map<std::size_t, Count> depths_;                   // words, by level
  std::map<std::pair<std::size_t, char>, Count> meshes_;  // sizes of axes, by level and name
  std::vector<Count> instances_;                          // by level
  std::map<std::size_t, std::string> areas_from_source_;  // um2, by level
  Count compute_instances_;
  std::string compute_area_;
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
