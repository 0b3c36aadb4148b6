#include "client/row_place.h"

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/numbers.h"

namespace oneloop {

bool ParseRowField(const std::string& path, std::size_t num_rows, RowField* result) {
  absl::string_view rest = path;
  if (!absl::ConsumePrefix(&rest, "rows[")) return false;
  const std::size_t bracket = rest.find(']');
  if (bracket == absl::string_view::npos) return false;
  const std::optional<std::size_t> index = ParseInteger<std::size_t>({rest.data(), bracket});
  if (!index.has_value() || *index >= num_rows) return false;
  rest.remove_prefix(bracket + 1);
  absl::ConsumePrefix(&rest, ".");
  *result = {*index, std::string(rest)};
  return true;
}

}  // namespace oneloop
