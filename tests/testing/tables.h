#ifndef ONELOOP_TESTS_TESTING_TABLES_H_
#define ONELOOP_TESTS_TESTING_TABLES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// Measured tables for tests.

// The bytes of a file, plain or compressed with gzip. NOT_FOUND when it cannot be read.
absl::StatusOr<std::string> Gunzip(const std::string& path);

// The lines of a text file, plain or compressed with gzip. NOT_FOUND when it cannot be read.
absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& path);

// One row of a comma-separated file without quoting, by the names of its first line.
using TableRow = std::map<std::string, std::string>;
absl::StatusOr<std::vector<TableRow>> ReadTable(const std::string& path);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_TABLES_H_
