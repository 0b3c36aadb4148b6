#ifndef ONELOOP_CLIENT_POINT_PRINTER_H_
#define ONELOOP_CLIENT_POINT_PRINTER_H_

#include <functional>
#include <memory>
#include <ostream>
#include <vector>

#include "absl/status/status.h"
#include "client/common_flags.h"
#include "client/service_client.h"

namespace oneloop {

using PointPage = google::protobuf::RepeatedPtrField<v1::EvaluatedPoint>;

// Prints evaluated points page by page, holding one page at most. The points of one job have the same parameters.
class PointPrinter {
 public:
  virtual ~PointPrinter() = default;
  virtual void AddPage(const PointPage& page) = 0;
  // After the last page, also when there was none.
  virtual void End() = 0;
};

std::unique_ptr<PointPrinter> MakePointPrinter(OutputFormat format, std::ostream& out);

// Hands every page of the query to `handle`, in order, until it fails.
absl::Status ForEachPointPage(ServiceClient& client, v1::ListPointsRequest request,
                              const std::function<absl::Status(PointPage page)>& handle);

// The points of a query in `format`; stops early when `out` fails.
absl::Status PrintPoints(ServiceClient& client, const v1::ListPointsRequest& request, OutputFormat format,
                         std::ostream& out);

// The front of a job as a table for people, best EDP first.
absl::Status PrintFrontTable(ServiceClient& client, const std::string& job_name, std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_POINT_PRINTER_H_
