#include "common/formats/timeloop_text.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "common/convert/yaml_document.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostIncludes = 32;
constexpr int kMostIncludeDepth = 8;

// The path in "{{ include_text('PATH') }}", which is all of a line; nothing for another line.
std::optional<std::string> IncludeOf(absl::string_view line) {
  absl::string_view text = absl::StripAsciiWhitespace(line);
  const auto take = [&text](absl::string_view token) {
    if (!absl::StartsWith(text, token)) return false;
    text.remove_prefix(token.size());
    text = absl::StripLeadingAsciiWhitespace(text);
    return true;
  };
  const bool opens =
      take("{{") && take("include_text") && take("(") && !text.empty() && (text[0] == '\'' || text[0] == '"');
  const std::size_t end = opens ? text.find(text[0], 1) : absl::string_view::npos;
  if (end == absl::string_view::npos) return std::nullopt;
  const std::string path = ToString(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  text = absl::StripLeadingAsciiWhitespace(text);
  if (!(take(")") && take("}}") && text.empty() && !path.empty())) return std::nullopt;
  return path;
}

class Expander {
 public:
  explicit Expander(const TimeloopVariables& variables) : variables_(variables) {}

  absl::Status Read(const std::string& path, int depth) {
    if (depth > kMostIncludeDepth || result_.files.size() >= kMostIncludes) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": includes too many files"));
    }
    ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxYamlBytes));
    return Expand(text, path, depth);
  }

  absl::Status Expand(std::string_view text, const std::string& path, int depth) {
    const std::size_t file = result_.files.size();
    result_.files.push_back(path);
    int number = 0;
    for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
      ++number;
      RETURN_IF_ERROR(AddLine(line, {file, number}, depth));
      if (result_.text.size() > kMaxYamlBytes)
        return absl::InvalidArgumentError(absl::StrCat(path, ": too large with what it includes"));
    }
    return absl::OkStatus();
  }

  TimeloopText Take() { return std::move(result_); }

 private:
  absl::Status AddLine(absl::string_view line, TimeloopText::Line at, int depth) {
    const std::string& path = result_.files[at.file];
    const std::string place = absl::StrCat(path, ":", at.number);
    const bool has_jinja = absl::StrContains(line, "{{") || absl::StrContains(line, "{%");
    const std::optional<std::string> include = has_jinja ? IncludeOf(line) : std::nullopt;
    if (include.has_value()) {
      if (fs::path(*include).is_absolute()) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": includes a file by its full path; give it as seen from this one"));
      }
      return Read((fs::path(path).parent_path() / *include).string(), depth + 1);
    }
    std::string filled = ToString(line);
    if (has_jinja) {
      ASSIGN_OR_RETURN(filled, Fill(line, place));
    }
    absl::StrAppend(&result_.text, filled, "\n");
    result_.lines.push_back(at);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Fill(absl::string_view line, const std::string& place) const {
    std::string filled;
    while (true) {
      const std::size_t open = line.find("{{");
      const std::size_t close = line.find("}}", open == absl::string_view::npos ? 0 : open);
      if (absl::StrContains(line.substr(0, open), "{%")) return Refused(place);
      if (open == absl::string_view::npos) break;
      if (close == absl::string_view::npos) return Refused(place);
      const std::string name = ToString(absl::StripAsciiWhitespace(line.substr(open + 2, close - open - 2)));
      const auto value = variables_.find(name);
      if (value == variables_.end()) return Refused(place);
      absl::StrAppend(&filled, line.substr(0, open), value->second);
      if (filled.size() > kMaxYamlBytes) return absl::InvalidArgumentError(absl::StrCat(place, ": too large"));
      line.remove_prefix(close + 2);
    }
    return absl::StrCat(filled, line);
  }

  absl::Status Refused(const std::string& place) const {
    return absl::InvalidArgumentError(absl::StrCat(place, ": of Jinja only a line {{include_text('FILE')}}",
                                                   variables_.empty() ? "" : " and {{NAME}} of a variable",
                                                   " is understood; expand the file with Timeloop's front end"));
  }

  const TimeloopVariables& variables_;
  TimeloopText result_;
};

}  // namespace

absl::StatusOr<TimeloopText> ExpandTimeloopFile(const std::string& path, const TimeloopVariables& variables) {
  Expander expander(variables);
  RETURN_IF_ERROR(expander.Read(path, 0));
  return expander.Take();
}

absl::StatusOr<TimeloopText> ExpandTimeloopText(std::string_view text, const std::string& path,
                                                const TimeloopVariables& variables) {
  Expander expander(variables);
  RETURN_IF_ERROR(expander.Expand(text, path, 0));
  return expander.Take();
}

}  // namespace oneloop
