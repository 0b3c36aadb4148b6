#ifndef ONELOOP_CLIENT_CSV_READER_H_
#define ONELOOP_CLIENT_CSV_READER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// One row of a CSV file. `text` is a view into the text that was parsed.
struct CsvRow {
  int line = 0;                    // in the file, from 1, where the row begins
  std::string_view text;           // as written, without its line break
  std::vector<std::string> cells;  // unquoted
};

// A CSV file (RFC 4180, lines ending in LF or CRLF) whose first line names the columns. Lines without any character
// are skipped, and so is a byte-order mark. `text` must outlive the result.
struct CsvTable {
  CsvRow header;
  std::vector<CsvRow> rows;  // each with as many cells as the header
};

// The cells of a header, without blanks around them.
std::vector<std::string> ColumnNames(const CsvRow& header);

// INVALID_ARGUMENT with "FILE:LINE" for an empty file, a row with another number of cells than the header, a quote
// that is not closed, or text after a closing quote.
absl::StatusOr<CsvTable> ParseCsv(std::string_view text, const std::string& file);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_CSV_READER_H_
