#ifndef ONELOOP_COMMON_BASE_STATUS_H_
#define ONELOOP_COMMON_BASE_STATUS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// An INVALID_ARGUMENT whose payload names the offending field, as a path in the message that the caller sent
// ("spec.starts", "layers[3].bounds.R"). The text repeats the path, so that it reads well by itself.
absl::Status FieldError(std::string_view field, std::string_view description);

// The field named by FieldError, or "".
std::string FieldOf(const absl::Status& status);

// The text without its field, as it was given to FieldError.
std::string DescriptionOf(const absl::Status& status);

// The first of the errors, which know the others as theirs. Precondition: there is one.
absl::Status JoinErrors(const std::vector<absl::Status>& errors);
// All that were joined, as FieldErrors; the error alone when none were.
std::vector<absl::Status> ErrorsOf(const absl::Status& status);

// The same error with `prefix` in front of its field ("spec" + "starts" = "spec.starts") or, for an error without
// field, in front of its text. OK stays OK.
absl::Status PrefixField(std::string_view prefix, const absl::Status& status);

// Converts between the two string views: this Abseil's is not std's.
inline std::string ToString(absl::string_view text) { return std::string(text.data(), text.size()); }
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string Message(const absl::Status& status) { return ToString(status.message()); }

// The candidate closest to `name` by edit distance, or "" when none is near enough to be meant.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// " (did you mean 'x'?)" or, when nothing is near, " (valid: a, b, c)".
std::string SuggestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace oneloop

#define ONELOOP_CONCAT_INNER(a, b) a##b
#define ONELOOP_CONCAT(a, b) ONELOOP_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_IMPL(ONELOOP_CONCAT(status_or_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_IMPL(name, declaration, expression) \
  auto name = (expression);                                  \
  if (!name.ok()) return name.status();                      \
  declaration = *std::move(name)

#endif  // ONELOOP_COMMON_BASE_STATUS_H_
