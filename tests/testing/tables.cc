#include "tests/testing/tables.h"

#include <sys/wait.h>

#include <array>
#include <cstddef>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace oneloop {

absl::StatusOr<std::string> Gunzip(const std::string& path) {
  const std::string quoted = absl::StrCat("'", absl::StrReplaceAll(path, {{"'", "'\\''"}}), "'");
  FILE* pipe = popen(absl::StrCat("zcat -f -- ", quoted, " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::string text;
  std::array<char, 65536> buffer;
  while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), count);
  if (pclose(pipe) != 0) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text;
}

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, Gunzip(path));
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (std::string& line : lines) {
    if (line.ends_with('\r')) line.pop_back();
  }
  return lines;
}

absl::StatusOr<std::vector<TableRow>> ReadTable(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadLines(path));
  std::vector<TableRow> rows;
  const std::vector<std::string> names = absl::StrSplit(lines.front(), ',');
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> cells = absl::StrSplit(lines[i], ',');
    TableRow row;
    for (std::size_t c = 0; c < names.size() && c < cells.size(); ++c) row[names[c]] = cells[c];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace oneloop
