#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"

namespace oneloop {
namespace {

void AppendNumber(std::int64_t number, std::string* text) {
  std::array<char, 20> digits;
  text->append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// Iterations of the last run of each loop (R2), where its factor stands in the mapping.
Mapping LastRunsOf(const Template& hardware_template, const LayerShape& shape, const Mapping& mapping) {
  const FactorSpace space(hardware_template);
  Mapping runs;
  for (const Dim dim : kAllDims) {
    std::int64_t inside = 1;
    for (const FactorPlace& place : space.places(dim)) {
      const std::int64_t factor = FactorAt(mapping, place, dim);
      FactorAt(runs, place, dim) = LastRunOf(factor, LeftOutside(shape.bound(dim), inside));
      inside *= factor;
    }
  }
  return runs;
}

void AppendLoop(Dim dim, std::int64_t factor, std::int64_t last_run, std::string* text) {
  text->push_back(' ');
  text->push_back(Name(dim));
  AppendNumber(factor, text);
  if (last_run == factor) return;
  text->push_back(',');
  AppendNumber(last_run, text);
}

// Where the text of one level goes. `last_runs` as LastRunsOf; the mapping itself leaves them out.
void AppendLevel(const Template& hardware_template, const Mapping& mapping, const Mapping& last_runs, int level,
                 std::string* text) {
  text->push_back('L');
  AppendNumber(level, text);
  text->push_back('[');
  for (const Tensor tensor : kAllTensors) {
    if (hardware_template.choice(mapping.choice).level(level).keeps.Has(tensor)) text->push_back(Name(tensor));
  }
  text->push_back(']');
  bool any = false;
  for (const Dim dim : mapping.order[static_cast<std::size_t>(level)]) {
    if (mapping.t(level, dim) == 1) continue;
    AppendLoop(dim, mapping.t(level, dim), last_runs.t(level, dim), text);
    any = true;
  }
  if (!any) text->append(" N1");
  for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
    const Template::Axis& axis = hardware_template.axes()[a];
    if (axis.level != level) continue;
    for (const Dim dim : kAllDims) {
      const std::int64_t factor = mapping.s(static_cast<int>(a), dim);
      if (factor == 1) continue;
      AppendLoop(dim, factor, last_runs.s(static_cast<int>(a), dim), text);
      text->append(axis.name);
    }
  }
}

std::string Format(const Template& hardware_template, const Mapping& mapping, const Mapping& last_runs) {
  std::string text;
  for (int level = hardware_template.num_levels() - 1; level >= 0; --level) {
    AppendLevel(hardware_template, mapping, last_runs, level, &text);
    if (level > 0) text += " - ";
  }
  return text;
}

absl::Status ErrorAt(std::size_t position, std::string_view text) {
  return FieldError("mapping", absl::StrCat("column ", position + 1, ": ", ToAbsl(text)));
}

std::string NamesOf(TensorSet tensors) {
  std::string names;
  for (const Tensor tensor : kAllTensors) {
    if (tensors.Has(tensor)) names.push_back(Name(tensor));
  }
  return names;
}

// What a text says of the last run of a loop.
struct StatedRun {
  std::size_t position;  // of the loop in the text
  Dim dim;
  int level;
  FactorPlace place;
  std::int64_t iterations;
};

// Reads the grammar: level {" - " level}; level = "L" number "[" tensors "]" {loop}; loop = dim number ["," number]
// [axis].
class Parser {
 public:
  Parser(const Template& hardware_template, std::string_view text) : template_(hardware_template), text_(text) {}

  absl::Status Parse() {
    for (int level = template_.num_levels() - 1; level >= 0; --level) {
      RETURN_IF_ERROR(ParseLevel(level));
      if (level > 0) RETURN_IF_ERROR(Expect('-', absl::StrCat("'-' and level L", level - 1)));
    }
    SkipSpace();
    mapping_.choice = static_cast<std::uint8_t>(std::max(0, template_.FindChoice(kept_)));
    return position_ == text_.size() ? absl::OkStatus() : Error("expected the end");
  }

  const Mapping& mapping() const { return mapping_; }
  const std::vector<StatedRun>& stated_runs() const { return stated_runs_; }

 private:
  absl::Status Error(std::string_view expected) const { return ErrorAt(position_, expected); }

  void SkipSpace() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
  }

  bool AtEnd() const { return position_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }

  absl::Status Expect(char c, std::string_view what) {
    SkipSpace();
    if (Peek() != c) return Error(absl::StrCat("expected ", ToAbsl(what)));
    ++position_;
    return absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> ParseCount() {
    if (Peek() < '0' || Peek() > '9') return Error("expected a number");
    std::int64_t value = 0;
    const std::size_t begin = position_;
    for (; Peek() >= '0' && Peek() <= '9'; ++position_) {
      if (value > kMaxBound) {
        position_ = begin;
        return Error(absl::StrCat("the number is beyond ", kMaxBound));
      }
      value = value * 10 + (Peek() - '0');
    }
    return value;
  }

  absl::Status ParseLevel(int level) {
    RETURN_IF_ERROR(Expect('L', absl::StrCat("level L", level)));
    const std::size_t number_at = position_;
    ASSIGN_OR_RETURN(const std::int64_t number, ParseCount());
    if (number != level) {
      position_ = number_at;
      return Error(absl::StrCat("expected level L", level, ": the outermost of ", template_.num_levels(),
                                " levels comes first"));
    }
    RETURN_IF_ERROR(ParseKeeps(level));
    return ParseLoops(level);
  }

  absl::Status ParseKeeps(int level) {
    RETURN_IF_ERROR(Expect('[', "'['"));
    TensorSet kept;
    const std::size_t begin = position_;
    for (; Peek() != ']'; ++position_) {
      const std::size_t index = AtEnd() ? std::string_view::npos : kTensorNames.find(Peek());
      if (index == std::string_view::npos) return Error("expected one of W, I, O or ']'");
      kept.Add(kAllTensors[index]);
    }
    ++position_;
    kept_[ToIndex(level)] = kept;
    const LevelSpec& spec = template_.level(level);
    if ((kept | spec.keeps) == kept && (kept | spec.keeps | spec.may_keep) == (spec.keeps | spec.may_keep)) {
      return absl::OkStatus();
    }
    position_ = begin;
    return Error(absl::StrCat("level ", spec.name, " of template '", template_.name(), "' keeps [", NamesOf(spec.keeps),
                              "]", spec.may_keep.empty() ? "" : " and may keep [", NamesOf(spec.may_keep),
                              spec.may_keep.empty() ? "" : "]"));
  }

  absl::Status ParseLoops(int level) {
    std::size_t num_ordered = 0;
    DimSet ordered;
    LoopOrder& order = mapping_.order[static_cast<std::size_t>(level)];
    for (SkipSpace(); !AtEnd() && Peek() != '-'; SkipSpace()) {
      const std::size_t loop_at = position_;
      const std::size_t index = kDimNames.find(Peek());
      if (index == std::string_view::npos) return Error("expected a loop over one of R, S, P, Q, C, K, N, G");
      ++position_;
      const Dim dim = kAllDims[index];
      ASSIGN_OR_RETURN(const std::int64_t factor, ParseCount());
      if (factor < 1) {
        position_ = loop_at;
        return Error("a loop's factor is 0; valid: 1 or more");
      }
      if (Peek() == ',') RETURN_IF_ERROR(ParseLastRun(level, dim, factor, loop_at));
      if (Peek() >= 'A' && Peek() <= 'Z') {
        RETURN_IF_ERROR(SetSpatial(level, dim, factor, loop_at));
        continue;
      }
      // A unit loop is a placeholder like N1.
      if (factor == 1) continue;
      if (ordered.Has(dim)) {
        position_ = loop_at;
        return Error(absl::StrCat("a second loop over ", std::string(1, Name(dim)), " at this level"));
      }
      mapping_.t(level, dim) = factor;
      ordered.Add(dim);
      order[num_ordered++] = dim;
    }
    for (const Dim dim : kAllDims) {
      if (!ordered.Has(dim)) order[num_ordered++] = dim;
    }
    return absl::OkStatus();
  }

  // Of a temporal loop, as far as has been read.
  absl::Status ParseLastRun(int level, Dim dim, std::int64_t factor, std::size_t loop_at) {
    ++position_;
    ASSIGN_OR_RETURN(const std::int64_t iterations, ParseCount());
    if (iterations < 1 || iterations > factor) {
      position_ = loop_at;
      return Error(absl::StrCat("the last run of loop ", std::string(1, Name(dim)), factor, " has ", iterations,
                                " iterations; valid: 1 to ", factor));
    }
    // A unit loop has one, wherever it stands.
    if (factor > 1) stated_runs_.push_back({loop_at, dim, level, {false, level}, iterations});
    return absl::OkStatus();
  }

  absl::Status SetSpatial(int level, Dim dim, std::int64_t factor, std::size_t loop_at) {
    for (std::size_t a = 0; a < template_.axes().size(); ++a) {
      const Template::Axis& axis = template_.axes()[a];
      if (axis.level != level || axis.name[0] != Peek()) continue;
      std::int64_t& slot = mapping_.s(static_cast<int>(a), dim);
      if (slot != 1) return Error(absl::StrCat("a second loop over ", std::string(1, Name(dim)), " on this axis"));
      slot = factor;
      ++position_;
      if (!stated_runs_.empty() && stated_runs_.back().position == loop_at) {
        stated_runs_.back().place = {true, static_cast<int>(a)};
      }
      return absl::OkStatus();
    }
    return Error(absl::StrCat("level ", template_.level(level).name, " has no spatial axis ", std::string(1, Peek())));
  }

  const Template& template_;
  std::string_view text_;
  std::size_t position_ = 0;
  Mapping mapping_;
  std::array<TensorSet, kMaxLevels> kept_;
  std::vector<StatedRun> stated_runs_;
};

// Precondition: ValidateMapping is OK.
absl::Status CheckStatedRuns(const Template& hardware_template, const LayerShape& shape, const Parser& parser) {
  if (parser.stated_runs().empty()) return absl::OkStatus();
  const Mapping last_runs = LastRunsOf(hardware_template, shape, parser.mapping());
  for (const StatedRun& run : parser.stated_runs()) {
    const std::int64_t factor = FactorAt(parser.mapping(), run.place, run.dim);
    const std::int64_t iterations = FactorAt(last_runs, run.place, run.dim);
    if (run.iterations == iterations) continue;
    return ErrorAt(run.position, absl::StrCat("the last run of loop ", std::string(1, Name(run.dim)), factor,
                                              " at level ", hardware_template.level(run.level).name, " (L", run.level,
                                              ") has ", run.iterations, " iterations; with the layer's bound of ",
                                              shape.bound(run.dim), " and the factors inside it has ", iterations));
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatMapping(const Template& hardware_template, const Mapping& mapping) {
  return Format(hardware_template, mapping, mapping);
}

std::string FormatMappingWithLastRuns(const Template& hardware_template, const LayerShape& shape,
                                      const Mapping& mapping) {
  return Format(hardware_template, mapping, LastRunsOf(hardware_template, shape, mapping));
}

absl::StatusOr<Mapping> ParseMapping(const Template& hardware_template, std::string_view text) {
  Parser parser(hardware_template, text);
  RETURN_IF_ERROR(parser.Parse());
  if (parser.stated_runs().empty()) return parser.mapping();
  const StatedRun& run = parser.stated_runs().front();
  return ErrorAt(run.position, absl::StrCat("loop ", std::string(1, Name(run.dim)),
                                            FactorAt(parser.mapping(), run.place, run.dim), " says its last run, of ",
                                            run.iterations, " iterations, which only the text for a layer may"));
}

absl::StatusOr<Mapping> ParseMapping(const Template& hardware_template, const LayerShape& shape,
                                     std::string_view text) {
  Parser parser(hardware_template, text);
  RETURN_IF_ERROR(parser.Parse());
  RETURN_IF_ERROR(ValidateMapping(hardware_template, shape, parser.mapping()));
  RETURN_IF_ERROR(CheckStatedRuns(hardware_template, shape, parser));
  return parser.mapping();
}

}  // namespace oneloop
