#include "common/formats/timeloop_mapping.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::array<const char*, kNumTensors> kDataSpaces = {"Weights", "Inputs", "Outputs"};

std::string DataSpaces(TensorSet tensors) {
  std::vector<std::string> names;
  for (const Tensor tensor : kAllTensors) {
    if (tensors.Has(tensor)) names.emplace_back(kDataSpaces[ToIndex(tensor)]);
  }
  return absl::StrCat("[", absl::StrJoin(names, ", "), "]");
}

// One level of a mapping, as its text says it.
struct LevelText {
  struct Loop {
    Dim dim;
    std::string iterations;  // "16", or "16,5": of the last run, where that is shorter
    std::string axis;        // "" of a temporal loop
  };
  TensorSet keeps;
  std::vector<Loop> loops;  // outermost first; none runs once
};

// What FormatMappingWithLastRuns writes, innermost level first.
std::vector<LevelText> LevelsOf(const std::string& mapping) {
  std::vector<LevelText> levels;
  for (const absl::string_view part : absl::StrSplit(mapping, " - ")) {
    LevelText level;
    const std::vector<std::string> words = absl::StrSplit(part, ' ');
    for (const Tensor tensor : kAllTensors) {
      if (words[0].find(Name(tensor)) != std::string::npos) level.keeps.Add(tensor);
    }
    for (std::size_t w = 1; w < words.size(); ++w) {
      const std::size_t end = words[w].find_last_of("0123456789") + 1;
      const std::string iterations = words[w].substr(1, end - 1);
      if (iterations == "1") continue;
      level.loops.push_back({kAllDims[kDimNames.find(words[w][0])], iterations, words[w].substr(end)});
    }
    levels.insert(levels.begin(), std::move(level));
  }
  return levels;
}

// The loops of one level in Timeloop's terms: factors of all dimensions, and their order, innermost first.
struct LoopSet {
  std::string factors;        // "R=1 S=3 P=16,5 ..."
  std::string exact_factors;  // those of dimensions whose factors all divide
  std::string permutation;    // "QPCKNGRS"
  std::optional<int> split;   // of spatial loops: how many of these run along X
};

class MappingWriter {
 public:
  MappingWriter(const TimeloopMachine& machine, const Template& hardware_template, const LayerShape& shape,
                const Mapping& mapping)
      : machine_(machine),
        template_(hardware_template),
        mapping_(mapping),
        levels_(LevelsOf(FormatMappingWithLastRuns(hardware_template, shape, mapping))) {
    for (const LevelText& level : levels_) {
      for (const LevelText::Loop& loop : level.loops) {
        if (loop.iterations.find(',') != std::string::npos) imperfect_.Add(loop.dim);
      }
    }
  }

  absl::StatusOr<std::string> Directives() const { return Write("mapping:\n", "  ", "datatype", false); }
  absl::StatusOr<std::string> Constraints() const {
    ASSIGN_OR_RETURN(std::string text, Write("architecture_constraints:\n  targets:\n", "    ", "bypass", true));
    if (template_.spec().min_utilization > 0) {
      absl::StrAppend(&text, "    - target: ", LevelAt(0).name,
                      "\n      type: utilization\n      min: ", ExactNumber(LeastUtilization()), "\n");
    }
    return text;
  }

 private:
  using Loops = std::vector<const LevelText::Loop*>;

  const TimeloopLevel& LevelAt(int l) const { return machine_.levels[ToIndex(l)]; }
  std::string AxisName(int axis) const { return axis < 0 ? "" : template_.axes()[ToIndex(axis)].name; }

  // The loops along an axis, or the temporal ones for "", outermost first.
  Loops LoopsAlong(int l, const std::string& axis) const {
    Loops loops;
    for (const LevelText::Loop& loop : levels_[ToIndex(l)].loops) {
      if (loop.axis == axis) loops.push_back(&loop);
    }
    return loops;
  }

  // Dimensions without a loop come last.
  LoopSet Describe(const Loops& innermost_first) const {
    LoopSet set;
    for (const LevelText::Loop* loop : innermost_first) set.permutation.push_back(Name(loop->dim));
    std::vector<std::string> factors;
    std::vector<std::string> exact;
    for (const Dim dim : kAllDims) {
      const auto loop = std::find_if(innermost_first.begin(), innermost_first.end(),
                                     [dim](const LevelText::Loop* one) { return one->dim == dim; });
      const bool has_loop = loop != innermost_first.end();
      if (!has_loop) set.permutation.push_back(Name(dim));
      factors.push_back(absl::StrCat(std::string(1, Name(dim)), "=", has_loop ? (*loop)->iterations : "1"));
      if (!imperfect_.Has(dim)) exact.push_back(factors.back());
    }
    set.factors = absl::StrJoin(factors, " ");
    set.exact_factors = absl::StrJoin(exact, " ");
    return set;
  }

  LoopSet Temporal(int l) const {
    Loops loops = LoopsAlong(l, "");
    std::reverse(loops.begin(), loops.end());
    return Describe(loops);
  }

  // Along an axis the text has the innermost loop first.
  absl::StatusOr<LoopSet> Spatial(int l) const {
    const TimeloopLevel& level = LevelAt(l);
    Loops loops = level.axis_x < 0 ? Loops() : LoopsAlong(l, AxisName(level.axis_x));
    const int along_x = static_cast<int>(loops.size());
    if (level.axis_y >= 0) {
      for (const LevelText::Loop* loop : LoopsAlong(l, AxisName(level.axis_y))) {
        for (const LevelText::Loop* other : loops) {
          if (other->dim != loop->dim) continue;
          return absl::InvalidArgumentError(
              absl::StrCat("level ", template_.level(l).name, ": ", std::string(1, Name(loop->dim)),
                           " runs along both axes; Timeloop has one spatial factor of a dimension at a level"));
        }
        loops.push_back(loop);
      }
    }
    LoopSet set = Describe(loops);
    set.split = level.axis_y < 0 ? kNumDims : along_x;
    return set;
  }

  // What the template asks for; no more than what the mapping has by Timeloop's own products, in which the last digit
  // may be another.
  double LeastUtilization() const {
    double share = 1;
    for (int l = 0; l < template_.num_levels(); ++l) {
      const TimeloopLevel& level = LevelAt(l);
      const std::int64_t copies = UsedCopies(mapping_, level.axis_x) * UsedCopies(mapping_, level.axis_y);
      share *= static_cast<double>(copies) / static_cast<double>(level.fan_x * level.fan_y);
    }
    return std::min(template_.spec().min_utilization, share);
  }

  // A directive, or a constraint. Of dimensions whose factors do not divide, a constraint says nothing: the mapper
  // tries no such factors.
  std::string Directive(int l, const char* type, const LoopSet& loops, const std::string& indent,
                        bool constrains) const {
    const std::string inner = indent + "  ";
    std::string text = absl::StrCat(indent, "- target: ", LevelAt(l).name, "\n", inner, "type: ", type, "\n");
    const std::string& factors = constrains ? loops.exact_factors : loops.factors;
    if (!factors.empty()) absl::StrAppend(&text, inner, "factors: ", factors, "\n");
    absl::StrAppend(&text, inner, "permutation: ", loops.permutation, "\n");
    if (!loops.split.has_value()) return text;
    absl::StrAppend(&text, inner, "split: ", *loops.split, "\n");
    const TimeloopLevel& level = LevelAt(l);
    if (!level.unshared.empty()) {
      absl::StrAppend(&text, inner, "no_multicast_no_reduction: ", DataSpaces(level.unshared), "\n");
    }
    if (!level.unlinked.empty()) absl::StrAppend(&text, inner, "no_link_transfer: ", DataSpaces(level.unlinked), "\n");
    return text;
  }

  absl::StatusOr<std::string> Write(std::string text, const std::string& indent, const char* keep_type,
                                    bool constrains) const {
    for (int l = template_.num_levels() - 1; l >= 0; --l) {
      const TimeloopLevel& level = LevelAt(l);
      const TensorSet keeps = levels_[ToIndex(l)].keeps;
      const TensorSet passes = TensorSet::FromBits(kEveryTensor.bits() & ~std::uint32_t{keeps.bits()});
      absl::StrAppend(&text, indent, "- target: ", level.name, "\n", indent, "  type: ", keep_type, "\n");
      if (!keeps.empty()) absl::StrAppend(&text, indent, "  keep: ", DataSpaces(keeps), "\n");
      if (!passes.empty()) absl::StrAppend(&text, indent, "  bypass: ", DataSpaces(passes), "\n");
      absl::StrAppend(&text, Directive(l, "temporal", Temporal(l), indent, constrains));
      // Timeloop refuses spatial loops where there is but one unit.
      if (!level.fans_out()) continue;
      ASSIGN_OR_RETURN(const LoopSet loops, Spatial(l));
      absl::StrAppend(&text, Directive(l, "spatial", loops, indent, constrains));
    }
    return text;
  }

  const TimeloopMachine& machine_;
  const Template& template_;
  const Mapping& mapping_;
  const std::vector<LevelText> levels_;
  DimSet imperfect_;
};

}  // namespace

std::int64_t UsedCopies(const Mapping& mapping, int axis) {
  std::int64_t used = 1;
  for (const Dim dim : kAllDims) used *= axis < 0 ? 1 : mapping.s(axis, dim);
  return used;
}

absl::StatusOr<TimeloopLoops> WriteTimeloopLoops(const TimeloopMachine& machine, const Template& hardware_template,
                                                 const LayerShape& shape, const Mapping& mapping) {
  const MappingWriter writer(machine, hardware_template, shape, mapping);
  TimeloopLoops loops;
  ASSIGN_OR_RETURN(loops.mapping, writer.Directives());
  ASSIGN_OR_RETURN(loops.constraints, writer.Constraints());
  return loops;
}

}  // namespace oneloop
