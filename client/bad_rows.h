#ifndef ONELOOP_CLIENT_BAD_ROWS_H_
#define ONELOOP_CLIENT_BAD_ROWS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <ostream>
#include <vector>

#include "absl/status/status.h"
#include "client/csv_reader.h"

namespace oneloop {

// The rows of a CSV file that are wrong, whoever found that out, in the order of the file. A row has one error.
class BadRows {
 public:
  BadRows() = default;
  explicit BadRows(const CsvTable& table);

  // Reads each row of the table. Returns those that could be; the others are bad from now on.
  std::vector<const CsvRow*> ReadAll(const CsvTable& table, const std::function<absl::Status(const CsvRow&)>& read);

  void Add(int line, const absl::Status& error) { errors_.emplace(line, error); }
  bool empty() const { return errors_.empty(); }
  std::size_t size() const { return errors_.size(); }

  // The first 20, a line each; when there are more rows than one, also how many there are, and `what_then`.
  void Print(std::ostream& err, const char* what_then) const;

 private:
  std::map<int, absl::Status> errors_;  // by line
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_BAD_ROWS_H_
