#ifndef ONELOOP_CLIENT_ROW_PLACE_H_
#define ONELOOP_CLIENT_ROW_PLACE_H_

#include <cstddef>
#include <string>

namespace oneloop {

// "rows[12].bounds.R" as 12 and "bounds.R".
struct RowField {
  std::size_t row = 0;
  std::string field;
};

// False for a path that names no row below `num_rows`.
bool ParseRowField(const std::string& path, std::size_t num_rows, RowField* result);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_ROW_PLACE_H_
