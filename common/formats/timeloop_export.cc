#include "common/formats/timeloop_export.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"
#include "common/formats/timeloop_mapping.h"
#include "common/mapping/factor_space.h"

namespace oneloop {
namespace {

constexpr char kMacName[] = "MACC";
bool IsNew(TimeloopVersion version) { return version == TimeloopVersion::k04; }

// YAML 1.1, which Python's readers take, knows no number like 1e-05, but 1.0e-05.
std::string Number(double value) {
  std::string text = ExactNumber(value);
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return text;
}

// "{key: value, ...}", in the order in which they are added.
class FlowMap {
 public:
  void Add(std::string_view key, std::string_view value) {
    absl::StrAppend(&text_, text_.empty() ? "" : ", ", ToAbsl(key), ": ", ToAbsl(value));
  }
  void Add(std::string_view key, std::int64_t value) { Add(key, absl::StrCat(value)); }
  void Add(std::string_view key, double value) { Add(key, Number(value)); }
  void Add(std::string_view key, const std::optional<double>& value) {
    if (value.has_value()) Add(key, *value);
  }
  std::string text() const { return absl::StrCat("{", text_, "}"); }

 private:
  std::string text_;
};

// A name of 0.4 says how many there are; 0.3 has an attribute for it.
std::string NameIn(TimeloopVersion version, std::string_view name, std::int64_t instances) {
  return IsNew(version) ? absl::StrCat(ToAbsl(name), "[1..", instances, "]") : std::string(name);
}

void AddMesh(TimeloopVersion version, std::int64_t mesh_x, std::int64_t mesh_y, FlowMap* attributes) {
  if (!IsNew(version)) attributes->Add("instances", mesh_x * mesh_y);
  attributes->Add("meshX", mesh_x);
  if (IsNew(version)) attributes->Add("meshY", mesh_y);
}

// Timeloop of 2022 ignores what is spelled otherwise, in silence.
std::string LevelLine(const TimeloopLevel& level, bool is_outermost, TimeloopVersion version) {
  const auto key = [version](const char* name) {
    return IsNew(version) ? absl::StrReplaceAll(name, {{"-", "_"}}) : std::string(name);
  };
  FlowMap attributes;
  AddMesh(version, level.mesh_x, level.mesh_y, &attributes);
  const bool is_dummy = level.keeps.empty();
  attributes.Add(key("word-bits"), static_cast<std::int64_t>(level.word_bits));
  attributes.Add(key("block-size"), level.block_words);
  if (level.cluster != 1) attributes.Add(key("cluster-size"), level.cluster);
  if (is_dummy) attributes.Add("entries", std::int64_t{0});
  if (level.entries.has_value()) attributes.Add("entries", *level.entries);
  if (level.multiple_buffering != 1) attributes.Add(key("multiple-buffering"), level.multiple_buffering);
  if (level.min_utilization > 0) attributes.Add(key("min-utilization"), level.min_utilization);
  attributes.Add("read_bandwidth", level.read_bandwidth);
  attributes.Add("write_bandwidth", level.write_bandwidth);
  attributes.Add("shared_bandwidth", level.shared_bandwidth);
  // What is not given, some versions take from a model of wires or adders of their own.
  attributes.Add(key("addr-gen-energy"), level.address_pj);
  attributes.Add(key("energy-per-hop"), level.hop_pj);
  attributes.Add(key("router-energy"), level.router_pj);
  return absl::StrCat("{name: \"", NameIn(version, level.name, level.instances()),
                      "\", class: ", is_outermost ? "DRAM" : "SRAM", ", attributes: ", attributes.text(), "}\n");
}

// Timeloop counts neighbours and places in rows as long as the array's; the cost model, where their length is searched,
// in rows of the copies in use (docs/MODEL.md, (I3) and (N2)).
void WarnOfRows(const MappedDesign& mapped, const TimeloopMachine& machine, std::vector<std::string>* warnings) {
  const Template& hardware_template = *mapped.hardware_template;
  std::vector<bool> is_searched(hardware_template.axes().size());
  for (const Resource& resource : hardware_template.resources()) {
    if (resource.is_axis()) is_searched[ToIndex(resource.axis)] = !resource.limit.IsConstant();
  }
  for (int l = 0; l < hardware_template.num_levels(); ++l) {
    const TimeloopLevel& level = machine.levels[ToIndex(l)];
    const auto is_part = [&](const Mapping& mapping, int axis, std::int64_t size) {
      return axis >= 0 && is_searched[ToIndex(axis)] && UsedCopies(mapping, axis) < size;
    };
    const auto is_counted_otherwise = [&](const MappedDesign::Layer& layer) {
      const std::int64_t columns = UsedCopies(layer.mapping, level.axis_x);
      const std::int64_t rows = UsedCopies(layer.mapping, level.axis_y);
      const bool is_narrow = is_part(layer.mapping, level.axis_x, level.fan_x);
      if (hardware_template.level(l).link.has_value() && hardware_template.level(l).link->mesh && columns * rows > 1 &&
          (is_narrow || is_part(layer.mapping, level.axis_y, level.fan_y))) {
        return true;
      }
      // Copies of one column are in a line either way.
      const bool is_line = rows == 1 || (columns == 1 && rows <= level.fan_x);
      return is_narrow && !is_line && !level.unlinked.Has(Tensor::kI) &&
             std::any_of(kSlidingDims.begin(), kSlidingDims.end(), [&](Dim dim) {
               return layer.mapping.s(level.axis_x, dim) * layer.mapping.s(level.axis_y, dim) > 1;
             });
    };
    if (std::none_of(mapped.layers.begin(), mapped.layers.end(), is_counted_otherwise)) continue;
    warnings->push_back(absl::StrCat("level ", hardware_template.level(l).name,
                                     ": some layers use a part of its rows; Timeloop counts what neighbours hand on, "
                                     "and hops by place, in whole rows, and the template in those in use"));
  }
}

void WarnOfFactors(const v1::Design& design, std::vector<std::string>* warnings) {
  const auto imperfect = std::count_if(design.layers().begin(), design.layers().end(),
                                       [](const v1::LayerDesign& layer) { return !layer.padding().empty(); });
  if (imperfect == 0) return;
  warnings->push_back(absl::StrCat(
      "factors of ", imperfect, " of ", design.layers_size(),
      " layers do not divide their bounds; Timeloop counts some accesses of such mappings by means where the model "
      "counts them exactly: jobs with --factors perfect have none"));
}

// Timeloop knows shares of all fan-outs together alone.
void WarnOfUtilization(const Template& hardware_template, std::vector<std::string>* warnings) {
  const std::vector<Resource>& resources = hardware_template.resources();
  if (std::none_of(resources.begin(), resources.end(),
                   [](const Resource& resource) { return resource.is_axis() && resource.min_utilization > 0; })) {
    return;
  }
  warnings->push_back(
      "min_utilization of single axes is in no file: Timeloop has one share of the whole chip, and none of an axis");
}

// The whole chip's area stands at the outermost memory on it, since the template has one formula of it.
std::string Art(const TimeloopMachine& machine, TimeloopVersion version) {
  constexpr double kMicro2PerMilli2 = 1e6;
  const std::string system = IsNew(version) ? "system." : "System.";
  const std::string chip = IsNew(version) ? system : system + "Chip.";
  std::string text = absl::StrCat("ART:\n  version: ", NameOf(version), "\n  tables:\n");
  const auto add = [&](const std::string& name, double area) {
    absl::StrAppend(&text, "  - {name: \"", name, "\", area: ", Number(area), "}\n");
  };
  for (std::size_t l = machine.levels.size(); l-- > 0;) {
    const TimeloopLevel& level = machine.levels[l];
    const bool has_all = l + 2 == machine.levels.size();
    add((l + 1 == machine.levels.size() ? system : chip) + NameIn(version, level.name, level.instances()),
        has_all ? machine.area_mm2 * kMicro2PerMilli2 / static_cast<double>(level.instances()) : 0);
  }
  add(chip + NameIn(version, kMacName, machine.mesh_x * machine.mesh_y), 0);
  return text;
}

// Instances of a level that a layer uses (docs/MODEL.md, (R2) and (R4)).
double InstancesInUse(const FactorSpace& space, const Template& hardware_template, const MappedDesign::Layer& layer,
                      int level) {
  double instances = 1;
  for (const Dim dim : kAllDims) {
    std::int64_t inside = 1;
    double full = 1;
    double last = 1;
    for (const FactorPlace& place : space.places(dim)) {
      const std::int64_t factor = FactorAt(layer.mapping, place, dim);
      const std::int64_t last_run = LastRunOf(factor, LeftOutside(layer.shape.bound(dim), inside));
      inside *= factor;
      if ((place.is_spatial ? hardware_template.axes()[ToIndex(place.index)].level : place.index) <= level) continue;
      if (place.is_spatial) {
        last += static_cast<double>(last_run - 1) * full;
        full *= static_cast<double>(factor);
      } else if (last_run > 1) {
        last = full;
      }
    }
    instances *= last;
  }
  return instances;
}

// layers.txt: what sum.sh compares with.
std::string LayerTable(const v1::Design& design, const MappedDesign& mapped, const TimeloopMachine& machine,
                       TimeloopVersion version, const std::vector<std::string>& stems) {
  constexpr double kPicoPerMicro = 1e6;
  const FactorSpace space(*mapped.hardware_template);
  std::string text =
      "# layer runs cycles energy_uj leakage_uj; figures of one run of the layer, leakage that Timeloop leaves out\n";
  for (std::size_t i = 0; i < stems.size(); ++i) {
    const v1::LayerDesign& layer = design.layers(static_cast<int>(i));
    double leakage_pj = 0;
    for (std::size_t l = 0; l < machine.levels.size() && !IsNew(version); ++l) {
      if (machine.levels[l].leak_pj == 0) continue;
      leakage_pj += machine.levels[l].leak_pj * layer.latency_cycles() *
                    InstancesInUse(space, *mapped.hardware_template, mapped.layers[i], static_cast<int>(l));
    }
    absl::StrAppend(&text, stems[i], " ", ExactNumber(mapped.layers[i].runs), " ", ExactNumber(layer.latency_cycles()),
                    " ", ExactNumber(layer.energy_uj()), " ", ExactNumber(leakage_pj / kPicoPerMicro), "\n");
  }
  return text;
}

constexpr char kRunScript[] =
    R"sh(# Runs Timeloop on each layer of layers.txt, then compares: sh run.sh [timeloop-model]
set -eu
cd "$(dirname "$0")"
model=${1:-timeloop-model}
while read -r layer rest; do
  case $layer in '#'* | '') continue ;; esac
  mkdir -p "out/$layer"
  if ! "$model" arch.yaml ert.yaml art.yaml "$layer.problem.yaml" "$layer.mapping.yaml" -o "out/$layer" \
      </dev/null >"out/$layer/log.txt" 2>&1; then
    echo "$layer: $model failed; see out/$layer/log.txt" >&2
    exit 1
  fi
done <layers.txt
sh sum.sh
)sh";

// Parts are printed to 0.01 pJ each, their sum to 0.01 uJ alone.
constexpr char kSumScript[] =
    R"sh(# Sums cycles and energy of Timeloop's results in out/ over the layers, and compares with OneLoop's: sh sum.sh
# Leakage that this version of Timeloop leaves out is added to its energies.
# Exit status 1 when the cycles of all layers differ by more than 0.1 %, or their energy by more than 0.3 %.
set -eu
cd "$(dirname "$0")"
rows=$(while read -r layer runs cycles energy leakage; do
  case $layer in '#'* | '') continue ;; esac
  found=
  for stats in "out/$layer"/*.stats.txt; do
    if [ -f "$stats" ]; then found=$stats; fi
  done
  if [ -z "$found" ]; then
    echo "$layer: no stats.txt in out/$layer; sh run.sh makes it" >&2
    exit 1
  fi
  awk -v layer="$layer" -v runs="$runs" -v cycles="$cycles" -v energy="$energy" \
      -v leakage="$leakage" '
    /nergy \(total\)/ && $NF == "pJ" { parts += $(NF - 1) }
    $1 == "Cycles:" { theirs = $2 }
    END { print layer, runs, cycles, energy, theirs + 0, parts / 1e6 + leakage }' "$found"
done <layers.txt)
printf '%s\n' "$rows" | awk '
  function per_cent(theirs, ours) { return ours == 0 ? (theirs == 0 ? 0 : 100) : 100 * (theirs / ours - 1) }
  function row(name, runs, cycles, timeloop_cycles, energy, timeloop_energy) {
    printf "%-40s %8s %16.0f %16.0f %+9.4f %14.6g %14.6g %+9.4f\n", name, runs, cycles, timeloop_cycles,
      per_cent(timeloop_cycles, cycles), energy, timeloop_energy, per_cent(timeloop_energy, energy)
  }
  BEGIN { printf "%-40s %8s %16s %16s %9s %14s %14s %9s\n", "layer", "runs", "cycles", "timeloop", "%", "energy_uj",
    "timeloop", "%" }
  { row($1, $2, $3, $5, $4, $6); c += $2 * $3; e += $2 * $4; tc += $2 * $5; te += $2 * $6 }
  END {
    row("all", "", c, tc, e, te)
    dc = per_cent(tc, c); de = per_cent(te, e)
    exit (dc < -0.1 || dc > 0.1 || de < -0.3 || de > 0.3)
  }'
)sh";

std::string Readme(const DesignSource& source, TimeloopVersion version, const std::vector<std::string>& warnings) {
  std::string text = absl::StrCat(
      "# A design for Timeloop\n\nTemplate `", source.design.template_(), "`, workload `", source.design.workload(),
      "`.\n\n`sh run.sh [timeloop-model]` runs Timeloop on each layer and compares its cycles and energy with "
      "OneLoop's; "
      "`sh sum.sh` compares again. Accelergy is not needed: energies are in ert.yaml.\n\n",
      IsNew(version) ? "The files are for Timeloop of 2025 (commit 4cf6d4cd). arch.yaml is in the form that its front "
                       "end hands to "
                       "timeloop-model, which reads it as it is; the front end itself wants `nodes`, and does not.\n\n"
                     : "The files are for Timeloop of 2022 (commit ddfcf673).\n\n",
      "| file | what |\n|---|---|\n"
      "| arch.yaml | the accelerator at the design's parameters |\n"
      "| ert.yaml, art.yaml | energy of each access in pJ, area in um2; the template has one area of the whole chip, "
      "which stands at its outermost memory |\n"
      "| LAYER.problem.yaml, LAYER.mapping.yaml | a layer, and how it runs; `16,5` is a loop of 16 iterations and 5 in "
      "its last run |\n"
      "| LAYER.constraints.yaml | for timeloop-mapper, what leaves it this mapping alone; of dimensions whose factors "
      "do "
      "not divide their bound it says nothing, since the mapper tries no such factors |\n"
      "| layers.txt | OneLoop's figures of each layer, and its leakage where this Timeloop knows none, which sum.sh "
      "adds |\n\n## Where Timeloop counts otherwise\n\n");
  if (warnings.empty()) return text + "Nowhere that is known of.\n";
  for (const std::string& warning : warnings) absl::StrAppend(&text, "- ", warning, "\n");
  return text;
}

}  // namespace

std::string TimeloopArchitecture(const TimeloopMachine& machine, TimeloopVersion version) {
  std::string text = absl::StrCat("architecture:\n  version: ", NameOf(version),
                                  "\n  subtree:\n  - name: ", IsNew(version) ? "system" : "System", "\n    local:\n");
  // The front end's form is one list, in which numbers are those of the whole chip.
  const char* indent = "    ";
  for (std::size_t l = machine.levels.size(); l-- > 0;) {
    const bool is_outermost = l + 1 == machine.levels.size();
    absl::StrAppend(&text, indent, "- ", LevelLine(machine.levels[l], is_outermost, version));
    if (!is_outermost || IsNew(version)) continue;
    absl::StrAppend(&text, "    subtree:\n    - name: Chip\n      local:\n");
    indent = "      ";
  }
  FlowMap attributes;
  AddMesh(version, machine.mesh_x, machine.mesh_y, &attributes);
  attributes.Add("datawidth", static_cast<std::int64_t>(machine.levels[0].word_bits));
  absl::StrAppend(&text, indent, "- {name: \"", NameIn(version, kMacName, machine.mesh_x * machine.mesh_y),
                  "\", class: intmac, attributes: ", attributes.text(), "}\n");
  return text;
}

std::string TimeloopErt(const TimeloopMachine& machine, TimeloopVersion version) {
  const std::string system = IsNew(version) ? "system." : "System.";
  const std::string chip = IsNew(version) ? system : system + "Chip.";
  std::string text = absl::StrCat("ERT:\n  version: ", NameOf(version), "\n  tables:\n");
  const auto open = [&text](const std::string& name) {
    absl::StrAppend(&text, "  - name: \"", name, "\"\n    actions:\n");
  };
  const auto add = [&text](const char* action, double energy) {
    absl::StrAppend(&text, "    - {name: ", action, ", arguments: {}, energy: ", Number(energy), "}\n");
  };
  for (std::size_t l = machine.levels.size(); l-- > 0;) {
    const TimeloopLevel& level = machine.levels[l];
    open((l + 1 == machine.levels.size() ? system : chip) + NameIn(version, level.name, level.instances()));
    add("read", level.read_pj);
    add("write", level.write_pj);
    add("update", level.update_pj);
    add("leak", level.leak_pj);
  }
  open(chip + NameIn(version, kMacName, machine.mesh_x * machine.mesh_y));
  add("compute", machine.mac_pj);
  return text;
}

absl::StatusOr<ExportedFiles> ExportTimeloop(const DesignSource& source, TimeloopVersion version) {
  ASSIGN_OR_RETURN(const MappedDesign mapped, ReadMappedDesign(source));
  // What may be kept has its price; mappings say what is.
  const Template& all_kept = mapped.hardware_template->choice(mapped.hardware_template->num_choices() - 1);
  ASSIGN_OR_RETURN(TimeloopMachine machine, DescribeForTimeloop(all_kept, mapped.hardware, version));
  ExportedFiles result;
  result.warnings = std::move(machine.warnings);
  if (!source.design.calibration().empty()) {
    result.warnings.push_back(absl::StrCat("the design's latencies are predicted by calibration ",
                                           source.design.calibration(), "; Timeloop's are its cost model's"));
  }
  WarnOfFactors(source.design, &result.warnings);
  WarnOfRows(mapped, machine, &result.warnings);
  WarnOfUtilization(*mapped.hardware_template, &result.warnings);
  const std::string head = absl::StrCat("# ", source.made_by, "\n");
  const auto add = [&](const std::string& name, const std::string& text) {
    result.files.push_back({name, absl::StrCat(head, text)});
  };
  add("arch.yaml", TimeloopArchitecture(machine, version));
  add("ert.yaml", TimeloopErt(machine, version));
  add("art.yaml", Art(machine, version));
  std::vector<std::string> stems;
  const auto problems = TimeloopFiles(WorkloadOfDesign(source.design), version);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const std::string stem = problems[i].first.substr(0, problems[i].first.rfind('.'));
    stems.push_back(stem);
    const MappedDesign::Layer& layer = mapped.layers[i];
    const absl::StatusOr<TimeloopLoops> loops =
        WriteTimeloopLoops(machine, *mapped.hardware_template, layer.shape, layer.mapping);
    if (!loops.ok()) return PrefixField(absl::StrCat("layers[", i, "]"), loops.status());
    add(stem + ".problem.yaml", problems[i].second);
    add(stem + ".mapping.yaml", loops->mapping);
    add(stem + ".constraints.yaml", loops->constraints);
  }
  add("layers.txt", LayerTable(source.design, mapped, machine, version, stems));
  add("run.sh", kRunScript);
  add("sum.sh", kSumScript);
  result.files.push_back(
      {"README.md", absl::StrCat("<!-- ", source.made_by, " -->\n", Readme(source, version, result.warnings))});
  return result;
}

}  // namespace oneloop
