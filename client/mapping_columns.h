#ifndef ONELOOP_CLIENT_MAPPING_COLUMNS_H_
#define ONELOOP_CLIENT_MAPPING_COLUMNS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/csv_reader.h"
#include "google/protobuf/descriptor.h"
#include "oneloop/v1/model_service.pb.h"

namespace oneloop {

// Which columns of a CSV file hold the loop bounds, the template's parameters and the mapping. Names match exactly,
// blanks around them aside. A value type.
class MappingColumns {
 public:
  // INVALID_ARGUMENT naming `file` and the header's line for a missing or doubled column, with the nearest name.
  static absl::StatusOr<MappingColumns> Find(const CsvRow& header, const std::vector<std::string>& parameters,
                                             const std::string& file);

  // INVALID_ARGUMENT naming the file, the line and the column for a cell that is no number of its kind.
  absl::StatusOr<v1::MappingRow> Read(const CsvRow& row) const;

  // "FILE:LINE: column R" for a row and a field of MappingRow such as "bounds.R" or "parameters.pe_dim".
  std::string Place(const CsvRow& row, const std::string& field) const;

 private:
  struct Bound {
    const google::protobuf::FieldDescriptor* field;
    std::size_t column;
  };
  struct Parameter {
    std::string name;
    std::size_t column;
  };

  std::string file_;
  std::vector<Bound> bounds_;
  std::vector<Parameter> parameters_;
  std::size_t mapping_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_MAPPING_COLUMNS_H_
