#ifndef ONELOOP_CLIENT_FRONT_OUTPUT_H_
#define ONELOOP_CLIENT_FRONT_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/common_flags.h"
#include "client/front_history.h"
#include "client/point_printer.h"
#include "client/service_client.h"

namespace oneloop {

// A job's front in its own space, and how it came about.
struct JobFront {
  v1::Job job;
  FrontSpace space;
  PointPage points;  // of the front, by area, or by latency where the front is not over the area
  std::vector<FrontMoment> history;
};

// Reads a job and all its exact points.
absl::StatusOr<JobFront> ReadJobFront(ServiceClient& client, const std::string& job_name);

// The points; a table and JSON also have the figures of the front and its history.
void PrintJobFront(const JobFront& front, OutputFormat format, std::ostream& out);
// The history alone.
void PrintFrontHistory(const JobFront& front, OutputFormat format, std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_FRONT_OUTPUT_H_
