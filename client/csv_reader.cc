#include "client/csv_reader.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

std::string_view SeparatorName(char separator) {
  return separator == ',' ? "comma" : separator == ';' ? "semicolon" : "tab";
}

class CsvScanner {
 public:
  CsvScanner(std::string_view text, const std::string& file) : text_(text), file_(file) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  // Of the line that comes next.
  char FindSeparator() {
    std::map<char, int> counts;
    bool quoted = false;
    for (std::size_t i = position_; i < text_.size() && (quoted || text_[i] != '\n'); ++i) {
      if (text_[i] == '"') quoted = !quoted;
      if (!quoted) ++counts[text_[i]];
    }
    for (const char candidate : {';', '\t'}) {
      if (counts[candidate] > counts[separator_]) separator_ = candidate;
    }
    return separator_;
  }

  // Moves past blank lines; false at the end of the text.
  bool SkipToRow() {
    while (position_ < text_.size() && AtLineBreak()) SkipLineBreak();
    return position_ < text_.size();
  }

  // The same, past comments too.
  bool SkipToHeader() {
    while (SkipToRow()) {
      if (!text_.substr(position_).starts_with("# ")) return true;
      SkipRestOfLine();
    }
    return false;
  }

  absl::StatusOr<CsvRow> NextRow() {
    CsvRow row;
    row.line = line_;
    const std::size_t begin = position_;
    for (;;) {
      ASSIGN_OR_RETURN(std::string cell, NextCell());
      row.cells.push_back(std::move(cell));
      if (position_ == text_.size() || text_[position_] != separator_) break;
      ++position_;
    }
    row.text = text_.substr(begin, position_ - begin);
    SkipLineBreak();
    return row;
  }

  void SkipRestOfLine() {
    while (position_ < text_.size() && !AtLineBreak()) ++position_;
    SkipLineBreak();
  }
  int line() const { return line_; }

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
    while (position_ < text_.size() && text_[position_] != separator_ && !AtLineBreak()) ++position_;
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
    if (position_ < text_.size() && text_[position_] != separator_ && !AtLineBreak()) {
      return Error(line_, absl::StrCat("after a closing quote, a ", ToAbsl(SeparatorName(separator_)),
                                       " or the end of the line is expected"));
    }
    return cell;
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t position_ = 0;
  int line_ = 1;
  char separator_ = ',';
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
  if (!scanner.SkipToHeader()) return scanner.Error(1, "the file is empty; a line that names the columns is expected");
  table.separator = scanner.FindSeparator();
  ASSIGN_OR_RETURN(table.header, scanner.NextRow());
  while (scanner.SkipToRow()) {
    const int line = scanner.line();
    absl::StatusOr<CsvRow> row = scanner.NextRow();
    if (!row.ok()) {
      table.bad.push_back({line, row.status()});
      scanner.SkipRestOfLine();
    } else if (row->cells.size() != table.header.cells.size()) {
      table.bad.push_back(
          {line, scanner.Error(line, absl::StrCat("the row has ", row->cells.size(), " cells, the header ",
                                                  table.header.cells.size(), ", separated by ",
                                                  ToAbsl(SeparatorName(table.separator)), "s"))});
    } else {
      table.rows.push_back(*std::move(row));
    }
  }
  return table;
}

}  // namespace oneloop
