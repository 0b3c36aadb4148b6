#include <string>
#include <vector>

#include "client/csv_reader.h"
#include "client/mapping_columns.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// Every row of a table that is read has a cell for each column, and can be asked for a mapping.
TEXT_FUZZER(input) {
  const absl::StatusOr<CsvTable> table = ParseCsv(input, "rows.csv");
  CheckAnswer(table.status());
  if (!table.ok()) return;
  const auto columns = MappingColumns::Find(table->header, {"pe_dim", "accumulator_kib"}, "rows.csv");
  CheckAnswer(columns.status());
  for (const CsvRow& row : table->rows) {
    Check(row.cells.size() == table->header.cells.size(), "rows are as long as the header");
    Check(row.text.data() >= input.data() && row.text.data() + row.text.size() <= input.data() + input.size(),
          "a row's text is a view into the file");
    if (columns.ok()) CheckAnswer(columns->Read(row).status());
  }
}

}  // namespace oneloop
