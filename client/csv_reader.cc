#include "client/csv_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class CsvScanner {
 public:
  CsvScanner(std::string_view text, const std::string& file) : text_(text), file_(file) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  // Moves past blank lines; false at the end of the text.
  bool SkipToRow() {
    while (position_ < text_.size() && AtLineBreak()) SkipLineBreak();
    return position_ < text_.size();
  }

  absl::StatusOr<CsvRow> NextRow() {
    CsvRow row;
    row.line = line_;
    const std::size_t begin = position_;
    for (;;) {
      ASSIGN_OR_RETURN(std::string cell, NextCell());
      row.cells.push_back(std::move(cell));
      if (position_ == text_.size() || text_[position_] != ',') break;
      ++position_;
    }
    row.text = text_.substr(begin, position_ - begin);
    SkipLineBreak();
    return row;
  }

  absl::Status Error(int line, std::string_view description) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ":", line, ": ", ToAbsl(description)));
  }

 private:
  bool AtLineBreak() const { return text_[position_] == '\n' || text_.substr(position_, 2) == "\r\n"; }

  void SkipLineBreak() {
    if (position_ < text_.size() && text_[position_] == '\r') ++position_;
    if (position_ < text_.size() && text_[position_] == '\n') ++position_;
    ++line_;
  }

  absl::StatusOr<std::string> NextCell() {
    if (position_ < text_.size() && text_[position_] == '"') return NextQuotedCell();
    const std::size_t begin = position_;
    while (position_ < text_.size() && text_[position_] != ',' && !AtLineBreak()) ++position_;
    return std::string(text_.substr(begin, position_ - begin));
  }

  absl::StatusOr<std::string> NextQuotedCell() {
    const int first_line = line_;
    std::string cell;
    for (++position_; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      const bool doubled = text_.substr(position_, 2) == "\"\"";
      if (c == '"' && !doubled) break;
      if (doubled) ++position_;
      if (c == '\n') ++line_;
      cell += c;
    }
    if (position_ == text_.size()) return Error(first_line, "the quote that opens here is not closed");
    ++position_;
    if (position_ < text_.size() && text_[position_] != ',' && !AtLineBreak()) {
      return Error(line_, "after a closing quote, a comma or the end of the line is expected");
    }
    return cell;
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<std::string> ColumnNames(const CsvRow& header) {
  std::vector<std::string> names;
  names.reserve(header.cells.size());
  for (const std::string& cell : header.cells) names.emplace_back(absl::StripAsciiWhitespace(cell));
  return names;
}

absl::StatusOr<CsvTable> ParseCsv(std::string_view text, const std::string& file) {
  CsvScanner scanner(text, file);
  CsvTable table;
  if (!scanner.SkipToRow()) return scanner.Error(1, "the file is empty; a line that names the columns is expected");
  ASSIGN_OR_RETURN(table.header, scanner.NextRow());
  while (scanner.SkipToRow()) {
    ASSIGN_OR_RETURN(CsvRow row, scanner.NextRow());
    if (row.cells.size() != table.header.cells.size()) {
      return scanner.Error(
          row.line, absl::StrCat("the row has ", row.cells.size(), " cells, the header ", table.header.cells.size()));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace oneloop
