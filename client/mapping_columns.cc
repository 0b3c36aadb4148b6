#include "client/mapping_columns.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/layer_output.h"
#include "client/numbers.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

const std::set<std::string>& OptionalBounds() {
  static const auto* const kNames = new std::set<std::string>{"G", "Wdilation", "Hdilation"};
  return *kNames;
}

std::string Stripped(const std::string& text) { return std::string(absl::StripAsciiWhitespace(text)); }

class HeaderLookup {
 public:
  HeaderLookup(const CsvRow& header, const std::string& file)
      : header_(header), file_(file), names_(ColumnNames(header)) {}

  // Nothing when there is no such column.
  absl::StatusOr<std::optional<std::size_t>> FindOptional(const std::string& name) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != name) continue;
      if (found.has_value()) return Error(absl::StrCat("there are two columns named '", name, "'"));
      found = i;
    }
    return found;
  }

  absl::StatusOr<std::size_t> FindRequired(const std::string& name) const {
    ASSIGN_OR_RETURN(const std::optional<std::size_t> found, FindOptional(name));
    if (found.has_value()) return *found;
    const std::string nearest = NearestName(name, names_);
    return Error(absl::StrCat("there is no column '", name, "'",
                              nearest.empty() ? "" : absl::StrCat("; is '", nearest, "' meant?")));
  }

 private:
  absl::Status Error(std::string_view description) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ":", header_.line, ": ", ToAbsl(description)));
  }

  const CsvRow& header_;
  const std::string& file_;
  const std::vector<std::string> names_;
};

}  // namespace

absl::StatusOr<MappingColumns> MappingColumns::Find(const CsvRow& header, const std::vector<std::string>& parameters,
                                                    const std::string& file) {
  const HeaderLookup lookup(header, file);
  MappingColumns columns;
  columns.file_ = file;
  for (const std::string& name : BoundColumns()) {
    std::optional<std::size_t> column;
    if (OptionalBounds().contains(name)) {
      ASSIGN_OR_RETURN(column, lookup.FindOptional(name));
    } else {
      ASSIGN_OR_RETURN(column, lookup.FindRequired(name));
    }
    if (column.has_value()) columns.bounds_.push_back({v1::Bounds::descriptor()->FindFieldByName(name), *column});
  }
  for (const std::string& name : parameters) {
    ASSIGN_OR_RETURN(const std::size_t column, lookup.FindRequired(name));
    columns.parameters_.push_back({name, column});
  }
  ASSIGN_OR_RETURN(columns.mapping_, lookup.FindRequired("mapping"));
  return columns;
}

absl::StatusOr<v1::MappingRow> MappingColumns::Read(const CsvRow& row) const {
  v1::MappingRow message;
  v1::Bounds* const bounds = message.mutable_bounds();
  for (const Bound& bound : bounds_) {
    const std::string text = Stripped(row.cells[bound.column]);
    const std::optional<std::int32_t> value = ParseInteger<std::int32_t>(text);
    if (!value.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(Place(row, bound.field->name()), ": '", text, "' is not a whole number from 1 to 2147483647"));
    }
    bounds->GetReflection()->SetInt32(bounds, bound.field, *value);
  }
  for (const Parameter& parameter : parameters_) {
    const std::string text = Stripped(row.cells[parameter.column]);
    const std::optional<double> value = ParseNumber(text);
    if (!value.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(Place(row, parameter.name), ": '", text, "' is not a number"));
    }
    (*message.mutable_parameters())[parameter.name] = *value;
  }
  message.set_mapping(row.cells[mapping_]);
  return message;
}

std::string MappingColumns::Place(const CsvRow& row, const std::string& field) const {
  const std::string place = absl::StrCat(file_, ":", row.line);
  const std::string column = field.substr(field.rfind('.') + 1);
  return column.empty() ? place : absl::StrCat(place, ": column ", column);
}

}  // namespace oneloop
