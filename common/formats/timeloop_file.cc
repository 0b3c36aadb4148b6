#include "common/formats/timeloop_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

absl::StatusOr<std::unique_ptr<const TimeloopFile>> TimeloopFile::Read(const std::string& path,
                                                                       const TimeloopVariables& variables) {
  ASSIGN_OR_RETURN(TimeloopText expanded, ExpandTimeloopFile(path, variables));
  return Make(std::move(expanded));
}

absl::StatusOr<std::unique_ptr<const TimeloopFile>> TimeloopFile::Parse(std::string_view text, const std::string& path,
                                                                        const TimeloopVariables& variables) {
  ASSIGN_OR_RETURN(TimeloopText expanded, ExpandTimeloopText(text, path, variables));
  return Make(std::move(expanded));
}

absl::StatusOr<std::unique_ptr<const TimeloopFile>> TimeloopFile::Make(TimeloopText expanded) {
  const std::string& path = expanded.files.front();
  absl::StatusOr<YamlDocument> document = YamlDocument::Parse(expanded.text, path, YamlTags::kKept);
  if (document.ok()) {
    return std::unique_ptr<const TimeloopFile>(new TimeloopFile(std::move(expanded), *std::move(document)));
  }
  // The line is one of the expanded text.
  const std::string message = Message(document.status());
  const std::string prefix = path + ":";
  std::size_t line = 0;
  const std::size_t end = message.find(':', prefix.size());
  if (!message.starts_with(prefix) || end == std::string::npos ||
      !absl::SimpleAtoi(message.substr(prefix.size(), end - prefix.size()), &line) || line < 1 ||
      line > expanded.lines.size()) {
    return document.status();
  }
  const TimeloopText::Line& at = expanded.lines[line - 1];
  return absl::Status(document.status().code(),
                      absl::StrCat(expanded.files[at.file], ":", at.number, message.substr(end)));
}

std::string TimeloopFile::PlaceOf(YamlPosition position) const {
  const auto line = static_cast<std::size_t>(std::max(position.line, 1));
  if (line > expanded_.lines.size()) return absl::StrCat(path(), ":", position.line, ":", position.column);
  const TimeloopText::Line& at = expanded_.lines[line - 1];
  return absl::StrCat(expanded_.files[at.file], ":", at.number, ":", position.column);
}

void TimeloopNotes::Add(const std::string& place, std::string_view text, std::vector<std::string>* notes,
                        std::size_t* more) {
  std::string note = absl::StrCat(place, ": ", ToAbsl(text));
  // One line of a file that many levels inherit is told once.
  if (std::find(notes->begin(), notes->end(), note) != notes->end()) return;
  if (notes->size() >= kMost) {
    ++*more;
    return;
  }
  notes->push_back(std::move(note));
}

void TimeloopNotes::AddStatus(const absl::Status& status) {
  if (errors_.size() < kMost) {
    errors_.push_back(Message(status));
  } else {
    ++more_errors_;
  }
}

absl::Status TimeloopNotes::status() const {
  if (errors_.empty()) return absl::OkStatus();
  std::vector<absl::Status> all;
  for (const std::string& error : errors_) all.push_back(FieldError("", error));
  if (more_errors_ > 0) all.push_back(FieldError("", absl::StrCat("and ", more_errors_, " more")));
  return JoinErrors(all);
}

std::vector<std::string> TimeloopNotes::warnings() const {
  std::vector<std::string> all = warnings_;
  if (more_warnings_ > 0) all.push_back(absl::StrCat("and ", more_warnings_, " more"));
  return all;
}

std::optional<bool> TimeloopBool(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(text));
  if (lower == "true" || lower == "yes") return true;
  if (lower == "false" || lower == "no") return false;
  return std::nullopt;
}

}  // namespace oneloop
