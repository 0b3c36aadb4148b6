#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_FILE_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_FILE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/formats/timeloop_text.h"
#include "common/formats/yaml_view.h"

namespace oneloop {

// A YAML file of Timeloop's or of its front end: tags are kept, includes and variables are in their places, which are
// remembered. Immutable; views borrow it.
class TimeloopFile {
 public:
  // Errors begin with "FILE:LINE:COL: " or the path, as of ExpandTimeloopFile and YamlDocument.
  static absl::StatusOr<std::unique_ptr<const TimeloopFile>> Read(const std::string& path,
                                                                  const TimeloopVariables& variables = {});
  static absl::StatusOr<std::unique_ptr<const TimeloopFile>> Parse(std::string_view text, const std::string& path,
                                                                   const TimeloopVariables& variables = {});

  const std::string& path() const { return expanded_.files.front(); }
  YamlView root() const { return YamlView(document_.root()); }
  // "FILE:LINE:COL" of a view of this file.
  std::string PlaceOf(const YamlView& view) const { return PlaceOf(view.position()); }

 private:
  TimeloopFile(TimeloopText expanded, YamlDocument document)
      : expanded_(std::move(expanded)), document_(std::move(document)) {}
  static absl::StatusOr<std::unique_ptr<const TimeloopFile>> Make(TimeloopText expanded);

  std::string PlaceOf(YamlPosition position) const;

  TimeloopText expanded_;
  YamlDocument document_;
};

// What is said of files that are read, each at its place, as far as there is room. Not thread-safe.
class TimeloopNotes {
 public:
  static constexpr std::size_t kMost = 50;  // of each kind

  void AddError(const std::string& place, std::string_view text) { Add(place, text, &errors_, &more_errors_); }
  void AddWarning(const std::string& place, std::string_view text) { Add(place, text, &warnings_, &more_warnings_); }
  // An error that has its place in front.
  void AddStatus(const absl::Status& status);

  bool ok() const { return errors_.empty(); }
  // All errors, as JoinErrors joins them.
  absl::Status status() const;
  // "FILE:LINE:COL: TEXT"
  std::vector<std::string> warnings() const;

 private:
  static void Add(const std::string& place, std::string_view text, std::vector<std::string>* notes, std::size_t* more);

  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
  std::size_t more_errors_ = 0;
  std::size_t more_warnings_ = 0;
};

// Timeloop's true, True, yes and false, False, no; nothing for other texts.
std::optional<bool> TimeloopBool(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_FILE_H_
