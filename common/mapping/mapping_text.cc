#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/mapping/mapping.h"

namespace oneloop {
namespace {

void AppendNumber(std::int64_t number, std::string* text) {
  std::array<char, 20> digits;
  text->append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void AppendLoop(Dim dim, std::int64_t factor, std::string* text) {
  text->push_back(' ');
  text->push_back(Name(dim));
  AppendNumber(factor, text);
}

// Where the text of one level goes.
void AppendLevel(const Template& hardware_template, const Mapping& mapping, int level, std::string* text) {
  text->push_back('L');
  AppendNumber(level, text);
  text->push_back('[');
  for (const Tensor tensor : kAllTensors) {
    if (hardware_template.level(level).keeps.Has(tensor)) text->push_back(Name(tensor));
  }
  text->push_back(']');
  bool any = false;
  for (const Dim dim : mapping.order[static_cast<std::size_t>(level)]) {
    if (mapping.t(level, dim) == 1) continue;
    AppendLoop(dim, mapping.t(level, dim), text);
    any = true;
  }
  if (!any) text->append(" N1");
  for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
    const Template::Axis& axis = hardware_template.axes()[a];
    if (axis.level != level) continue;
    for (const Dim dim : kAllDims) {
      const std::int64_t factor = mapping.s(static_cast<int>(a), dim);
      if (factor == 1) continue;
      AppendLoop(dim, factor, text);
      text->append(axis.name);
    }
  }
}

// Reads the grammar: level {" - " level}; level = "L" number "[" tensors "]" {loop}; loop = dim number [axis].
class Parser {
 public:
  Parser(const Template& hardware_template, std::string_view text) : template_(hardware_template), text_(text) {}

  absl::StatusOr<Mapping> Parse() {
    for (int level = template_.num_levels() - 1; level >= 0; --level) {
      RETURN_IF_ERROR(ParseLevel(level));
      if (level > 0) RETURN_IF_ERROR(Expect('-', absl::StrCat("'-' and level L", level - 1)));
    }
    SkipSpace();
    if (position_ != text_.size()) return Error("expected the end");
    return mapping_;
  }

 private:
  absl::Status Error(std::string_view expected) const {
    return FieldError("mapping", absl::StrCat("column ", position_ + 1, ": ", ToAbsl(expected)));
  }

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
    if (!(kept == template_.level(level).keeps)) {
      position_ = begin;
      std::string keeps;
      for (const Tensor tensor : kAllTensors) {
        if (template_.level(level).keeps.Has(tensor)) keeps.push_back(Name(tensor));
      }
      return Error(absl::StrCat("level ", template_.level(level).name, " of template '", template_.name(), "' keeps [",
                                keeps, "]"));
    }
    return absl::OkStatus();
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
      if (Peek() >= 'A' && Peek() <= 'Z') {
        RETURN_IF_ERROR(SetSpatial(level, dim, factor));
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

  absl::Status SetSpatial(int level, Dim dim, std::int64_t factor) {
    for (std::size_t a = 0; a < template_.axes().size(); ++a) {
      const Template::Axis& axis = template_.axes()[a];
      if (axis.level != level || axis.name[0] != Peek()) continue;
      std::int64_t& slot = mapping_.s(static_cast<int>(a), dim);
      if (slot != 1) return Error(absl::StrCat("a second loop over ", std::string(1, Name(dim)), " on this axis"));
      slot = factor;
      ++position_;
      return absl::OkStatus();
    }
    return Error(absl::StrCat("level ", template_.level(level).name, " has no spatial axis ", std::string(1, Peek())));
  }

  const Template& template_;
  std::string_view text_;
  std::size_t position_ = 0;
  Mapping mapping_;
};

}  // namespace

std::string FormatMapping(const Template& hardware_template, const Mapping& mapping) {
  std::string text;
  for (int level = hardware_template.num_levels() - 1; level >= 0; --level) {
    AppendLevel(hardware_template, mapping, level, &text);
    if (level > 0) text += " - ";
  }
  return text;
}

absl::StatusOr<Mapping> ParseMapping(const Template& hardware_template, std::string_view text) {
  return Parser(hardware_template, text).Parse();
}

}  // namespace oneloop
