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

// What is wrong with one row. `error` is INVALID_ARGUMENT and begins with "FILE:LINE".
struct BadCsvRow {
  int line = 0;
  absl::Status error;
};

// A CSV file (RFC 4180, lines ending in LF or CRLF) whose first line names the columns. Cells are separated by commas,
// semicolons or tabs: by what the first line has most of, outside of quotes. Lines without any character are skipped,
// and so are a byte-order mark and comments before the first, lines that begin with "# ". `text` must outlive the
// result.
struct CsvTable {
  char separator = ',';
  CsvRow header;
  std::vector<CsvRow> rows;  // each with as many cells as the header
  std::vector<BadCsvRow>
      bad;  // the others: another number of cells, a quote that is not closed, text after one that is
};

// The cells of a header, without blanks around them.
std::vector<std::string> ColumnNames(const CsvRow& header);

// INVALID_ARGUMENT with "FILE:LINE" for an empty file or a bad header.
absl::StatusOr<CsvTable> ParseCsv(std::string_view text, const std::string& file);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_CSV_READER_H_
