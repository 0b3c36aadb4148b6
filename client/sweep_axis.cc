#include "client/sweep_axis.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/exit_code.h"
#include "client/numbers.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kCommand[] = "sweep";
// As long as a label's value, which keeps it.
constexpr std::size_t kLongestName = 63;
constexpr std::size_t kMostAxes = 8;
// The end of a range is met when rounding alone is in the way.
constexpr double kRangeTolerance = 1e-9;

struct VariableFlag {
  const char* name;
  bool is_number;
};
constexpr VariableFlag kFlags[] = {
    {"algorithm", false},    {"calibration", false}, {"descent_share", true},   {"factors", false},
    {"learning_rate", true}, {"objective", false},   {"order_strategy", false}, {"parametrization", false},
    {"predictor", false},    {"round_period", true}, {"samples", true},         {"seed", true},
    {"starts", true},        {"steps", true},        {"stop_gap", true},        {"template", false},
    {"workload", false}};

const VariableFlag* FindFlag(const std::string& name) {
  const auto* const flag =
      std::find_if(std::begin(kFlags), std::end(kFlags), [&](const VariableFlag& f) { return name == f.name; });
  return flag == std::end(kFlags) ? nullptr : flag;
}

absl::Status FormError(const std::string& text, const std::string& description) {
  return UsageError(kCommand, absl::StrCat("--vary ", text, ": ", description));
}

absl::Status ValueError(const std::string& text, const std::string& description) {
  return absl::InvalidArgumentError(absl::StrCat("--vary ", text, ": ", description));
}

// Steps are added up from the first value on; the digits that differ by rounding alone are dropped.
std::string RangeValue(double value) {
  return ExactNumber(std::strtod(absl::StrFormat("%.12g", value).c_str(), nullptr));
}

struct Range {
  double first = 0;
  double last = 0;
  double step = 0;
  bool is_factor = false;

  double Count() const {
    const double steps = is_factor ? std::log(last / first) / std::log(step) : (last - first) / step;
    return std::floor(steps * (1 + kRangeTolerance) + kRangeTolerance) + 1;
  }
  double At(std::size_t i) const {
    const auto n = static_cast<double>(i);
    return is_factor ? first * std::pow(step, n) : first + n * step;
  }
};

absl::StatusOr<Range> ParseRange(const std::string& text, const std::string& values) {
  const std::vector<std::string> parts = absl::StrSplit(values, ':');
  const char step_kind = parts.size() == 3 && !parts[2].empty() ? parts[2].front() : ' ';
  if (step_kind != 'x' && step_kind != '+') {
    return FormError(text, "a range is FIRST:LAST:xFACTOR or FIRST:LAST:+STEP, for example 0.5:16:x2 or 1:9:+2");
  }
  Range range;
  range.is_factor = step_kind == 'x';
  const std::string number_texts[] = {parts[0], parts[1], parts[2].substr(1)};
  double* const targets[] = {&range.first, &range.last, &range.step};
  for (int i = 0; i < 3; ++i) {
    const std::optional<double> number = ParseNumber(number_texts[i]);
    if (!number.has_value()) return FormError(text, absl::StrCat("'", number_texts[i], "' is not a finite number"));
    *targets[i] = *number;
  }
  if (range.is_factor && !(range.step > 1)) {
    return ValueError(text, absl::StrCat("the factor is ", ExactNumber(range.step), "; valid: above 1"));
  }
  if (!range.is_factor && !(range.step > 0)) {
    return ValueError(text, absl::StrCat("the step is ", ExactNumber(range.step), "; valid: above 0"));
  }
  if (range.first > range.last) {
    return ValueError(text, absl::StrCat("goes from ", ExactNumber(range.first), " down to ", ExactNumber(range.last),
                                         "; give the smaller first"));
  }
  if (range.is_factor && !(range.first > 0)) {
    return ValueError(text,
                      absl::StrCat("begins at ", ExactNumber(range.first), "; a range with a factor begins above 0"));
  }
  return range;
}

absl::Status TooMany(const std::string& what, double jobs) {
  return absl::InvalidArgumentError(absl::StrCat("--vary", what.empty() ? "" : " ", what, ": makes ", ShortNumber(jobs),
                                                 " jobs; valid: at most ", kMostSweepJobs,
                                                 "; take larger steps, or make several sweeps"));
}

absl::StatusOr<std::vector<std::string>> RangeValues(const std::string& text, const std::string& values) {
  ASSIGN_OR_RETURN(const Range range, ParseRange(text, values));
  const double count = range.Count();
  if (!(count <= kMostSweepJobs)) return TooMany(text, count);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) result.push_back(RangeValue(range.At(i)));
  return result;
}

absl::Status CheckNumber(const std::string& text, const std::string& name, const std::string& value) {
  if (ParseNumber(value).has_value()) return absl::OkStatus();
  const std::string nearest = NearestName(name, VariableFlags());
  return FormError(text, absl::StrCat("'", value, "' is not a finite number, as a limit or a parameter is",
                                      nearest.empty() ? "" : absl::StrCat(" (did you mean '", nearest, "'?)")));
}

absl::StatusOr<std::vector<std::string>> ListValues(const std::string& text, const std::string& name,
                                                    const std::string& values) {
  std::vector<std::string> result;
  for (const absl::string_view part : absl::StrSplit(values, ',')) {
    std::string value(absl::StripAsciiWhitespace(part));
    if (value.empty()) return FormError(text, "a value is empty");
    if (FindFlag(name) == nullptr) RETURN_IF_ERROR(CheckNumber(text, name, value));
    result.push_back(std::move(value));
  }
  if (result.size() > kMostSweepJobs) return TooMany(name, static_cast<double>(result.size()));
  return result;
}

absl::StatusOr<SweepAxis> ParseSweepAxis(const std::string& text) {
  const std::size_t equals = text.find('=');
  SweepAxis axis;
  axis.name = std::string(absl::StripAsciiWhitespace(text.substr(0, equals)));
  if (axis.name.ends_with('<') || axis.name.ends_with('>')) {
    axis.at_least = axis.name.ends_with('>');
    axis.name.pop_back();
    absl::StripTrailingAsciiWhitespace(&axis.name);
  }
  if (equals == std::string::npos || axis.name.empty()) {
    return FormError(text, "expected NAME=VALUES, for example area_mm2=0.5:16:x2 or pe_dim=8,16,32");
  }
  if (axis.name.size() > kLongestName) return FormError(text, "the name has more than 63 characters");
  const std::string values = text.substr(equals + 1);
  const VariableFlag* const flag = FindFlag(axis.name);
  const bool is_range = values.find(':') != std::string::npos && (flag == nullptr || flag->is_number);
  ASSIGN_OR_RETURN(axis.values, is_range ? RangeValues(text, values) : ListValues(text, axis.name, values));
  std::set<std::string> distinct;
  for (const std::string& value : axis.values) {
    const std::optional<double> number = ParseNumber(value);
    if (!distinct.insert(number.has_value() ? ExactNumber(*number) : value).second) {
      return FormError(text, absl::StrCat(value, " is there twice"));
    }
  }
  return axis;
}

}  // namespace

std::vector<std::string> VariableFlags() {
  std::vector<std::string> names;
  for (const VariableFlag& flag : kFlags) names.emplace_back(flag.name);
  return names;
}

bool IsVariableFlag(const std::string& name) { return FindFlag(name) != nullptr; }

absl::StatusOr<std::vector<SweepAxis>> ParseSweepAxes(const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return UsageError(kCommand, "--vary is missing: --vary NAME=VALUES, for example area_mm2=0.5:16:x2");
  }
  if (texts.size() > kMostAxes) {
    return UsageError(kCommand, absl::StrCat("--vary is given ", texts.size(), " times; valid: at most ", kMostAxes));
  }
  std::vector<SweepAxis> axes;
  std::set<std::string> names;
  double jobs = 1;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(SweepAxis axis, ParseSweepAxis(text));
    if (!names.insert(axis.name).second) {
      return FormError(text, absl::StrCat(axis.name, " is varied twice; a list may have all its values"));
    }
    jobs *= static_cast<double>(axis.values.size());
    axes.push_back(std::move(axis));
  }
  if (jobs > kMostSweepJobs) return TooMany("", jobs);
  return axes;
}

std::size_t NumCombinations(const std::vector<SweepAxis>& axes) {
  std::size_t count = 1;
  for (const SweepAxis& axis : axes) count *= axis.values.size();
  return count;
}

std::vector<std::size_t> CombinationAt(const std::vector<SweepAxis>& axes, std::size_t place) {
  std::vector<std::size_t> combination(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    combination[i] = place % axes[i].values.size();
    place /= axes[i].values.size();
  }
  return combination;
}

}  // namespace oneloop
