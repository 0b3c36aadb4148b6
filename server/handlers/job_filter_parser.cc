#include "server/handlers/job_filter_parser.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "server/handlers/job_settings.h"
#include "server/store/run_store.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

using Field = JobFilter::Field;
using Operator = JobFilter::Operator;

constexpr std::size_t kLongestFilter = 2000;
// Of parentheses and NOTs; bounds the recursion.
constexpr int kDeepest = 32;

enum class Kind { kState, kText, kNumber, kBool, kTime };
struct FieldInfo {
  const char* name;
  Field field;
  Kind kind;
};
constexpr std::array kFields = {
    FieldInfo{"state", Field::kState, Kind::kState},           FieldInfo{"owner", Field::kOwner, Kind::kText},
    FieldInfo{"workload", Field::kWorkload, Kind::kText},      FieldInfo{"template", Field::kTemplate, Kind::kText},
    FieldInfo{"priority", Field::kPriority, Kind::kNumber},    FieldInfo{"pinned", Field::kPinned, Kind::kBool},
    FieldInfo{"create_time", Field::kCreateTime, Kind::kTime}, FieldInfo{"start_time", Field::kStartTime, Kind::kTime},
    FieldInfo{"end_time", Field::kEndTime, Kind::kTime},       FieldInfo{"deadline", Field::kDeadline, Kind::kTime},
};
constexpr std::string_view kLabelPrefix = "label.";
constexpr FieldInfo kLabelInfo{"label.NAME", Field::kLabel, Kind::kText};

// Two characters before one, so that the longer is found.
constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators = {{{"!=", Operator::kNotEqual},
                                                                              {"<=", Operator::kLessOrEqual},
                                                                              {">=", Operator::kGreaterOrEqual},
                                                                              {"=", Operator::kEqual},
                                                                              {"<", Operator::kLess},
                                                                              {">", Operator::kGreater}}};

std::vector<std::string> FieldNames() {
  std::vector<std::string> names;
  names.reserve(kFields.size() + 1);
  for (const FieldInfo& info : kFields) names.emplace_back(info.name);
  names.emplace_back(kLabelInfo.name);
  return names;
}

bool IsSpecial(char c) {
  return absl::ascii_isspace(static_cast<unsigned char>(c)) || ToAbsl("()=!<>:\"").find(c) != absl::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<JobFilter> Parse() {
    SkipBlanks();
    if (AtEnd()) return JobFilter();
    ASSIGN_OR_RETURN(JobFilter filter, Either());
    if (!AtEnd()) return Error("expected AND, OR or the end");
    return filter;
  }

 private:
  absl::StatusOr<JobFilter> Either() { return Joined("OR", JobFilter::Kind::kOr, &Parser::Both); }
  absl::StatusOr<JobFilter> Both() { return Joined("AND", JobFilter::Kind::kAnd, &Parser::Not); }

  // One part, or several with the word between them.
  absl::StatusOr<JobFilter> Joined(std::string_view word, JobFilter::Kind kind,
                                   absl::StatusOr<JobFilter> (Parser::*part)()) {
    JobFilter joined;
    joined.kind = kind;
    do {
      ASSIGN_OR_RETURN(JobFilter next, (this->*part)());
      joined.parts.push_back(std::move(next));
    } while (TakeWord(word));
    if (joined.parts.size() > 1) return joined;
    JobFilter only = std::move(joined.parts.front());
    return only;
  }

  absl::StatusOr<JobFilter> Not() {
    if (!TakeWord("NOT")) return Primary();
    if (++depth_ > kDeepest) return Error("nests too deeply");
    ASSIGN_OR_RETURN(JobFilter part, Not());
    --depth_;
    JobFilter filter;
    filter.kind = JobFilter::Kind::kNot;
    filter.parts.push_back(std::move(part));
    return filter;
  }

  absl::StatusOr<JobFilter> Primary() {
    if (!Take("(")) return Comparison();
    if (++depth_ > kDeepest) return Error("nests too deeply");
    ASSIGN_OR_RETURN(JobFilter filter, Either());
    --depth_;
    if (!Take(")")) return Error("expected )");
    return filter;
  }

  absl::StatusOr<JobFilter> Comparison() {
    JobFilter filter;
    filter.kind = JobFilter::Kind::kCompare;
    ASSIGN_OR_RETURN(const FieldInfo info, TakeField(&filter));
    filter.field = info.field;
    if (Take(":")) {
      if (!Take("*")) return Error("expected * after :");
      filter.op = Operator::kPresent;
      return filter;
    }
    ASSIGN_OR_RETURN(filter.op, TakeOperator(info));
    const std::size_t begin = position_;
    ASSIGN_OR_RETURN(const std::string value, TakeValue(info));
    RETURN_IF_ERROR(SetValue(info, value, begin, &filter));
    return filter;
  }

  absl::StatusOr<FieldInfo> TakeField(JobFilter* filter) {
    const std::size_t begin = position_;
    while (!AtEnd() && !IsSpecial(text_[position_])) ++position_;
    const std::string name(text_.substr(begin, position_ - begin));
    if (name.empty()) return Error("expected a field");
    SkipBlanks();
    if (name.starts_with(kLabelPrefix)) {
      filter->label = name.substr(kLabelPrefix.size());
      if (!IsLabelName(filter->label)) {
        return ErrorAt(begin, absl::StrCat("'", filter->label, "' is no label's name; ", ToAbsl(kLabelNameRule)));
      }
      return kLabelInfo;
    }
    for (const FieldInfo& info : kFields) {
      if (name == info.name) return info;
    }
    return ErrorAt(begin, absl::StrCat("there is no field '", name, "'", SuggestName(name, FieldNames())));
  }

  absl::StatusOr<Operator> TakeOperator(const FieldInfo& info) {
    const std::size_t begin = position_;
    for (const auto& [text, op] : kOperators) {
      if (!Take(text)) continue;
      const bool is_ordered = info.kind == Kind::kNumber || info.kind == Kind::kTime;
      if (is_ordered || op == Operator::kEqual || op == Operator::kNotEqual) return op;
      return ErrorAt(begin, absl::StrCat(info.name, " knows no order; valid: = and !="));
    }
    return Error(absl::StrCat("expected = != < <= > >= or :* after ", info.name));
  }

  absl::StatusOr<std::string> TakeValue(const FieldInfo& info) {
    const std::size_t begin = position_;
    if (!AtEnd() && text_[position_] == '"') {
      const std::size_t end = text_.find('"', begin + 1);
      if (end == std::string_view::npos) return Error("the quote is not closed");
      position_ = end + 1;
      SkipBlanks();
      return std::string(text_.substr(begin + 1, end - begin - 1));
    }
    while (!AtEnd() && (!IsSpecial(text_[position_]) || (info.kind == Kind::kTime && text_[position_] == ':'))) {
      ++position_;
    }
    const std::string value(text_.substr(begin, position_ - begin));
    SkipBlanks();
    if (value.empty()) return ErrorAt(begin, absl::StrCat("expected a value of ", info.name));
    return value;
  }

  absl::Status SetValue(const FieldInfo& info, const std::string& value, std::size_t begin, JobFilter* filter) const {
    const auto wrong = [&](const std::string& valid) {
      return ErrorAt(begin, absl::StrCat(info.name, " '", value, "': valid: ", valid));
    };
    switch (info.kind) {
      case Kind::kText:
        filter->text = value;
        return absl::OkStatus();
      case Kind::kState:
        for (int state = 1; state <= static_cast<int>(JobState::kFailed); ++state) {
          filter->number = state;
          if (ToAbsl(JobStateName(static_cast<JobState>(state))) == absl::AsciiStrToUpper(value))
            return absl::OkStatus();
        }
        return wrong("PENDING, RUNNING, PAUSED, CANCELLED, SUCCEEDED, FAILED");
      case Kind::kNumber:
        return absl::SimpleAtoi(value, &filter->number) ? absl::OkStatus() : wrong("a whole number");
      case Kind::kBool:
        filter->number = value == "true" ? 1 : 0;
        return value == "true" || value == "false" ? absl::OkStatus() : wrong("true or false");
      case Kind::kTime: {
        absl::Time time;
        std::string error;
        if (!absl::ParseTime(absl::RFC3339_full, value, &time, &error) &&
            !absl::ParseTime("%Y-%m-%d", value, &time, &error)) {
          return wrong("2026-01-01T00:00:00Z or 2026-01-01");
        }
        filter->number = absl::ToUnixMicros(time);
        return absl::OkStatus();
      }
    }
    return absl::OkStatus();
  }

  bool AtEnd() const { return position_ == text_.size(); }
  void SkipBlanks() {
    while (!AtEnd() && absl::ascii_isspace(static_cast<unsigned char>(text_[position_]))) ++position_;
  }
  bool Take(std::string_view symbol) {
    if (!text_.substr(position_).starts_with(symbol)) return false;
    position_ += symbol.size();
    SkipBlanks();
    return true;
  }
  // A whole word: no part of a longer name.
  bool TakeWord(std::string_view word) {
    const std::string_view rest = text_.substr(position_);
    if (!rest.starts_with(word)) return false;
    if (rest.size() > word.size() && rest[word.size()] != '(' &&
        !absl::ascii_isspace(static_cast<unsigned char>(rest[word.size()]))) {
      return false;
    }
    return Take(word);
  }
  absl::Status Error(const std::string& what) const { return ErrorAt(position_, what); }
  absl::Status ErrorAt(std::size_t position, const std::string& what) const {
    return FieldError("filter", absl::StrCat("at character ", position + 1, ": ", what));
  }

  const std::string_view text_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<JobFilter> ParseJobFilter(std::string_view text) {
  if (text.size() > kLongestFilter) {
    return FieldError("filter", absl::StrCat("has ", text.size(), " characters; valid: at most ", kLongestFilter));
  }
  return Parser(text).Parse();
}

absl::StatusOr<JobOrdering> ParseJobOrder(std::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(ToAbsl(text), ' ', absl::SkipWhitespace());
  if (words.empty()) return JobOrdering();
  JobOrdering ordering;
  ordering.ascending = words.size() == 1 || words[1] == "asc";
  const bool is_direction = words.size() == 1 || (words.size() == 2 && (words[1] == "asc" || words[1] == "desc"));
  if (words[0] == "create_time") {
    ordering.order = JobOrder::kCreateTime;
  } else if (words[0] == "priority") {
    ordering.order = JobOrder::kPriority;
  } else if (words[0] == "end_time") {
    ordering.order = JobOrder::kEndTime;
  } else {
    return FieldError("order_by", absl::StrCat("is '", ToAbsl(text), "'; valid: create_time, priority or end_time, ",
                                               "with \" desc\" for the reverse"));
  }
  if (is_direction) return ordering;
  return FieldError("order_by",
                    absl::StrCat("is '", ToAbsl(text), "'; valid after ", words[0], ": desc, asc or nothing"));
}

}  // namespace oneloop
