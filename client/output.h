#ifndef ONELOOP_CLIENT_OUTPUT_H_
#define ONELOOP_CLIENT_OUTPUT_H_

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/environment.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/type_resolver.h"

namespace oneloop {

// A message as the JSON of Protocol Buffers, with proto field names and unset plain fields; 64-bit integers are
// strings. Map entries are sorted by key, so that equal messages give equal text. Not thread-safe.
class JsonPrinter {
 public:
  JsonPrinter();
  // On one line, without line break.
  std::string Compact(const google::protobuf::Message& message) const;
  // Over several lines, with a line break at the end.
  std::string Pretty(const google::protobuf::Message& message) const;

 private:
  std::string Print(const google::protobuf::Message& message, bool whitespace) const;

  std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
};

// The same bytes for equal messages: map entries are sorted by key.
std::string SerializeInOrder(const google::protobuf::Message& message);

// Writes {"FIELD": [ELEMENT, ...], "next_page_token": ""}, the JSON of a list response, element by element.
class JsonListWriter {
 public:
  JsonListWriter(std::ostream& out, std::string_view field);
  void Add(const google::protobuf::Message& element);
  // `more` comes after the list, each under its name.
  void End(const std::vector<std::pair<std::string, const google::protobuf::Message*>>& more = {});

 private:
  std::ostream& out_;
  JsonPrinter printer_;
  bool empty_ = true;
};

// A cell of CSV (RFC 4180): quoted when it has to be.
std::string CsvCell(std::string_view text, char separator = ',');

// A line of CSV with its line break.
std::string CsvLine(const std::vector<std::string>& cells, char separator = ',');

// Aligns columns for people. Rows are held until Flush(), which prints the header before the first ones; later
// columns are at least as wide as earlier ones, so that a long table can be printed piece by piece.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  TextTable(std::ostream& out, std::vector<Column> columns);
  void AddRow(std::vector<std::string> cells);
  void Flush();

 private:
  void PrintRow(const std::vector<std::string>& cells);

  std::ostream& out_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
  bool header_printed_ = false;
};

// "oneloop: TEXT" on a line of its own of standard error, in the place of a line that is drawn again and again there.
void PrintNotice(const Environment& env, std::string_view text);

// Flushes; an error when something could not be written.
absl::Status FlushOutput(std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_OUTPUT_H_
