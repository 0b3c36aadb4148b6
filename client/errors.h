#ifndef ONELOOP_CLIENT_ERRORS_H_
#define ONELOOP_CLIENT_ERRORS_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace oneloop {

// `text` fit for one line of a terminal: line breaks become "; ", what else could steer it or mislead its reader is
// escaped as in PrintableText. Everything that is printed for people and comes from elsewhere goes through here; CSV
// and JSON are exact.
std::string OneLine(std::string_view text);

// Replaces the field that an error names, as a path in the request, by what the user wrote: a flag, or a place in a
// file. `rename` gets the path and returns the new name, or "" to keep the error as it is. Errors without field stay.
absl::Status RenameField(const absl::Status& status, const std::function<std::string(const std::string&)>& rename);

// The same error with `context` and ": " in front of its text. Code and payload stay, but for its field.
absl::Status WithContext(std::string_view context, const absl::Status& status);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_ERRORS_H_
