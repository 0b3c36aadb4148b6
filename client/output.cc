#include "client/output.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace oneloop {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";
constexpr std::string_view kColumnGap = "  ";

// Characters, not bytes; what is wider than one cell of a terminal is rare in names and units.
std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string SerializeInOrder(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

JsonPrinter::JsonPrinter()
    : resolver_(google::protobuf::util::NewTypeResolverForDescriptorPool(
          kTypeUrlPrefix, google::protobuf::DescriptorPool::generated_pool())) {}

std::string JsonPrinter::Compact(const google::protobuf::Message& message) const { return Print(message, false); }

std::string JsonPrinter::Pretty(const google::protobuf::Message& message) const { return Print(message, true); }

std::string JsonPrinter::Print(const google::protobuf::Message& message, bool whitespace) const {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  const std::string type_url = absl::StrCat(kTypeUrlPrefix, "/", message.GetDescriptor()->full_name());
  std::string json;
  // Fails only for types that the pool does not know.
  const auto status =
      google::protobuf::util::BinaryToJsonString(resolver_.get(), type_url, SerializeInOrder(message), &json, options);
  return status.ok() ? json : "{}";
}

JsonListWriter::JsonListWriter(std::ostream& out, std::string_view field) : out_(out) {
  out_ << "{\"" << field << "\": [";
}

void JsonListWriter::Add(const google::protobuf::Message& element) {
  out_ << (empty_ ? "\n " : ",\n ") << printer_.Compact(element);
  empty_ = false;
}

void JsonListWriter::End(const std::vector<std::pair<std::string, const google::protobuf::Message*>>& more) {
  out_ << (empty_ ? "" : "\n") << "], ";
  for (const auto& [name, message] : more) out_ << '"' << name << "\": " << printer_.Compact(*message) << ",\n ";
  out_ << "\"next_page_token\": \"\"}\n";
}

std::string CsvCell(std::string_view text, char separator) {
  const bool blank_ends = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!blank_ends && text.find_first_of("\"\r\n") == std::string_view::npos &&
      text.find(separator) == std::string_view::npos) {
    return std::string(text);
  }
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  cell += '"';
  return cell;
}

std::string CsvLine(const std::vector<std::string>& cells, char separator) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += separator;
    line += CsvCell(cells[i], separator);
  }
  line += '\n';
  return line;
}

TextTable::TextTable(std::ostream& out, std::vector<Column> columns) : out_(out), columns_(std::move(columns)) {
  for (Column& column : columns_) {
    column.title = OneLine(column.title);
    widths_.push_back(DisplayWidth(column.title));
  }
}

void TextTable::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = OneLine(cells[i]);
    widths_[i] = std::max(widths_[i], DisplayWidth(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

void TextTable::Flush() {
  if (!std::exchange(header_printed_, true)) {
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    PrintRow(titles);
  }
  for (const std::vector<std::string>& row : rows_) PrintRow(row);
  rows_.clear();
}

void TextTable::PrintRow(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths_[i] - DisplayWidth(cells[i]), ' ');
    if (i > 0) line += kColumnGap;
    if (columns_[i].align == Align::kRight) line += padding;
    line += cells[i];
    if (columns_[i].align == Align::kLeft) line += padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << line << '\n';
}

void PrintNotice(const Environment& env, std::string_view text) {
  constexpr char kEraseLine[] = "\r\x1b[K";
  env.err << (env.err_is_terminal ? kEraseLine : "") << "oneloop: " << OneLine(text) << std::endl;
}

absl::Status FlushOutput(std::ostream& out) {
  out.flush();
  if (out.good()) return absl::OkStatus();
  return absl::InternalError("the output cannot be written");
}

}  // namespace oneloop
