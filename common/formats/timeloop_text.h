#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_TEXT_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_TEXT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// Values that stand for {{NAME}}, by name.
using TimeloopVariables = std::map<std::string, std::string>;

// A file of Timeloop's with those that it includes in their places, and the values of variables in theirs.
struct TimeloopText {
  struct Line {
    std::size_t file = 0;  // index into files
    int number = 1;        // from 1
  };
  std::string text;
  std::vector<std::string> files;
  std::vector<Line> lines;  // where each line of the text comes from
};

// Of Jinja, a line {{include_text('FILE')}}, which stands for that file as seen from the one that the line is in, and
// {{NAME}} of a variable are understood. INVALID_ARGUMENT "FILE:LINE: ..." for other Jinja, and for files that are too
// many, too deep or too large; the errors of ReadFile.
absl::StatusOr<TimeloopText> ExpandTimeloopFile(const std::string& path, const TimeloopVariables& variables = {});

// The same for a text as it stands in that file.
absl::StatusOr<TimeloopText> ExpandTimeloopText(std::string_view text, const std::string& path,
                                                const TimeloopVariables& variables = {});

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_TEXT_H_
