#include "client/bad_rows.h"

#include "client/errors.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kMostShown = 20;

}  // namespace

BadRows::BadRows(const CsvTable& table) {
  for (const BadCsvRow& row : table.bad) Add(row.line, row.error);
}

std::vector<const CsvRow*> BadRows::ReadAll(const CsvTable& table,
                                            const std::function<absl::Status(const CsvRow&)>& read) {
  std::vector<const CsvRow*> good;
  for (const CsvRow& row : table.rows) {
    if (const absl::Status status = read(row); status.ok()) {
      good.push_back(&row);
    } else {
      Add(row.line, status);
    }
  }
  return good;
}

void BadRows::Print(std::ostream& err, const char* what_then) const {
  std::size_t shown = 0;
  for (const auto& [line, error] : errors_) {
    if (shown++ == kMostShown) break;
    err << "oneloop: " << OneLine(Message(error)) << '\n';
  }
  if (size() > kMostShown) {
    err << "oneloop: " << size() << " rows are wrong, of which the first " << kMostShown << " are shown" << what_then;
  } else if (size() > 1 || *what_then != '\0') {
    err << "oneloop: " << size() << (size() == 1 ? " row is" : " rows are") << " wrong" << what_then;
  }
  if (size() > 1 || *what_then != '\0') err << '\n';
  err.flush();
}

}  // namespace oneloop
